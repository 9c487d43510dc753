"""The rounds in which the planned documents go out: each a few batches, settled before the next begins.

Order: Payments away, Invoices away, then Invoices, then Payments. Before a document is changed whose SyncToken we know to be
old, it is read back; what a person changed meanwhile is left alone and becomes drift.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bookkeeping.case import Case, reload_documents
from bookkeeping.errors import GoneError, RuleError, StaleSyncTokenError, TemporaryError
from bookkeeping.quickbooks_gateway.bodies import delete_body, invoice_body, payment_body
from bookkeeping.rules.documents import invoice_fingerprint, payment_fingerprint
from bookkeeping.rules.names import name_key
from bookkeeping.rules.planning import (
    Action,
    CreateInvoice,
    CreatePayment,
    DeleteInvoice,
    UpdateInvoice,
)
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.company.items import ItemNames, item_names
from bookkeeping.storage.company.names import active_ids
from bookkeeping.storage.records.documents import Document
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.journal.writing import Write, carry_out
from worker.reading.drift import note_gone
from worker.reconciling.rereading import freshen


@dataclass
class Planned:
    """One action of one case on its way out; `document` is the one it changes, None for a creation."""

    case: Case
    action: Action
    document: Document | None
    write: Write | None = None

    @property
    def verb(self) -> str:
        """create, update or delete."""
        return self.action.verb


def delete_first(work: Work, cases: list[Case]) -> None:
    """Take away or lower Payments, then take away Invoices."""
    _round(work, cases, "Removing payments", lambda case: case.plan.first)
    _round(work, cases, "Removing invoices", lambda case: _invoice(case, DeleteInvoice))


def change_and_create(work: Work, cases: list[Case]) -> None:
    """Create and update Invoices, then Payments."""
    _round(work, cases, "Writing invoices", lambda case: _invoice(case, CreateInvoice, UpdateInvoice))
    _round(work, cases, "Writing payments", lambda case: case.plan.after)


def _invoice(case: Case, *kinds: type) -> tuple[Action, ...]:
    return (case.plan.invoice,) if isinstance(case.plan.invoice, kinds) else ()


def _round(work: Work, cases: list[Case], phase: str, actions: Callable[[Case], Iterable[Action]]) -> None:
    planned = [
        Planned(case, action, _document(case, action))
        for case in cases
        if case.writes_planned
        for action in actions(case)
    ]
    if not planned:
        return
    tell(work, f"{phase}: {len(planned)}")
    work.commit()
    _freshen(
        work, [one for one in planned if one.document is not None and one.document.token_stale], by_id=False
    )
    _send(work, planned)
    stale = [one for one in planned if one.write and isinstance(one.write.error, StaleSyncTokenError)]
    if stale:
        for one in stale:
            one.write = None
        _freshen(work, stale, by_id=True)
        _send(work, stale)
    for one in planned:
        _conclude(one)
    touched = {id(one.case): one.case for one in planned}
    reload_documents(work.company_id, list(touched.values()))
    work.commit()


def _document(case: Case, action: Action) -> Document | None:
    if isinstance(action, (CreateInvoice, CreatePayment)):
        return None
    return case.document(action.known.qbo_id, action.known.kind)


def _freshen(work: Work, planned: list[Planned], *, by_id: bool) -> None:
    """Read back the documents of these actions; park those that a person changed."""
    documents = {one.document.id: one.document for one in planned}
    verdicts = freshen(work, list(documents.values()), by_id=by_id)
    for one in planned:
        match verdicts[one.document.id]:
            case "changed":
                one.case.park(RuleError(code="drift"))
            case "moved" if (
                one.verb != "delete"
            ):  # Its Customer or an Item was merged: what was planned names the one that is gone.
                one.case.park(TemporaryError(code="planned-again", whole_realm=False))
            case "gone" if one.verb == "delete":
                one.document.status, one.document.deleted_at = "deleted", utcnow()
            case "gone":
                _gone(one)
    work.commit()


def _send(work: Work, planned: list[Planned]) -> None:
    ready = [one for one in planned if one.case.parked is None and not _deleted(one)]
    items, methods = item_names(work.company_id), active_ids(work.company_id, "PaymentMethod")
    work.commit()
    for one in ready:
        one.write = _write(one, items, methods)
    carry_out(work, [one.write for one in ready])


def _deleted(one: Planned) -> bool:
    return one.document is not None and one.document.status == "deleted"


def _conclude(one: Planned) -> None:
    if one.write is None:
        return
    one.case.wrote = True
    if one.write.warning:
        one.case.warnings.append(one.write.warning)
    if isinstance(one.write.error, GoneError) and one.verb == "update":
        _gone(one)
    elif one.write.error is not None:
        one.case.park(one.write.error)


def _gone(one: Planned) -> None:
    """Somebody deleted it in QuickBooks: that is theirs to explain, not ours to undo."""
    note_gone(one.document)
    one.case.park(RuleError(code="drift"))


def _write(one: Planned, items: ItemNames, methods: dict[str, str]) -> Write:
    case, action, document = one.case, one.action, one.document
    sync = (document.qbo_id, document.sync_token) if document is not None else None
    write = Write(
        kind=action.kind,
        action=one.verb,
        source_key=document.source_key if document is not None else action.desired.source_key,
        body={},
        generation=document.generation if document is not None else action.generation,
        inspection_key=case.key,
        subject=case.subject,
        qbo_id=document.qbo_id if document is not None else "",
    )
    if one.verb == "delete":
        write.body = delete_body(*sync)
        write.doc_number, write.amount = document.doc_number, document.total
        return write
    desired = action.desired
    if action.kind == "Invoice":
        found = {line.item: items.id_of(line.item, line.item_id) for line in desired.lines}
        ids = {name: item_id for name, item_id in found.items() if item_id}
        write.body = invoice_body(desired, case.customer_id, ids, sync=sync)
        write.doc_number, write.amount = desired.doc_number, desired.total
        write.note = _note(
            case, desired.total, desired.txn_date, invoice_fingerprint(desired, case.customer_id)
        )
        return write
    invoice = case.invoice
    ids = {desired.method: methods[name_key(desired.method)]} if name_key(desired.method) in methods else {}
    if desired.method and not ids:
        write.warning = "payment-method-missing"
    write.body = payment_body(
        desired, case.customer_id, invoice.qbo_id, ids or {desired.method: ""}, sync=sync
    )
    write.doc_number, write.amount = desired.reference or invoice.doc_number, desired.amount
    fingerprint = payment_fingerprint(desired, case.customer_id, invoice.qbo_id)
    write.note = _note(case, desired.amount, desired.txn_date, fingerprint)
    write.note |= {"applied": str(desired.applied), "invoice_id": invoice.qbo_id}
    return write


def _note(case: Case, total: Decimal, txn_date: date, fingerprint: str) -> dict[str, str]:
    return {
        "fingerprint": fingerprint,
        "customer_id": case.customer_id,
        "total": str(total),
        "txn_date": txn_date.isoformat(),
    }
