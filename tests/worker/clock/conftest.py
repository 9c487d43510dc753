"""What the clock's tests share."""

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.work.leases import LeaseRow
from bookkeeping.storage.work.runs import ScheduledRun
from tests.harness.in_process import Shop


@pytest.fixture
def clock(shop: Shop):
    """An app context without any night on record."""
    with shop.app.app_context():
        db.session.execute(ScheduledRun.__table__.delete())
        db.session.execute(LeaseRow.__table__.delete().where(LeaseRow.name == "tick"))
        db.session.commit()
        yield
        db.session.rollback()
