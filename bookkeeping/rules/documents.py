"""The documents an inspection should have in the books: their exact content, in neutral words."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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
    """One sales line: Qty 1, UnitPrice = Amount. `item` is the Item's name; negative for discounts and refund fees."""

    item: str
    description: str
    amount: Decimal


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
