"""What a preview rests on, on our side: when any of it has changed since, the preview must be made again before it can be confirmed."""

import hashlib
import json
from datetime import datetime, timedelta

from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.documents import CustomerLink, LegacyReceipt
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import Migration, ReceiptSeen

GOOD_FOR = timedelta(hours=24)
"""How long a preview can be confirmed: what people do inside QuickBooks meanwhile is seen only when the receipts are read again."""


def basis_of(company: Company, cutoff: datetime) -> str:
    """Return a digest of the receipts on record, their inspections, clients and dates, and of the company's settings."""
    receipts = select(LegacyReceipt.receipt_id, LegacyReceipt.inspection_key, LegacyReceipt.amount).where(
        LegacyReceipt.company_id == company.id, LegacyReceipt.replaced_at.is_(None)
    )
    recorded = [
        [one, key, str(amount)]
        for one, key, amount in db.session.execute(receipts.order_by(LegacyReceipt.id))
    ]
    keys = {key for _, key, _ in recorded}
    inspections = select(InspectionRow.key, InspectionRow.content_hash).where(
        InspectionRow.company_id == company.id
    )
    mirrored = sorted([key, content] for key, content in db.session.execute(inspections) if key in keys)
    links = select(CustomerLink.client_key, CustomerLink.state, CustomerLink.qbo_id).where(
        CustomerLink.company_id == company.id, CustomerLink.settled_by != ""
    )
    accepted = select(ReceiptSeen.receipt_id, ReceiptSeen.content_hash).where(
        ReceiptSeen.company_id == company.id, ReceiptSeen.accepted_by != ""
    )
    connection = db.session.get(Connection, company.id)
    closed_through = connection.closed_through if connection else None
    facts = [
        cutoff.isoformat(),
        repr(company.book_settings()),
        connection.realm_digest if connection else "",
        closed_through.isoformat() if closed_through else None,
        recorded,
        mirrored,
        sorted(list(row) for row in db.session.execute(links)),
        sorted(list(row) for row in db.session.execute(accepted)),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def why_stale(migration: Migration, company: Company, now: datetime | None = None) -> str:
    """Return a sentence that says why this preview is no longer true, or ""."""
    now = now or utcnow()
    if migration.previewed_at is None or now - migration.previewed_at > GOOD_FOR:
        return "This preview is more than a day old, and the books may have changed since."
    if basis_of(company, migration.cutoff) != migration.basis:
        return "Inspections, receipts or settings have changed since this preview was made."
    return ""
