"""How far apart readings are: near while things happen, up to six times as far while nothing does, and never all at once."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.reading.pacing import next_reading

NOW = datetime(2026, 3, 2, 19, tzinfo=UTC)


def minutes(quiet: timedelta | None, chance: float = 0.0) -> float:
    changed_at = None if quiet is None else NOW - quiet
    return (next_reading(NOW, changed_at, 300, chance) - NOW) / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("quiet", "apart"),
    [
        (None, 5),
        (timedelta(0), 5),
        (timedelta(hours=-1), 5),  # The platform's clock runs ahead of ours.
        (timedelta(hours=1), 5),
        (timedelta(hours=2), 10),
        (timedelta(hours=6), 30),
        (timedelta(days=400), 30),
    ],
)
def test_the_longer_nothing_happens_the_further_apart_are_the_readings(quiet, apart):
    assert minutes(quiet) == apart


def test_companies_that_were_read_together_are_spread_and_none_is_read_before_its_time():
    many = [minutes(timedelta(days=1), place / 100) for place in range(100)]
    assert (min(many), max(many)) == (pytest.approx(27.03), 30)
    assert len(set(many)) == 100
    assert minutes(timedelta(0), 0.99) == 5
