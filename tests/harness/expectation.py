"""The books as they should be, computed from the platform's truth by the bookkeeping decisions, and nothing of the product.

Neither `bookkeeping` nor `worker` is imported here: a mistake in the rules must not be repeated in their check. Decisions 1 to 4,
with the default settings: an Item per service name, Undeposited Funds, the inspection's day, due at once.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.functional.office import Office

METHODS = {"card": "Credit Card", "ach": "ACH", "check": "Check", "cash": "Cash", "other": ""}
ITEMS = {"discount": "Discount", "tax": "Sales tax collected"}
OTHER_DOCUMENTS = ("SalesReceipt", "CreditMemo", "RefundReceipt", "Deposit")


@dataclass(frozen=True)
class PaymentFacts:
    """What a Payment says, but for its id. `applied` goes to the Invoice, `unapplied` is what is left."""

    day: str
    amount: Decimal
    applied: Decimal
    unapplied: Decimal
    method: str
    reference: str
    customer: str


@dataclass(frozen=True)
class InvoiceFacts:
    """What an Invoice says, with its Payments. Lines are (item, description, amount)."""

    doc_number: str
    day: str
    due: str
    customer: str
    email: str
    lines: tuple[tuple[str, str, Decimal], ...]
    total: Decimal
    balance: Decimal
    payments: tuple[PaymentFacts, ...]


def assert_books_exact(
    office: Office, where: str = "", *, since: date | None = None, invoices_ever: int | None = None
) -> None:
    """Fail unless the realm holds exactly what the platform's inspections should have: each document once, no other one.

    `since` is the sync start date, today in the office's time zone by default. `invoices_ever`: how many Invoices may ever have been
    made, deleted ones included, so that a double which was taken away again is found too.
    """
    zone = ZoneInfo(office.time_zone)
    truth = office.platform.get(f"/_standin/companies/{office.platform_id}/inspections")
    expected = _expected(truth, zone, since or datetime.now(zone).date())
    books = office.books()
    actual = {}
    linked = _payments_by_invoice(books)
    for invoice in books["Invoice"]:
        number = invoice.get("DocNumber", "")
        assert number not in actual, f"{where}: {number} is in the books twice"
        actual[number] = _invoice_facts(invoice, linked.pop(invoice["Id"], []))
    unapplied = Counter(_payment_facts(payment, None) for payment in linked.pop("", []))
    assert not linked, f"{where}: Payments hang on Invoices that are not there: {linked}"
    wanted_unapplied: Counter[PaymentFacts] = Counter()
    for number, facts in expected.items():
        # A Payment of which nothing is applied has no link by which it could be found: it is counted apart.
        wanted_unapplied.update(one for one in facts.payments if not one.applied)
        expected[number] = _with_payments(facts, tuple(one for one in facts.payments if one.applied))
    assert actual == expected, f"{where}: {_difference(actual, expected)}"
    assert unapplied == wanted_unapplied, f"{where}: unapplied Payments differ"
    assert not any(books.get(kind) for kind in OTHER_DOCUMENTS), f"{where}: documents that nobody asked for"
    _assert_each_name_once(books, where)
    if invoices_ever is not None:
        made = len(books["Invoice"]) + len(books["deleted"].get("Invoice", []))
        assert made == invoices_ever, f"{where}: {made} Invoices were ever made, not {invoices_ever}"


def _expected(truth: list[dict[str, Any]], zone: ZoneInfo, since: date) -> dict[str, InvoiceFacts]:
    expected = {}
    for one in truth:
        if not one["confirmed_at"] or one["canceled_at"] or one["deleted_at"]:
            continue
        if _day(one["datetime"], zone) < since or one["buyer"] is None:
            continue
        facts = _expected_invoice(one, zone)
        if facts.total >= 0:
            expected[facts.doc_number] = facts
    return expected


def _expected_invoice(one: dict[str, Any], zone: ZoneInfo) -> InvoiceFacts:
    items = sorted(one["line_items"], key=lambda item: (item["position"], item["id"]))
    lines = tuple(
        (ITEMS.get(item["kind"], item["name"]), item["name"], Decimal(item["amount"])) for item in items
    )
    total = sum((amount for _, _, amount in lines), Decimal("0.00"))
    customer = f"{one['buyer']['first_name']} {one['buyer']['last_name']}"
    payments, still_open = [], total
    for payment in sorted(one["payments"], key=lambda payment: (payment["received_at"], payment["id"])):
        amount = Decimal(payment["amount"]) - Decimal(payment["refunded_amount"])
        if payment["voided_at"] or amount <= 0:
            continue
        applied = min(amount, max(still_open, Decimal("0.00")))
        still_open -= applied
        payments.append(
            PaymentFacts(
                day=_day(payment["received_at"], zone).isoformat(),
                amount=amount,
                applied=applied,
                unapplied=amount - applied,
                method=METHODS[payment["method"]],
                reference=payment["reference"] or "",
                customer=customer,
            )
        )
    day = _day(one["datetime"], zone).isoformat()
    return InvoiceFacts(
        doc_number=f"SP-{one['id']}",
        day=day,
        due=day,
        customer=customer,
        email=one["buyer"]["email"] or "",
        lines=lines or (("Inspection", "No charge", Decimal("0.00")),),
        total=total,
        balance=still_open,
        payments=_in_order(payments),
    )


def _payments_by_invoice(books: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the Payments by the id of the Invoice they pay, "" for those that pay none."""
    found: dict[str, list[dict[str, Any]]] = {}
    for payment in books["Payment"]:
        links = {link["TxnId"] for line in payment.get("Line") or [] for link in line.get("LinkedTxn") or []}
        assert len(links) <= 1, f"Payment {payment['Id']} pays several Invoices: {links}"
        found.setdefault(next(iter(links), ""), []).append(payment)
    return found


