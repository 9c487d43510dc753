"""Where a company's platform wants to be called when an answer changes, and the journal of those calls. What an answer says is not here."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow


class Callback(Base):
    """The one address of a company. `secret` signs, sealed. `looked_at`: answers that changed before are noted; None: all are looked at.

    `failures` and `not_before` are of an address that does not answer at all: then nothing of the company is tried meanwhile.
    """

    __tablename__ = "callbacks"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    url: Mapped[str] = mapped_column(String(500))
    secret: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    made_by: Mapped[str] = mapped_column(String(254))
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CallbackEvent(Base):
    """One call to make, or made: `uid` names it wherever it is tried. One that waits stands for all changes of its inspection until it goes."""

    __tablename__ = "callback_events"
    __table_args__ = (Index("ix_callback_events_waiting", "company_id", "ended_at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(30))  # ping | inspection.changed
    inspection_key: Mapped[str] = mapped_column(String(64), default="")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    said: Mapped[str] = mapped_column(String(200), default="")  # What came of the last attempt.
    outcome: Mapped[str] = mapped_column(String(12), default="")  # "" waits | delivered | given-up
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CallbackMark(Base):
    """The digest of the answer that the platform was last told of, or to be told of, for an inspection."""

    __tablename__ = "callback_marks"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    inspection_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))


def events_of(company_id: int, limit: int = 20) -> list[CallbackEvent]:
    """Return the newest calls of a company."""
    rows = select(CallbackEvent).where(CallbackEvent.company_id == company_id)
    return list(db.session.scalars(rows.order_by(CallbackEvent.id.desc()).limit(limit)))


def waiting_events(company_id: int, now: datetime, limit: int) -> list[CallbackEvent]:
    """Return the calls that are due, the oldest first."""
    rows = select(CallbackEvent).where(
        CallbackEvent.company_id == company_id,
        CallbackEvent.ended_at.is_(None),
        (CallbackEvent.next_try_at.is_(None)) | (CallbackEvent.next_try_at <= now),
    )
    return list(db.session.scalars(rows.order_by(CallbackEvent.id).limit(limit)))
