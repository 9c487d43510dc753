"""The tick: the bell for whoever is due and free, one tick at a time. Its nights are in `test_nights`."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from bookkeeping.errors import LeaseTakenError
from bookkeeping.settings import settings_from_environment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import ConsentState
from bookkeeping.storage.work.leases import LeaseRow, take_lease
from bookkeeping.storage.work.ops import HourlyCount
from bookkeeping.storage.work.runs import Heartbeat, Run
from tests.harness.in_process import Desk, Shop
from worker.app import bell, create_worker_app
from worker.clock.tick import beat, sweep_until, tick_once


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
    at_noon = time_machine.travel(datetime(2031, 3, 4, 12, tzinfo=UTC), tick=False)
    with create_worker_app(settings_from_environment(given)).app_context(), at_noon:
        db.session.execute(LeaseRow.__table__.delete().where(LeaseRow.name == "tick"))
        db.session.commit()
        tick_once()
        held = db.session.get_one(LeaseRow, "tick").until - utcnow()
    assert held == timedelta(seconds=keeps)


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


def test_an_archive_that_cannot_be_written_holds_up_nothing_behind_it(clock, inside, desk: Desk, tmp_path):
    (tmp_path / "archive").write_text("a file where the folder should be")
    long_ago = utcnow() - timedelta(days=1000)
    db.session.execute(HourlyCount.__table__.delete())
    db.session.add(
        Run(company_id=desk.id, kind="sync", reason="scheduled", state="done", finished_at=long_ago)
    )
    consent = {
        "company_id": desk.id,
        "digest": f"of {desk.id}",
        "session_digest": "s",
        "created_at": long_ago,
    }
    db.session.add(ConsentState(**consent))
    db.session.commit()
    assert desk.id in tick_once()
    assert db.session.get(ConsentState, consent["digest"]) is None
    db.session.execute(Run.__table__.delete().where(Run.finished_at == long_ago))
    db.session.commit()


def test_a_queue_that_is_out_of_reach_is_tried_once_a_sweep_not_for_every_company(
    clock, desk: Desk, shop: Shop, caplog
):
    shop.open()
    dead = {**shop.environment, "REDIS_URL": "redis://127.0.0.1:9/0"}
    with create_worker_app(settings_from_environment(dead)).app_context():
        due = tick_once()
    assert len(due) > 1
    assert [one.message for one in caplog.records].count("Bell out of reach") == 1
