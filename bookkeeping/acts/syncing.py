"""What a company's people choose about its syncing: dates, pause and resume, earlier inspections, held deletes; and what QuickBooks asks for.

Each function changes rows and writes the audit entry in the current transaction; the caller commits and then rings the bell.
Single inspections and drift are settled in `questions.py`.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import func, not_, or_, select, update

from bookkeeping.acts import books
from bookkeeping.acts.connecting import company_of_realm
from bookkeeping.logbook.held_deletes import held_by_brake
from bookkeeping.logbook.situation.counting import comes_in
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.choices import Scope
from bookkeeping.storage.records.documents import CustomerLink, Document
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import queue_run

HELD_FOR_REVIEW = "the setting Hold the first sync for review"

OF_OURS_WITHIN = timedelta(minutes=2)
"""An object that we wrote so shortly before or after is told about because we wrote it."""

LOOKED_AT = {
    "customer",
    "vendor",
    "employee",
    "item",
    "account",
    "invoice",
    "payment",
    "salesreceipt",
    "refundreceipt",
    "deposit",
    "creditmemo",
}


class EarlierMonth(NamedTuple):
    """Inspections before the start date: `month` is "2026-03" in the company's zone; the last two count from it on."""

    month: str
    inspections: int
    total: Decimal
    count_from: int
    total_from: Decimal


def change_dates(
    company: Company, start_date: date | None, invoice_date: str, who: str, scope: Scope = "all"
) -> bool:
    """Take over both dates, look at every inspection again and queue the sync; False when nothing changed.

    `scope` says whether Invoices that are in QuickBooks already keep their date ("new") or get the new one ("all").
    """
    before = {"start_date": str(company.start_date or ""), "invoice_date": company.invoice_date}
    after = {"start_date": str(start_date or ""), "invoice_date": invoice_date}
    if before == after:
        return False
    if invoice_date != company.invoice_date:
        after["existing_invoices"] = "get the new date" if scope == "all" else "keep their date"
        books.adopt(company, scope, who, {"invoice_date": invoice_date})
    company.start_date = start_date
    make_due(company.id, "look-again")
    record_act(company.id, who, "changed dates", before=before, after=after)
    queue_run(company.id, "sync", "settings changed", who)
    return True


def pause(company: Company, who: str) -> None:
    """Stop sending; polling and planning wait as well until somebody resumes."""
    company.paused_at, company.paused_by = utcnow(), who
    record_act(company.id, who, "paused syncing")


def hold_for_review(company: Company) -> None:
    """Pause before anything was sent, since the company holds its first sync for review."""
    company.paused_at, company.paused_by = utcnow(), HELD_FOR_REVIEW


def resume(company: Company, who: str) -> None:
    """Go on where the pause began; what was held for review starts with the first sync."""
    held = company.paused_by == HELD_FOR_REVIEW
    company.paused_at, company.paused_by = None, ""
    record_act(company.id, who, "started syncing" if held else "resumed syncing")
    queue_run(company.id, "first" if held else "sync", "by a person", who)


def approve_deletes(company: Company, who: str) -> int:
    """Let the held deletes go through and return for how many inspections. Source: bookkeeping decision 17."""
    count = make_due(company.id, "asked", *held_by_brake(company.id), deletes_approved=True)
    company.brake_at, company.brake_count = None, 0
    record_act(company.id, who, "approved deletes", after={"inspections": count})
    queue_run(company.id, "sync", "by a person", who)
    return count


def earlier_inspections(company: Company) -> list[EarlierMonth]:
    """Return what lies before the start date and could be brought in, by month, the newest first; without what is about to come in."""
    rows = (
        select(InspectionRow.starts_at, func.count(), func.sum(InspectionRow.total))
        .where(
            InspectionRow.company_id == company.id,
            InspectionRow.reason == "before-start",
            not_(comes_in(company)),
        )
        .group_by(InspectionRow.starts_at)
        .order_by(InspectionRow.starts_at.desc())
    )
    zone = ZoneInfo(company.time_zone)
    by_month: dict[str, tuple[int, Decimal]] = {}
    for starts_at, count, total in db.session.execute(rows):  # SQLite knows no zones.
        name = f"{starts_at.astimezone(zone):%Y-%m}"
        before = by_month.get(name, (0, Decimal("0.00")))
        by_month[name] = (before[0] + count, before[1] + total)
    months, count_from, total_from = [], 0, Decimal("0.00")
    for name, (count, total) in by_month.items():
        count_from, total_from = count_from + count, total_from + total
        months.append(EarlierMonth(name, count, total, count_from, total_from))
    return months


def earlier_from(company: Company, day: date) -> tuple[int, Decimal]:
    """Return how many inspections before the start date would come in from this day on, and for how many US dollars."""
    midnight = datetime.combine(day, time(), ZoneInfo(company.time_zone))
    rows = select(func.count(), func.sum(InspectionRow.total, type_=InspectionRow.total.type)).where(
        InspectionRow.company_id == company.id,
        InspectionRow.reason == "before-start",
        InspectionRow.starts_at >= midnight,
        not_(comes_in(company)),
    )
    count, total = db.session.execute(rows).one()
    return count, total or Decimal("0.00")


def may_bring_in(company: Company) -> bool:
    """Return whether earlier inspections are brought in by moving the start date: where SalesReceipts are, the migration alone does it."""
    return not company.legacy and company.cutoff is None


class Told(Protocol):
    """One object that QuickBooks says has changed."""

    @property
    def realm_id(self) -> str: ...
    @property
    def entity(self) -> str: ...
    @property
    def qbo_id(self) -> str: ...


def want_changes(told: Iterable[Told]) -> set[int]:
    """Note for which companies changes are to be looked for; return those for which that is new."""
    by_realm: dict[str, list[Told]] = {}
    for one in told:
        if one.entity in LOOKED_AT:
            by_realm.setdefault(one.realm_id, []).append(one)
    new = set()
    for realm_id, theirs in by_realm.items():
        company_id = company_of_realm(realm_id)
        if company_id is None or all(_is_ours(company_id, one) for one in theirs):
            continue
        wanted = update(Connection).where(
            Connection.company_id == company_id, Connection.changes_wanted_at.is_(None)
        )
        if db.session.execute(
            wanted.values(changes_wanted_at=utcnow()).returning(Connection.company_id)
        ).first():
            new.add(company_id)
    return new


def _is_ours(company_id: int, one: Told) -> bool:
    since = utcnow() - OF_OURS_WITHIN
    if one.entity == "customer":
        rows = select(CustomerLink.client_key).where(
            CustomerLink.company_id == company_id,
            CustomerLink.qbo_id == one.qbo_id,
            CustomerLink.updated_at > since,
        )
        return db.session.scalar(rows.limit(1)) is not None
    mine = select(Document.id).where(
        Document.company_id == company_id,
        func.lower(Document.kind) == one.entity,
        Document.qbo_id == one.qbo_id,
        or_(Document.written_at > since, Document.deleted_at > since),
    )
    return db.session.scalar(mine.limit(1)) is not None
