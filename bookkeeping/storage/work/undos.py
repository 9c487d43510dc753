"""What can still be taken back: one row for each act that a person may undo, for ten seconds. Doing and undoing is `bookkeeping.undoing`."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Select, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow

GRACE = timedelta(seconds=10)
SPARE = timedelta(seconds=2)
"""So much longer nothing is sent: who presses *Undo* in the last moment is not too late by the time of an answer."""

FORGOTTEN_AFTER = timedelta(hours=1)


class Undo(Base):
    """One act of `who` that can be taken back until `until`. `facts` is what it needs for that, by `kind` (`bookkeeping.undoing`).

    While one that `holds` can be taken back, no run of the company begins or goes on, so that nothing of it is sent.
    """

    __tablename__ = "undos"
    __table_args__ = (Index("ix_undos_company", "company_id", "until"), Index("ix_undos_until", "until"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    who: Mapped[str] = mapped_column(String(254))
    kind: Mapped[str] = mapped_column(String(20))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    holds: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def remember(company_id: int, who: str, kind: str, *, holds: bool, **facts: Any) -> Undo:
    """Note in the current transaction that this can be taken back, and forget what long cannot be any more."""
    now = utcnow()
    db.session.execute(delete(Undo).where(Undo.until < now - FORGOTTEN_AFTER))
    values = {"company_id": company_id, "who": who, "kind": kind, "facts": facts, "holds": holds}
    made = Undo(**values, made_at=now, until=now + GRACE)
    db.session.add(made)
    db.session.flush()
    return made


def undo_of(company_id: int, undo_id: int) -> Undo | None:
    """Return the company's undo of that id, locked so that it is taken back once."""
    rows = select(Undo).where(Undo.company_id == company_id, Undo.id == undo_id)
    return db.session.scalars(rows.with_for_update()).one_or_none()


def held_companies(now: datetime) -> Select[int]:
    """Return the query for the companies that send nothing now, since somebody may still take back what would be sent."""
    open_ones = (Undo.holds.is_(True), Undo.taken_back_at.is_(None), Undo.until > now - SPARE)
    return select(Undo.company_id).where(*open_ones)


def is_held(company_id: int, now: datetime) -> bool:
    """Return whether this company is one of them."""
    mine: ColumnElement[bool] = Undo.company_id == company_id
    return db.session.scalar(held_companies(now).where(mine).limit(1)) is not None
