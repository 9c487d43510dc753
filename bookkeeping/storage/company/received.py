"""Payments that a platform told by events: of each what was told last, and which events were taken. What an event means is not decided here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow


class ReceivedPayment(Base):
    """One payment as it was told last: `told` is its JSON:API object, None once it was withdrawn.

    `occurred_at` and `event_id` are of the event that told it: an older one that comes late changes nothing.
    """

    __tablename__ = "received_payments"
    __table_args__ = (Index("ix_received_payments_inspection", "company_id", "inspection_key"),)

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    payment_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    inspection_key: Mapped[str] = mapped_column(String(100))
    told: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    event_id: Mapped[str] = mapped_column(String(100))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceivedEvent(Base):
    """One event that was taken. `left_key` is the inspection that its payment was of before, or ""."""

    __tablename__ = "received_events"
    __table_args__ = (
        UniqueConstraint("company_id", "event_id"),
        Index("ix_received_events_taken", "company_id", "taken_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    event_id: Mapped[str] = mapped_column(String(100))
    inspection_key: Mapped[str] = mapped_column(String(100))
    left_key: Mapped[str] = mapped_column(String(100), default="")
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def was_taken(company_id: int, event_id: str) -> bool:
    """Return whether this event was taken already."""
    mine = (ReceivedEvent.company_id == company_id, ReceivedEvent.event_id == event_id)
    return db.session.scalar(select(ReceivedEvent.id).where(*mine)) is not None


def received_of(company_id: int, keys: Iterable[str]) -> list[ReceivedPayment]:
    """Return the payments of these inspections that stand, by their ids."""
    mine = select(ReceivedPayment).where(
        ReceivedPayment.company_id == company_id,
        ReceivedPayment.inspection_key.in_(list(keys)),
        ReceivedPayment.told.is_not(None),
    )
    return list(db.session.scalars(mine.order_by(ReceivedPayment.payment_key)))


def touched_since(company_id: int, moment: datetime) -> frozenset[str]:
    """Return the inspections that events since then are about."""
    rows = select(ReceivedEvent.inspection_key, ReceivedEvent.left_key).where(
        ReceivedEvent.company_id == company_id, ReceivedEvent.taken_at >= moment
    )
    return frozenset(key for both in db.session.execute(rows) for key in both if key)
