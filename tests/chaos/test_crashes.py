"""A worker killed on either side of every HTTP call and of every commit: after a restart the books are exact, nothing is there twice.

CRASH_POINTS says how many points are tried, spread evenly over those that a counting run finds; `all` tries each. `make crashes` tries each in
one process, where a death is cheap; here the process, its connections and its locks die too.
"""

import os

import pytest

from tests.chaos.mortals import Mortals, everything_to_do
from tests.harness.in_process import Shop

POINTS = os.environ.get("CRASH_POINTS", "24")
TESTS = 6
"""The points are dealt out to so many tests, so that a failure names its neighbourhood and no test takes long."""


@pytest.fixture(scope="module")
def points(shop: Shop, mortals: Mortals) -> list[str]:
    """Every point of the way, by a run that is not killed."""
    desk = everything_to_do(shop)
    passed = mortals.look_at(desk.id)["points"]
    desk.sync_until_quiet()
    desk.assert_exact("not killed", invoices_ever=4)
    return passed


def test_the_way_passes_calls_of_every_kind(points: list[str]):
    calls = [point for point in points if "begins" in point and "commit" not in point]
    assert sum("/batch" in call for call in calls) >= 7
    assert any("/query" in call for call in calls) and any("/v2/inspections" in call for call in calls)


@pytest.mark.parametrize("share", range(TESTS))
def test_a_worker_killed_anywhere_leaves_exact_books(
    shop: Shop, mortals: Mortals, points: list[str], share: int
):
    tried = _spread(len(points))[share::TESTS]
    for number in tried:
        desk = everything_to_do(shop)
        told = mortals.look_at(desk.id, at=number)
        where = f"killed at {told['points'][-1]}"
        assert told["ended"] == "SIGKILL", where
        # The next worker dies on its way too, somewhere else, and only the third comes to the end.
        desk.let_lease_run_out()
        mortals.look_at(desk.id, at=1 + number * 7 % 40)
        desk.let_lease_run_out()
        mortals.look_at(desk.id)
        desk.sync_until_quiet()
        desk.assert_exact(where, invoices_ever=4)


def _spread(count: int) -> list[int]:
    """Return which of the points 1 to `count` are tried."""
    wanted = count if POINTS == "all" else min(int(POINTS), count)
    return sorted({1 + round(index * (count - 1) / max(1, wanted - 1)) for index in range(wanted)})
