"""What our records say after a write: one operation settled with its answer, all within the caller's transaction.

An operation's `document` note says what to keep once it succeeded:
Invoice, Payment and RefundReceipt: {inspection_key, doc_number, fingerprint, customer_id, total, txn_date, applied, invoice_id}, and
`ours`, what of the body is ours, where it carries over what others put on the document
Customer: {client_key, display_name, fingerprint, because, details, name: {…NameEntry fields}} · Item and PaymentMethod: {name}
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, or_, select, update

from bookkeeping.errors import (
    BookkeepingError,
    TemporaryError,
)
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.carrying import as_taken, others_put_on
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.quickbooks_gateway.reading import links_of, money, paid_by, plain
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import keep_name
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, CustomerLink, Document, Pays
from bookkeeping.storage.records.due import make_due, waiting_for
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.work.journal import Operation
from worker.holding.work import Work

_MAIN_FACTS = (
    "Id",
    "SyncToken",
    "DocNumber",
    "DisplayName",
    "Name",
    "TxnDate",
    "TotalAmt",
    "Balance",
    "UnappliedAmt",
    "status",
    "MetaData",
)
_ANSWER_LENGTH = 8000
FETCHED = {"synchronize_session": "fetch"}
"""The database says which rows changed. Left to itself the session looks through everything that it holds, for each statement: half of all time."""

_DONE = {"create": "created", "update": "updated", "delete": "deleted"}


def settle_operation(work: Work, operation: Operation, answer: ItemAnswer) -> None:
    """Settle one operation and our records with it. Sets the transient `error` and `warning` on the operation."""
    error = answer.error
    operation.error, operation.warning = error, ""
    operation.settled_at = None if unclear(error) else utcnow()
    operation.answer = _said(answer)
    if error is None:
        entity = answer.entity or {}
        operation.outcome = _DONE[operation.action]
        operation.code = operation.detail = ""
        operation.qbo_id = str(entity.get("Id") or operation.qbo_id)
        operation.warning = _keep(work, operation, entity)
        operation.code = operation.warning
        return
    operation.outcome = _outcome(error)
    operation.code, operation.detail, operation.reference = error.code, error.detail, error.reference or ""


def unclear(error: BookkeepingError | None) -> bool:
    """Whether the write may have been carried out although it was not confirmed: to be looked up, never just repeated."""
    if not isinstance(error, TemporaryError):
        return False
    return error.outcome_unknown or fault(error.code).outcome_unknown != ""


def _said(answer: ItemAnswer) -> str:
    """Return what QuickBooks said as JSON text: all of a refusal; the main facts of what it stored, which follows from the request."""
    if answer.error is not None or not answer.entity:
        return answer.raw[:_ANSWER_LENGTH]
    facts = {name: answer.entity[name] for name in _MAIN_FACTS if name in answer.entity}
    return json.dumps({answer.entity_name: facts}, default=str)


def _outcome(error: BookkeepingError) -> str:
    if isinstance(error, TemporaryError):
        return "unknown" if unclear(error) else "waiting"
    return "refused"


def _keep(work: Work, operation: Operation, entity: dict[str, Any]) -> str:
    """Keep what QuickBooks has now; return the code of a warning, or ""."""
    note = json.loads(operation.document or "{}")
    if operation.kind in DOCUMENT_KINDS:
        if operation.action == "delete":
            _document_deleted(operation)
            return ""
        return _document_written(operation, note, entity)
    if operation.kind == "Customer":
        _customer_written(operation, note, entity)
    elif operation.kind in ("Item", "PaymentMethod"):
        keep_name(work.company_id, operation.kind, operation.qbo_id, note["name"], entity)
    return ""


def _document_written(operation: Operation, note: dict[str, Any], entity: dict[str, Any]) -> str:
    same = (
        Document.company_id == operation.company_id,
        Document.kind == operation.kind,
        Document.source_key == operation.source_key,
        Document.generation == operation.generation,
    )
    document = db.session.scalars(select(Document).where(*same)).first()
    if document is None:
        document = Document(
            company_id=operation.company_id,
            kind=operation.kind,
            source_key=operation.source_key,
            generation=operation.generation,
            links=[],
        )
        db.session.add(document)
    total = Decimal(note["total"])
    document.inspection_key = operation.inspection_key
    document.qbo_id = operation.qbo_id
    document.sync_token = str(entity.get("SyncToken", "0"))
    document.token_stale = False
    document.doc_number = operation.doc_number if operation.kind != "Payment" else ""
    document.fingerprint, document.fingerprint_for = note["fingerprint"], ""
    _note_written(document, operation, note, entity)
    document.body = _own_links(document.body, note.get("invoice_id"))
    document.customer_id = note["customer_id"]
    document.left_out = note.get("left_out") or []
    document.total = total
    document.txn_date = date.fromisoformat(note["txn_date"])
    document.status, document.hands_off, document.written_at = "live", "", utcnow()
    _note_money(operation, document, note, entity)
    if operation.kind == "Invoice" and operation.action == "create":
        _made_under_todays_choices(operation)
    if operation.kind != "Invoice" and operation.action == "create":
        _known_as_ours(operation)
    booked = entity.get("TotalAmt")
    return "total-mismatch" if booked is not None and Decimal(str(booked)) != total else ""


def _known_as_ours(operation: Operation) -> None:
    """What was seen in QuickBooks before its own answer came looked like somebody else's: it asks nobody whether it is the same money."""
    table = OthersPayment if operation.kind == "Payment" else OthersRefund
    noted = delete(table).where(table.company_id == operation.company_id, table.qbo_id == operation.qbo_id)
    db.session.execute(noted, execution_options=FETCHED)


