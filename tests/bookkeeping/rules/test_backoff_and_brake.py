from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.backoff import retry_delay
from bookkeeping.rules.brake import brake_trips

jitters = st.floats(0, 1, exclude_max=True)


@given(st.integers(-1, 10**6), jitters)
def test_a_wait_is_between_a_minute_and_an_hour(failures, jitter):
    assert timedelta(minutes=1) <= retry_delay(failures, jitter) <= timedelta(hours=1)


@given(st.integers(1, 50), jitters)
def test_more_failures_never_wait_less(failures, jitter):
    assert retry_delay(failures, jitter) <= retry_delay(failures + 1, jitter)


def test_waits_begin_at_a_minute_and_spread():
    assert retry_delay(1, 0) == timedelta(minutes=1)
    assert retry_delay(1, 0.5) == timedelta(seconds=90)
    assert retry_delay(2, 0) == timedelta(minutes=2)
    assert retry_delay(20, 0) == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("deletes", "documents", "trips"),
    [
        (9, 9, False),
        (10, 10, True),
        (10, 19, True),
        (10, 20, False),
        (20, 39, True),
        (20, 40, False),
        (21, 209, True),
        (21, 210, False),
        (500, 4999, True),
        (500, 5000, False),
    ],
)
def test_the_brake_trips_at_more_than_twenty_and_a_tenth_or_at_ten_and_more_than_half(
    deletes, documents, trips
):
    assert brake_trips(deletes, documents) is trips
