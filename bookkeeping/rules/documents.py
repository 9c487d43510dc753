"""The documents an inspection should have in the books: their exact content, in neutral words.

Whether it should have any is `eligibility`; how to get there from what QuickBooks has is `planning`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bookkeeping.errors import RuleError
from bookkeeping.rules.inspection import BookSettings, Client, FeeLine, Inspection, PaymentReceived
from bookkeeping.rules.local_time import local_day
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.names import clean_name
from bookkeeping.rules.references import doc_number, mark, note, payment_reference
from bookkeeping.rules.text import (
    DESCRIPTION_LIMIT,
    ITEM_NAME_LIMIT,
    MEMO_LIMIT,
    METHOD_NAME_LIMIT,
    PERSON_NAME_LIMIT,
    PHONE_LIMIT,
    cut,
    email_field,
    emails,
    one_line,
)


@dataclass(frozen=True)
class DesiredCustomer:
    """The Customer an inspection needs. `client_key` is the platform's contact id. Text is already within QuickBooks'
    character set and lengths (decision 2); `display_name` carries no suffix yet."""

    client_key: str
    display_name: str
    given_name: str
    family_name: str
    email: str
    phone: str
    mobile: str


@dataclass(frozen=True)
class DesiredLine:
    """One sales line: Qty 1, UnitPrice = Amount. `item` is the Item's name; negative for discounts and refund fees.

    `item_id` is the QuickBooks id of an Item that the bookkeeper chose from the list; empty when the name decides.
    """

    item: str
    description: str
    amount: Decimal
    item_id: str = ""
    class_id: str = ""


@dataclass(frozen=True)
class DesiredInvoice:
    """The one Invoice of an inspection. `source_key` is the inspection's key; `total` the sum of the lines."""

    source_key: str
    doc_number: str
    txn_date: date
    due_date: date
    client_key: str
    lines: tuple[DesiredLine, ...]
    private_note: str
    customer_memo: str
    email: str
    total: Decimal
    class_id: str = ""
    location_id: str = ""


@dataclass(frozen=True)
class DesiredPayment:
    """One Payment. `source_key` is the platform's payment id; `applied` goes to the Invoice, the rest stays unapplied."""

    source_key: str
    txn_date: date
    client_key: str
    amount: Decimal
    applied: Decimal
    method: str  # PaymentMethod name, empty for none.
    reference: str  # At most 21 characters.
    private_note: str
    deposit_account_id: str = ""  # Empty for Undeposited Funds.


@dataclass(frozen=True)
class DesiredRefund:
    """One RefundReceipt. `amount` is the sum of the lines, which are positive here; `account_id` where the money is taken from."""

    source_key: str
    payment_key: str
    doc_number: str
    txn_date: date
    customer_id: str
    amount: Decimal
    lines: tuple[DesiredLine, ...]
    account_id: str
    method: str  # PaymentMethod name, empty for none.
    reference: str
    private_note: str
    class_id: str = ""
    location_id: str = ""


@dataclass(frozen=True)
class Flag:
    """Something booked as it is, but worth a person's look (decision 4): `code` names a catalogue entry."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class DesiredDocuments:
    """All that one inspection should have; everything empty when it is not in the books."""

    customer: DesiredCustomer | None
    invoice: DesiredInvoice | None
    payments: tuple[DesiredPayment, ...] = ()
    flags: tuple[Flag, ...] = ()


NOTHING = DesiredDocuments(None, None)

_CHOICES = frozenset({"class_id", "location_id", "deposit_account_id"})
_KIND_NAMES = {"service": "Inspection", "fee": "Fee", "discount": "Discount", "tax": "Sales tax"}
_METHOD_NAMES = {"card": "Credit Card", "ach": "ACH", "check": "Check", "cash": "Cash", "other": ""}


def desired_documents(inspection: Inspection, settings: BookSettings) -> DesiredDocuments:
    """Return the documents of an inspection that is in the books; amounts are to the cent what the platform says.

    Raises:
        RuleError: `no-client` or `no-client-name` (nobody to bill), `negative-total` (the lines come to less than zero).

    Source: bookkeeping decisions 2 to 4 and 7.
    """
    if inspection.client is None:
        raise RuleError("The inspection has no client to bill. Add the buyer to it.", code="no-client")
    customer = desired_customer(inspection.client)
    invoice = _invoice(inspection, settings, customer)
    payments = _payments(inspection, settings, customer.client_key, invoice)
    flags = (*_email_flags(inspection.client), *_money_flags(inspection, invoice, payments))
    return DesiredDocuments(customer, invoice, payments, flags)


def desired_customer(client: Client) -> DesiredCustomer:
    """Return the Customer for a buyer: named by name, else by the email address.

    Raises:
        RuleError: there is neither (`no-client-name`).
    """
    email = email_field(client.email)
    name = clean_name(client.name)
    if not any(letter.isalnum() for letter in name):
        name = clean_name(email.partition(",")[0])
    if not name:
        raise RuleError(
            "The client has neither a name nor an email address. Enter one.", code="no-client-name"
        )
    return DesiredCustomer(
        client_key=client.key,
        display_name=name,
        given_name=clean_name(client.first_name, PERSON_NAME_LIMIT),
        family_name=clean_name(client.last_name, PERSON_NAME_LIMIT),
        email=email,
        phone=cut(one_line(client.phone), PHONE_LIMIT),
        mobile=cut(one_line(client.mobile_phone), PHONE_LIMIT),
    )


def invoice_fingerprint(invoice: DesiredInvoice, customer_id: str) -> str:
    """Return the SHA-256 of everything the Invoice says in QuickBooks; equal means nothing to write."""
    return fingerprint_of(invoice, customer_id=customer_id)


def payment_fingerprint(payment: DesiredPayment, customer_id: str, invoice_id: str) -> str:
    """Return the SHA-256 of everything the Payment says in QuickBooks, its link to the Invoice included."""
    return fingerprint_of(payment, customer_id=customer_id, invoice_id=invoice_id)


def customer_fingerprint(customer: DesiredCustomer) -> str:
    """Return the SHA-256 of the Customer's name and contact details."""
    return fingerprint_of(customer)


