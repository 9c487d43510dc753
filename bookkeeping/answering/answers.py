"""What we answer about inspections: document number, state, last sync, payments, and links, as plain JSON. The same for whoever asks and in every call.

Reads rows. Which fields there are is described to developers by `webapp/api/description.py`, and a test holds the two together.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from bookkeeping.faults import CATALOGUE, fault
from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.rules.references import doc_number
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import STATES, InspectionRow

NOT_BOOKED = {
    "deleted": "Deleted",
    "cancelled": "Cancelled",
    "not-confirmed": "Not confirmed yet",
    "no-start-date": "No sync start date is set",
    "before-start": "Before the sync start date",
    "before-cutoff": "Before the migration cutoff",
    "has-receipt": "A SalesReceipt of the earlier integration stands for it",
}
"""Why an inspection has no documents, in a few words; longer on its page."""

Answer = dict[str, Any]
_SENDS_NOTHING = ("last_synced_at", "version")
"""Fields whose change alone calls nobody: a look that found all as it was."""


def answers(company: Company, rows: Sequence[InspectionRow], settings: Settings) -> list[Answer]:
    """Return the answer for each of the company's inspections, in their order. Amounts are dollars in text, moments ISO 8601 in UTC."""
    keys = [row.key for row in rows]
    found: dict[str, list[Document]] = defaultdict(list)
    living = select(Document).where(
        Document.company_id == company.id, Document.status == "live", Document.inspection_key.in_(keys)
    )
    for document in db.session.scalars(living.order_by(Document.id)):
        found[document.inspection_key].append(document)
    link = _books_links(company, settings)
    return [_answer(company, row, found[row.key], settings.public_url, link) for row in rows]


def mark_of(answer: Answer) -> str:
    """Return the digest by which a change is known that somebody is called for."""
    told = {name: value for name, value in answer.items() if name not in _SENDS_NOTHING}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _answer(
    company: Company,
    row: InspectionRow,
    documents: list[Document],
    public_url: str,
    link: Callable[[str, str], str | None],
) -> Answer:
    by_kind = {
        kind: [_document(one, link) for one in documents if one.kind == kind]
        for kind in ("Invoice", "Payment", "RefundReceipt")
    }
    page = f"/inspections/{quote(row.key, safe='')}"
    invoice = by_kind["Invoice"][0] if by_kind["Invoice"] else None
    answer = {
        "key": row.key,
        "document_number": invoice["number"] if invoice else doc_number(row.key),
        "state": row.state,
        "state_text": STATES[row.state],
        "reason": row.reason or None,
        "reason_text": _reason(row),
        "total": _dollars(row.total),
        "last_synced_at": _moment(row.last_synced_at),
        "tieout_url": f"{public_url}/companies/{company.id}/open?page={quote(page)}",
        "quickbooks_url": invoice["quickbooks_url"] if invoice else None,
        "invoice": invoice,
        "payments": by_kind["Payment"],
        "refunds": by_kind["RefundReceipt"],
        "waiting": [_waiting(one) for one in row.waiting_documents],
    }
    return answer | {"version": mark_of(answer)[:16]}


def _document(document: Document, link: Callable[[str, str], str | None]) -> Answer:
    balance = document.balance if document.kind == "Invoice" else None
    return {
        "key": document.source_key,
        "number": document.doc_number or None,
        "date": document.txn_date.isoformat(),
        "amount": _dollars(document.total),
        "balance": _dollars(balance) if balance is not None else None,
        "changed_in_quickbooks": document.hands_off == "drift",
        "quickbooks_id": document.qbo_id,
        "quickbooks_url": link(document.kind, document.qbo_id),
    }


def _waiting(one: dict[str, Any]) -> Answer:
    return {
        "kind": one["kind"],
        "key": one["source_key"],
        "reason": one["code"],
        "reason_text": fault(one["code"]).title,
    }


def _reason(row: InspectionRow) -> str | None:
    if not row.reason:
        return None
    if row.reason in CATALOGUE or row.reason not in NOT_BOOKED:
        return fault(row.reason).title
    return NOT_BOOKED[row.reason]


def _books_links(company: Company, settings: Settings) -> Callable[[str, str], str | None]:
    connection = connection_of(company.id)
    if connection is None or not connection.realm:
        return lambda kind, qbo_id: None
    realm_id = vault().open(connection.realm, company.id, "realm")
    config = IntuitConfig.from_settings(settings)
    return lambda kind, qbo_id: config.books_url(kind, qbo_id, realm_id) if qbo_id else None


def _dollars(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
