"""The rounds in which the planned documents go out: each a few batches, settled before the next begins.

Order: Payments away, Invoices away, then Invoices, then Payments; RefundReceipts are linked to nothing and go last each time. Before a
document is changed whose SyncToken we know to be old, it is read back; what a person changed meanwhile is left alone and becomes drift.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bookkeeping.case import Case, reload_documents
from bookkeeping.errors import (
    BookkeepingError,
    GoneError,
    PermanentError,
    RuleError,
    StaleSyncTokenError,
    TemporaryError,
)
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.bodies import (
    Sync,
    delete_body,
    frozen,
    invoice_body,
    payment_body,
    refund_body,
)
from bookkeeping.quickbooks_gateway.carrying import carried_from, carried_over, ids_known
from bookkeeping.quickbooks_gateway.details import tracked
from bookkeeping.rules.actions import Create, CreateRefundReceipt, UpdateRefundReceipt
from bookkeeping.rules.documents import (
    DesiredInvoice,
    DesiredLine,
    DesiredPayment,
    DesiredRefund,
    invoice_fingerprint,
    payment_fingerprint,
)
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.names import name_key
from bookkeeping.rules.planning import (
    AnyAction,
    CreateInvoice,
    CreatePayment,
    DeleteInvoice,
    UpdateInvoice,
    UpdatePayment,
    Verb,
)
from bookkeeping.rules.refunds import refund_fingerprint
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.company.items import ItemNames, item_names
from bookkeeping.storage.company.names import active_ids
from bookkeeping.storage.records.documents import Document
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.journal.writing import Write, carry_out
from worker.reading.drift import note_gone
from worker.reading.others import learn_others, learn_refunds
from worker.reconciling.leaving_out import send_without_refused
from worker.reconciling.refunds import HELD_BY_A_DEPOSIT, find_deposits
from worker.reconciling.rereading import freshen


@dataclass
class Planned:
    """One action of one case on its way out; `document` is the one it changes, None for a creation."""

    case: Case
    action: AnyAction
    document: Document | None
    write: Write | None = None

    @property
    def verb(self) -> Verb:
        """create, update or delete."""
        return self.action.verb


def delete_first(work: Work, cases: list[Case]) -> None:
    """Take away or lower Payments, then take away Invoices."""
    _round(work, cases, "Removing payments", lambda case: case.planned.first)
    _round(work, cases, "Removing invoices", lambda case: _invoice(case, DeleteInvoice))
    _round(work, cases, "Removing refunds", lambda case: _refunds(case, "delete"))


def change_and_create(work: Work, cases: list[Case]) -> None:
    """Create and update Invoices, then Payments."""
    _round(work, cases, "Writing invoices", lambda case: _invoice(case, CreateInvoice, UpdateInvoice))
    learn_others(work, cases)
    _round(work, cases, "Writing payments", lambda case: case.planned.after)
    learn_refunds(work, cases)
    _round(work, cases, "Writing refunds", lambda case: _refunds(case, "create", "update"))


def _invoice(case: Case, *kinds: type) -> tuple[AnyAction, ...]:
    action = case.planned.invoice
    return (action,) if action is not None and isinstance(action, kinds) else ()


def _refunds(case: Case, *verbs: Verb) -> tuple[AnyAction, ...]:
    return tuple(action for action in case.planned.refunds if action.verb in verbs)


def _round(work: Work, cases: list[Case], phase: str, actions: Callable[[Case], Iterable[AnyAction]]) -> None:
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
    planned = _freshen(work, planned, [one for one in planned if _to_be_read(one)], by_id=False)
    _send(work, planned)
    stale = [
        one
        for one in planned
        if one.document is not None and one.write and isinstance(one.write.error, StaleSyncTokenError)
    ]  # A creation has nothing to read back: it waits and is planned again.
    if stale:
        for one in stale:
            one.write = None
        _send(work, _freshen(work, stale, stale, by_id=True))
    _go_on_with_what_is_open(work, planned)
    held = [one.document for one in planned if one.document is not None and _is_held(one)]
    if held:
        find_deposits(work, held)
    _plan_again(work, planned, conclude=True)
    work.commit()


def _go_on_with_what_is_open(work: Work, planned: list[Planned]) -> None:
    """Less was open on an Invoice than we thought: read it by Id once, and write its Payments again with what is."""
    refused = [one for one in planned if _more_than_open(one)]
    invoices = {invoice.id: invoice for one in refused if (invoice := one.case.invoice) is not None}
    if not invoices:
        return
    freshen(work, list(invoices.values()), by_id=True)
    _plan_again(work, refused)
    learn_others(work, list({id(one.case): one.case for one in refused}.values()))
    again = []
    for one in refused:
        before = _applied(one.action)
        if not _still_planned(one):
            one.write = None  # It waits for an answer now, or a person has its Invoice in hand.
        elif _applied(one.action) != before:
            one.write = None
            again.append(one)
    _send(work, again)


def _more_than_open(one: Planned) -> bool:
    error = one.write.error if one.write is not None else None
    return error is not None and error.code == "qbo-6000" and bool(_applied(one.action))


def _applied(action: AnyAction) -> Decimal:
    return action.desired.applied if isinstance(action, (CreatePayment, UpdatePayment)) else ZERO


def _is_held(one: Planned) -> bool:
    """Whether QuickBooks refused the write because a Deposit holds the document."""
    return one.write is not None and one.write.error is not None and one.write.error.code == HELD_BY_A_DEPOSIT


def _to_be_read(one: Planned) -> bool:
    """Whether we do not know the document well enough to change it: its token, or, written before Ids were kept, its lines."""
    document = one.document
    return document is not None and (
        document.token_stale or (one.verb == "update" and not ids_known(document.body))
    )


def _document(case: Case, action: AnyAction) -> Document | None:
    if isinstance(action, Create):
        return None
    return case.document(action.known.qbo_id, action.known.kind)


def _freshen(work: Work, planned: list[Planned], which: list[Planned], *, by_id: bool) -> list[Planned]:
    """Read back the documents of these actions; return what is still to be done of all that was planned, as it is planned now."""
    standing = [(one, one.document) for one in which if one.document is not None]
    if not standing:
        return planned
    verdicts = freshen(work, list({document.id: document for _, document in standing}.values()), by_id=by_id)
    for one, document in standing:
        match verdicts[document.id]:
            case "changed":
                _drifted(one.case)
            case "moved" if (
                one.verb != "delete"
            ):  # Its Customer or an Item was merged: what was planned names the one that is gone.
                one.case.park(TemporaryError(code="planned-again", whole_realm=False))
            case "gone" if one.verb == "delete":
                document.status, document.deleted_at = "deleted", utcnow()
            case "gone":
                _gone(one.case, document)
    work.commit()
    _plan_again(work, planned)
    return [one for one in planned if _still_planned(one)]


def _still_planned(one: Planned) -> bool:
    """Take over the action as it is planned now; False when there is none for this document any more."""
    same = (
        action
        for action in one.case.actions
        if action.place == one.action.place and action.verb == one.action.verb
    )
    found = next(same, None) if one.case.writes_planned else None
    if found is not None:
        one.action, one.document = found, _document(one.case, found)
    return found is not None


def _plan_again(work: Work, planned: list[Planned], *, conclude: bool = False) -> None:
    """Read the documents of these cases again and plan from what they are now; first note what became of what was sent."""
    touched = {id(one.case): one.case for one in planned}
    reload_documents(work.company_id, list(touched.values()))
    for one in planned if conclude else ():
        _conclude(one)
    for case in touched.values():
        case.make_plan()


def _send(work: Work, ready: list[Planned]) -> None:
    ready = [one for one in ready if one.case.parked is None]
    items, methods = item_names(work.company_id), active_ids(work.company_id, "PaymentMethod")
    facts = dict(work.connection.facts or {}) if work.connection else {}
    work.commit()
    writes = []
    for one in ready:
        one.write = _write(one, items, methods)
        if one.case.replaces is not None and isinstance(one.action, CreateInvoice):
            one.write.note["ours"] = json.loads(frozen(tracked(one.write.body, facts)))
            one.write.body = carried_from(one.write.body, one.case.replaces)
        one.write.body = tracked(one.write.body, facts)
        billed = one.write.body.get("CustomerRef") or {}
        one.write.customer_id = billed.get("value") or one.write.customer_id
        if "ours" in one.write.note:
            one.write.note["ours"] = tracked(one.write.note["ours"], facts)
        if one.document is not None and one.verb == "update":
            _carry_over(one.document, one.write)
        writes.append(one.write)
    carry_out(work, writes)
    send_without_refused(work, writes)


def _conclude(one: Planned) -> None:
    if one.write is None:
        return
    one.case.wrote = True
    if one.write.warning:
        one.case.warnings.append(one.write.warning)
    if one.document is not None and one.document.deposit_id and _is_held(one):
        return  # Now that the Deposit is known, the document is history, and what was given back is planned anew.
    if isinstance(one.write.error, GoneError) and one.verb == "update" and one.document is not None:
        _gone(one.case, one.document)
    elif isinstance(one.write.error, PermanentError) and not fault(one.write.error.code).blocks_writes:
        one.case.refuse(one.action, _why_refused(one, one.write.error))
    elif one.write.error is not None:
        one.case.park(one.write.error)


def _why_refused(one: Planned, error: BookkeepingError) -> BookkeepingError:
    """Return the refusal; in our own words where QuickBooks keeps an Invoice because somebody else's money is on it."""
    invoice = one.document
    keeps = isinstance(one.action, DeleteInvoice) and error.code == "qbo-6000"
    if not keeps or invoice is None or not invoice.covered:
        return error
    detail = f"{dollars(invoice.covered)} is applied to {invoice.name}."
    return PermanentError(detail, code="paid-by-others", reference=error.reference)


