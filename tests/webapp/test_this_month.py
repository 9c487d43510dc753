"""This month beside QuickBooks on Home: the figures of the newest statement of it, and what is said while there is none."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookkeeping.rules.tieout import MEASURES, Figure, Period, Tally, make_statement
from bookkeeping.rules.tieout_causes import dollars_to_settle, needs_a_look
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.numbers import TieoutStatement
from tests.webapp.house import House
from tests.webapp.records import NOON, Records
from webapp.numbers.this_month import this_month

MARCH = date(2026, 3, 15)


@pytest.fixture
def records(house: House, company: int) -> Records:
    house.make_person("owner", company)
    return Records(house, company)


def statement(
    records: Records,
    first: date,
    last: date,
    *,
    booked: int = 3,
    made_at: datetime = NOON,
    **values: Any,
) -> int:
    """Keep a statement: on each month's 1st three inspections of $575.00 on the platform and `booked` in QuickBooks."""
    period = Period(first, last)
    sides = [
        Tally(period).add_all(
            Figure(date.fromisoformat(f"{month}-01"), measure, count, Decimal(575) * count)
            for month in period.months()
            for measure in MEASURES
        )
        for count in (3, booked)
    ]
    content = make_statement(period, *sides, []).as_json() | values.pop("content", {})
    row = TieoutStatement(
        company_id=records.company_id, first_day=first, last_day=last, made_at=made_at, content=content
    )
    explained = content["explained"]
    row.unexplained, row.unexplained_count = Decimal(content["unexplained"]), content["unexplained_count"]
    row.explained, row.to_look_at = len(explained), sum(needs_a_look(one["cause"]) for one in explained)
    row.to_settle = dollars_to_settle(explained)
    return records.keep(row)


def explained_by(cause: str) -> dict[str, Any]:
    """The content of a statement that one missing Invoice explains."""
    effect = {"month": "2026-03", "measure": "invoiced", "count": -1, "dollars": "-575.00"}
    base = {"cause": cause, "reason": "", "inspection": "1", "document": None, "sentence": "Why."}
    return {"unexplained": "0.00", "unexplained_count": 0, "explained": [{**base, "effects": [effect]}]}


def around_now(records: Records, **values: Any) -> int:
    """Keep a statement made now that is the same in every month around now, whatever month the test runs in."""
    now = datetime.now(UTC)
    first, last = date(now.year - 1, 1, 1), date(now.year + 1, 12, 31)
    return statement(records, first, last, made_at=now + timedelta(days=2), **values)


def card(house: House) -> str:
    """Return the card's text as the owner reads it on Home."""
    page = house.browser("owner1@office.example").read("/")
    found = re.search(r'<section class="card[^>]*id="this-month".*?</section>', page, re.DOTALL)
    assert found, page
    return found.group(0)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_both_sides_and_that_they_agree(house, records):
    records.connect()
    kept = around_now(records)
    shown = card(house)
    for label in ("Invoiced", "Received", "Open"):
        assert f"{label} and how many $1,725.00 3 $1,725.00 3 none" in words(shown)
    assert "Agrees Both agree to the cent." in words(shown)
    assert f"/numbers/tie-out/{kept}#month-{datetime.now(UTC).year}" in shown


def test_a_difference_and_whether_it_is_explained(house, records):
    records.connect()
    around_now(records, booked=2, content=explained_by("waiting"))
    assert "Invoiced and how many $1,725.00 3 $1,150.00 2 −$575.00 −1" in words(card(house))
    assert "Explained, nothing to settle Every difference is explained." in words(card(house))
    around_now(records, booked=3, content=explained_by("waiting"))
    assert "nothing to settle Both agree to the cent in this month;" in words(card(house))
    kept = around_now(records, booked=2, content=explained_by("missing"))
    assert "Explained, $575.00 to settle Every difference is explained; 1 is to settle" in words(card(house))
    assert f'href="/numbers/tie-out/{kept}#differences"' in card(house)
    around_now(records, booked=2, content={"unexplained": "575.00", "unexplained_count": 1})
    assert "Unexplained $575.00 The statement has differences that nothing explains." in words(card(house))
    kept = around_now(records, booked=2, content={"unexplained": "0.00", "unexplained_count": 1})
    assert "Unexplained, 1 in number" in words(card(house))
    assert f'href="/numbers/tie-out/{kept}#unexplained"' in card(house)


def test_without_a_statement_it_says_when_the_first_comes_and_how_to_have_it_now(house, records):
    records.connect()
    shown = card(house)
    assert "was made yet. The first comes tonight" in words(shown)
    assert '<a href="/numbers/tie-out#make">' in shown and "<table" not in shown


def test_an_older_statement_is_named_and_its_figures_are_not_this_month_s(house, records):
    records.connect()
    kept = statement(records, date(2020, 1, 1), date(2020, 12, 31), made_at=datetime(2020, 6, 1, tzinfo=UTC))
    shown = card(house)
    assert "This month has no statement yet. The newest one is of Jan 1, 2020 – Dec 31, 2020" in words(shown)
    assert "The next comes tonight" in words(shown) and "<table" not in shown
    assert f'/numbers/tie-out/{kept}"' in shown


def test_while_paused_nothing_is_promised_for_tonight(house):
    company = house.make_company(paused_at=NOON)
    house.make_person("owner", company)
    Records(house, company).connect()
    assert "after you resume" in words(card(house)) and "tonight" not in card(house)


def test_without_quickbooks_it_says_so_and_keeps_what_was_read(house, records):
    assert "side by side once QuickBooks is connected." in words(card(house))
    assert "/settings#system-integrations" in card(house) and "tonight" not in card(house)
    statement(records, date(2020, 1, 1), date(2020, 12, 31), made_at=datetime(2020, 6, 1, tzinfo=UTC))
    assert "QuickBooks is not connected, so none is made." in words(card(house))
    assert "tonight" not in card(house)
    around_now(records)
    shown = words(card(house))
    assert "$1,725.00" in shown and "QuickBooks is not connected now, so nothing newer is read." in shown


def test_the_newest_statement_of_the_whole_month_is_taken(house, records):
    year = date(2026, 1, 1), date(2026, 12, 31)
    wanted = statement(records, *year)
    statement(records, date(2026, 3, 1), date(2026, 3, 30))  # Not the whole month.
    statement(records, date(2025, 1, 1), date(2025, 12, 31))  # Of another year.
    with house.app.app_context():
        company = db.session.get_one(Company, records.company_id)
        found = this_month(company, MARCH)
        assert (
            found.kept.id == wanted
            and found.month == "2026-03"
            and found.agrees
            and found.kept.verdict.word == "Agrees"
        )
        # Made in March, the rest of the year is still to come.
        assert this_month(company, date(2026, 4, 1)).sides is None
        assert "content" not in found.kept.__dict__  # Which would be the differences of a whole year.