def _made_under_todays_choices(operation: Operation) -> None:
    """An Invoice made again keeps no earlier choices: those were its predecessor's (see `storage.records.choices`)."""
    inspection = update(InspectionRow).where(
        InspectionRow.company_id == operation.company_id, InspectionRow.key == operation.inspection_key
    )
    db.session.execute(inspection.values(book_version_id=None), execution_options=FETCHED)


def _note_written(
    document: Document, operation: Operation, note: dict[str, Any], entity: dict[str, Any]
) -> None:
    """Keep what we wrote as QuickBooks took it, and the whole of it while others have something on it (decision 20)."""
    sent = json.loads(operation.body)
    document.body = as_taken(note.get("ours") or sent, sent, entity, document.body or {})
    others = "TotalAmt" in entity and others_put_on(document.body, entity)
    document.as_read = plain(entity) if others else None


def _own_links(body: dict[str, Any], invoice_id: str | None) -> dict[str, Any]:
    """Return the body with what a Payment pays of its Invoice alone: where else QuickBooks applies it is not ours to watch."""
    if not invoice_id or "Line" not in body:
        return body
    own = [
        line
        for line in body["Line"]
        if any(str(link.get("TxnId")) == invoice_id for link in line.get("LinkedTxn") or ())
    ]
    return {**body, "Line": own}


def _note_money(
    operation: Operation, document: Document, note: dict[str, Any], entity: dict[str, Any]
) -> None:
    """Take over what QuickBooks says is open on an Invoice, or where a Payment is applied, and what follows for other documents."""
    if operation.kind == "Invoice":
        document.balance = money(entity["Balance"]) if "Balance" in entity else None
        document.links = [list(link) for link in links_of(entity)]
        if operation.action == "create":
            _credits_were_applied(document)
        return
    if operation.kind != "Payment":
        return
    before = document.pays
    lines = entity.get("Line") if "Line" in entity else json.loads(operation.body).get("Line")
    after = paid_by({"Line": lines or []})
    document.applied = after.get(("Invoice", note["invoice_id"]), ZERO)
    document.links = [[*place, f"{amount:.2f}"] for place, amount in after.items()]
    _invoices_moved(operation, before, after)


def _document_deleted(operation: Operation) -> None:
    gone = select(Document).where(
        Document.company_id == operation.company_id,
        Document.kind == operation.kind,
        Document.qbo_id == operation.qbo_id,
        Document.status == "live",
    )
    for document in db.session.scalars(gone):
        document.status, document.deleted_at = "deleted", utcnow()
        if operation.kind == "Payment":
            _invoices_moved(operation, document.pays, {})


def _credits_were_applied(invoice: Document) -> None:
    """QuickBooks applied credits to a new Invoice by itself: where they are Payments of ours, it moved their SyncToken."""
    ids = [qbo_id for kind, qbo_id in invoice.links if kind == "Payment"]
    ours = update(Document).where(
        Document.company_id == invoice.company_id,
        Document.kind == "Payment",
        Document.qbo_id.in_(ids),
        Document.status == "live",
    )
    if ids:
        db.session.execute(ours.values(token_stale=True), execution_options=FETCHED)


def _invoices_moved(operation: Operation, before: Pays, after: Pays) -> None:
    """A Payment was made, changed or deleted: QuickBooks moved the SyncToken of its Invoice, and what is open on each that it pays.

    Another inspection's Invoice that QuickBooks had paid from it is looked at again: it may be open for a Payment of its own now.
    """
    changed = {place for place in {**before, **after} if before.get(place, ZERO) != after.get(place, ZERO)}
    ids = [qbo_id for kind, qbo_id in changed if kind == "Invoice"]
    own = Document.inspection_key == operation.inspection_key
    invoices = select(Document).where(
        Document.company_id == operation.company_id,
        Document.kind == "Invoice",
        Document.status == "live",
        or_(own, Document.qbo_id.in_(ids)),
    )
    for invoice in db.session.scalars(invoices):
        place = ("Invoice", invoice.qbo_id)
        invoice.token_stale = True
        if invoice.balance is not None:
            invoice.balance += before.get(place, ZERO) - after.get(place, ZERO)
        if invoice.inspection_key != operation.inspection_key:
            make_due(operation.company_id, "look-again", InspectionRow.key == invoice.inspection_key)


def _customer_written(operation: Operation, note: dict[str, Any], entity: dict[str, Any]) -> None:
    link = db.session.get(CustomerLink, (operation.company_id, operation.source_key))
    if link is None:
        link = CustomerLink(company_id=operation.company_id, client_key=operation.source_key)
        db.session.add(link)
    link.state, link.qbo_id, link.ours = "linked", operation.qbo_id, True
    link.display_name = entity.get("DisplayName") or note["display_name"]
    link.sync_token = str(entity.get("SyncToken", "0"))
    link.fingerprint, link.candidates, link.create_new = note["fingerprint"], [], False
    link.as_written = note.get("details", {})
    link.because = note.get("because") or link.because or ""
    link.left_out = note.get("left_out") or []
    link.updated_at = utcnow()
    keep_name(
        operation.company_id, "Customer", operation.qbo_id, link.display_name, entity, **note.get("name", {})
    )
    make_due(operation.company_id, "cause-gone", waiting_for(f"customer:{operation.source_key}"))
