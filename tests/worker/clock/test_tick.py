"""The tick: one row a due night however many ticks there are, late and skipped nights, and the bell for whoever is due and free."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from bookkeeping.errors import LeaseTakenError
from bookkeeping.settings import settings_from_environment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.work.leases import LeaseRow, take_lease
from bookkeeping.storage.work.runs import Heartbeat, Run, ScheduledRun
from tests.harness.in_process import Desk, Shop
from worker.app import bell, create_worker_app, settings
from worker.clock.tick import CATCH_UP, beat, note_due_slots, sweep_until, tick_once

SLOT = datetime(2031, 3, 3, 7, tzinfo=UTC)  # Midnight in Denver, without summer time.


@pytest.fixture
def clock(shop: Shop):
    """An app context without any night on record."""
    with shop.app.app_context():
        db.session.execute(ScheduledRun.__table__.delete())
        db.session.execute(LeaseRow.__table__.delete().where(LeaseRow.name == "tick"))
        db.session.commit()
        yield
        db.session.rollback()


def _noted(after_slot: timedelta, slot: datetime = SLOT) -> str | None:
    row = note_due_slots(slot + after_slot, settings())
    return row.outcome if row else None


def _nights(desk: Desk) -> list[tuple[str, str]]:
    rows = select(Run).where(Run.company_id == desk.id, Run.kind == "nightly").order_by(Run.id)
    return [(run.reason, run.parameters.get("slot", "")) for run in db.session.scalars(rows)]


def test_the_first_night_ever_is_noted_and_not_caught_up(clock, desk: Desk):
    assert _noted(timedelta(minutes=1)) == "skipped"
    assert _nights(desk) == []
    assert db.session.scalars(select(ScheduledRun.slot)).all() == [SLOT]


@pytest.mark.parametrize(
    ("after", "outcome", "reason"),
    [
        (timedelta(0), "queued", "nightly"),
        (timedelta(minutes=10), "queued", "nightly"),
        (timedelta(minutes=11), "late", "nightly, late"),
        (CATCH_UP, "late", "nightly, late"),
        (CATCH_UP + timedelta(minutes=1), "skipped", None),
    ],
)
def test_a_night_is_queued_once_late_when_it_is_and_skipped_when_too_late(
    after, outcome, reason, clock, desk: Desk
):
    _noted(timedelta(minutes=1), SLOT - timedelta(days=1))
    assert _noted(after) == outcome
    assert _noted(after + timedelta(minutes=1)) is None, "It is on record."
    assert _nights(desk) == ([(reason, SLOT.isoformat())] if reason else [])


def test_a_moment_before_midnight_is_the_night_before(clock):
    _noted(timedelta(minutes=1), SLOT - timedelta(days=1))
    assert _noted(timedelta(seconds=-1)) is None
    assert _noted(timedelta(seconds=1)) == "queued"


def test_only_companies_that_are_integrated_have_a_night(clock, desk: Desk, shop: Shop):
    other = shop.open()
    db.session.get_one(Connection, other.id).state = "disconnected"
    db.session.commit()
    _noted(timedelta(minutes=1), SLOT - timedelta(days=1))
    _noted(timedelta(minutes=1))
    assert (len(_nights(desk)), len(_nights(other))) == (1, 0)


def test_who_is_due_and_free_is_rung_for_and_the_tick_leaves_its_mark(clock, desk: Desk, shop: Shop):
    held, paused = shop.open(), shop.open()
    db.session.get_one(Company, paused.id).paused_at = utcnow()
    db.session.commit()
    take_lease(f"company:{held.id}", "somebody", 60)
    bell().queue.empty()
    due = tick_once()
    assert desk.id in due and not {held.id, paused.id} & set(due)
    assert f"bell-{desk.id}" in bell().queue.get_job_ids()
    mark = db.session.get_one(Heartbeat, "tick")
    assert utcnow() - mark.seen_at < timedelta(minutes=1)
    db.session.execute(Heartbeat.__table__.delete())


def test_one_tick_works_at_a_time(clock):
    lease = take_lease("tick", "another tick", 60)
    with pytest.raises(LeaseTakenError):
        tick_once()
    lease.release()


class Looks(threading.Event):
    """Ends the sweeping after so many looks; `between` is called after each."""

    def __init__(self, looks: int, between=lambda: None):
        super().__init__()
        self._left, self._between = looks, between

    def wait(self, timeout=None) -> bool:
        """Nobody waits here."""
        self._left -= 1
        self._between()
        if not self._left:
            self.set()
        return self.is_set()


def test_a_tick_that_ends_leaves_its_turn_to_the_next_at_once(clock):
    sweep_until(Looks(1))
    take_lease("tick", "the tick of the new release", 60).release()


@pytest.mark.parametrize(("poll", "lease", "keeps"), [(300, 90, 60), (2, 5, 5), (10, 5, 20), (30, 90, 60)])
def test_a_dead_tick_keeps_its_turn_for_two_sweeps_or_a_lease(clock, shop: Shop, poll, lease, keeps):
    given = {**shop.environment, "POLL_SECONDS": str(poll), "LEASE_SECONDS": str(lease)}
    with create_worker_app(settings_from_environment(given)).app_context():
        db.session.execute(LeaseRow.__table__.delete().where(LeaseRow.name == "tick"))
        db.session.commit()
        tick_once()
        held = db.session.get_one(LeaseRow, "tick").until - utcnow()
    assert timedelta(seconds=keeps - 4) < held <= timedelta(seconds=keeps)


def test_a_machine_whose_clock_is_set_back_goes_on_sweeping(clock):
    """A sweep is due by a clock that nobody sets; its mark tells the machine's time."""
    seen = []

    def note() -> None:
        db.session.expire_all()
        seen.append(db.session.get_one(Heartbeat, "tick").seen_at)
        machine.shift(timedelta(hours=-1))

    with time_machine.travel(datetime(2031, 3, 4, 12, tzinfo=UTC), tick=False) as machine:
        sweep_until(Looks(2, note), itertools.count(0, 60).__next__)
    assert [at.hour for at in seen] == [12, 11]


def test_a_heartbeat_is_one_row_kept_current(clock):
    for detail in ("first", "second"):
        beat("test", detail)
        db.session.commit()
    assert db.session.get_one(Heartbeat, "test").detail == "second"
