from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.errors import RuleError
from bookkeeping.rules.cutoff import (
    latest_midnight_mst,
    next_midnight_mst,
    parse_cutoff,
    quarter,
    side_of,
    tax_year,
)
from bookkeeping.rules.local_time import say_moment
from tests.bookkeeping.rules.factories import moments

NOW = datetime(2026, 3, 2, 19, tzinfo=UTC)
DENVER = "America/Denver"


def parse(text, zone=DENVER, now=NOW, first_start=None):
    return parse_cutoff(text, zone, now=now, first_start=first_start)


def refusal(*args, **kwargs):
    with pytest.raises(RuleError) as caught:
        parse(*args, **kwargs)
    assert caught.value.detail.endswith((".", "replace."))
    return caught.value.code


def test_a_cutoff_is_in_the_companys_zone():
    assert parse("2019-03-01T00:00") == datetime(2019, 3, 1, 7, tzinfo=UTC)
    assert parse("2019-07-01T00:00") == datetime(2019, 7, 1, 6, tzinfo=UTC)
    assert parse("2019-03-01T00:00:30") == datetime(2019, 3, 1, 7, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2019-03-01",
        "2019-02-30T00:00",
        "2019-03-01T24:00",
        "2019-03-01T00:00Z",
        "20190301T0000",
    ]
    + [
        "2019-03-01T00:00-07:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "٢٠١٩-03-01T00:00",
        "2019-03-01T00:00; DROP TABLE",
    ],
)
def test_malformed_text_is_refused(text):
    assert refusal(text) == "cutoff-malformed"


def test_the_future_is_refused_and_now_is_not():
    assert refusal("2026-03-02T12:00:01") == "cutoff-future"
    assert parse("2026-03-02T12:00") == NOW


def test_before_the_first_inspection_is_refused_but_its_own_day_is_not():
    first = datetime(2015, 6, 10, 15, tzinfo=UTC)
    assert refusal("2015-06-09T23:59", first_start=first) == "cutoff-before-first"
    assert parse("2015-06-10T00:00", first_start=first) == datetime(2015, 6, 10, 6, tzinfo=UTC)


def test_an_hour_that_the_clocks_skipped_is_refused():
    assert refusal("2019-03-10T02:00") == "cutoff-in-gap"
    assert refusal("2019-03-10T02:59:59") == "cutoff-in-gap"
    assert parse("2019-03-10T01:59:59") + timedelta(seconds=1) == parse("2019-03-10T03:00")


def test_an_hour_that_came_twice_is_refused():
    assert refusal("2019-11-03T01:00") == "cutoff-ambiguous"
    assert refusal("2019-11-03T01:59") == "cutoff-ambiguous"
    assert parse("2019-11-03T02:00") - parse("2019-11-03T00:59") == timedelta(hours=2, minutes=1)


def test_phoenix_has_no_such_hours():
    assert parse("2019-03-10T02:30", zone="America/Phoenix") == datetime(2019, 3, 10, 9, 30, tzinfo=UTC)


def test_an_unknown_zone_is_said():
    assert refusal("2019-03-01T00:00", zone="Mars/Olympus") == "unknown-time-zone"
    assert refusal("2019-03-01T00:00", zone="../etc/passwd") == "unknown-time-zone"


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2026, 3, 1)),
    st.sampled_from([DENVER, "America/New_York", "America/Phoenix", "Pacific/Honolulu"]),
)
def test_an_accepted_cutoff_shows_the_time_that_was_typed(typed, zone):
    typed = typed.replace(microsecond=0)
    try:
        cutoff = parse(typed.isoformat(), zone=zone)
    except RuleError as error:
        assert error.code in ("cutoff-in-gap", "cutoff-ambiguous")
        return
    assert cutoff.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == typed


def test_the_boundary_second_is_new():
    cutoff = parse("2019-03-01T00:00")
    assert side_of(cutoff, cutoff) == "new"
    assert side_of(cutoff - timedelta(seconds=1), cutoff) == "old"


@given(moments, moments, moments)
def test_what_starts_later_is_never_on_an_older_side(earlier, later, cutoff):
    earlier, later = sorted((earlier, later))
    assert side_of(earlier, cutoff) == "old" or side_of(later, cutoff) == "new"


def test_midnight_mst_is_seven_utc_all_year():
    assert next_midnight_mst(datetime(2026, 7, 1, 6, 59, 59, tzinfo=UTC)) == datetime(
        2026, 7, 1, 7, tzinfo=UTC
    )
    assert next_midnight_mst(datetime(2026, 7, 1, 7, tzinfo=UTC)) == datetime(2026, 7, 2, 7, tzinfo=UTC)
    assert next_midnight_mst(datetime(2026, 12, 31, 7, 0, 1, tzinfo=UTC)) == datetime(
        2027, 1, 1, 7, tzinfo=UTC
    )


@pytest.mark.parametrize(("change", "before", "after"), [((3, 8), 5, 4), ((11, 1), 4, 5)])
def test_the_latest_night_begins_at_midnight_also_where_clocks_change(change, before, after):
    """In New York: midnight of the day of the change, then that of the day after it, of another length away."""
    first = datetime(2026, *change, before, tzinfo=UTC)
    second = datetime(2026, *change, after, tzinfo=UTC) + timedelta(days=1)
    for number in range(int((second - first) / timedelta(minutes=30))):
        now = first + timedelta(minutes=30 * number)
        assert latest_midnight_mst(now, "America/New_York") == first
        assert next_midnight_mst(now, "America/New_York") == second
    assert latest_midnight_mst(second, "America/New_York") == second


@given(moments)
def test_the_next_midnight_is_within_a_day(now):
    start = next_midnight_mst(now)
    assert now < start <= now + timedelta(days=1)
    assert (start.hour, start.minute, start.second) == (7, 0, 0)


@given(moments, st.sampled_from([DENVER, "America/New_York", "Europe/London"]), st.integers(0, 23))
def test_the_next_run_in_any_zone_is_ahead_and_within_a_day_of_25_hours(now, zone, hour):
    assert now < next_midnight_mst(now, zone, hour) <= now + timedelta(hours=25)


def test_tax_years_and_quarters_at_their_ends():
    assert tax_year(date(2018, 12, 31)) == 2018
    assert tax_year(date(2019, 1, 1)) == 2019
    ends = [
        date(2019, 3, 31),
        date(2019, 4, 1),
        date(2019, 6, 30),
        date(2019, 7, 1),
        date(2019, 9, 30),
        date(2019, 10, 1),
    ]
    assert [quarter(day) for day in ends] == [1, 2, 2, 3, 3, 4]


def test_moments_are_said_in_words():
    assert say_moment(datetime(2019, 3, 1, 7, tzinfo=UTC), DENVER) == "March 1, 2019, 12:00 AM (Denver)"
    assert say_moment(datetime(2019, 3, 1, 7, tzinfo=UTC), "Etc/GMT+7") == "March 1, 2019, 12:00 AM (MST)"
    assert say_moment(datetime(2019, 3, 1, 19, 5, 9, tzinfo=UTC), "UTC") == "March 1, 2019, 7:05:09 PM (UTC)"