def _invoice(inspection: Inspection, settings: BookSettings, customer: DesiredCustomer) -> DesiredInvoice:
    total = inspection.total
    if total < 0:
        raise RuleError(
            f"The lines come to {dollars(total)}. QuickBooks takes no Invoice below zero: correct the lines.",
            code="negative-total",
        )
    class_id = _of_inspector(settings.classes, inspection)
    class_on_line = class_id if settings.class_on == "line" else ""
    lines = tuple(_line(line, settings, class_on_line) for line in inspection.lines)
    if not lines:  # QuickBooks wants a line, and an inspection without fees has its Invoice too.
        item, item_id = item_named(settings.one_item or _KIND_NAMES["service"], settings)
        lines = (DesiredLine(item, "No charge", ZERO, item_id, class_on_line),)
    day = invoice_day(inspection, settings)
    address = _address(inspection)
    inspector = f"Inspector: {inspection.inspector_name}" if inspection.inspector_name.strip() else ""
    return DesiredInvoice(
        source_key=inspection.key,
        doc_number=doc_number(inspection.known_as),
        txn_date=day,
        due_date=day + timedelta(days=settings.due_days),
        client_key=customer.client_key,
        lines=lines,
        private_note=note(mark("inspection", inspection.key), address, inspector),
        customer_memo=cut(f"Inspection of {address}", MEMO_LIMIT) if address else "",
        email=customer.email,
        total=total,
        class_id=class_id if settings.class_on == "invoice" else "",
        location_id=_of_inspector(settings.locations, inspection),
    )


def line_name(line: FeeLine) -> str:
    """Return the name under which a line is mapped to its Item and described on the Invoice."""
    return one_line(line.name) or _KIND_NAMES[line.kind]


def _line(line: FeeLine, settings: BookSettings, class_id: str) -> DesiredLine:
    name = line_name(line)
    if line.kind == "discount":
        item = settings.discount_item or _KIND_NAMES["discount"]
    elif line.kind == "tax":
        item = settings.tax_item or _KIND_NAMES["tax"]
    else:
        # A mapped name wins over the one Item for everything else.
        item = dict(settings.item_names).get(name) or settings.one_item or name
    item, item_id = item_named(item, settings)
    return DesiredLine(item, cut(name, DESCRIPTION_LIMIT), line.amount, item_id, class_id)


def item_named(name: str, settings: BookSettings) -> tuple[str, str]:
    """Return name and id of an Item. One chosen from the list keeps its name as it is, which may be `Category:Item`."""
    item_id = dict(settings.item_ids).get(name, "")
    return (name if item_id else clean_name(name, ITEM_NAME_LIMIT)), item_id


def _of_inspector(chosen: tuple[tuple[str, str], ...], inspection: Inspection) -> str:
    """Return what was chosen for the inspection's inspector, else for everybody else, else ""."""
    by_inspector = dict(chosen)
    return by_inspector.get(one_line(inspection.inspector_name), by_inspector.get("", ""))


def invoice_day(inspection: Inspection, settings: BookSettings) -> date:
    """Return the day that the inspection's Invoice is dated with (decision 3), in the company's time zone."""
    moments = {
        "inspection": inspection.starts_at,
        "confirmed": inspection.confirmed_at or inspection.starts_at,
        "created": inspection.created_at,
    }
    return local_day(moments[settings.invoice_date], settings.time_zone)