def _gone(case: Case, document: Document) -> None:
    """Somebody deleted it in QuickBooks: that is theirs to explain, not ours to undo."""
    note_gone(document)
    _drifted(case)


def _drifted(case: Case) -> None:
    """What a person has in hand is left alone from now on, and the rest goes on; but a receipt is replaced whole or not at all."""
    if case.whole:
        case.park(RuleError(code="drift"))


def _write(one: Planned, items: ItemNames, methods: dict[str, str]) -> Write:
    case, action, document = one.case, one.action, one.document
    write = Write(action.kind, one.verb, "", {}, inspection_key=case.key, subject=case.subject)
    sync = None
    if document is not None:
        write.source_key, write.generation = document.source_key, document.generation
        write.customer_id = document.customer_id
        write.qbo_id, sync = document.qbo_id, (document.qbo_id, document.sync_token)
    elif isinstance(action, Create):
        write.source_key, write.generation = action.desired.source_key, action.generation
        write.customer_id = case.customer_id or ""
    match action:
        case CreateInvoice() | UpdateInvoice():
            _say_invoice(write, case, action.desired, items, sync)
        case CreatePayment() | UpdatePayment():
            _say_payment(write, case, action.desired, methods, document)
        case CreateRefundReceipt() | UpdateRefundReceipt():
            _say_refund(write, action.desired, items, methods, sync)
        case _ if document is not None:
            write.body = delete_body(document.qbo_id, document.sync_token)
            write.doc_number, write.amount = document.doc_number, document.total
    return write


