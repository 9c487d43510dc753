"""The statement: both sides read, tied out, kept as it was made, and said as lines of text."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from bookkeeping.rules.tieout import MEASURES, Period, nightly_period
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document, LegacyReceipt
from bookkeeping.storage.records.inspections import BadRecord
from bookkeeping.storage.records.numbers import statement_or_none
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.tieout.as_text import statement_lines
from worker.tieout.both_sides import read_both_sides
from worker.tieout.statement import make_tie_out, this_year, tie_out_step

TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("today", "year", "night"),
    [
        (date(2026, 3, 2), ("2026-01-01", "2026-12-31"), ("2026-01-01", "2026-12-31")),
        (date(2026, 1, 31), ("2026-01-01", "2026-12-31"), ("2025-12-01", "2026-12-31")),
        (date(2026, 12, 1), ("2026-01-01", "2026-12-31"), ("2026-01-01", "2027-01-31")),
    ],
)
def test_a_statement_is_of_the_year_and_a_nights_of_the_months_beside_it_too(today, year, night):
    for period, days in ((this_year(today), year), (nightly_period(today), night)):
        assert (period.first.isoformat(), period.last.isoformat()) == days


def _kept(desk: Desk, kind: str = "tieout", **parameters):
    with desk.holding(kind, **parameters) as work:
        assert tie_out_step(work) is True
        kept = statement_or_none(desk.id, work.run.result["statement"])
        return kept, dict(kept.content), dict(work.run.result)


def test_books_that_a_sync_made_tie_out_to_the_cent(desk: Desk):
    desk.book(inspection(1, days=0), inspection(2, days=0, payments=[]))
    desk.sync_until_quiet()
    kept, content, result = _kept(desk)
    assert (content["unexplained"], content["unexplained_count"], content["explained"]) == ("0.00", 0, [])
    invoiced = content["totals"]["invoiced"]
    assert invoiced["platform"] == invoiced["quickbooks"] == {"count": 2, "dollars": "1150.00"}
    assert content["quickbooks_company"] == f"{desk.name} Books"
    assert (result["unexplained"], kept.unexplained, kept.to_look_at) == ("0.00", Decimal(0), 0)
    text = statement_lines({**content, "statement": kept.id, "source": "feed"})
    assert text[0].startswith(f"{desk.name} beside {desk.name} Books, ")
    assert "No differences." in text and text[-1] == "Agrees."
    assert any("$1,150.00" in line for line in text)


def test_what_is_missing_in_quickbooks_is_explained_by_its_cause(desk: Desk):
    desk.book(inspection(1, days=0))
    desk.sync_until_quiet()
    (key,) = desk.book(inspection(2, days=0, buyer=None))
    desk.sync_until_quiet()
    kept, content, _ = _kept(desk)
    found = [one for one in content["explained"] if one["inspection"] == key]
    assert {one["reason"] for one in found} == {"no-client"}
    assert len(found) == len(content["explained"])
    assert content["unexplained"] == "0.00"
    text = statement_lines({**content, "statement": kept.id, "source": "feed"})
    assert any(line.startswith(f"Explained differences: {len(found)},") for line in text)
    assert all(any(one["sentence"] in line for line in text) for one in found)


@pytest.mark.parametrize(
    ("source", "head", "name"),
    [("feed", "Platform", "the platform"), ("files", "Your files", "your files")],
)
def test_what_nothing_explains_is_said_and_what_could_not_be_read_is_named(source, head, name):
    figure = {"count": 0, "dollars": "0.00"}
    sides = {"platform": figure, "quickbooks": figure, "difference": figure}
    text = statement_lines(
        {
            "company_name": "Blue Ridge",
            "quickbooks_company": "",
            "from": "2026-01-01",
            "to": "2026-12-31",
            "statement": 7,
            "source": source,
            "months": [{"month": "2026-01", **dict.fromkeys(MEASURES, sides)}],
            "totals": dict.fromkeys(MEASURES, sides),
            "explained": [],
            "to_look_at": 0,
            "not_explained": [{"sentence": "QuickBooks has $5.00 more."}],
            "unreadable_records": ["1042", "1043"],
            "unexplained": "5.00",
            "unexplained_count": 1,
        }
    )
    assert text[0] == "Blue Ridge beside QuickBooks, 2026-01-01 to 2026-12-31 (statement 7)"
    assert text[2].split() == [*head.split(), "QuickBooks", "Difference"]
    assert not any(line.startswith("2026-01 ") for line in text), "A month without figures is left out."
    assert text[-4:] == [
        "Differences that nothing explains: 1",
        "  QuickBooks has $5.00 more.",
        f"Inspections that could not be read from {name}: 1042, 1043",
        "Unexplained $5.00.",
    ]


def test_days_that_are_asked_for_are_the_statements_days_and_a_bad_record_is_on_it(desk: Desk):
    with desk.shop.app.app_context():
        db.session.add(BadRecord(company_id=desk.id, key="77", reason="nonsense", raw={}))
        db.session.commit()
    kept, content, _ = _kept(desk, first_day="2026-03-01", last_day="2026-03-31")
    assert (kept.first_day, kept.last_day) == (date(2026, 3, 1), date(2026, 3, 31))
    assert content["unreadable_records"] == ["77"]


def test_a_statement_can_be_made_without_being_kept(desk: Desk):
    with desk.holding("tieout") as work:
        content = make_tie_out(work, Period(TODAY, TODAY))
        assert (content["company"], content["platform_read_at"]) == (desk.id, None)
        assert statement_or_none(desk.id) is None


def test_a_payment_of_an_inspection_of_other_days_that_somebody_moved_here_is_known_for_ours(desk: Desk):
    desk.book(inspection(1, days=10), inspection(1, days=40, payments=[]))
    desk.sync_until_quiet()
    books = desk.books()
    (money,) = books["Payment"]
    day = datetime.now(ZoneInfo(desk.time_zone)).date() + timedelta(days=40)
    (here,) = [one for one in books["Invoice"] if one["TxnDate"] == day.isoformat()]
    line = {"Amount": 575.00, "LinkedTxn": [{"TxnId": here["Id"], "TxnType": "Invoice"}]}
    desk.write([("update", "Payment", {**money, "Line": [line]})])
    _, content, _ = _kept(desk, first_day=day.isoformat(), last_day=day.isoformat())
    (found,) = content["explained"]
    assert (found["cause"], found["reason"]) == ("unapplied", "")
    assert found["document"]["id"] == money["Id"] and content["unexplained"] == "0.00"


def test_a_receipt_on_record_that_quickbooks_no_longer_has_is_missing(desk: Desk):
    (key,) = desk.book(inspection(1, days=0))
    desk.sync_until_quiet()
    row = {"company_id": desk.id, "inspection_key": key, "receipt_id": "998877", "amount": Decimal("575.00")}
    with desk.shop.app.app_context():
        db.session.execute(delete(Document).where(Document.company_id == desk.id))
        db.session.add(LegacyReceipt(**row))
        db.session.commit()
    with desk.holding("tieout") as work:
        rows, _ = read_both_sides(work, Period(TODAY, TODAY), {})
        assert [(one.has_receipt, one.receipt_gone) for one in rows] == [(True, True)]
