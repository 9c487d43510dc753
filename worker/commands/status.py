"""`status`: one company's state in numbers."""

from typing import Any

import click
from sqlalchemy import func, select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.inspections import STATES, BadRecord, InspectionRow
from bookkeeping.storage.work.journal import Call, Operation
from bookkeeping.storage.work.usage import usage_of
from worker.commands.answering import PlainCommand, answering, company_of


@click.command("status", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def status(company_id: int) -> dict[str, Any]:
    """Show counts by state, last poll, last nightly run, and calls by kind."""
    return company_status(company_of(company_id))


def company_status(company: Company) -> dict[str, Any]:
    """Return counts by state, outcomes, documents, last poll, last nightly run and calls to QuickBooks by kind."""
    connection = db.session.get(Connection, company.id)
    return {
        "company": company.id,
        "name": company.name,
        "connection": connection.state if connection else "none",
        "quickbooks_company": connection.company_name if connection else "",
        "connected": bool(connection and connection.usable),
        "paused": company.paused_at is not None,
        "sync_start_date": company.start_date.isoformat() if company.start_date else None,
        "cutoff": company.cutoff,
        "feed": company.feed_state,
        "inspections": dict.fromkeys(STATES, 0) | _counts(InspectionRow, InspectionRow.state, company.id),
        "reasons": {k: n for k, n in _counts(InspectionRow, InspectionRow.reason, company.id).items() if k},
        "operations": _counts(Operation, Operation.outcome, company.id),
        "documents": _counts(Document, Document.kind, company.id, Document.status == "live"),
        "customers": _counts(CustomerLink, CustomerLink.state, company.id),
        "open_calls": _count(Call, company.id, Call.state.in_(("written", "unknown"))),
        "drift": _count(Drift, company.id, Drift.settled_at.is_(None)),
        "bad_records": _count(BadRecord, company.id),
        "last_poll": company.last_poll_at,
        "last_sync": company.last_sync_at,
        "last_nightly": company.last_nightly_at,
        "api_calls": usage_of(company.id),
    }


def _counts(table: Any, column: Any, company_id: int, *where: Any) -> dict[str, int]:
    rows = select(column, func.count()).where(table.company_id == company_id, *where).group_by(column)
    return dict(db.session.execute(rows).all())


def _count(table: Any, company_id: int, *where: Any) -> int:
    return (
        db.session.scalar(
            select(func.count()).select_from(table).where(table.company_id == company_id, *where)
        )
        or 0
    )
