"""When a migration may begin and be carried on: never while nothing may be sent for its company."""

from datetime import timedelta

import pytest

from bookkeeping.acts.migration import go_on
from bookkeeping.rules.cutoff import next_midnight_mst
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from tests.harness.in_process import Desk
from worker.migration import night
from worker.migration.night import carry_on, migrate_tonight

HALTS = {"paused": {"paused_at": utcnow()}, "platform-not-us": {"us_based": False}}


def _planned(work, state: str) -> Migration:
    migration = Migration(
        company_id=work.company_id,
        state=state,
        cutoff=utcnow() - timedelta(days=30),
        typed_cutoff="2026-01-01T00:00",
        asked_by="owner@office.example",
        runs_at=utcnow() - timedelta(minutes=1),
    )
    db.session.add(migration)
    work.commit()
    return migration


@pytest.mark.parametrize("code", HALTS)
def test_a_halted_companys_migration_does_not_begin_and_says_why(code, desk: Desk):
    with desk.holding("nightly") as work:
        for name, value in HALTS[code].items():
            setattr(work.company, name, value)
        migration = _planned(work, "scheduled")
        assert migrate_tonight(work) is True
        assert (migration.state, migration.code, migration.started_at) == ("scheduled", code, None)
        assert work.company.cutoff is None
        assert migration.runs_at == next_midnight_mst(utcnow()), "It says when it is tried again."


@pytest.mark.parametrize("code", HALTS)
def test_a_halted_companys_migration_is_not_carried_on(code, desk: Desk):
    with desk.holding("nightly") as work:
        for name, value in HALTS[code].items():
            setattr(work.company, name, value)
        migration = _planned(work, "running")
        calls = work.calls
        assert carry_on(work) is True
        assert (migration.state, work.calls) == ("running", calls)


def test_a_migration_that_nothing_halts_begins_in_its_night(desk: Desk):
    with desk.holding("nightly") as work:
        migration = _planned(work, "scheduled")
        migrate_tonight(work)
        assert migration.started_at is not None and work.company.cutoff == migration.cutoff


def test_what_was_refused_before_a_person_let_it_go_on_counts_no_longer(desk: Desk):
    with desk.holding("nightly") as work:
        migration = _planned(work, "running")
        base = {"migration_id": migration.id, "company_id": desk.id, "recorded": 1, "total": 1, "facts": {}}
        refused = {"state": "left", "attempts": 1, "taken_back_at": utcnow()}
        named = [
            {"position": n, "receipt_id": f"{n}", "inspection_key": f"{n}"} for n in range(night.CANARIES)
        ]
        rows = [MigrationReceipt(**base, **refused, **one) for one in named]
        db.session.add_all(rows)
        work.commit()
        night._judge_canary(work, migration, rows[-1])
        assert (migration.state, migration.code) == ("paused", "first-receipts-refused")
        go_on(migration, "ann")
        work.commit()
        rows[-1].attempts = 1
        night._judge_canary(work, migration, rows[-1])
        assert migration.state == "running"


@pytest.mark.parametrize(("waited", "begins", "late"), [(20, 1, False), (0, 1, False), (20, 60, True)])
def test_a_migration_is_late_only_for_the_night_in_which_it_begins(waited, begins, late, desk: Desk):
    slot = utcnow() - timedelta(minutes=begins)
    with desk.holding("nightly", slot=slot.isoformat()) as work:
        migration = _planned(work, "scheduled")
        migration.runs_at = slot - timedelta(days=waited)
        work.commit()
        migrate_tonight(work)
        assert (migration.started_at is not None, migration.late) == (True, late)
