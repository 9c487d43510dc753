"""The migration in the night: begins the one whose time has come, carries on the one that was begun, pauses and finishes it.

What happens to each receipt is in `replacing`. The first receipt goes alone and must prove right before the others start.
Source: bookkeeping decision 15 ("The night").
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from bookkeeping.faults import fault
from bookkeeping.rules.cutoff import next_midnight_mst
from bookkeeping.rules.documents import Flag
from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import (
    Migration,
    MigrationReceipt,
    newest_migration,
    receipt_counts,
    receipts_of,
)
from worker.app import settings
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.journal.resuming import resume_open_calls
from worker.journal.writing import BATCH_SIZE
from worker.migration.replacing import PauseMigration, replace_receipts

logger = logging.getLogger(__name__)

LATE = timedelta(minutes=10)
CANARIES = 3
"""How many receipts may be refused by QuickBooks before the first one has gone right; then a person must look."""

UNFINISHED = ("taking-back", "working", "planned")


def migrate_tonight(work: Work) -> bool:
    """The nightly run's step: begin a migration whose time has come by the run's clock, and carry it on."""
    migration = newest_migration(work.company_id, "scheduled", "running", "paused")
    if migration is None:
        return True
    if migration.state == "scheduled":
        at = migration.runs_at
        if at is None or at > work.now() or not _begin(work, migration, at):
            return True
    elif migration.state == "paused" and fault(migration.code).blocks_writes:
        migration.state, migration.code, migration.detail = "running", "", ""
        work.commit()
    return carry_on(work)


def carry_on(work: Work) -> bool:
    """Carry on a migration that was begun, a few receipts at a time; True when there is nothing left to do now.

    Raises:
        NotConnectedError, TemporaryError, MisconfiguredError: QuickBooks cannot be worked with now; the next run carries on.
    """
    migration = newest_migration(work.company_id, "running")
    if migration is None or work.company.halted:
        return True
    resume_open_calls(work)
    alone = migration.canary_at is None
    rows = _next_receipts(migration, 1 if alone else BATCH_SIZE)
    if not rows:
        _finish(work, migration)
        return True
    _tell(work, migration)
    try:
        replace_receipts(work, migration, rows)
    except PauseMigration as pause:
        _pause(work, migration, pause.flag)
        return True
    if alone:
        _judge_canary(work, migration, rows[0])
    return migration.state != "running"


def _begin(work: Work, migration: Migration, runs_at: datetime) -> bool:
    """Begin the scheduled migration: from here on its cutoff holds for good. False when it has to wait for another night."""
    if work.company.halted:
        return _wait(work, migration, "paused" if work.company.paused_at else "platform-not-us")
    if migration.needs_approval and migration.approved_at is None:
        return _wait(work, migration, "approval-missing")
    connection = work.connection
    if connection is None or not connection.usable:
        return _wait(work, migration, (connection.code if connection else "") or "not-connected")
    slot = work.run.parameters.get("slot")  # One that waited for another night is not late for that.
    due = max(runs_at, datetime.fromisoformat(slot)) if slot else runs_at
    late = work.now() - due > LATE
    mine = (Migration.id == migration.id, Migration.state == "scheduled")
    started = {"state": "running", "started_at": utcnow(), "late": late, "code": "", "detail": ""}
    if rows_changed(update(Migration).where(*mine).values(**started)) != 1:
        work.commit()
        return False  # Cancelled in this moment.
    company = work.company
    before = company.cutoff
    company.cutoff = migration.cutoff
    make_due(company.id, "look-again", InspectionRow.starts_at >= migration.cutoff)
    record_act(
        company.id,
        "Tieout",
        "started the migration",
        subject=f"migration {migration.id}",
        before={"cutoff": before.isoformat() if before else None},
        after={"cutoff": migration.cutoff.isoformat(), "sha256": migration.sha256},
    )
    work.commit()
    db.session.refresh(migration)
    logger.info(
        "Migration started", extra={"company_id": company.id, "migration_id": migration.id, "late": late}
    )
    return True


def _wait(work: Work, migration: Migration, code: str) -> bool:
    """Leave it for the next night, and say so: its pages and Home name no moment that has passed."""
    values = settings()
    migration.code = code
    migration.runs_at = next_midnight_mst(utcnow(), values.sync_time_zone, values.sync_hour)
    work.commit()
    return False


def _next_receipts(migration: Migration, count: int) -> list[MigrationReceipt]:
    """Return the next receipts: first those that were begun."""
    for state in UNFINISHED:
        rows = receipts_of(migration.id, state, limit=count)
        if rows:
            return rows
    return []


def _judge_canary(work: Work, migration: Migration, row: MigrationReceipt) -> None:
    """Let the others start once the first receipt has gone right; stop when several in a row were refused."""
    if row.state == "done":
        migration.canary_at = utcnow()
        tell(work, "First receipt checked: correct")
        work.commit()
        return
    refused = select(func.count()).where(
        MigrationReceipt.migration_id == migration.id,
        MigrationReceipt.taken_back_at.is_not(None),
        MigrationReceipt.attempts > 0,  # A person who lets it go on sets them back.
    )
    if (db.session.scalar(refused) or 0) >= CANARIES:
        _pause(work, migration, Flag("first-receipts-refused", row.detail))


def _pause(work: Work, migration: Migration, flag: Flag) -> None:
    migration.state, migration.code, migration.detail = "paused", flag.code, flag.detail
    record_act(
        work.company_id,
        "Tieout",
        "paused the migration",
        subject=f"migration {migration.id}",
        after={"code": flag.code},
    )
    tell(work, "Migration paused")
    work.commit()
    facts: dict[str, Any] = {"company_id": work.company_id, "migration_id": migration.id, "code": flag.code}
    logger.error("Migration paused", extra=facts)


def _finish(work: Work, migration: Migration) -> None:
    migration.state, migration.finished_at, migration.code = "done", utcnow(), ""
    counts = receipt_counts(migration.id)
    record_act(
        work.company_id, "Tieout", "finished the migration", subject=f"migration {migration.id}", after=counts
    )
    tell(work, "Migration done", replaced=counts.get("done", 0), left=counts.get("left", 0))
    work.commit()
    logger.info("Migration done", extra={"company_id": work.company_id, "migration_id": migration.id})


def _tell(work: Work, migration: Migration) -> None:
    counts = receipt_counts(migration.id)
    total = sum(count for state, count in counts.items() if state not in ("stay", "blocked"))
    tell(work, "Replacing SalesReceipts", done=counts.get("done", 0) + counts.get("left", 0), total=total)
    work.commit()
