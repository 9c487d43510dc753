"""The tables that only ops use: mutes, notes with who is on it, saved views, retries of many, and counts by the hour.

What is failing is never kept here: it is read from the rows it is about (`logbook.failures`, `logbook.companies`).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, BigId, Cents, UtcDateTime, utcnow


class Mute(Base):
    """Failures that ops decided not to be told of until `until`: of one cause, or of it in one company or one inspection.

    An undone mute keeps its row with `ended_at`.
    """

    __tablename__ = "ops_mutes"
    __table_args__ = (Index("ix_ops_mutes_code", "code", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    inspection_key: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(Text)
    muted_by: Mapped[str] = mapped_column(String(254))
    muted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str] = mapped_column(String(254), default="")


class CaseNote(Base):
    """What ops wrote about a cause, or about it in one company, and who is on it since. The newest row of a place counts."""

    __tablename__ = "ops_notes"
    __table_args__ = (Index("ix_ops_notes_code", "code", "company_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    assignee: Mapped[str] = mapped_column(String(254), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    written_by: Mapped[str] = mapped_column(String(254))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class SavedView(Base):
    """A filter of the failures under a name, shared by all of ops. `address` is the query string."""

    __tablename__ = "ops_views"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    address: Mapped[str] = mapped_column(String(1000))
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class Retry(Base):
    """One press of *Retry all*: which failures it covered is in its items; `result` is kept once none of them is on its way."""

    __tablename__ = "ops_retries"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(300))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    asked_by: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    total: Mapped[int] = mapped_column(default=0)
    companies: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class RetryItem(Base):
    """One inspection that a retry covers."""

    __tablename__ = "ops_retry_items"

    retry_id: Mapped[int] = mapped_column(ForeignKey("ops_retries.id"), primary_key=True)
    inspection_id: Mapped[int] = mapped_column(BigId, ForeignKey("inspections.id"), primary_key=True)


class HourlyCount(Base):
    """What happened within an hour, or stood at its end. `series` and `name`:

    operations  "<outcome>|<code>": operations settled within the hour
    failures    catalogue code: failures that stood at the end of the hour, with their dollars
    """

    __tablename__ = "hourly_counts"

    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    series: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    amount: Mapped[Decimal] = mapped_column(Cents, default=Decimal("0.00"))
