"""Numbers pulled back from QuickBooks, and the tie-out statements, each kept as it was made."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, delete, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, selectinload, undefer

from bookkeeping.rules.money import ZERO
from bookkeeping.rules.tieout_causes import Verdict, dollars_to_settle, verdict, verdict_of
from bookkeeping.storage.base import Base, BigId, Cents, UtcDateTime, db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import Document, Drift, LegacyReceipt
from bookkeeping.storage.work.journal import ApiUsage
from bookkeeping.storage.work.runs import Run


class PulledNumbers(Base):
    """One thing pulled, always the newest: `kind` is in `KINDS`, `basis` Accrual, Cash or empty, `period` the days it is about."""

    __tablename__ = "pulled_numbers"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    basis: Mapped[str] = mapped_column(String(10), primary_key=True, default="")
    period: Mapped[str] = mapped_column(String(30))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    pulled_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TieoutStatement(Base):
    """One statement as it was made; `content` is its JSON. Never changed afterwards.

    The other columns are what lists need of it: `explained` differences, those `to_look_at` with the dollars `to_settle`, and what is
    unexplained. An older statement has no `explained` and `to_settle` beside its content.
    """

    __tablename__ = "tieout_statements"
    __table_args__ = (Index("ix_tieout_statements_company", "company_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    asked_by: Mapped[str] = mapped_column(String(254), default="")  # Empty for the nightly one.
    unexplained: Mapped[Decimal] = mapped_column(Cents)
    unexplained_count: Mapped[int] = mapped_column(default=0, server_default="0")
    explained: Mapped[int | None]
    to_look_at: Mapped[int] = mapped_column(default=0)
    to_settle: Mapped[Decimal | None] = mapped_column(Cents)
    content: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)

    @property
    def verdict(self) -> Verdict:
        """What it comes to, from the columns; an older one's content is read for it."""
        wrong = (self.unexplained, self.unexplained_count)
        if any(wrong):
            return verdict(0, 0, ZERO, *wrong)
        if self.explained is None or self.to_settle is None:
            return verdict_of(self.content)
        return verdict(self.explained, self.to_look_at, self.to_settle, *wrong)


_NOT_METERED = ("batch", "write")
KINDS = ("profit-and-loss", "aged-receivables", "open-invoices", "payments", "undeposited")


def keep_numbers(
    company_id: int, kind: str, content: dict[str, Any], *, basis: str = "", period: str
) -> None:
    """Replace what was pulled before of this kind and basis, in the current transaction."""
    same = (PulledNumbers.company_id == company_id, PulledNumbers.kind == kind, PulledNumbers.basis == basis)
    db.session.execute(delete(PulledNumbers).where(*same).execution_options(synchronize_session=False))
    db.session.expire_all()
    values = {"period": period, "content": content, "pulled_at": utcnow()}
    db.session.add(PulledNumbers(company_id=company_id, kind=kind, basis=basis, **values))


def pulled_numbers(company_id: int) -> dict[tuple[str, str], PulledNumbers]:
    """Return all that was pulled, by (kind, basis)."""
    rows = select(PulledNumbers).where(PulledNumbers.company_id == company_id)
    return {(row.kind, row.basis): row for row in db.session.scalars(rows)}


def keep_statement(
    company_id: int, first_day: date, last_day: date, content: dict[str, Any], asked_by: str = ""
) -> TieoutStatement:
    """Add a statement in the current transaction."""
    made = TieoutStatement(
        company_id=company_id,
        first_day=first_day,
        last_day=last_day,
        asked_by=asked_by,
        unexplained=Decimal(content["unexplained"]),
        unexplained_count=content["unexplained_count"],
        explained=len(content["explained"]),
        to_look_at=content["to_look_at"],
        to_settle=dollars_to_settle(content["explained"]),
        content=content,
    )
    db.session.add(made)
    db.session.flush()
    return made


def statements_of(company_id: int, *, before: int | None = None, limit: int = 30) -> list[TieoutStatement]:
    """Return the company's statements without their content, newest first; those older than the id `before`, if given."""
    rows = select(TieoutStatement).where(TieoutStatement.company_id == company_id)
    if before is not None:
        rows = rows.where(TieoutStatement.id < before)
    return list(db.session.scalars(rows.order_by(TieoutStatement.id.desc()).limit(limit)))


