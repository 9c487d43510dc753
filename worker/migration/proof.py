"""The proof before the point of no return: what was made is read back from QuickBooks and compared, field by field of money.

Only when all of it is right may the SalesReceipt be deleted.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bookkeeping.case import Case
from bookkeeping.quickbooks_gateway.differences import every_line
from bookkeeping.quickbooks_gateway.reading import Seen, SeenInvoice, SeenPayment, money, seen
from bookkeeping.rules.documents import DesiredInvoice, DesiredPayment
from bookkeeping.rules.money import ZERO, dollars
from worker.holding.work import Work

Rows = dict[tuple[str, str], dict[str, Any]]


def read_back(work: Work, cases: list[Case], *, by_id: bool) -> Rows:
    """Return every living Invoice and Payment of these cases as QuickBooks has them now, by (kind, id); absent when gone.

    `by_id` reads each by its Id, which cannot lag; otherwise many are asked for at once, and only what is missing by Id.
    """
    rows: Rows = {}
    for kind in ("Invoice", "Payment"):
        ids = [document.qbo_id for case in cases for document in case.live if document.kind == kind]
        found: dict[str, dict[str, Any]] = {}
        if ids and not by_id:
            work.before_call()
            found = work.gateway.read_many(kind, ids)
        for qbo_id in ids:
            row = found.get(qbo_id)
            if row is None:
                work.before_call()
                row = work.gateway.read(kind, qbo_id)
            if row is not None:
                rows[kind, qbo_id] = row
    work.commit()
    return rows


def why_wrong(case: Case, rows: Rows) -> str:
    """Return what is not as it must be, in a sentence, or "" when Invoice and Payments are right to the cent."""
    desired = case.desired.invoice
    if desired is None or case.invoice is None:
        return "There is no Invoice."
    row = rows.get(("Invoice", case.invoice.qbo_id))
    if row is None:
        return f"Invoice {case.invoice.qbo_id} is not there."
    invoice = seen("Invoice", row)
    problem = _items(
        case.invoice.body, row
    )  # Before its sums: an Item decides on which income account a line is.
    if problem:
        return problem
    problem = _payments(case, rows, invoice.qbo_id)  # Before the Invoice's balance, which follows from them.
    if problem:
        return problem
    for what, ours, theirs in (
        ("total", desired.total, invoice.total),
        ("open balance", _left_open(case, desired, invoice, rows), invoice.balance),
        ("Customer", case.customer_id, invoice.customer_id),
        ("date", desired.txn_date, invoice.txn_date),
        ("number", desired.doc_number, invoice.doc_number),
    ):
        if ours != theirs:
            return (
                f"The {what} of Invoice {invoice.doc_number} should be {_say(ours)}, and is {_say(theirs)}."
            )
    return ""


def _items(wrote: dict[str, Any], row: dict[str, Any]) -> str:
    """Return what is wrong with an Invoice's lines: each must be on the Item that was sent, and QuickBooks must have added no tax."""
    sent, found = _by_item(wrote), _by_item(row)
    if sent and sent != found:
        return f"The lines of Invoice {row.get('DocNumber', '')} are not on the Items that were sent."
    tax = money((row.get("TxnTaxDetail") or {}).get("TotalTax"))
    return f"QuickBooks added sales tax of {dollars(tax)} to the Invoice." if tax else ""


def _by_item(body: dict[str, Any]) -> list[tuple[str, Decimal]]:
    details = [(line.get("SalesItemLineDetail") or {}, line) for line in every_line(body.get("Line"))]
    return sorted(
        (str(detail["ItemRef"]["value"]), money(line.get("Amount")))
        for detail, line in details
        if "ItemRef" in detail
    )


def _payments(case: Case, rows: Rows, invoice_id: str) -> str:
    payments = {document.source_key: document for document in case.live if document.kind == "Payment"}
    if set(payments) != {payment.source_key for payment in case.desired.payments}:
        return "The Payments are not those of the inspection."
    for payment in case.desired.payments:
        row = rows.get(("Payment", payments[payment.source_key].qbo_id))
        if row is None:
            return f"Payment {payments[payment.source_key].qbo_id} is not there."
        # What a credit took of the Invoice was left unapplied, as the plan said; more than that is wrong.
        payment = replace(payment, applied=min(payment.applied, payments[payment.source_key].applied))
        problem = _payment(case, payment, seen("Payment", row), invoice_id)
        if problem:
            return problem
    return ""


def _left_open(case: Case, desired: DesiredInvoice, invoice: SeenInvoice, rows: Rows) -> Decimal:
    """Return what may be open: what our Payments leave, less what QuickBooks had paid from a credit before they came (decision 18)."""
    ours = {document.qbo_id: document for document in case.live if document.kind == "Payment"}
    found = [rows["Payment", qbo_id] for qbo_id in ours if ("Payment", qbo_id) in rows]
    left = desired.total - sum((_applied(seen("Payment", row), invoice.qbo_id) for row in found), ZERO)
    credited = any(kind == "Payment" and qbo_id not in ours for kind, qbo_id in invoice.links)
    return min(left, max(invoice.balance, ZERO)) if credited else left


def booked(case: Case, rows: Rows) -> dict[str, Any]:
    """Return the money of the documents as read back, for the report."""
    if case.invoice is None:
        raise AssertionError(f"{case.key} has no Invoice: only what is proven right is reported")
    invoice = seen("Invoice", rows["Invoice", case.invoice.qbo_id])
    payments = []
    for document in case.live:
        if document.kind == "Payment":
            payment = seen("Payment", rows["Payment", document.qbo_id])
            amounts = [
                _day(payment),
                f"{payment.total:.2f}",
                f"{_applied(payment, invoice.qbo_id):.2f}",
            ]
            payments.append([document.source_key, *amounts])
    facts = {
        "number": invoice.doc_number,
        "date": _day(invoice),
        "total": f"{invoice.total:.2f}",
    }
    return {"invoice": facts, "payments": payments, "customer": invoice.customer_name}


def _payment(case: Case, desired: DesiredPayment, payment: SeenPayment, invoice_id: str) -> str:
    for what, ours, theirs in (
        ("amount", desired.amount, payment.total),
        ("amount on the Invoice", desired.applied, _applied(payment, invoice_id)),
        ("Customer", case.customer_id, payment.customer_id),
        ("date", desired.txn_date, payment.txn_date),
        ("account", desired.deposit_account_id or payment.deposit_account_id, payment.deposit_account_id),
    ):
        if ours != theirs:
            return f"The {what} of Payment {payment.qbo_id} should be {_say(ours)}, and is {_say(theirs)}."
    return ""


def _applied(payment: SeenPayment, invoice_id: str) -> Decimal:
    return sum((line.amount for line in payment.lines if ("Invoice", invoice_id) in line.links), ZERO)


def _day(one: Seen) -> str:
    return one.txn_date.isoformat() if one.txn_date is not None else ""


def _say(value: Any) -> str:
    return dollars(value) if isinstance(value, Decimal) else str(value or "nothing")
