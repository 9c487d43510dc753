"""What a later start date takes out of QuickBooks, said before it is done. Reads only."""

from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.choices import closed_through
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow


def invoices_before(company: Company, start_date: date) -> tuple[int, Decimal]:
    """Return how many Invoices in QuickBooks are of inspections before this day, and what they come to.

    Those that nobody may change (closed books) or that a person keeps are not among them. Once a company migrated its cutoff is in
    force, and no start date takes anything out.
    """
    if company.cutoff is not None:
        return 0, Decimal("0.00")
    midnight = datetime.combine(start_date, time(), ZoneInfo(company.time_zone))
    earlier = select(InspectionRow.key).where(
        InspectionRow.company_id == company.id, InspectionRow.starts_at < midnight
    )
    mine = [
        Document.company_id == company.id,
        Document.kind == "Invoice",
        Document.status == "live",
        Document.hands_off == "",
        Document.inspection_key.in_(earlier),
    ]
    closed = closed_through(company)
    if closed is not None:
        mine.append(Document.txn_date > closed)
    count, total = db.session.execute(select(func.count(), func.sum(Document.total)).where(*mine)).one()
    return count, total or Decimal("0.00")
