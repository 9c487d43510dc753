"""What people are told of: each stop of the feed and each end of a migration once, however alike one is to the one before."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.records.migrations import Migration
from worker.notices.writing import write_notices

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def row(house, company):
    """The company's row, in an app context."""
    with house.app.app_context():
        yield db.session.get_one(Company, company)


def told(kind: str, now: datetime) -> int:
    """Write what is due twice, as two sweeps do; return how many notices of this kind there are."""
    for _ in range(2):
        write_notices(now)
        db.session.commit()
    return len(db.session.scalars(select(Notice).where(Notice.kind == kind)).all())


def test_a_feed_that_stops_again_is_told_again_in_the_same_month(row):
    row.feed_state, row.last_poll_at = "refused", NOW - DAY
    assert told("feed-refused", NOW) == told("feed-refused", NOW + DAY) == 1
    row.feed_state, row.last_poll_at = "ok", NOW + 2 * DAY
    assert told("feed-refused", NOW + 2 * DAY) == 1
    row.feed_state = "refused"
    assert told("feed-refused", NOW + 3 * DAY) == told("feed-refused", NOW + 4 * DAY) == 2


def _migration(row: Company, **values) -> Migration:
    made = Migration(company_id=row.id, cutoff=NOW, typed_cutoff="2026-01-01T00:00", asked_by="ann", **values)
    db.session.add(made)
    return made


def test_what_was_tried_again_has_a_result_of_its_own(row):
    migration = _migration(row, state="done", started_at=NOW, finished_at=NOW + timedelta(minutes=1))
    assert told("migration-result", NOW + timedelta(hours=1)) == 1
    migration.started_at, migration.finished_at = NOW + DAY, NOW + DAY + timedelta(minutes=1)
    assert told("migration-result", NOW + DAY + timedelta(hours=1)) == 2


def test_a_migration_that_pauses_long_after_it_began_is_told(row):
    _migration(row, state="paused", code="still-there", started_at=NOW - 30 * DAY)
    assert told("migration-result", NOW) == 1
