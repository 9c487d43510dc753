"""What people choose about syncing: dates, pause and resume, earlier inspections, held deletes; each with its audit entry and its run."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bookkeeping.acts.syncing import (
    HELD_FOR_REVIEW,
    approve_deletes,
    change_dates,
    earlier_from,
    earlier_inspections,
    hold_for_review,
    pause,
    resume,
)
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.records import NOON


@pytest.fixture
def row(house, company, records):
    """The company's row, in an app context; three inspections are on record."""
    records.inspection("1", "in-sync")
    records.inspection("2", "not-in-books", reason="before-start", starts_at=NOON - timedelta(days=40))
    records.inspection("3", "waiting", reason="mass-delete-brake")
    with house.app.app_context():
        yield db.session.get_one(Company, company)


def _left(row: Company) -> tuple[list[str], list[str], list[str]]:
    """Return the acts, the queued runs and the due inspections."""
    db.session.commit()
    acts = [one.act for one in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    runs = [f"{one.kind}: {one.reason}" for one in db.session.scalars(select(Run).order_by(Run.id))]
    due = select(InspectionRow.key).where(InspectionRow.due.is_(True)).order_by(InspectionRow.key)
    return acts, runs, list(db.session.scalars(due))


def test_new_dates_make_every_inspection_looked_at_again(row):
    assert change_dates(row, date(2026, 1, 1), "inspection", "ann") is True
    assert row.start_date == date(2026, 1, 1)
    assert _left(row) == (["changed dates"], ["sync: settings changed"], ["1", "2", "3"])


@pytest.mark.parametrize(("scope", "said"), [("all", "get the new date"), ("new", "keep their date")])
def test_a_new_invoice_date_says_what_becomes_of_invoices_that_are_there(scope, said, row):
    assert change_dates(row, None, "confirmed", "ann", scope) is True
    db.session.commit()
    assert row.invoice_date == "confirmed"
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "changed dates")).all()
    assert entries[-1].after["existing_invoices"] == said


def test_the_same_dates_change_nothing(row):
    assert change_dates(row, row.start_date, row.invoice_date, "ann") is False
    assert _left(row) == ([], [], [])


def test_a_pause_ends_with_a_sync_and_a_hold_with_the_first_one(row):
    pause(row, "ann")
    assert (row.paused_at is not None, row.paused_by) == (True, "ann")
    resume(row, "bo")
    assert (row.paused_at, row.paused_by) == (None, "")
    hold_for_review(row)
    assert row.paused_by == HELD_FOR_REVIEW
    db.session.execute(Run.__table__.update().values(state="done"))
    resume(row, "bo")
    acts, runs, _ = _left(row)
    assert acts == ["paused syncing", "resumed syncing", "started syncing"]
    assert runs == ["sync: by a person", "first: by a person"]


def test_approved_deletes_are_let_go_and_the_brake_is_off(row):
    row.brake_at, row.brake_count = utcnow(), 22
    assert approve_deletes(row, "ann") == 1
    assert (row.brake_at, row.brake_count) == (None, 0)
    assert _left(row) == (["approved deletes"], ["sync: by a person"], ["3"])
    held = db.session.scalars(select(InspectionRow).where(InspectionRow.deletes_approved)).all()
    assert [one.key for one in held] == ["3"]


@pytest.mark.parametrize("month", [1, 7])
def test_what_begins_with_a_months_first_minute_is_of_that_month_in_summer_and_winter(month, row, records):
    zone = ZoneInfo(row.time_zone)
    first = datetime(2025, month, 1, tzinfo=zone)
    db.session.commit()
    records.inspection("4", "not-in-books", reason="before-start", starts_at=first.astimezone(UTC))
    told = {one.month: one for one in earlier_inspections(row)}
    assert told[f"2025-{month:02d}"].count_from == earlier_from(row, first.date())[0]
    assert told[f"2025-{month:02d}"].total_from == earlier_from(row, first.date())[1]


def test_earlier_inspections_are_counted_by_month_and_from_each_month_on(row, records):
    db.session.commit()
    records.inspection("4", "not-in-books", reason="before-start", starts_at=NOON - timedelta(days=70))
    records.inspection("5", "not-in-books", reason="not-confirmed", starts_at=NOON - timedelta(days=70))
    assert [tuple(month) for month in earlier_inspections(row)] == [
        ("2026-01", 1, Decimal("425.00"), 1, Decimal("425.00")),
        ("2025-12", 1, Decimal("425.00"), 2, Decimal("850.00")),
    ]
