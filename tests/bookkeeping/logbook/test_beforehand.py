"""What another time zone would date anew is said before it is done, and is what then happens."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from bookkeeping.acts.companies import change_company
from bookkeeping.case import build_cases
from bookkeeping.logbook.beforehand import zone_change
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.choices import BookVersion
from bookkeeping.storage.records.documents import Document, LegacyReceipt
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import Migration
from tests.webapp.records import paid

LATE = datetime(2026, 3, 3, 6, 30, tzinfo=UTC)
"""Half past eleven at night on March 2 in Denver, March 3 in New York."""
PAID_LATE = replace(paid(), received_at=LATE)
EAST, SECOND, THIRD = "America/New_York", date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def books(house, company, records):
    """A connected company in Denver that books from January on, in an app context."""
    records.connect()
    with house.app.app_context():
        db.session.get_one(Company, company).start_date = date(2026, 1, 1)
        db.session.commit()
        yield records


def change(books, zone=EAST):
    db.session.rollback()
    return zone_change(db.session.get_one(Company, books.company_id), zone)


def set_document(kind: str, **values):
    document = db.session.scalars(select(Document).where(Document.kind == kind)).one()
    for name, value in values.items():
        setattr(document, name, value)
    db.session.commit()


def test_a_document_whose_day_is_another_there_would_be_dated_anew(books):
    books.booked("1", starts_at=LATE)
    books.booked("2")
    found = change(books)
    assert [(one.name, one.was, one.becomes, one.fate) for one in found.documents] == [
        ("Invoice SP-1", SECOND, THIRD, "moves")
    ]
    assert found.changes_books and not found.in_the_way


def test_a_payment_late_in_the_day_moves_alone(books):
    books.booked("1", payments=(PAID_LATE,))
    assert [(one.name, one.fate) for one in change(books).documents] == [("Payment 1881", "moves")]


def test_a_zone_in_which_every_day_is_the_same_changes_nothing(books):
    books.booked("1", starts_at=LATE)
    for zone in ("America/Denver", "America/Boise", "America/Phoenix"):
        assert not change(books, zone).changes_books, zone


@pytest.mark.parametrize(
    ("values", "fate", "code"),
    [
        ({"hands_off": "drift"}, "stays", "drift"),
        ({"hands_off": "kept"}, "stays", "kept"),
    ],
)
def test_what_a_person_has_in_hand_stays(books, values, fate, code):
    books.booked("1", starts_at=LATE)
    set_document("Invoice", **values)
    assert [(one.fate, one.code) for one in change(books).documents] == [(fate, code)]


def test_a_deposited_payment_stays_and_the_invoice_it_pays_too(books):
    books.booked("1", payments=(PAID_LATE,))
    set_document("Payment", deposit_id="9")
    assert [(one.fate, one.code) for one in change(books).documents] == [("stays", "deposited")]


def test_what_lies_in_closed_books_waits(books):
    books.booked("1", starts_at=LATE)
    db.session.get_one(Connection, books.company_id).facts = {"close_date": "2026-03-02"}
    db.session.commit()
    found = change(books)
    assert [(one.fate, one.code) for one in found.documents] == [("waits", "closed-books")]


def test_an_invoice_that_keeps_earlier_choices_follows_the_zone_all_the_same(books):
    books.booked("1", starts_at=LATE)
    version = BookVersion(
        company_id=books.company_id,
        choices={"books": {}, "due_days": 0, "invoice_date": "inspection"},
        made_by="x",
    )
    db.session.add(version)
    db.session.flush()
    db.session.scalars(select(InspectionRow)).one().book_version_id = version.id
    db.session.commit()
    assert [one.fate for one in change(books).documents] == ["moves"]


@pytest.mark.parametrize(
    ("start", "zone", "entering", "leaving"),
    [
        (THIRD, EAST, ("1",), ()),
        (THIRD, "Pacific/Honolulu", (), ()),
        (SECOND, "Pacific/Honolulu", (), ()),
    ],
)
def test_the_start_date_is_cut_there_too(books, start, zone, entering, leaving):
    books.inspection("1", starts_at=LATE)
    db.session.get_one(Company, books.company_id).start_date = start
    db.session.commit()
    found = change(books, zone)
    assert (found.entering, found.leaving) == (entering, leaving)


def test_one_that_lies_before_the_start_date_there_leaves_the_books(books):
    books.booked("1", starts_at=datetime(2026, 3, 3, 7, 30, tzinfo=UTC))
    db.session.get_one(Company, books.company_id).start_date = THIRD
    db.session.commit()
    found = change(books, "America/Los_Angeles")
    assert (found.leaving, found.entering, found.changes_books) == (("1",), (), True)


def test_the_cutoff_stays_the_same_moment_and_says_who_lies_near_it(books):
    cutoff = datetime(2026, 3, 1, 7, tzinfo=UTC)
    for hours, key in ((-3, "far"), (-2, "at"), (-1, "near"), (0, "on")):
        books.inspection(key, starts_at=cutoff + timedelta(hours=hours))
    books.keep(LegacyReceipt(company_id=books.company_id, inspection_key="near", receipt_id="5", amount=415))
    db.session.get_one(Company, books.company_id).cutoff = cutoff
    db.session.commit()
    found = change(books)
    assert found.cutoff == ("March 1, 2026, 12:00 AM (Denver)", "March 1, 2026, 2:00 AM (New York)")
    assert (found.near_cutoff, found.near_receipts) == (("at", "near"), 1)
    assert found.entering == found.leaving == (), "Nobody changes sides."


@pytest.mark.parametrize(
    ("state", "said"), [("scheduled", "cancel"), ("running", "over"), ("paused", "over"), ("done", "")]
)
def test_a_confirmed_migration_is_in_the_way_until_it_is_over(books, state, said):
    books.keep(
        Migration(
            company_id=books.company_id,
            state=state,
            cutoff=LATE,
            typed_cutoff="2026-03-02T23:30",
            asked_by="o@x",
        )
    )
    found = change(books)
    assert bool(found.in_the_way) is bool(said) and said in found.in_the_way


def test_another_fact_gives_another_fingerprint(books):
    books.booked("1", starts_at=LATE)
    before = change(books).fingerprint
    assert change(books).fingerprint == before
    set_document("Invoice", hands_off="kept")
    assert change(books).fingerprint != before
    assert change(books, "Asia/Tokyo").fingerprint != before


def test_what_was_said_is_what_is_then_planned(books):
    books.booked("1", starts_at=LATE)
    books.booked("2")
    said = {one.inspection_key for one in change(books).of_fate("moves")}
    company = db.session.get_one(Company, books.company_id)
    change_company(company, "ops", time_zone=EAST)
    db.session.commit()
    rows = db.session.scalars(select(InspectionRow)).all()
    assert all(row.due for row in rows)
    assert {case.key for case in build_cases(company, rows) if not case.planned.empty} == said == {"1"}
