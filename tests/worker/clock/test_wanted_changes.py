"""What QuickBooks says has changed is looked at a moment later and some minutes apart; a person's edit shows without a night between."""

from datetime import timedelta

from sqlalchemy import select

from bookkeeping.acts.syncing import want_changes
from bookkeeping.quickbooks_gateway.webhooks import ChangedObject
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.work.runs import Run
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.clock.tick import CHANGES_APART, CHANGES_SETTLE, queue_wanted_changes


def told(desk: Desk) -> None:
    with desk.shop.app.app_context():
        want_changes([ChangedObject(desk.realm_id, "invoice", "999999", None)])
        db.session.commit()


def queued(desk: Desk, *, after: timedelta) -> bool:
    with desk.shop.app.app_context():
        found = desk.id in queue_wanted_changes(utcnow() + after)
        db.session.commit()
        return found


def test_it_is_looked_at_once_a_moment_later_and_again_only_after_some_minutes(desk: Desk):
    desk.run()
    told(desk)
    told(desk)
    assert not queued(desk, after=timedelta())
    assert queued(desk, after=CHANGES_SETTLE + timedelta(seconds=1))
    assert not queued(desk, after=timedelta(hours=1))  # Looked at: nothing is wanted any more.
    told(desk)
    assert not queued(desk, after=timedelta(minutes=1))
    assert queued(desk, after=CHANGES_APART + timedelta(seconds=1))
    with desk.shop.app.app_context():
        kinds = db.session.scalars(
            select(Run.kind).where(Run.company_id == desk.id, Run.state == "queued")
        ).all()
    assert kinds == ["changes"]


def test_a_persons_edit_shows_after_such_a_look(desk: Desk):
    desk.book(inspection(1))
    desk.run()
    [invoice] = desk.books()["Invoice"]
    change = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"], "sparse": True, "TxnDate": "2026-01-05"}
    desk.write([("update", "Invoice", change)])
    assert desk.run("changes")["state"] == "done"
    with desk.shop.app.app_context():
        assert len(db.session.scalars(select(Drift).where(Drift.company_id == desk.id)).all()) == 1
