"""What ops do to a company itself: what is taken over and what follows from it, and when its QuickBooks company is set free."""

import pytest
from sqlalchemy import select

from bookkeeping.acts.companies import change_company, release_realm
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.records import NOON


@pytest.fixture
def row(house, company, records):
    """A connected company with one settled inspection and a feed that refused us, in an app context."""
    records.connect(proven_at=NOON)
    records.inspection("1")
    with house.app.app_context():
        found = db.session.get_one(Company, company)
        found.feed_key = vault().seal("old key", company, "feed_key")
        found.feed_state, found.feed_detail, found.next_poll_at = "refused", "403", None
        db.session.commit()
        yield found


def _entry() -> AuditEntry | None:
    db.session.commit()
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()


def test_another_name_changes_the_name_alone(row):
    assert change_company(row, "ops", name="Front Range", time_zone=row.time_zone) == {"name"}
    entry = _entry()
    assert (entry.act, entry.subject) == ("changed the company", "name")
    assert (entry.before, entry.after) == ({"name": "Blue Ridge Home Inspections"}, {"name": "Front Range"})
    assert row.feed_state == "refused"
    assert db.session.scalars(select(Run)).all() == []


def test_another_zone_cuts_days_elsewhere_so_everything_is_looked_at_again(row):
    assert change_company(row, "ops", time_zone="Pacific/Honolulu") == {"time_zone"}
    db.session.commit()
    assert db.session.scalars(select(InspectionRow.due)).one() is True
    assert [(run.kind, run.reason) for run in db.session.scalars(select(Run))] == [
        ("sync", "time zone changed")
    ]


@pytest.mark.parametrize("given", [{"feed_url": "https://new.example"}, {"feed_key": "new key"}])
def test_another_feed_is_read_at_once_whatever_was_wrong_before(given, row):
    assert change_company(row, "ops", **given) == set(given)
    assert (row.feed_state, row.feed_detail, row.feed_not_before) == ("ok", "", None)
    assert row.next_poll_at <= utcnow()
    entry = _entry()
    assert "new key" not in str([entry.before, entry.after, entry.subject])
    if "feed_key" in given:
        assert vault().open(row.feed_key, row.id, "feed_key") == "new key"


def test_what_is_as_it_was_changes_nothing(row):
    assert change_company(row, "ops", name=row.name, feed_key="old key") == set()
    assert (_entry(), row.feed_state) == (None, "refused")


@pytest.mark.parametrize("booked", [True, False])
def test_a_company_may_connect_another_realm_only_without_documents_in_the_first(booked, row, records):
    db.session.commit()
    if booked:
        records.document("1", status="deleted")
    assert release_realm(row.id, "ops") is (not booked)
    assert _entry().after == {"may_connect_another": not booked}
    connection = db.session.get_one(Connection, row.id)
    assert (connection.usable, connection.proven_at is None) == (False, not booked)
