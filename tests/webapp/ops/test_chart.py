"""The last 24 hours of operations: counted hours from the tick, the newest from the operations themselves."""

from datetime import timedelta

import pytest

from bookkeeping.storage.base import utcnow
from bookkeeping.storage.work.ops import HourlyCount
from webapp.ops.chart import KINDS, Hour, Hours, hours_of


@pytest.fixture
def now():
    return utcnow().replace(minute=30, second=0, microsecond=0)


def test_each_outcome_is_drawn_as_one_of_three_kinds():
    outcomes = [outcome for kind in KINDS.values() for outcome in kind]
    assert len(outcomes) == len(set(outcomes))
    assert set(KINDS) == {"done", "waiting", "refused"}


def test_an_idle_day_has_24_empty_hours_and_a_scale(house, now):
    with house.app.app_context():
        found = hours_of(now)
    assert len(found.hours) == 24 and (found.total, found.top) == (0, 1)
    assert found.hours[-1].at == now.replace(minute=0)
    assert found.hours[0].at == now.replace(minute=0) - timedelta(hours=23)


def test_what_the_tick_has_counted_is_not_counted_again(house, records, now):
    hour = now.replace(minute=0) - timedelta(hours=1)
    records.keep(
        HourlyCount(hour=hour, series="hours", name="", count=1),
        HourlyCount(hour=hour, series="operations", name="created|", count=40),
        HourlyCount(hour=hour, series="operations", name="refused|qbo-6240", count=2),
        HourlyCount(hour=hour, series="operations", name="odd|", count=1),
    )
    records.operation("1", settled_at=hour + timedelta(minutes=5))
    records.operation("2", settled_at=now)
    records.operation("3", "unknown", settled_at=now)
    with house.app.app_context():
        found = hours_of(now)
    assert found.hours[-2] == Hour(hour, done=40, waiting=1, refused=2)
    assert found.hours[-1] == Hour(now.replace(minute=0), done=1, waiting=1)
    assert (found.total, found.top) == (45, 43)


def test_the_scale_is_the_busiest_hour():
    at = utcnow()
    assert Hours([Hour(at, 1, 2, 3), Hour(at, 4)]).top == 6
