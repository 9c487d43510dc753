"""What nobody carries on is told from what takes long, and a reading that is late from one whose turn has not come."""

from datetime import timedelta

import pytest

from bookkeeping.logbook.overdue import LATE_AFTER, still_since
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.work.leases import give_back, take_lease
from bookkeeping.storage.work.runs import Run

NOW = utcnow().replace(microsecond=0)
OLD, COMING = NOW - LATE_AFTER - timedelta(minutes=1), NOW + timedelta(hours=1)
GOES_ON = {"kind": "first", "state": "running", "finished_at": None}


@pytest.fixture
def still(house, company):
    """Return (a function that returns) since when the company stands still, its row changed first."""

    def ask(**values):
        with house.app.app_context():
            row = db.session.get_one(Company, company)
            for name, value in values.items():
                setattr(row, name, value)
            db.session.commit()
            return still_since(row)

    return ask


def test_a_run_stands_still_once_nobody_holds_its_company_and_nothing_of_it_moves(
    still, records, house, company
):
    run = records.run(**GOES_ON, started_at=OLD)
    assert still() == OLD
    with house.app.app_context():
        take_lease(f"company:{company}", "a worker", 90)
    assert still() is None
    with house.app.app_context():
        give_back(f"company:{company}", "a worker")
    assert still() == OLD
    with house.app.app_context():
        db.session.get_one(Run, run).done += 1
        db.session.commit()
    assert still() is None  # It waits for its next turn.


def test_a_run_that_nobody_begins_stands_still_too(still, records):
    records.run(**{**GOES_ON, "state": "queued"}, started_at=None, queued_at=utcnow())
    assert still() is None
    records.run(**{**GOES_ON, "state": "queued"}, started_at=None, queued_at=OLD)
    assert still() == OLD


@pytest.mark.parametrize(
    ("planned", "late"),
    [
        ({}, False),
        ({"next_poll_at": OLD, "last_poll_at": OLD - timedelta(minutes=5)}, True),
        ({"next_poll_at": COMING, "last_poll_at": OLD}, False),
        ({"next_poll_at": OLD, "last_poll_at": OLD, "not_before": COMING}, False),
        ({"next_poll_at": OLD}, True),
        ({"last_poll_at": OLD}, True),
    ],
)
def test_a_reading_is_late_long_after_its_turn(still, planned, late):
    values = {"next_poll_at": None, "last_poll_at": None, **planned}
    assert still(**values) == ((values["last_poll_at"] or OLD) if late else None)


def test_while_a_run_goes_on_no_reading_is_late(still, records):
    late = {"next_poll_at": OLD, "last_poll_at": OLD}
    assert still(**late) == OLD
    records.run(**GOES_ON, started_at=OLD, moved_at=utcnow())
    assert still(**late) is None
