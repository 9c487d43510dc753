"""The faults that `make mutants` plants: which there are, that they are faults, and that what is said to change nothing still exists."""

import ast

import pytest

from tests.harness import ROOT
from tests.mutants.__main__ import asked_for, chosen
from tests.mutants.known import EQUIVALENT
from tests.mutants.planting import faults_of
from tests.mutants.running import killed, passes

MODULE = '''"""Nothing is planted here."""

LIMIT = 20


def trips(count: int | None, words: list[str]) -> bool:
    """Nor here."""
    if not words:
        raise ValueError("Nor here, whatever it says: 7.")
    total = (count or 0) + 1
    return total > LIMIT and "fee" in words
'''
PLANTED = [
    "LIMIT = 20 → LIMIT = 21",
    "if not words: → if words:",
    "raise ValueError('Nor here, whatever it says: 7.') → pass",
    "total = (count or 0) + 1 → pass",
    "total = (count or 0) + 1 → total = (count or 0) - 1",
    "total = (count or 0) + 1 → total = (count and 0) + 1",
    "count or 0 → count or 1",
    "total = (count or 0) + 1 → total = (count or 0) + 2",
    "return total > LIMIT and 'fee' in words → return None",
    "return total > LIMIT and 'fee' in words → return total > LIMIT or 'fee' in words",
    "total > LIMIT and 'fee' in words → total >= LIMIT and 'fee' in words",
    "total > LIMIT and 'fee' in words → total > LIMIT and 'fee' not in words",
    "total > LIMIT and 'fee' in words → total > LIMIT and 'feeX' in words",
]


def test_a_fault_is_planted_in_every_condition_constant_and_step(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(MODULE)
    planted = [fault.planted(tmp_path) for fault in faults_of(path)]
    assert [f"{one.before} → {one.after}" for one in planted] == PLANTED
    assert {one.path for one in planted} == {"module.py"}
    for one in planted:
        assert ast.unparse(one.tree) != ast.unparse(ast.parse(MODULE))
        compile(one.tree, "module.py", "exec")


@pytest.mark.parametrize(("words", "files"), [([], 5), (["--file", "money"], 1)])
def test_mutants_are_chosen_from_all_rules_or_from_the_file_that_is_named(words, files):
    asked = asked_for([*words, "--number", "10"])
    found = chosen(asked)
    assert len(found) == 10 and len({one.path for one in found}) >= files
    assert all("money" in one.path for one in found) or not words
    assert [one.key for one in found] == [one.key for one in chosen(asked)]


@pytest.mark.parametrize("key", EQUIVALENT)
def test_what_is_said_to_change_nothing_is_still_there(key):
    path, before, after = key
    assert EQUIVALENT[key].endswith(".")
    planted = (fault.planted(ROOT) for fault in faults_of(ROOT / path))
    assert (before, after) in {(one.before, one.after) for one in planted if one}


def test_a_mutant_is_noticed_by_a_test_that_looks_and_by_no_other(tmp_path):
    blind, sharp = tmp_path / "blind", tmp_path / "sharp"
    for folder, fact in (
        (blind, "brake_trips"),
        (sharp, "brake_trips(21, 100) and not brake_trips(20, 100)"),
    ):
        folder.mkdir()
        (folder / "test_brake.py").write_text(
            f"from bookkeeping.rules.brake import brake_trips\n\n\ndef test_it():\n    assert {fact}\n"
        )
    brake = ROOT / "bookkeeping" / "rules" / "brake.py"
    mutants = [
        one for fault in faults_of(brake) if (one := fault.planted(ROOT)) and "> DELETES" in one.before
    ]
    assert passes(blind) and passes(sharp)
    assert [noticed for _, noticed in killed(mutants[:2], blind, 1)] == [False, False]
    assert [noticed for _, noticed in killed(mutants[:2], sharp, 1)] == [True, True]
