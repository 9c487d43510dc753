"""The guards over one walk through a feed's pages: out of order, before its time, and short of what was said."""

from datetime import UTC, datetime, timedelta

import pytest

from bookkeeping.errors import FeedForeignError
from bookkeeping.inspection_source.walk import SLACK, Walk, stated_total

NOON = datetime(2026, 3, 2, 19, tzinfo=UTC)


def _rows(*minutes: float | None) -> list:
    return [
        (str(place), None if minute is None else NOON + timedelta(minutes=minute))
        for place, minute in enumerate(minutes)
    ]


@pytest.mark.parametrize(
    ("body", "total"),
    [
        ({}, None),
        ({"meta": "none"}, None),
        ({"meta": {"total": 7}}, 7),
        ({"meta": {"total_count": 8}}, 8),
        ({"meta": {"record_count": 9}}, 9),
        ({"meta": {"pagination": {"total_entries": 5, "count": 3}}}, 5),
        ({"meta": {"page": {"total": 4}}}, 4),
        ({"meta": {"total": True, "page": {"total": "4"}}}, None),
        ({"meta": {"total": 2, "page": {"count": 6}}}, 6),
    ],
)
def test_the_stated_total_is_found_under_any_name_in_use(body, total):
    assert stated_total(body) == total


def test_rows_in_order_within_a_second_are_taken_page_by_page():
    walk = Walk(NOON, 2)
    walk.take(_rows(0, 5), {"meta": {"total": 3}}, more=True)
    walk.take([("9", NOON + timedelta(minutes=5) - SLACK)], {"meta": {"total": 3}}, more=False)


def test_a_row_from_before_the_moment_asked_for_ends_the_walk():
    Walk(NOON, 2).take([("1", NOON - SLACK)], {}, more=False)
    with pytest.raises(FeedForeignError, match="before the moment asked for"):
        Walk(NOON, 2).take([("1", NOON - SLACK - timedelta(seconds=1))], {}, more=False)


def test_a_row_out_of_order_ends_the_walk_across_pages_too():
    walk = Walk(None, 2)
    walk.take(_rows(0, 5), {}, more=True)
    with pytest.raises(FeedForeignError, match="out of order"):
        walk.take(_rows(4), {}, more=True)


def test_a_row_without_a_readable_moment_stops_nothing():
    Walk(NOON, 2).take(_rows(None, 1), {}, more=False)


@pytest.mark.parametrize(("more", "total", "ends"), [(False, 3, True), (True, 3, False), (False, 2, False)])
def test_fewer_rows_than_were_said_ends_the_walk_on_its_last_page(more, total, ends):
    body = {"meta": {"total": total}}
    if ends:
        with pytest.raises(FeedForeignError, match="there are 3 inspections, names no next page, and gave 2"):
            Walk(None, 2).take(_rows(0, 1), body, more=more)
    else:
        Walk(None, 2).take(_rows(0, 1), body, more=more)


@pytest.mark.parametrize(
    ("count", "size", "body", "more", "doubts"),
    [
        (2, 2, {}, False, True),
        (3, 2, {}, False, True),
        (1, 2, {}, False, False),
        (1, 1, {}, False, False),
        (2, 2, {}, True, False),
        (2, 2, {"meta": {"total": 2}}, False, False),
    ],
)
def test_a_full_last_page_that_says_no_total_is_doubtful(count, size, body, more, doubts):
    assert Walk(None, size).doubts(_rows(*range(count)), body, more=more) is doubts
