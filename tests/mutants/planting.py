"""The faults that can be planted in a module: comparisons, arithmetic, constants, conditions, returns, dropped statements.

Docstrings, annotations, decorators, what an error says and what a person reads are left alone. No test runs here.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_DROPPED = (ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)
_LAST_DIGIT = re.compile(r"\d(?=\D*$)")


@dataclass(frozen=True)
class Mutant:
    """One planted fault: the module's path, the line, the function, and the text before and after it."""

    path: str
    line: int
    function: str
    before: str
    after: str
    tree: ast.Module

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it wherever in the file it stands."""
        return self.path, self.before, self.after

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.function}: {self.before}  →  {self.after}"


Change = Callable[[Any], ast.AST]
Route = list[tuple[str, int | None]]


@dataclass(frozen=True)
class Fault:
    """One fault that can be planted: where, by the fields that lead to the node, and how the node is changed."""

    path: Path
    function: str
    line: int
    route: Route
    change: Change

    def planted(self, root: Path) -> Mutant | None:
        """Return the module with this fault; None where it makes no difference to the text."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        before, after = _apply(tree, self.route, self.change)
        name = self.path.relative_to(root).as_posix()
        return Mutant(name, self.line, self.function, before, after, tree) if before != after else None


def faults_of(path: Path) -> list[Fault]:
    """Return every fault that can be planted in a file, in the order of its text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [fault for way, function in _below(tree, [], "") for fault in _faults(path, way, function)]


Place = tuple[ast.AST, str, int | None]
"""Where a node hangs: its parent, the field, and the index in a list."""


def _below(node: ast.AST, way: list[Place], function: str) -> Iterator[tuple[list[Place], str]]:
    """Yield the way to every node that may be changed, with the name of the function around it."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_left_alone(child):
                continue
            place = (node, field, index if isinstance(value, list) else None)
            inside = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else function
            yield [*way, place], inside
            yield from _below(child, [*way, place], inside)


def _is_left_alone(node: ast.AST) -> bool:
    """Docstrings, f-strings, sentences, imports, `__all__`, and lists of words that are types."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Subscript(value=ast.Name(id="Literal")):
            return True
        case ast.BinOp(op=ast.BitOr(), right=ast.Name(id=name)) if name[0].isupper():
            return True  # A union of types.
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Constant(value=str(text)):
            return " " in text.strip() or not text
    return False


def _faults(path: Path, way: list[Place], function: str) -> Iterator[Fault]:
    node = _child(way[-1])
    if any(isinstance(_child(place), ast.Raise) for place in way[:-1]):
        return  # What an error says.
    route = [(field, index) for _, field, index in way]
    for change in _changes(node, way[-1]):
        yield Fault(path, function or "module", getattr(node, "lineno", 0), route, change)


def _changes(node: ast.AST, place: Place) -> list[Change]:
    """Return the ways to change this node; each takes a fresh copy of it."""
    found: list[Change] = []
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARISONS:
            found.append(lambda n: ast.Compare(n.left, [_COMPARISONS[type(n.ops[0])]()], n.comparators))
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in _ARITHMETIC:
            found.append(_with_other_operator)
        case ast.BoolOp():
            found.append(lambda n: ast.BoolOp(ast.And() if isinstance(n.op, ast.Or) else ast.Or(), n.values))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            found.append(lambda n: n.operand)
        case ast.Constant(value=value) if _other_value(value) is not None:
            found.append(lambda n: ast.Constant(_other_value(n.value)))
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            found.append(lambda n: ast.Call(ast.Name(_NAMES[n.func.id]), n.args, n.keywords))
        case ast.Return(value=value) if value is not None and not _is_none(value):
            found.append(lambda n: ast.Return(ast.Constant(None)))
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            found.append(lambda n: ast.Pass())
    if isinstance(node, _DROPPED) and not _defines_the_module(place):
        found.append(lambda n: ast.Pass())
    if _is_condition(place) and not isinstance(node, ast.Compare | ast.UnaryOp):
        found.append(lambda n: ast.UnaryOp(ast.Not(), n))
    return found


def _with_other_operator(node: Any) -> ast.AST:
    node.op = _ARITHMETIC[type(node.op)]()
    return node


def _other_value(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return _LAST_DIGIT.sub(lambda digit: str((int(digit.group()) + 1) % 10), value)
    return f"{value}X" if isinstance(value, str) else None


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _defines_the_module(place: Place) -> bool:
    return isinstance(place[0], ast.Module | ast.ClassDef)


def _is_condition(place: Place) -> bool:
    parent, field, _ = place
    return field in ("test", "ifs", "guard") and not isinstance(parent, ast.Assert)


def _child(place: Place) -> ast.AST:
    parent, field, index = place
    value = getattr(parent, field)
    return value if index is None else value[index]


def _apply(tree: ast.Module, route: Route, change: Change) -> tuple[str, str]:
    """Change the node at the end of the route, in place; return the text around it before and after."""
    node: ast.AST = tree
    shown: ast.AST = tree
    for field, index in route[:-1]:
        node = _child((node, field, index))
        # What is shown is the smallest statement or expression of one line that says what it is about.
        if isinstance(node, ast.stmt | ast.comprehension | ast.match_case | ast.keyword | ast.BoolOp):
            shown = node
    field, index = route[-1]
    old = _child((node, field, index))
    shown = old if isinstance(old, ast.stmt) else shown
    before = _first_line(shown)
    new = change(old)
    value = getattr(node, field)
    if index is None:
        setattr(node, field, new)
    else:
        value[index] = new
    ast.fix_missing_locations(tree)
    return before, _first_line(new if shown is old else shown)


def _first_line(node: ast.AST) -> str:
    if isinstance(node, ast.match_case):
        guard = f" if {ast.unparse(node.guard)}" if node.guard else ""
        return f"case {ast.unparse(node.pattern)}{guard}:"
    text = ast.unparse(node)
    compound = isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Match | ast.FunctionDef)
    return text.splitlines()[0] if compound else " ".join(text.split())
