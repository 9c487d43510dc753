"""What our records say after a write: one operation settled with its answer, all within the caller's transaction.

An operation's `document` note says what to keep once it succeeded:
Invoice, Payment and RefundReceipt: {inspection_key, doc_number, fingerprint, customer_id, total, txn_date, applied, invoice_id}, and
`ours`, what of the body is ours, where it carries over what others put on the document
Customer: {client_key, display_name, fingerprint, because, details, name: {…NameEntry fields}} · Item and PaymentMethod: {name}
"""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from bookkeeping.errors import (
    BookkeepingError,
    TemporaryError,
)
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.carrying import as_taken, others_put_on
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.quickbooks_gateway.reading import links_of, money, paid_by, plain
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.company.names import NamedThing, note_name
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, CustomerLink, Document, Pays
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Operation
from worker.journal.on_record import OnRecord

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
_DONE = {"create": "created", "update": "updated", "delete": "deleted"}


def settle_operations(company_id: int, answered: Sequence[tuple[Operation, ItemAnswer]]) -> None:
    """Settle operations of the company and our records with them. Sets the transient `error` and `warning` on each operation."""
    done = [(one, answer.entity or {}) for one, answer in answered if answer.error is None]
    things = [
        (one.kind, str(entity.get("Id") or one.qbo_id))
        for one, entity in done
        if one.kind not in DOCUMENT_KINDS
    ]
    record = OnRecord(company_id, [one for one, _ in done], things)
    for operation, answer in answered:
        _settle(record, operation, answer)
    record.finish()


def _settle(record: OnRecord, operation: Operation, answer: ItemAnswer) -> None:
    error = answer.error
    operation.error, operation.warning = error, ""
    operation.settled_at = None if unclear(error) else utcnow()
    operation.answer = _said(answer)
    if error is None:
        entity = answer.entity or {}
        operation.outcome = _DONE[operation.action]
        operation.code = operation.detail = ""
        operation.qbo_id = str(entity.get("Id") or operation.qbo_id)
        operation.warning = _keep(record, operation, entity)
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


def _keep(record: OnRecord, operation: Operation, entity: dict[str, Any]) -> str:
    """Keep what QuickBooks has now; return the code of a warning, or ""."""
    note = json.loads(operation.document or "{}")
    if operation.kind in DOCUMENT_KINDS:
        if operation.action == "delete":
            _document_deleted(record, operation)
            return ""
        return _document_written(record, operation, note, entity)
    if operation.kind == "Customer":
        _customer_written(record, operation, note, entity)
    elif operation.kind in ("Item", "PaymentMethod"):
        _name_kept(record, operation, note["name"], entity)
    return ""


def _name_kept(
    record: OnRecord, operation: Operation, name: str, entity: dict[str, Any], **details: Any
) -> None:
    thing = record.thing(operation.kind, operation.qbo_id)
    if thing is None:
        thing = NamedThing(company_id=record.company_id, kind=operation.kind, qbo_id=operation.qbo_id)
        record.add(thing)
    note_name(thing, name, entity, **details)


def _document_written(
    record: OnRecord, operation: Operation, note: dict[str, Any], entity: dict[str, Any]
) -> str:
    document = record.document(operation.kind, operation.source_key, operation.generation)
    if document is None:
        document = Document(
            company_id=operation.company_id,
            kind=operation.kind,
            source_key=operation.source_key,
            generation=operation.generation,
            links=[],
        )
        record.add(document)
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
    _note_money(record, operation, document, note, entity)
    if operation.action == "create":
        if operation.kind == "Invoice":
            record.made_under_todays_choices(operation.inspection_key)
        record.is_ours(operation.kind, operation.qbo_id)
    booked = entity.get("TotalAmt")
    return "total-mismatch" if booked is not None and Decimal(str(booked)) != total else ""


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
    record: OnRecord, operation: Operation, document: Document, note: dict[str, Any], entity: dict[str, Any]
) -> None:
    """Take over what QuickBooks says is open on an Invoice, or where a Payment is applied, and what follows for other documents."""
    if operation.kind == "Invoice":
        document.balance = money(entity["Balance"]) if "Balance" in entity else None
        document.links = [list(link) for link in links_of(entity)]
        if operation.action == "create":
            _credits_were_applied(record, document)
        return
    if operation.kind != "Payment":
        return
    before = document.pays
    lines = entity.get("Line") if "Line" in entity else json.loads(operation.body).get("Line")
    after = paid_by({"Line": lines or []})
    document.applied = after.get(("Invoice", note["invoice_id"]), ZERO)
    document.links = [[*place, f"{amount:.2f}"] for place, amount in after.items()]
    _invoices_moved(record, operation, before, after)


def _document_deleted(record: OnRecord, operation: Operation) -> None:
    for document in record.living(operation.kind, operation.qbo_id):
        document.status, document.deleted_at = "deleted", utcnow()
        if operation.kind == "Payment":
            _invoices_moved(record, operation, document.pays, {})
            record.payment_gone(document.source_key)


def _credits_were_applied(record: OnRecord, invoice: Document) -> None:
    """QuickBooks applied credits to a new Invoice by itself: where they are Payments of ours, it moved their SyncToken."""
    for kind, qbo_id in invoice.links:
        if kind == "Payment":
            for payment in record.living("Payment", qbo_id):
                payment.token_stale = True


def _invoices_moved(record: OnRecord, operation: Operation, before: Pays, after: Pays) -> None:
    """A Payment was made, changed or deleted: QuickBooks moved the SyncToken of its Invoice, and what is open on each that it pays.

    Another inspection's Invoice that QuickBooks had paid from it is looked at again: it may be open for a Payment of its own now.
    """
    changed = {place for place in {**before, **after} if before.get(place, ZERO) != after.get(place, ZERO)}
    ids = [qbo_id for kind, qbo_id in changed if kind == "Invoice"]
    for invoice in record.invoices(operation.inspection_key, ids):
        place = ("Invoice", invoice.qbo_id)
        invoice.token_stale = True
        if invoice.balance is not None:
            invoice.balance += before.get(place, ZERO) - after.get(place, ZERO)
        if invoice.inspection_key != operation.inspection_key:
            make_due(operation.company_id, "look-again", InspectionRow.key == invoice.inspection_key)


def _customer_written(
    record: OnRecord, operation: Operation, note: dict[str, Any], entity: dict[str, Any]
) -> None:
    link = record.link(operation.source_key)
    if link is None:
        link = CustomerLink(company_id=operation.company_id, client_key=operation.source_key)
        record.add(link)
    link.state, link.qbo_id, link.ours = "linked", operation.qbo_id, True
    link.display_name = entity.get("DisplayName") or note["display_name"]
    link.sync_token = str(entity.get("SyncToken", "0"))
    link.fingerprint, link.candidates, link.create_new = note["fingerprint"], [], False
    link.as_written = note.get("details", {})
    link.because = note.get("because") or link.because or ""
    link.left_out = note.get("left_out") or []
    link.updated_at = utcnow()
    _name_kept(record, operation, link.display_name, entity, **note.get("name", {}))
    record.client_settled(operation.source_key)
