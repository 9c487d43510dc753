"""The mirror of the platform's inspections with their sync state, and the feed records that could not be read."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
    type_coerce,
)
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.inspection import Inspection
from bookkeeping.storage.base import Base, BigId, Cents, UtcDateTime, utcnow

STATES = {
    "in-sync": "In sync",
    "syncing": "Syncing",
    "waiting": "Waiting",
    "needs-you": "Needs you",
    "drift": "Changed in QuickBooks",
    "not-in-books": "Not in the books",
}
"""The status words of the screens (Paused is the company's, not an inspection's)."""


OPEN_STATES = ("needs-you", "syncing", "waiting")
_IS_NUMBERED = "number != ''"
_IS_OPEN = f"state IN {OPEN_STATES}"


class InspectionRow(Base):
    """One inspection as last polled. It is due when `wanted_gen` and `done_gen` differ and `next_try_at` has passed.

    `reason` is an eligibility reason or a catalogue code; `detail` its particulars; `waits_for` names what must be settled
    first ("customer:<client key>"), so that a root cause shows once and its fixing frees everything behind it.
    """

    __tablename__ = "inspections"
    __table_args__ = (
        UniqueConstraint("company_id", "key"),
        Index("ix_inspections_due", "company_id", "due", "next_try_at"),
        Index("ix_inspections_state", "company_id", "state", "starts_at"),
        Index("ix_inspections_start", "company_id", "starts_at", "id"),
        Index("ix_inspections_waits_for", "company_id", "waits_for"),
        Index("ix_inspections_client", "company_id", "client_key"),
        Index(
            "ix_inspections_number",
            *("company_id", "number"),
            sqlite_where=text(_IS_NUMBERED),
            postgresql_where=text(_IS_NUMBERED),
        ),
        # Of all inspections only those that are not settled: what fails is found without reading what is in sync.
        Index(
            "ix_inspections_failures",
            *("state", "reason", "company_id", "id"),
            sqlite_where=text(_IS_OPEN),
            postgresql_where=text(_IS_OPEN),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    key: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(30), default="", server_default="")  # Its record's.
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
    content_hash: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    source_updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    polled_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    client_key: Mapped[str] = mapped_column(String(64), default="")
    client_name: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(500), default="")
    inspector: Mapped[str] = mapped_column(String(200), default="")
    total: Mapped[Decimal] = mapped_column(Cents, default=Decimal("0.00"))

    state: Mapped[str] = mapped_column(String(20), default="syncing")
    reason: Mapped[str] = mapped_column(String(40), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    flags: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    # The documents of it that wait, each {kind, source_key, verb, name, amount, date, code, detail, depends}: see `worker.reconciling.finishing`.
    waiting_documents: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")
    held_amount: Mapped[Decimal | None] = mapped_column(Cents)  # What waits of it, where single documents do.
    waits_for: Mapped[str] = mapped_column(String(100), default="")
    due: Mapped[bool] = mapped_column(default=True)
    wanted_gen: Mapped[int] = mapped_column(default=1)
    failures: Mapped[int] = mapped_column(default=0)
    held_since: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # Since when it fails or waits, retries included.
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deletes_approved: Mapped[bool] = mapped_column(default=False)
    book_version_id: Mapped[
        int | None
    ]  # The earlier choice that its living Invoice keeps (storage.records.choices); None: the company's.

    def inspection(self) -> Inspection:
        """Return the neutral inspection that was last polled."""
        return Inspection.from_record(self.record)


def held_dollars() -> ColumnElement[Decimal]:
    """How many US dollars of an inspection are held up, if it is: of its documents that wait, or the whole."""
    held = func.coalesce(InspectionRow.held_amount, InspectionRow.total)
    return type_coerce(held, InspectionRow.total.type)


class BadRecord(Base):
    """A feed record that could not be read: kept aside with its reason until the platform sends a good one."""

    __tablename__ = "bad_records"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    raw: Mapped[Any] = mapped_column(JSON)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
