"""Every module of the product that is more than a few lines is imported by a test in this process, not only started by one.

An import proves nothing by itself; without one nobody has even tried. What a test says of a module is told by its name.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import ROOT

HOUSES = ("bookkeeping", "worker", "webapp")
A_FEW_LINES = 60


def modules(root: Path) -> Iterator[tuple[str, int]]:
    """Yield each module of the product with its number of lines."""
    for house in HOUSES:
        for path in sorted((root / house).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, len(path.read_text(encoding="utf-8").splitlines())


def imported(text: str) -> set[str]:
    """Return every module that a file's imports name, and what it takes from one: that may be a module too."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def untested(root: Path) -> list[str]:
    """Return the modules of more than a few lines that no file of the tests imports, what runs a worker in this process included."""
    tests = (root / "tests").rglob("*.py")
    known = set().union(*(imported(path.read_text(encoding="utf-8")) for path in tests))
    return [name for name, lines in modules(root) if lines > A_FEW_LINES and name not in known]


def test_no_module_is_imported_by_no_test():
    assert untested(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "import worker.clock.tick",
        "from worker.clock import tick",
        "from worker.clock import hourly, tick as clock",
        "from worker.clock.tick import beat",
    ],
)
def test_each_way_of_importing_counts_and_no_import_is_noticed(line, tmp_path):
    for name, text in (
        ("worker/clock/tick.py", "x = 1\n" * 61),
        ("worker/clock/hourly.py", "x = 1\n" * 60),
        ("webapp/home/__init__.py", "x = 1\n" * 61),
        ("tests/test_home.py", "from webapp import home\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert untested(tmp_path) == ["worker.clock.tick"]
    (tmp_path / "tests" / "test_tick.py").write_text(f"def test_it():\n    {line}\n")
    assert untested(tmp_path) == []