def statement_or_none(company_id: int, statement_id: int | None = None) -> TieoutStatement | None:
    """Return the company's statement of that id, its newest one by default, with its content."""
    rows = select(TieoutStatement).where(TieoutStatement.company_id == company_id)
    if statement_id is not None:
        rows = rows.where(TieoutStatement.id == statement_id)
    newest = rows.options(undefer(TieoutStatement.content)).order_by(TieoutStatement.id.desc())
    return db.session.scalars(newest.limit(1)).first()


def untied_statements() -> list[tuple[str, TieoutStatement]]:
    """Return the newest statement of each company that leaves something unexplained, with the company's name, by name."""
    newest = (
        select(TieoutStatement.id)
        .where(TieoutStatement.company_id == Company.id)
        .order_by(TieoutStatement.id.desc())
        .limit(1)
        .correlate(Company)
        .scalar_subquery()
    )
    rows = select(Company.name, TieoutStatement).join(TieoutStatement, TieoutStatement.id == newest)
    wrong = or_(TieoutStatement.unexplained != 0, TieoutStatement.unexplained_count != 0)
    return [(name, kept) for name, kept in db.session.execute(rows.where(wrong).order_by(Company.name))]


Sides = dict[str, dict[str, dict[str, Any]]]
"""Figures by measure and side."""


def month_of_statement(kept: TieoutStatement, month: date) -> Sides | None:
    """Return one month's figures out of a statement, or None when it is not about that month.

    The rest of its content, which grows with the differences of a whole year, is not read.
    """
    place = (month.year - kept.first_day.year) * 12 + month.month - kept.first_day.month
    if place < 0:
        return None
    wanted = select(TieoutStatement.content["months", place]).where(TieoutStatement.id == kept.id)
    return db.session.scalars(wanted).one() or None


def inspections_behind(company_id: int, kind: str, qbo_ids: list[str]) -> dict[str, str]:
    """Return which inspection each of these QuickBooks documents belongs to by our records, by QuickBooks id."""
    found: dict[str, str] = {}
    for start in range(0, len(qbo_ids), 500):
        chunk = qbo_ids[start : start + 500]
        if kind == "SalesReceipt":
            rows = select(LegacyReceipt.receipt_id, LegacyReceipt.inspection_key).where(
                LegacyReceipt.company_id == company_id, LegacyReceipt.receipt_id.in_(chunk)
            )
        else:
            rows = select(Document.qbo_id, Document.inspection_key).where(
                Document.company_id == company_id, Document.kind == kind, Document.qbo_id.in_(chunk)
            )
        found |= dict(db.session.execute(rows).all())
    return found


def metered_calls(company_id: int, month: str) -> dict[str, int]:
    """Return how many reads that Intuit counts were made in a month such as 2026-03 (UTC), by kind."""
    answered = func.sum(ApiUsage.count - ApiUsage.failed)
    rows = select(ApiUsage.kind, answered).where(
        ApiUsage.company_id == company_id, ApiUsage.day.startswith(month), ApiUsage.kind.not_in(_NOT_METERED)
    )
    return {kind: int(count) for kind, count in db.session.execute(rows.group_by(ApiUsage.kind)) if count}


def acts_about(company_id: int, subjects: list[str], limit: int = 100) -> list[AuditEntry]:
    """Return what people did about these subjects (an inspection's id, its documents by name), newest first."""
    rows = select(AuditEntry).where(AuditEntry.company_id == company_id, AuditEntry.subject.in_(subjects))
    return list(db.session.scalars(rows.order_by(AuditEntry.id.desc()).limit(limit)))


def drifts_of(company_id: int, document_ids: list[int]) -> list[Drift]:
    """Return every change by a person to these documents that was found, settled ones too, newest first."""
    rows = select(Drift).where(Drift.company_id == company_id, Drift.document_id.in_(document_ids))
    return list(db.session.scalars(rows.options(selectinload(Drift.document)).order_by(Drift.id.desc())))


def runs_by_id(company_id: int, run_ids: list[int]) -> dict[int, Run]:
    """Return these runs by id."""
    rows = select(Run).where(Run.company_id == company_id, Run.id.in_(run_ids))
    return {run.id: run for run in db.session.scalars(rows)}
