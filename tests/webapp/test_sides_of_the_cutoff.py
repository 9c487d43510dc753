"""On which side of a migration's cutoff an inspection lies: its page says of it what the worker does about it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from bookkeeping.case import answers, build_cases
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import FrozenSide, Migration
from tests.webapp.records import NOON


def words(page: str) -> str:
    """A page's text as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_rescheduling_across_a_migrations_cutoff_changes_no_answer(house, company, records, owner):
    cutoff = NOON - timedelta(days=1)
    with house.writing():
        db.session.get_one(Company, company).cutoff = cutoff
        db.session.commit()
    started = {"started_at": NOON, "state": "done", "asked_by": "ann", "typed_cutoff": "2026-03-01T12:00"}
    migration = records.keep(Migration(company_id=company, cutoff=cutoff, **started))
    records.inspection("1", "not-in-books", reason="before-cutoff")
    records.inspection("2", "not-in-books", reason="before-cutoff", starts_at=NOON - timedelta(days=9))
    records.keep(FrozenSide(migration_id=migration, inspection_key="1", side="old"))
    moved = "It was before the cutoff March 1, 2026, 12:00 PM (Denver) when the migration was confirmed"
    assert moved in words(owner.read("/inspections/1"))
    listed_page = words(owner.read("/inspections"))
    assert moved[3:] in listed_page
    assert "It is scheduled for February 21, 2026, 12:00 PM (Denver), before the cutoff" in listed_page


@pytest.mark.parametrize("frozen", [None, "old"])
def test_what_the_worker_leaves_alone_is_not_shown_as_about_to_be_deleted(
    frozen, house, company, records, owner
):
    """Booked after the cutoff and rescheduled to before it; booked by an earlier sync and frozen on the old side."""
    records.booked("1")
    cutoff = NOON + timedelta(days=1)
    with house.writing():
        mine = db.session.get_one(Company, company)
        mine.cutoff, mine.start_date = cutoff, None
        db.session.commit()
    started = {"started_at": NOON, "state": "done", "asked_by": "ann", "typed_cutoff": "2026-03-03T12:00"}
    migration = records.keep(Migration(company_id=company, cutoff=cutoff, **started))
    if frozen:
        records.keep(FrozenSide(migration_id=migration, inspection_key="1", side=frozen))
    with house.app.app_context():
        mine = db.session.get_one(Company, company)
        rows = list(db.session.scalars(select(InspectionRow)))
        [case] = build_cases(mine, rows)
        assert case.plan is not None and case.plan.empty and case.parked is None
        assert answers(mine, rows)["1"] == case.eligibility
        assert case.eligibility.in_books == (frozen is None)
    assert "Would be deleted" not in words(owner.read("/inspections/1/preview"))
    said = words(owner.read("/inspections/1"))
    assert ("Not in the books" in said) == (frozen == "old")
    assert ("It stays in QuickBooks as it is" in said) == (frozen == "old")
