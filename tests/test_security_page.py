"""docs/security.md: every row of its table says how, and names tests that exist; what it says of limits and keys is so."""

import ast
import re

from bookkeeping.fetching.bounded import DEEPEST, LARGEST_ANSWER
from bookkeeping.storage.people.sessions import OPS_IDLE_MINUTES, SESSION_HOURS
from tests.harness import ROOT
from webapp.access.limits import GUESSES
from webapp.access.security import MAX_BODY
from webapp.serving.whole_requests import ARRIVES_IN

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## What holds what")[2].splitlines()
    if line.startswith(("| ASVS", "| Intuit"))
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def defined(path: str) -> set[str]:
    """Return the functions at the top of a test file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_requirement_says_how_and_names_a_test():
    assert len(ROWS) > 30
    for row in ROWS:
        assert len(row) == 3 and all(row), row
        assert NAMED.search(row[2]), row[0]


def test_every_test_named_exists():
    for path, name in NAMED.findall(PAGE):
        assert (ROOT / path).exists() and name in defined(path), f"{path}::{name}"


def test_every_chapter_that_concerns_us_has_a_row():
    named = {int(number) for row in ROWS for number in re.findall(r"\bV(\d+)\.", row[0])}
    # 5: no files are taken. 9: no self-contained tokens. 17: no WebRTC.
    assert named == set(range(1, 17)) - {5, 9}


def test_the_limits_told_are_those_that_hold():
    assert f"{LARGEST_ANSWER >> 20} MB after gzip, {DEEPEST} levels" in PAGE
    assert f"{MAX_BODY >> 20} MB, whole within {ARRIVES_IN:.0f} seconds" in PAGE
    assert GUESSES == "5 per minute; 30 per hour" and "5 a minute, 30 an hour" in PAGE
    assert f"(ops {OPS_IDLE_MINUTES}), {SESSION_HOURS} hours in all" in PAGE
