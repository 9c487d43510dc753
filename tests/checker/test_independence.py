"""The checker imports nothing of the product: a mistake in the rules must not be repeated in their check."""

import ast

import pytest

from tests.harness import ROOT

CHECKER = ROOT / "tests" / "checker"
PRODUCT = {"bookkeeping", "worker", "webapp", "wsgi", "launch"}
JUDGES = ("facts", "wanted", "ledger", "compare", "history", "excuses")
"""The modules that judge; `against` and the tests' own books may know how to ask the stand-ins."""


def imported(source: str) -> set[str]:
    """Return the modules that a source imports, under TYPE_CHECKING and within functions, too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", sorted(CHECKER.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_of_the_product_is_imported(path):
    assert not {name for name in imported(path.read_text(encoding="utf-8")) if name.split(".")[0] in PRODUCT}


@pytest.mark.parametrize("name", JUDGES)
def test_what_judges_imports_itself_and_the_standard_library_alone(name):
    names = imported((CHECKER / f"{name}.py").read_text(encoding="utf-8"))
    assert not {one for one in names if one.split(".")[0] in {"tests", "standins"} and "checker" not in one}


@pytest.mark.parametrize(
    "planted", ["import bookkeeping.rules", "from bookkeeping.rules import money", "import worker"]
)
def test_a_planted_import_is_seen(planted):
    assert {name.split(".")[0] for name in imported(f"def late():\n    {planted}")} & PRODUCT
