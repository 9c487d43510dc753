"""What a statement leaves unexplained: cell by cell and without its sign, so that one never hides another. And which months it is about."""

from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.rules.tieout import UNEXPLAINED, Difference, Period, Tally, make_statement, nightly_period

PERIOD = Period(date(2026, 1, 1), date(2026, 3, 31))
JANUARY, FEBRUARY = date(2026, 1, 9), date(2026, 2, 9)
NONE = Tally(PERIOD)


def tally(*figures):
    made = Tally(PERIOD)
    for day, measure, count, dollars in figures:
        made.add(day, measure, count, Decimal(dollars))
    return made


def test_sides_that_agree_leave_nothing():
    side = tally((JANUARY, "invoiced", 2, "850.00"))
    made = make_statement(PERIOD, side, side, [])
    assert (made.unexplained, made.unexplained_count) == (0, 0)


def test_what_nobody_explains_is_counted_without_its_sign():
    platform = tally((JANUARY, "invoiced", 2, "850.00"), (FEBRUARY, "invoiced", 1, "425.00"))
    books = tally((JANUARY, "invoiced", 1, "425.00"), (FEBRUARY, "invoiced", 2, "850.00"))
    made = make_statement(PERIOD, platform, books, [])
    assert (made.unexplained, made.unexplained_count) == (Decimal("850.00"), 2), (
        "One does not hide the other."
    )
    assert made.as_json()["unexplained"] == "850.00" and made.as_json()["unexplained_count"] == 2


def test_what_is_explained_is_taken_off_and_more_or_less_than_that_is_not():
    books = tally((JANUARY, "received", 1, "425.00"))
    cause = Difference("by-hand", "Entered by hand.", tally((JANUARY, "received", 1, "425.00")))
    assert make_statement(PERIOD, NONE, books, [cause]).unexplained == 0
    too_much = Difference("by-hand", "Entered by hand.", tally((JANUARY, "received", 2, "450.00")))
    made = make_statement(PERIOD, NONE, books, [too_much])
    assert (made.unexplained, made.unexplained_count) == (Decimal("25.00"), 1)


def test_a_document_without_a_cause_is_unexplained_though_its_cell_adds_up():
    books = tally((JANUARY, "received", 1, "425.00"))
    unknown = Difference(UNEXPLAINED, "Nobody knows.", books)
    made = make_statement(PERIOD, NONE, books, [unknown])
    assert (made.unexplained, made.unexplained_count) == (Decimal("425.00"), 0)


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 1, 15), date(2025, 12, 1), date(2026, 12, 31)),
        (date(2026, 2, 1), date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 11, 30), date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 12, 1), date(2026, 1, 1), date(2027, 1, 31)),
    ],
)
def test_the_nights_statement_is_about_the_year_and_a_month_beside_it(today, first, last):
    assert nightly_period(today) == Period(first, last)
