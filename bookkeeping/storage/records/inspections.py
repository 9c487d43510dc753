"""The mirror of the platform's inspections with their sync state, and the feed records that could not be read."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    event,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.inspection import Inspection
from bookkeeping.storage.base import Base, BigId, Cents, UtcDateTime, db, utcnow
from bookkeeping.storage.folding import fold, words_of

STATES = {
    "in-sync": "In sync",
    "syncing": "Syncing",
    "waiting": "Waiting",
    "needs-you": "Needs you",
    "drift": "Changed in QuickBooks",
    "not-in-books": "Not in the books",
}
"""The status words of the screens (Paused is the company's, not an inspection's)."""


LONGEST_SEARCH_TEXT = 600
"""Letters: an entry of an index of PostgreSQL holds 2,700 bytes, and a letter may take four."""

LONGEST_FEE_NAMES = 600
"""Letters, as above."""

LOOKED_THROUGH = 500
"""Of so many that fit the latest are shown: who typed two letters goes on typing."""

MOST_WORDS = 8
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
        # What waits its turn, in order: a slice is read without a look at what is settled.
        Index("ix_inspections_due", "company_id", "due", "starts_at", "id"),
        # A reading of the feed asks which of ours it has to bring.
        Index("ix_inspections_changed", "company_id", "source_updated_at"),
        Index("ix_inspections_state", "company_id", "state", "starts_at"),
        Index("ix_inspections_start", "company_id", "starts_at", "id"),
        Index("ix_inspections_total", "company_id", "total", "id"),
        Index("ix_inspections_waits_for", "company_id", "waits_for"),
        Index("ix_inspections_client", "company_id", "client_key"),
        Index(
            "ix_inspections_number",
            *("company_id", "number"),
            sqlite_where=text(_IS_NUMBERED),
            postgresql_where=text(_IS_NUMBERED),
        ),
        # Words within a name are looked for in this index alone, without reading the records beside it.
        Index("ix_inspections_search", "company_id", "search_text", postgresql_include=["id"]),
        # Which fees there are, how often and until when is answered by this index alone.
        Index("ix_inspections_fee_names", "company_id", "fee_names", "starts_at"),
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
    # What it is looked for by, folded: client, address, number, references and amounts. Kept by `_note_what_is_asked_for`.
    search_text: Mapped[str] = mapped_column(String(LONGEST_SEARCH_TEXT), default="", server_default="")
    # The kinds and names of its lines, see `fee_names`; None where the last release kept the row, or they are longer.
    fee_names: Mapped[str | None] = mapped_column(String(LONGEST_FEE_NAMES))
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


def search_text(row: InspectionRow) -> str:
    """Return what an inspection is looked for by: as the platform has it, and the number that its Invoice carries."""
    payments = (row.record or {}).get("payments") or []
    parts = [row.client_name, row.address, row.key, f"SP-{row.number or row.key}", f"{row.total or 0:.2f}"]
    parts += [str(one.get(name) or "") for one in payments for name in ("reference", "amount")]
    return fold(" ".join(part or "" for part in parts))[:LONGEST_SEARCH_TEXT]


def fee_names(record: Mapping[str, Any] | None) -> str | None:
    """Return [kind, name] of each line of a record, sorted, as JSON: the same for all inspections of the same services."""
    lines = sorted([one["kind"], one["name"] or ""] for one in (record or {}).get("lines") or [])
    said = json.dumps(lines, separators=(",", ":"), ensure_ascii=False)
    return said if len(said) <= LONGEST_FEE_NAMES else None


@event.listens_for(InspectionRow, "before_insert")
@event.listens_for(InspectionRow, "before_update")
def _note_what_is_asked_for(_mapper: Any, _connection: Any, row: InspectionRow) -> None:
    row.search_text, row.fee_names = search_text(row), fee_names(row.record)


def ids_found(company_id: int, typed: str) -> Select[int]:
    """Return the query for the row ids of the inspections in which each typed word stands; the search index alone answers it."""
    rows = select(InspectionRow.id).where(InspectionRow.company_id == company_id)
    for word in words_of(typed)[:MOST_WORDS]:
        rows = rows.where(InspectionRow.search_text.contains(word, autoescape=True))
    return rows


def inspections_found(company_id: int, typed: str, limit: int = 8) -> list[InspectionRow]:
    """Return the inspections that fit, latest start first; none for no words."""
    if not words_of(typed):
        return []
    ids = list(db.session.scalars(ids_found(company_id, typed).limit(LOOKED_THROUGH)))
    rows = select(InspectionRow).where(InspectionRow.id.in_(ids))
    return list(db.session.scalars(rows.order_by(InspectionRow.starts_at.desc()).limit(limit)))


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
