"""Migrations and their receipts: from the preview to the report. What is decided about them is in `rules.migration`.

A company has at most one migration that is not over. Rows of a preview that was never confirmed are dropped with the next preview.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, case, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column, undefer

from bookkeeping.rules.cutoff import Side
from bookkeeping.storage.base import Base, BigId, Cents, UtcDateTime, db, utcnow
from bookkeeping.storage.company.companies import Company

OPEN_STATES = ("scheduled", "running", "paused")
"""Confirmed and not over: while one is in these states, no other can be made."""


class Migration(Base):
    """One migration. `state`: previewing → preview → scheduled → running ⇄ paused → done; or cancelled, failed.

    `manifest` is the text that the confirmation bound to by its `sha256`; `forecast` its sums, `numbers` its counts for the screen.
    `basis` is a digest of all that the manifest rests on and that can change here; `canary_at` when the first receipt proved right.
    """

    __tablename__ = "migrations"
    __table_args__ = (Index("ix_migrations_company", "company_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    state: Mapped[str] = mapped_column(String(12), default="previewing")
    cutoff: Mapped[datetime] = mapped_column(UtcDateTime)
    typed_cutoff: Mapped[str] = mapped_column(String(40))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    asked_by: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    previewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    manifest: Mapped[str] = mapped_column(Text, default="", deferred=True)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    basis: Mapped[str] = mapped_column(String(64), default="")
    numbers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    forecast: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, deferred=True)
    boundary: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, deferred=True)
    others: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, deferred=True)

    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str] = mapped_column(String(254), default="")
    needs_approval: Mapped[bool] = mapped_column(
        default=False
    )  # A second owner has to say yes (a setting of the company).
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str] = mapped_column(String(254), default="")
    runs_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late: Mapped[bool] = mapped_column(default=False)
    canary_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code: Mapped[str] = mapped_column(String(40), default="")  # Why it is paused, waits or failed.
    detail: Mapped[str] = mapped_column(Text, default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_by: Mapped[str] = mapped_column(String(254), default="")


class MigrationReceipt(Base):
    """One receipt of one migration, with the steps of its replacement. `state`:

    stay      before the cutoff: never touched
    blocked   could not change when the preview was made
    planned   to be replaced
    working   archived, and on its way
    taking-back  what was made for it is being taken away again
    left      not replaced; `code` and `detail` say why
    done      replaced: the receipt is gone, its Invoice and Payments stand
    """

    __tablename__ = "migration_receipts"
    __table_args__ = (
        UniqueConstraint("migration_id", "receipt_id"),
        Index("ix_migration_receipts_state", "migration_id", "state", "position"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    migration_id: Mapped[int] = mapped_column(ForeignKey("migrations.id"))
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    position: Mapped[int]
    receipt_id: Mapped[str] = mapped_column(String(40))
    inspection_key: Mapped[str] = mapped_column(String(64))
    client_name: Mapped[str] = mapped_column(String(300), default="")
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded: Mapped[Decimal] = mapped_column(Cents)
    total: Mapped[Decimal] = mapped_column(Cents)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # The manifest's entry.
    state: Mapped[str] = mapped_column(String(12))
    code: Mapped[str] = mapped_column(String(40), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    again: Mapped[bool] = mapped_column(default=False)  # An owner asked to try it again as it stands now.
    attempts: Mapped[int] = mapped_column(default=0)
    archive: Mapped[str | None] = mapped_column(Text, deferred=True)
    booked: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # What took its place, as read back.
    invoice_id: Mapped[str] = mapped_column(String(40), default="")
    payment_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    invoiced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FrozenSide(Base):
    """The side of the cutoff on which a confirmed migration froze an inspection: a later reschedule moves nothing across."""

    __tablename__ = "frozen_sides"

    migration_id: Mapped[int] = mapped_column(ForeignKey("migrations.id"), primary_key=True)
    inspection_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    side: Mapped[Side] = mapped_column(String(3))


class ReceiptSeen(Base):
    """The content of a receipt that is known to be as the earlier integration made it, or that an owner accepted as it is."""

    __tablename__ = "receipts_seen"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    receipt_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    accepted_by: Mapped[str] = mapped_column(String(254), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def newest_migration(company_id: int, *states: str) -> Migration | None:
    """Return the company's newest migration in one of these states; in any but cancelled when none are given."""
    rows = select(Migration).where(Migration.company_id == company_id)
    rows = rows.where(Migration.state.in_(states)) if states else rows.where(Migration.state != "cancelled")
    return db.session.scalars(rows.order_by(Migration.id.desc()).limit(1)).first()


def migration_or_none(company_id: int, migration_id: int) -> Migration | None:
    """Return that migration of that company, or None."""
    rows = select(Migration).where(Migration.company_id == company_id, Migration.id == migration_id)
    return db.session.scalars(rows).first()


