"""What people do with a migration: ask for a preview, confirm, approve, cancel, accept an edited receipt, go on, try again.

Each act checks, changes rows and writes the audit entry in the current transaction; the caller commits and rings the bell. A refusal
is a RuleError whose detail is a sentence for the person.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from bookkeeping.acts.telling import tell_owners
from bookkeeping.errors import RuleError
from bookkeeping.rules.cutoff import parse_cutoff, side_of
from bookkeeping.rules.local_time import say_moment
from bookkeeping.rules.money import dollars
from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migration_basis import why_stale
from bookkeeping.storage.records.migrations import (
    OPEN_STATES,
    FrozenSide,
    Migration,
    MigrationReceipt,
    ReceiptSeen,
    drop_previews,
    frozen_sides,
    newest_migration,
)
from bookkeeping.storage.work.runs import queue_run


def words_to_type(migration: Migration) -> str:
    """Return what the owner has to type to confirm."""
    return f"REPLACE {migration.numbers['change']['count']} RECEIPTS"


def words_are_right(migration: Migration, typed: str) -> bool:
    """Return whether these are the words to type; more than one space between them does no harm."""
    return " ".join(typed.split()) == words_to_type(migration)


def ask_for_preview(company: Company, typed: str, who: str, now: datetime, address: str = "") -> Migration:
    """Queue a preview with this cutoff, in place of any preview that was not confirmed.

    Raises:
        RuleError: the cutoff cannot be used, QuickBooks is not connected, no receipts are ours, or a migration is confirmed and not over.
    """
    _refuse_while_open(company.id)
    if not company.legacy:
        raise RuleError(
            "This company has no SalesReceipts of ours, so there is nothing to migrate.",
            code="receipt-missing",
        )
    first = db.session.scalar(
        select(func.min(InspectionRow.starts_at)).where(InspectionRow.company_id == company.id)
    )
    cutoff = parse_cutoff(typed, company.time_zone, now=now, first_start=first)
    if company.cutoff is not None and cutoff > company.cutoff:
        raise RuleError(
            f"Your cutoff is {say_moment(company.cutoff, company.time_zone)}, and what was replaced after it cannot become "
            "SalesReceipts again. Choose that moment or an earlier one.",
            code="cutoff-later",
        )
    connection = connection_of(company.id)
    if connection is None or not connection.usable:
        raise RuleError(
            "QuickBooks has to be connected, so that we can read your SalesReceipts. Connect it first.",
            code="not-connected",
        )
    drop_previews(company.id)
    migration = Migration(company_id=company.id, cutoff=cutoff, typed_cutoff=typed.strip()[:40], asked_by=who)
    db.session.add(migration)
    db.session.flush()
    migration.run_id = queue_run(company.id, "preview", "by a person", who, migration=migration.id).id
    _record(migration, who, "asked for a migration preview", address, {"cutoff": cutoff.isoformat()})
    return migration


def confirm(
    migration: Migration,
    company: Company,
    *,
    sha256: str,
    words: str,
    runs_at: datetime,
    who: str,
    needs_approval: bool = False,
    address: str = "",
) -> None:
    """Schedule the migration for `runs_at` and freeze on which side every inspection lies. The password is the caller's to check.

    `needs_approval`: another owner has to approve it before it may start.

    Raises:
        RuleError: it was confirmed already or is no longer true (`preview-stale`), or the words are not the ones to type.
    """
    _refuse_while_open(company.id)
    if migration.state != "preview" or sha256 != migration.sha256:
        raise RuleError(
            "This is no longer the latest preview. Look at the new one before you confirm.",
            code="preview-stale",
        )
    stale = why_stale(migration, company)
    if stale:
        raise RuleError(f"{stale} Press Preview migration to make it again.", code="preview-stale")
    wanted = words_to_type(migration)
    if not words_are_right(migration, words):
        raise RuleError(f"Type {wanted}, in capital letters.", code="words-differ")
    _freeze(migration, company)
    migration.state, migration.confirmed_at, migration.confirmed_by = "scheduled", utcnow(), who
    migration.runs_at = runs_at
    migration.needs_approval = needs_approval
    after = {
        "sha256": migration.sha256,
        "cutoff": migration.cutoff.isoformat(),
        "runs_at": runs_at.isoformat(),
    }
    _record(migration, who, "confirmed the migration", address, after | {"typed": wanted})
    change, cutoff = migration.numbers["change"], say_moment(migration.cutoff, company.time_zone)
    count = f"{change['count']:,} SalesReceipt{'' if change['count'] == 1 else 's'}"
    sentence = (
        f"{who} confirmed that {count} ({dollars(Decimal(change['total']))}) of inspections from {cutoff} on are replaced by Invoices and "
        f"Payments. That begins {say_moment(runs_at, company.time_zone)}, and there is no way back from it. Until then it can be cancelled "
        "on its page."
    )
    tell_owners(company.id, "The migration was confirmed", sentence, address=address)


def approve(migration: Migration, who: str, address: str = "") -> None:
    """Give the second owner's approval.

    Raises:
        RuleError: it is not asked for, or by the one who confirmed.
    """
    if migration.state != "scheduled" or not migration.needs_approval:
        raise RuleError("There is nothing to approve.", code="approval-missing")
    if who == migration.confirmed_by:
        raise RuleError("Another owner than the one who confirmed has to approve.", code="approval-missing")
    migration.approved_at, migration.approved_by, migration.code = utcnow(), who, ""
    _record(migration, who, "approved the migration", address)


def cancel(migration: Migration, who: str, address: str = "") -> bool:
    """Cancel a scheduled migration; False when it has started meanwhile. One that only tries receipts again goes back to done."""
    again = migration.started_at is not None
    values = (
        {"state": "done"} if again else {"state": "cancelled", "cancelled_at": utcnow(), "cancelled_by": who}
    )
    mine = update(Migration).where(Migration.id == migration.id, Migration.state == "scheduled")
    if rows_changed(mine.values(**values, code="", detail="")) != 1:
        return False
    if again:
        waiting = update(MigrationReceipt).where(
            MigrationReceipt.migration_id == migration.id, MigrationReceipt.state == "planned"
        )
        db.session.execute(waiting.values(state="left", again=False))
    else:
        db.session.execute(delete(FrozenSide).where(FrozenSide.migration_id == migration.id))
    _record(migration, who, "cancelled the migration", address)
    db.session.refresh(migration)
    return True


def accept_receipt(migration: Migration, receipt_id: str, who: str, address: str = "") -> None:
    """Note that a receipt which a person edited may be replaced as it is now; the next preview counts on it.

    Raises:
        RuleError: there is no such receipt among those that wait for this.
    """
    row = db.session.scalars(
        select(MigrationReceipt).where(
            MigrationReceipt.migration_id == migration.id,
            MigrationReceipt.receipt_id == receipt_id,
            MigrationReceipt.code == "receipt-changed",
        )
    ).first()
    if row is None or not row.facts.get("receipt"):
        raise RuleError(
            "That SalesReceipt does not wait for this. Make the preview again.", code="preview-stale"
        )
    seen = db.session.get(ReceiptSeen, (migration.company_id, receipt_id))
    if seen is None:
        seen = ReceiptSeen(company_id=migration.company_id, receipt_id=receipt_id)
        db.session.add(seen)
    seen.content_hash, seen.accepted_by, seen.at = row.facts["receipt"]["content"], who, utcnow()
    _record(migration, who, "accepted an edited SalesReceipt", address, {"receipt": receipt_id})


def go_on(migration: Migration, who: str, address: str = "") -> None:
    """Let a paused migration go on at once.

    Raises:
        RuleError: it is not paused.
    """
    if migration.state != "paused":
        raise RuleError("The migration is not paused.", code="migration-open")
    _record(migration, who, "let the migration go on", address, {"after": migration.code})
    migration.state, migration.code, migration.detail = "running", "", ""
    # What was refused before counts no longer against the first receipts.
    counted = update(MigrationReceipt).where(MigrationReceipt.migration_id == migration.id)
    db.session.execute(counted.values(attempts=0))
    queue_run(migration.company_id, "reconcile", "by a person", who)


def try_again(migration: Migration, runs_at: datetime, who: str, address: str = "") -> int:
    """Schedule what was left or blocked for another night, as it stands then; return how many receipts that is.

    Raises:
        RuleError: the migration is not over, or nothing was left.
    """
    if migration.state != "done":
        raise RuleError("The migration is not over yet.", code="migration-open")
    _refuse_while_open(migration.company_id)
    left = update(MigrationReceipt).where(
        MigrationReceipt.migration_id == migration.id, MigrationReceipt.state.in_(("left", "blocked"))
    )
    count = rows_changed(left.values(state="planned", again=True, attempts=0, taken_back_at=None))
    if not count:
        raise RuleError("Nothing was left.", code="migration-open")
    drop_previews(migration.company_id)
    migration.state, migration.runs_at = "scheduled", runs_at  # When it ended stays: it may be called off.
    _record(migration, who, "asked to try what was left again", address, {"receipts": count})
    return count


def _freeze(migration: Migration, company: Company) -> None:
    db.session.execute(delete(FrozenSide).where(FrozenSide.migration_id == migration.id))
    rows = select(InspectionRow.key, InspectionRow.starts_at).where(InspectionRow.company_id == company.id)
    starts = dict(db.session.execute(rows).all())
    before = frozen_sides(company, list(starts))
    same = company.cutoff == migration.cutoff
    frozen = [
        {
            "migration_id": migration.id,
            "inspection_key": key,
            "side": before[key]
            if key in before and (same or before[key] == "new")
            else side_of(starts_at, migration.cutoff),
        }
        for key, starts_at in starts.items()
    ]
    if frozen:
        db.session.execute(insert(FrozenSide), frozen)


def _refuse_while_open(company_id: int) -> None:
    if newest_migration(company_id, *OPEN_STATES) is not None:
        raise RuleError(
            "A migration is confirmed and not over. Cancel it or wait for its end.", code="migration-open"
        )


def _record(
    migration: Migration, who: str, act: str, address: str, after: dict[str, Any] | None = None
) -> None:
    subject = f"migration {migration.id}"
    record_act(migration.company_id, who, act, subject=subject, after=after, address=address)