def _carry_over(document: Document, write: Write) -> None:
    """Let what others put on the document stay (decision 20)."""
    write.body, ours = carried_over(write.body, document.body, document.as_read)
    if document.as_read is not None:
        write.note["ours"] = json.loads(frozen(ours))


def _say_invoice(
    write: Write, case: Case, desired: DesiredInvoice, items: ItemNames, sync: Sync | None
) -> None:
    customer_id = _customer_id(case)
    write.body = invoice_body(desired, customer_id, _item_ids(desired.lines, items), sync=sync)
    write.doc_number, write.amount = desired.doc_number, desired.total
    fingerprint = invoice_fingerprint(desired, customer_id)
    write.note = _note(customer_id, desired.total, desired.txn_date, fingerprint)


def _say_payment(
    write: Write, case: Case, desired: DesiredPayment, methods: dict[str, str], standing: Document | None
) -> None:
    invoice = case.invoice
    assert invoice is not None, f"{case.key} has no Invoice: its Payments do not go out before it"
    customer_id = invoice.customer_id or _customer_id(case)  # Also while the Invoice cannot move.
    write.body = payment_body(
        desired,
        customer_id,
        invoice.qbo_id,
        _method_ids(write, desired.method, methods),
        sync=(standing.qbo_id, standing.sync_token) if standing is not None else None,
        elsewhere=_elsewhere(standing, invoice),
    )
    write.doc_number, write.amount = desired.reference or invoice.doc_number, desired.amount
    fingerprint = payment_fingerprint(desired, customer_id, invoice.qbo_id)
    write.note = _note(customer_id, desired.amount, desired.txn_date, fingerprint)
    write.note |= {"applied": str(desired.applied), "invoice_id": invoice.qbo_id}


def _say_refund(
    write: Write, desired: DesiredRefund, items: ItemNames, methods: dict[str, str], sync: Sync | None
) -> None:
    ids = _method_ids(write, desired.method, methods)
    write.body = refund_body(desired, _item_ids(desired.lines, items), ids, sync=sync)
    write.doc_number, write.amount = desired.doc_number, desired.amount
    write.note = _note(desired.customer_id, desired.amount, desired.txn_date, refund_fingerprint(desired))


def _item_ids(lines: Iterable[DesiredLine], items: ItemNames) -> dict[str, str]:
    """Return the ids of the Items that lines name, of those that are known."""
    found = {line.item: items.id_of(line.item, line.item_id) for line in lines}
    return {name: item_id for name, item_id in found.items() if item_id}


def _method_ids(write: Write, method: str, methods: dict[str, str]) -> dict[str, str]:
    """Return the PaymentMethod's id by its name; without one the document goes without, and that is flagged."""
    qbo_id = methods.get(name_key(method), "")
    if method and not qbo_id:
        write.warning = "payment-method-missing"
    return {method: qbo_id}


def _elsewhere(standing: Document | None, invoice: Document) -> list[tuple[str, str, Decimal]]:
    """Return what a Payment that stands pays besides its Invoice: QuickBooks applies credits by itself, and an update would undo it."""
    pays = standing.pays if standing is not None and standing.customer_id == invoice.customer_id else {}
    return [
        (kind, qbo_id, amount)
        for (kind, qbo_id), amount in pays.items()
        if (kind, qbo_id) != ("Invoice", invoice.qbo_id)
    ]


def _customer_id(case: Case) -> str:
    if case.billed_to is None:
        raise AssertionError(f"{case.key} has no Customer: without one it is parked before the rounds")
    return case.billed_to


def _note(customer_id: str, total: Decimal, txn_date: date, fingerprint: str) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint,
        "customer_id": customer_id,
        "total": str(total),
        "txn_date": txn_date.isoformat(),
    }
