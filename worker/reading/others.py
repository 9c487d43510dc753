"""Payments on our Invoices and RefundReceipts that somebody else entered: noted when QuickBooks shows them, read where one of ours may be
the same.

What follows from them is `bookkeeping.rules.hindering`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from bookkeeping.case import Case, reload_documents
from bookkeeping.quickbooks_gateway.gateway import quote
from bookkeeping.quickbooks_gateway.reading import SeenPayment, SeenRefund, paid_by, seen
from bookkeeping.rules.actions import CreateRefundReceipt
from bookkeeping.rules.hindering import NEAR
from bookkeeping.rules.planning import CreatePayment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.records.refunds import Refund
from worker.holding.work import Work


def note_others(company_id: int, rows: Iterable[dict[str, Any]]) -> set[str]:
    """Note in the current transaction what these Payments pay of our Invoices; return the inspections for which that is new.

    Ours are left out. An answer about one stays while it says the same; one that was changed is looked at anew.
    """
    given = {str(row["Id"]): row for row in rows}
    ours = _known(company_id, "Payment", given)
    touched: set[str] = set()
    pays = {
        qbo_id: paid_by(row) if row.get("status") != "Deleted" else {}
        for qbo_id, row in given.items()
        if qbo_id not in ours
    }
    invoices = _known(company_id, "Invoice", [one for each in pays.values() for kind, one in each])
    before = _noted(company_id, pays)
    for qbo_id, paid in pays.items():
        for (kind, invoice_id), amount in paid.items():
            invoice = invoices.get(invoice_id) if kind == "Invoice" else None
            if invoice is not None and invoice.status == "live":
                row = before.pop((qbo_id, invoice_id), None) or _new(invoice, qbo_id)
                if _take_over(row, given[qbo_id], amount):
                    touched.add(invoice.inspection_key)
    for gone in before.values():
        touched.add(gone.inspection_key)
        db.session.delete(gone)
    return touched


def forget_others(invoice: Document) -> None:
    """Forget in the current transaction the Payments of others that the Invoice, as just read, is not linked to any more."""
    linked = [qbo_id for kind, qbo_id, *_ in invoice.links if kind == "Payment"]
    gone = delete(OthersPayment).where(
        OthersPayment.company_id == invoice.company_id,
        OthersPayment.invoice_id == invoice.qbo_id,
        OthersPayment.qbo_id.not_in(linked),
    )
    db.session.execute(gone.execution_options(synchronize_session="fetch"))


def learn_others(work: Work, cases: Sequence[Case]) -> None:
    """Read the Payments on the Invoices of these cases that we know nothing of, where a Payment of ours would be made beside them."""
    concerned = [case for case in cases if _would_pay(case)]
    linked = {qbo_id for case in concerned for qbo_id in _linked(case)}
    if not linked:
        return
    known = set(_known(work.company_id, "Payment", linked))
    known |= {qbo_id for qbo_id, _ in _noted(work.company_id, linked)}
    work.commit()
    if unknown := sorted(linked - known):
        for start in range(0, len(unknown), 50):
            work.before_call()
            found = work.gateway.read_many("Payment", unknown[start : start + 50])
            note_others(work.company_id, found.values())
            work.commit()
    reload_documents(work.company_id, concerned)
    for case in concerned:
        case.make_plan()
    work.commit()


def note_others_refunds(company_id: int, rows: Iterable[dict[str, Any]]) -> set[str]:
    """Note these RefundReceipts in the current transaction; return the inspections with refunds for whose Customers one is new or gone.

    Ours are left out. An answer about one stays while it says the same; one that was changed is looked at anew.
    """
    given = {str(row["Id"]): row for row in rows}
    theirs = given.keys() - _known(company_id, "RefundReceipt", given)
    customers: set[str] = set()
    for qbo_id in sorted(theirs):
        row = db.session.get(OthersRefund, (company_id, qbo_id))
        if given[qbo_id].get("status") == "Deleted":
            if row is not None:
                customers.add(row.customer_id)
                db.session.delete(row)
            continue
        if row is None:
            row = OthersRefund(company_id=company_id, qbo_id=qbo_id)
            db.session.add(row)
        customers |= _take_over_refund(row, given[qbo_id])
    return _given_back_to(company_id, customers)


def learn_refunds(work: Work, cases: Sequence[Case]) -> None:
    """Ask once which RefundReceipts there are around the days of those that would be made now."""
    _learn_refunds(work, [(case, one.desired.txn_date) for case in cases for one in _would_give_back(case)])


def learn_before_taking_off(work: Work, cases: Sequence[Case]) -> None:
    """Ask once which RefundReceipts there are around the days of the refunds that would be taken off Payments now."""
    taking_off = [case for case in cases if case.parked is None and not case.whole]
    _learn_refunds(
        work, [(case, one.txn_date) for case in taking_off for one in case.taken_off if not one.done]
    )


def _learn_refunds(work: Work, made: Sequence[tuple[Case, date]]) -> None:
    """Ask which there are around these days, unless this very run has been told, and plan beside what is known of them now.

    A RefundReceipt is linked to nothing: no answer of QuickBooks' to a write of ours would mention one that somebody entered today.
    """
    if not made:
        return
    if not work.run.parameters.get("told_refunds"):
        days = [day for _, day in made]
        first, last = (day.isoformat() for day in (min(days) - NEAR, max(days) + NEAR))
        work.commit()
        work.before_call()
        found = work.gateway.query_all(
            "RefundReceipt", f"TxnDate >= {quote(first)} AND TxnDate <= {quote(last)}"
        )
        note_others_refunds(work.company_id, list(found))
        db.session.flush()
    concerned = list({id(case): case for case, _ in made}.values())
    reload_documents(work.company_id, concerned)
    for case in concerned:
        case.make_plan()
    work.commit()


def reread_used_refunds(work: Work) -> set[str]:
    """Read those that a person took for a refund of ours, and note what became of them; return the inspections for which that is new."""
    used = select(OthersRefund.qbo_id).where(
        OthersRefund.company_id == work.company_id, OthersRefund.stands_for != ""
    )
    ids = sorted(db.session.scalars(used))
    work.commit()
    touched: set[str] = set()
    for start in range(0, len(ids), 50):
        chunk = ids[start : start + 50]
        work.before_call()
        rows: dict[str, dict[str, Any] | None] = {**work.gateway.read_many("RefundReceipt", chunk)}
        for qbo_id in chunk:
            if qbo_id not in rows:  # Absence in a query proves nothing.
                work.before_call()
                rows[qbo_id] = work.gateway.read("RefundReceipt", qbo_id)
        said = [row or {"Id": qbo_id, "status": "Deleted"} for qbo_id, row in rows.items()]
        touched |= note_others_refunds(work.company_id, said)
    return touched


def _would_give_back(case: Case) -> list[CreateRefundReceipt]:
    if case.parked is not None:
        return []
    return [one for one in case.planned.refunds if isinstance(one, CreateRefundReceipt)]


def _take_over_refund(row: OthersRefund, entity: dict[str, Any]) -> set[str]:
    """Take over what it says; return the Customers for whom that is new, and then what a person answered about it holds no longer."""
    refund = seen("RefundReceipt", entity)
    assert isinstance(refund, SeenRefund) and refund.txn_date is not None
    before, facts = (
        (row.customer_id, row.txn_date, row.total),
        (refund.customer_id, refund.txn_date, refund.total),
    )
    row.customer_id, row.txn_date, row.total = facts
    row.reference, row.seen_at = (refund.doc_number or refund.reference)[:40], utcnow()
    if before == facts:
        return set()
    row.stands_for, row.inspection_key, row.not_same_as = "", "", []
    return {before[0] or "", facts[0]} - {""}


def _given_back_to(company_id: int, customer_ids: set[str]) -> set[str]:
    """Return the inspections of which something was given back, or is no more, to these Customers."""
    if not customer_ids:
        return set()
    refunded = select(Refund.inspection_key).where(Refund.company_id == company_id)
    rows = select(Document.inspection_key).where(
        Document.company_id == company_id,
        Document.kind.in_(("Payment", "Invoice")),
        Document.status == "live",
        Document.customer_id.in_(customer_ids),
        Document.inspection_key.in_(refunded),
    )
    return set(db.session.scalars(rows))


def _would_pay(case: Case) -> bool:
    if case.parked is not None or case.plan is None or case.invoice is None or case.whole:
        return False
    return any(isinstance(action, CreatePayment) for action in case.plan.after)


def _linked(case: Case) -> list[str]:
    return [qbo_id for kind, qbo_id, *_ in case.invoice.links if kind == "Payment"] if case.invoice else []


def _known(company_id: int, kind: str, qbo_ids: Iterable[str]) -> dict[str, Document]:
    wanted = list(qbo_ids)
    found: dict[str, Document] = {}
    for start in range(0, len(wanted), 500):
        rows = select(Document).where(
            Document.company_id == company_id,
            Document.kind == kind,
            Document.qbo_id.in_(wanted[start : start + 500]),
        )
        found |= {row.qbo_id: row for row in db.session.scalars(rows.order_by(Document.id))}
    return found


def _noted(company_id: int, qbo_ids: Iterable[str]) -> dict[tuple[str, str], OthersPayment]:
    wanted = list(qbo_ids)
    found: dict[tuple[str, str], OthersPayment] = {}
    for start in range(0, len(wanted), 500):
        rows = select(OthersPayment).where(
            OthersPayment.company_id == company_id, OthersPayment.qbo_id.in_(wanted[start : start + 500])
        )
        found |= {(row.qbo_id, row.invoice_id): row for row in db.session.scalars(rows)}
    return found


def _new(invoice: Document, qbo_id: str) -> OthersPayment:
    row = OthersPayment(
        company_id=invoice.company_id,
        qbo_id=qbo_id,
        invoice_id=invoice.qbo_id,
        inspection_key=invoice.inspection_key,
    )
    db.session.add(row)
    return row


def _take_over(row: OthersPayment, entity: dict[str, Any], applied: Decimal) -> bool:
    """Take over what it says; True when that is new, and then what a person answered about it holds no longer."""
    payment = seen("Payment", entity)
    assert isinstance(payment, SeenPayment) and payment.txn_date is not None
    facts = (payment.txn_date, payment.total, applied)
    new = (row.txn_date, row.total, row.applied) != facts
    row.txn_date, row.total, row.applied = facts
    row.reference, row.seen_at = payment.reference[:40], utcnow()
    if new:
        row.stands_for, row.not_same_as = "", []
    return new