def _address(inspection: Inspection) -> str:
    place = inspection.address
    region = " ".join(part for part in (place.state, place.postal_code) if part.strip())
    parts = (place.line1, place.line2, place.city, region)
    return one_line(place.full) or one_line(", ".join(part for part in parts if part.strip()))


def _net(payment: PaymentReceived) -> Decimal:
    return ZERO if payment.voided_at else payment.amount - payment.refunded_amount


def _payments(
    inspection: Inspection, settings: BookSettings, client_key: str, invoice: DesiredInvoice
) -> tuple[DesiredPayment, ...]:
    """Return a Payment for each one that is still money, in the order received, while the Invoice is open for it."""
    payments = []
    still_open = invoice.total
    for received in sorted(inspection.payments, key=lambda payment: (payment.received_at, payment.key)):
        amount = _net(received)
        if amount <= 0:
            continue
        applied = min(amount, still_open)
        still_open -= applied
        reference = f"Reference: {received.reference}" if received.reference else ""
        refund = f"Received {dollars(received.amount)}, refunded {dollars(received.refunded_amount)}"
        payments.append(
            DesiredPayment(
                source_key=received.key,
                txn_date=local_day(received.received_at, settings.time_zone),
                client_key=client_key,
                amount=amount,
                applied=applied,
                method=method_named(received, settings),
                reference=payment_reference(received.reference),
                private_note=note(
                    mark("payment", received.key),
                    f"Payment for {invoice.doc_number}",
                    reference,
                    refund if received.refunded_amount else "",
                ),
                deposit_account_id=settings.deposit_account_id,
            )
        )
    return tuple(payments)


def method_named(received: PaymentReceived, settings: BookSettings) -> str:
    """Return the name of the PaymentMethod that a payment came by, "" for none."""
    method = dict(settings.method_names).get(received.method) or _METHOD_NAMES[received.method]
    return cut(one_line(method), METHOD_NAME_LIMIT)


def _email_flags(client: Client) -> tuple[Flag, ...]:
    if not client.email.strip() or ",".join(emails(client.email)) == email_field(client.email) != "":
        return ()
    return (
        Flag(
            "email-left-out",
            f"{one_line(client.email)[:120]} is not an email address that QuickBooks takes.",
        ),
    )


def _money_flags(
    inspection: Inspection, invoice: DesiredInvoice, payments: tuple[DesiredPayment, ...]
) -> list[Flag]:
    """Return what a person should look at: refunds and refund lines that do not meet, and money above the Invoice.

    A payment that was refunded wholly has no document, so it needs no negative line, but it may have one.
    """
    flags = []
    standing = [payment for payment in inspection.payments if not payment.voided_at]
    partial = sum((p.refunded_amount for p in standing if p.refunded_amount < p.amount), ZERO)
    refunded = sum((p.refunded_amount for p in standing), ZERO)
    lines = -sum(
        (line.amount for line in inspection.lines if line.kind in ("service", "fee") and line.amount < 0),
        ZERO,
    )
    received = sum((payment.amount for payment in payments), ZERO)
    if lines < partial:
        detail = (
            f"{dollars(partial)} was refunded in part, but the negative fee lines come to {dollars(lines)}."
        )
        flags.append(Flag("refund-without-line", detail))
    if standing and lines > refunded:
        detail = f"Negative fee lines come to {dollars(lines)}, but {dollars(refunded)} was refunded."
        flags.append(Flag("line-without-refund", detail))
    if received > invoice.total:
        detail = f"{dollars(received)} was received for an Invoice of {dollars(invoice.total)}; the rest stays unapplied."
        flags.append(Flag("overpaid", detail))
    return flags


def fingerprint_of(document: Any, **links: str) -> str:
    """Return the SHA-256 of everything a document says in QuickBooks, `links` included."""
    content = _without_unused(asdict(document))
    content.pop("client_key", None)  # The Customer's QuickBooks id stands for it.
    canonical = json.dumps({**content, **links}, sort_keys=True, default=_canonical)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_unused(content: Any) -> Any:
    """Leave out choices that were not made, so that a choice nobody uses changes no fingerprint; an Item is told by its name."""
    if isinstance(content, dict):
        kept = {
            name: value
            for name, value in content.items()
            if name != "item_id" and (value or name not in _CHOICES)
        }
        return {name: _without_unused(value) for name, value in kept.items()}
    return [_without_unused(part) for part in content] if isinstance(content, (list, tuple)) else content


def _canonical(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else value.isoformat()
