"""Nights: one row a due night however many ticks there are, late and skipped ones, and runs that are spread over the hour."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.migrations import OPEN_STATES, Migration
from bookkeeping.storage.work.runs import Run, ScheduledRun
from tests.harness.in_process import Desk, Shop
from worker.app import settings
from worker.clock.nights import CATCH_UP, note_due_slot, queue_the_night
from worker.clock.tick import tick_once

SLOT = datetime(2031, 3, 3, 7, tzinfo=UTC)  # Midnight in Denver, without summer time.


def _noted(after_slot: timedelta, slot: datetime = SLOT) -> str | None:
    row = note_due_slot(slot + after_slot, settings())
    queue_the_night(at_least=1000)
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


def test_where_clocks_change_the_night_is_noted_at_midnight_and_not_an_hour_off(clock):
    values = replace(settings(), sync_time_zone="America/New_York")
    midnights = (datetime(2031, 3, 9, 5, tzinfo=UTC), datetime(2031, 3, 10, 4, tzinfo=UTC))
    note_due_slot(midnights[0] - timedelta(days=1), values)
    noted = []
    for number in range(27):
        row = note_due_slot(midnights[0] - timedelta(hours=2) + timedelta(hours=number), values)
        noted += [(row.slot, row.outcome)] if row else []
    assert noted == [(midnight, "queued") for midnight in midnights]


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


def _of_the_night(desks: list[Desk]) -> list[Desk]:
    return [desk for desk in desks if _nights(desk)]


def _begin_night(slot: datetime = SLOT) -> None:
    note_due_slot(slot - timedelta(days=1), settings())
    note_due_slot(slot, settings())


def test_a_night_is_spread_over_the_sweeps_and_reaches_each_company_once(clock, shop: Shop):
    desks = sorted((shop.open() for _ in range(5)), key=lambda desk: desk.id)
    older = db.session.scalars(select(Connection.company_id).where(Connection.held)).all()
    _begin_night()
    assert _of_the_night(desks) == [], "The slot alone queues nobody."
    reached = []
    while found := queue_the_night(at_least=2, sweeps=1000):
        assert len(found) <= 2
        reached += found
    assert reached == sorted(older)
    assert queue_the_night(at_least=2, sweeps=1000) == []
    assert [len(_nights(desk)) for desk in desks] == [1] * 5


def test_many_companies_are_all_reached_within_the_hour(clock, shop: Shop):
    for _ in range(5):
        shop.open()
    every = len(db.session.scalars(select(Connection.company_id).where(Connection.held)).all())
    _begin_night()
    sweeps = 0
    while queue_the_night(at_least=1, sweeps=3):
        sweeps += 1
    assert sweeps <= 3 < every


@pytest.mark.parametrize("state", OPEN_STATES)
def test_migrations_begin_with_the_slot_and_ring_first(state, clock, shop: Shop):
    quiet, migrating = shop.open(), shop.open()
    cutoff = {"cutoff": utcnow(), "typed_cutoff": "", "asked_by": "o@office.example"}
    db.session.add(Migration(company_id=migrating.id, state=state, **cutoff))
    db.session.commit()
    _begin_night()
    assert _of_the_night([quiet, migrating]) == [migrating]
    due = tick_once(SLOT)
    assert due.index(migrating.id) < due.index(quiet.id)
    queue_the_night(at_least=1000)
    assert [len(_nights(desk)) for desk in (quiet, migrating)] == [1, 1], "It has its night once."


def test_a_migration_that_is_done_before_its_turn_comes_has_no_second_night(clock, desk: Desk):
    _begin_night()
    queue_the_night(at_least=1000)
    db.session.execute(Run.__table__.update().values(state="done"))
    db.session.execute(ScheduledRun.__table__.update().values(queued_to=0))
    queue_the_night(at_least=1000)
    assert len(_nights(desk)) == 1


def test_a_night_that_a_dead_tick_left_half_queued_is_gone_on_with(clock, shop: Shop):
    desks = [shop.open() for _ in range(3)]
    _begin_night()
    queue_the_night(at_least=1, sweeps=1000)
    db.session.commit()
    db.session.expire_all()
    assert _noted(timedelta(minutes=1)) is None
    assert _of_the_night(desks) == desks
