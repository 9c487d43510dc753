"""docs/bookkeeping.md has every decision that code cites, each is cited; what it and docs/decisions name exists."""

import ast
import re

from tests.harness import ROOT

PAGE = (ROOT / "docs" / "bookkeeping.md").read_text(encoding="utf-8")
BUILT, _, PLANNED = PAGE.partition("## Not built yet")
RECORDS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"))]
NAMED = "\n".join([BUILT, *RECORDS])
DECISIONS = {int(number) for number in re.findall(r"^## (\d+)\. ", BUILT, re.M)}
DECIDED = DECISIONS | {int(number) for number in re.findall(r"^### (\d+)\. ", PLANNED, re.M)}
CITED = re.compile(r"\bdecisions? (\d+(?:(?: \([^)]*\))?(?:, | and )\d+)*)")


def cited() -> dict[int, set[str]]:
    """Return which files cite each decision."""
    found: dict[int, set[str]] = {}
    for room in ("bookkeeping", "worker", "webapp"):
        for path in (ROOT / room).rglob("*.py"):
            for numbers in CITED.findall(path.read_text(encoding="utf-8")):
                for number in re.findall(r"\d+", re.sub(r"\([^)]*\)", "", numbers)):
                    found.setdefault(int(number), set()).add(path.relative_to(ROOT).as_posix())
    return found


def defined(path: str) -> set[str]:
    """Return the names that a file defines at its top."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def test_every_cited_decision_stands_in_the_page_and_each_is_cited():
    places = cited()
    assert {number: files for number, files in places.items() if number not in DECISIONS} == {}
    assert DECISIONS - set(places) == set()


def test_decisions_are_numbered_without_a_gap():
    """Each keeps its number whenever it is built, so those not built yet fill the gaps."""
    assert sorted(DECIDED) == list(range(1, max(DECIDED) + 1)) and len(DECISIONS) >= 17


def test_every_decision_says_why_who_carries_it_and_what_holds_it():
    for part in re.split(r"^## ", BUILT, flags=re.M)[1:]:
        title = part.splitlines()[0]
        assert all(word in part for word in ("*Why:* ", "- Carried by `", "- Held by `")), title


def test_every_function_named_exists():
    named = re.findall(r"`((?:bookkeeping|worker|webapp)\.[\w.]+)`", NAMED)
    assert named
    for dotted in named:
        module, _, name = dotted.rpartition(".")
        assert name in defined(module.replace(".", "/") + ".py"), dotted


def test_every_test_named_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", NAMED)
    assert named
    for path, name in named:
        assert name in defined(path), (path, name)
