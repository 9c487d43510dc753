"""The contracts in pyproject.toml hold, and each of them catches the import that it is there to forbid."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness import ROOT

PACKAGES = ("bookkeeping", "webapp", "worker", "standins", "launch")

# Where the import is planted, what is planted, and the contract that has to break.
PLANTS = [
    ("webapp", "import worker", "webapp and worker do not know each other"),
    ("worker", "import webapp", "webapp and worker do not know each other"),
    ("bookkeeping/storage", "import worker", "bookkeeping carries webapp and worker and knows neither"),
    ("bookkeeping/rules", "import webapp", "bookkeeping carries webapp and worker and knows neither"),
    ("standins", "import bookkeeping.rules", "the stand-ins are the outside world, reached over HTTP"),
    ("worker", "import standins", "nobody imports the stand-ins or the launcher"),
    ("launch", "import bookkeeping.settings", "the launcher starts processes and imports none of them"),
    (
        "bookkeeping/storage",
        "import bookkeeping.quickbooks_gateway",
        "the rooms of floor 1 get what they need passed in",
    ),
    (
        "bookkeeping/quickbooks_gateway",
        "import bookkeeping.settings",
        "the rooms of floor 1 get what they need passed in",
    ),
    ("bookkeeping/rules", "import bookkeeping.storage", "rules, errors and faults are pure"),
    ("bookkeeping/rules", "import sqlalchemy", "rules, errors and faults are pure"),
    ("bookkeeping/rules", "import logging", "rules, errors and faults are pure"),
    ("webapp", "import quickbooks", "only the gateway speaks to QuickBooks"),
    ("worker", "from intuitlib import client", "only the gateway speaks to QuickBooks"),
    (
        "webapp",
        "import bookkeeping.quickbooks_gateway.gateway",
        "web requests never call QuickBooks, apart from signing in and out of it",
    ),
    ("worker/journal", "import worker.reconciling", "rooms of the worker"),
    ("worker/holding", "import worker.runs", "rooms of the worker"),
    ("webapp/frame", "import webapp.sync_log", "rooms of the web app"),
    ("webapp/numbers", "import webapp.people", "rooms of the web app"),
    ("bookkeeping/storage/people", "import bookkeeping.acts", "rooms of bookkeeping"),
    ("bookkeeping/logbook", "import bookkeeping.acts", "rooms of bookkeeping"),
    ("bookkeeping/storage/company", "import bookkeeping.storage.people", "rooms of storage"),
]

NOT_HERE = re.compile(
    r"\b(not|nothing|never|no|neither|elsewhere|other rooms)\b|\b(is|are|in) (`|another|storage)|'s\.$", re.I
)
"""How a room says what is not its own: by a denial, or by naming whose it is."""

MOST_FILES = 13  # About twelve, and the __init__ that says what lives there.
LARGER = {"bookkeeping/rules": 27, "bookkeeping/quickbooks_gateway": 17}
"""Rooms that hold one kind of thing in many files; each with how many it may have."""


def broken_contracts(folder: Path) -> list[str]:
    """Return the names of the contracts that the code in a folder breaks."""
    program = Path(sys.executable).with_name("lint-imports")
    words = [str(program), "--no-cache"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    verdicts = [line for line in done.stdout.splitlines() if line.endswith((" KEPT", " BROKEN"))]
    assert verdicts, done.stdout + done.stderr
    broken = [line.removesuffix(" BROKEN").strip() for line in verdicts if line.endswith(" BROKEN")]
    assert bool(broken) == bool(done.returncode)
    return broken


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code to plant an import in."""
    for package in PACKAGES:
        left_out = shutil.ignore_patterns("__pycache__", "static", "templates")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_points_down():
    assert broken_contracts(ROOT) == []


@pytest.mark.parametrize(("where", "planted", "contract"), PLANTS)
def test_an_import_that_points_up_is_caught(copy, where, planted, contract):
    (copy / where / "planted.py").write_text(f"{planted}\n")
    assert contract in broken_contracts(copy)


def test_each_contract_is_proven_to_fail():
    written = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {one["name"] for one in written["tool"]["importlinter"]["contracts"]}
    assert names == {contract for *_, contract in PLANTS}


def imports_within(house: str) -> dict[str, set[str]]:
    """Return which modules of a house each of its modules imports, wherever the import stands."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in (ROOT / house).rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, path in paths.items():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        named = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                named |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        found[module] = (named & paths.keys()) - {module}
    return found


def circle_in(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules that import one another in a circle, or that lead to one; none when there is no circle."""
    left = {module: set(named) for module, named in imports.items()}
    while done := [module for module, named in left.items() if not named & left.keys()]:
        for module in done:
            del left[module]
    return sorted(left)


@pytest.mark.parametrize("house", PACKAGES)
def test_no_module_imports_itself_through_others(house):
    assert circle_in(imports_within(house)) == []


def test_a_circle_is_found():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


@pytest.mark.parametrize("house", ["bookkeeping", "webapp", "worker"])
def test_every_room_has_few_files_and_says_what_lives_there(house):
    for room in [ROOT / house, *(each.parent for each in (ROOT / house).rglob("*/__init__.py"))]:
        name = room.relative_to(ROOT).as_posix()
        files = [one.name for one in room.glob("*.py")]
        assert len(files) <= LARGER.get(name, MOST_FILES), (name, sorted(files))
        said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
        assert said, f"{name} does not say what lives there"
        assert NOT_HERE.search(said), f"{name} does not say what does not live there"
