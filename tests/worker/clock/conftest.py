"""What the clock's tests share."""

from dataclasses import replace
from pathlib import Path

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


@pytest.fixture
def inside(shop: Shop, tmp_path: Path):
    """An app context with an archive folder of its own."""
    with shop.app.app_context():
        before = shop.app.extensions["settings"]
        shop.app.extensions["settings"] = replace(before, archive_folder=str(tmp_path / "archive"))
        yield
        shop.app.extensions["settings"] = before
        db.session.rollback()