def _invoice_facts(invoice: dict[str, Any], payments: list[dict[str, Any]]) -> InvoiceFacts:
    sales = [line for line in invoice["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    for line in sales:
        detail = line["SalesItemLineDetail"]
        assert _cents(detail["Qty"]) == 1 and _cents(detail["UnitPrice"]) == _cents(line["Amount"]), line
    return InvoiceFacts(
        doc_number=invoice["DocNumber"],
        day=invoice["TxnDate"],
        due=invoice["DueDate"],
        customer=invoice["CustomerRef"]["name"],
        email=(invoice.get("BillEmail") or {}).get("Address", ""),
        lines=tuple(
            (
                line["SalesItemLineDetail"]["ItemRef"]["name"],
                line.get("Description", ""),
                _cents(line["Amount"]),
            )
            for line in sales
        ),
        total=_cents(invoice["TotalAmt"]),
        balance=_cents(invoice["Balance"]),
        payments=_in_order(_payment_facts(payment, invoice["Id"]) for payment in payments),
    )


def _payment_facts(payment: dict[str, Any], invoice_id: str | None) -> PaymentFacts:
    total, unapplied = _cents(payment["TotalAmt"]), _cents(payment.get("UnappliedAmt"))
    lines = payment.get("Line") or []
    applied = sum((_cents(line["Amount"]) for line in lines), Decimal("0.00"))
    assert applied + unapplied == total, payment
    assert (invoice_id is None) == (not applied), payment
    return PaymentFacts(
        day=payment["TxnDate"],
        amount=total,
        applied=applied,
        unapplied=unapplied,
        method=(payment.get("PaymentMethodRef") or {}).get("name", ""),
        reference=payment.get("PaymentRefNum", ""),
        customer=payment["CustomerRef"]["name"],
    )


def _assert_each_name_once(books: dict[str, Any], where: str) -> None:
    """Each client has one Customer (told apart by e-mail), each service one Item."""
    for kind, name in (("Customer", _email), ("Item", lambda item: item["Name"].casefold())):
        counted = Counter(name(one) for one in books[kind])
        counted.pop("", None)
        twice = [each for each, count in counted.items() if count > 1]
        assert not twice, f"{where}: {kind} made twice: {twice}"


def _email(customer: dict[str, Any]) -> str:
    return (customer.get("PrimaryEmailAddr") or {}).get("Address", "")


def _with_payments(facts: InvoiceFacts, payments: tuple[PaymentFacts, ...]) -> InvoiceFacts:
    return InvoiceFacts(**{**facts.__dict__, "payments": payments})


def _in_order(payments: Any) -> tuple[PaymentFacts, ...]:
    return tuple(sorted(payments, key=repr))


def _difference(actual: dict[str, InvoiceFacts], expected: dict[str, InvoiceFacts]) -> str:
    parts = [f"missing {number}" for number in sorted(expected.keys() - actual.keys())]
    parts += [f"too many: {number}" for number in sorted(actual.keys() - expected.keys())]
    for number in sorted(expected.keys() & actual.keys()):
        if actual[number] != expected[number]:
            parts.append(f"{number}\n  should be {expected[number]}\n  but is    {actual[number]}")
    return "\n".join(parts)


def _day(moment: str, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(moment).astimezone(zone).date()


def _cents(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))
