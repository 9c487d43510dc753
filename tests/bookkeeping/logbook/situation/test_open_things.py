"""Each thing that can be open, by itself."""

import pytest

from bookkeeping.logbook.situation.facts import Facts
from bookkeeping.logbook.situation.open_things import IN_ORDER, counted


@pytest.mark.parametrize("make", IN_ORDER)
def test_nothing_is_open_where_all_is_well(make):
    assert make(Facts(states={"in-sync": 62})) == []


def test_things_are_counted_out():
    said = [counted(1, "inspection"), counted(1200, "inspection"), counted(2, "waits", "wait")]
    assert said == ["1 inspection", "1,200 inspections", "2 wait"]
