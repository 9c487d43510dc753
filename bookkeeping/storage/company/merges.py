"""What was merged into what in QuickBooks, as our own documents showed it. Finding that out is `worker.reading.merges`."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, UtcDateTime, db, utcnow


class Merged(Base):
    """One Customer or Item (`kind`) that was merged into another of the company's QuickBooks."""

    __tablename__ = "merged_names"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    qbo_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    into_id: Mapped[str] = mapped_column(String(40))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def survivors(company_id: int, kind: str) -> dict[str, str]:
    """Return who stands for each merged one now, by QuickBooks id: the end of the chain when the survivor was merged, too."""
    rows = select(Merged).where(Merged.company_id == company_id, Merged.kind == kind)
    into = {row.qbo_id: row.into_id for row in db.session.scalars(rows)}
    return {qbo_id: _end(qbo_id, into) for qbo_id in into}


def _end(qbo_id: str, into: dict[str, str]) -> str:
    seen = {qbo_id}
    while (further := into.get(qbo_id)) and further not in seen:
        seen.add(further)
        qbo_id = further
    return qbo_id