def ended_migrations(company_id: int, but: int = 0) -> list[Migration]:
    """Return the company's migrations that are over and replaced receipts, newest first, but this one."""
    rows = select(Migration).where(
        Migration.company_id == company_id, Migration.state == "done", Migration.id != but
    )
    return list(db.session.scalars(rows.order_by(Migration.id.desc())))


def with_everything(migration: Migration) -> Migration:
    """Return it with the columns that are read only when asked for."""
    columns = (Migration.manifest, Migration.forecast, Migration.boundary, Migration.others)
    return db.session.scalars(
        select(Migration)
        .where(Migration.id == migration.id)
        .options(*(undefer(column) for column in columns))
        .execution_options(populate_existing=True)
    ).one()


def receipts_of(
    migration_id: int, *states: str, after: int = 0, limit: int | None = None
) -> list[MigrationReceipt]:
    """Return the migration's receipts in their order, those after a position, in these states (all when none are given)."""
    rows = select(MigrationReceipt).where(
        MigrationReceipt.migration_id == migration_id, MigrationReceipt.position > after
    )
    if states:
        rows = rows.where(MigrationReceipt.state.in_(states))
    return list(db.session.scalars(rows.order_by(MigrationReceipt.position).limit(limit)))


def receipt_counts(migration_id: int) -> dict[str, int]:
    """Return how many receipts are in each state."""
    rows = select(MigrationReceipt.state, func.count()).where(MigrationReceipt.migration_id == migration_id)
    return dict(db.session.execute(rows.group_by(MigrationReceipt.state)).all())


def receipts_held(migration_id: int, states: tuple[str, ...]) -> list[tuple[str, str, int, Decimal]]:
    """Return (code, detail, how many, dollars) of the receipts in these states. One that is not in QuickBooks counts as recorded."""
    code = MigrationReceipt.code
    dollars = case((code == "receipt-missing", MigrationReceipt.recorded), else_=MigrationReceipt.total)
    rows = select(code, MigrationReceipt.detail, func.count(), func.sum(dollars, type_=Cents()))
    rows = rows.where(MigrationReceipt.migration_id == migration_id, MigrationReceipt.state.in_(states))
    return [tuple(row) for row in db.session.execute(rows.group_by(code, MigrationReceipt.detail))]


def receipts_of_cause(
    migration_id: int,
    states: tuple[str, ...],
    code: str,
    *,
    detail: str | None = None,
    after: int = 0,
    limit: int,
) -> list[MigrationReceipt]:
    """Return the first receipts in these states with this cause, and with this detail where one is given, those after a position."""
    rows = select(MigrationReceipt).where(
        MigrationReceipt.migration_id == migration_id,
        MigrationReceipt.state.in_(states),
        MigrationReceipt.code == code,
        MigrationReceipt.position > after,
    )
    if detail is not None:
        rows = rows.where(MigrationReceipt.detail == detail)
    return list(db.session.scalars(rows.order_by(MigrationReceipt.position).limit(limit)))


def archives_of(migration_id: int) -> list[MigrationReceipt]:
    """Return the receipts of which a copy is kept, copies read with them."""
    rows = select(MigrationReceipt).where(MigrationReceipt.migration_id == migration_id)
    rows = rows.where(MigrationReceipt.archived_at.is_not(None)).options(undefer(MigrationReceipt.archive))
    return list(db.session.scalars(rows.order_by(MigrationReceipt.position)))


def frozen_sides(company: Company, inspection_keys: list[str]) -> dict[str, Side]:
    """Return the frozen side of these inspections by the migration that set the company's cutoff; unknown ones are left out."""
    if company.cutoff is None or not inspection_keys:
        return {}
    started = select(func.max(Migration.id)).where(
        Migration.company_id == company.id, Migration.started_at.is_not(None)
    )
    frozen: dict[str, Side] = {}
    for start in range(0, len(inspection_keys), 500):
        rows = select(FrozenSide.inspection_key, FrozenSide.side).where(
            FrozenSide.migration_id == started.scalar_subquery(),
            FrozenSide.inspection_key.in_(inspection_keys[start : start + 500]),
        )
        frozen |= {row.inspection_key: row.side for row in db.session.execute(rows)}
    return frozen


def drop_previews(company_id: int) -> None:
    """Drop the receipts of previews that were never confirmed, and note them as cancelled, in the current transaction."""
    stale = select(Migration).where(
        Migration.company_id == company_id, Migration.state.in_(("previewing", "preview", "failed"))
    )
    for migration in db.session.scalars(stale):
        db.session.execute(delete(MigrationReceipt).where(MigrationReceipt.migration_id == migration.id))
        migration.state, migration.cancelled_at = "cancelled", utcnow()
