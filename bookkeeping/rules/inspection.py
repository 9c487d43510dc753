"""The neutral Inspection that every rule speaks of, and the company's bookkeeping settings.

Platform names stay in `inspection_source`, QuickBooks names in `quickbooks_gateway`. `to_record` and `from_record` give the
plain dict in which an inspection is stored; equal records mean equal inspections (the content hash is made from them).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

LineKind = Literal["service", "fee", "discount", "tax"]
PaymentMethod = Literal["card", "ach", "check", "cash", "other"]
InvoiceDate = Literal["inspection", "confirmed", "created"]


@dataclass(frozen=True)
class Client:
    """The buyer. `key` is the platform's id of the contact."""

    key: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    mobile_phone: str = ""

    @property
    def name(self) -> str:
        """First and last name as one, single spaced; may be empty."""
        return " ".join(f"{self.first_name} {self.last_name}".split())


@dataclass(frozen=True)
class FeeLine:
    """One line of the inspection's fees. `amount` is US dollars to the cent, negative for a discount or manual refund."""

    key: str
    kind: LineKind
    name: str
    amount: Decimal
    service_id: str | None = None
    position: int = 0


@dataclass(frozen=True)
class PaymentReceived:
    """Money that the platform says the company received; `received_at` is aware UTC."""

    key: str
    amount: Decimal
    method: PaymentMethod
    received_at: datetime
    reference: str | None = None
    refunded_amount: Decimal = Decimal("0.00")
    voided_at: datetime | None = None


@dataclass(frozen=True)
class Address:
    """Where the inspected property is."""

    full: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True)
class Inspection:
    """One inspection as the platform tells it. All times are aware UTC. Lines and payments are in the platform's order.

    `number` is a short one for people, where the source names one: an inspection keeps that with which it was first read.
    """

    key: str
    starts_at: datetime
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None = None
    canceled_at: datetime | None = None
    cancel_reason: str = ""
    deleted_at: datetime | None = None
    published_at: datetime | None = None
    address: Address = field(default_factory=Address)
    inspector_name: str = ""
    slug: str = ""
    client: Client | None = None
    lines: tuple[FeeLine, ...] = ()
    payments: tuple[PaymentReceived, ...] = ()
    number: str = ""

    @property
    def known_as(self) -> str:
        """What its documents are numbered by: its number for people, else its id."""
        return self.number or self.key

    @property
    def total(self) -> Decimal:
        """The sum of all lines, US dollars."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def gave_back(self) -> bool:
        """Whether anything was refunded of its payments."""
        return any(payment.refunded_amount for payment in self.payments)

    def to_record(self) -> dict[str, Any]:
        """Return the plain JSON-ready dict that `from_record` reads; `updated_at` is part of it."""
        record: dict[str, Any] = _plain(asdict(self))
        if not self.number:
            del record[
                "number"
            ]  # Most sources name none: their records, and hashes, are as they always were.
        return record

    def content_hash(self) -> str:
        """SHA-256 over everything but `updated_at`: equal hashes mean that nothing we book from has changed."""
        record = {name: value for name, value in self.to_record().items() if name != "updated_at"}
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Inspection":
        """Return the inspection that `to_record` wrote."""
        times: dict[str, Any] = {name: _time(record[name]) for name in _TIMES}
        return cls(
            **{name: record[name] for name in ("key", "cancel_reason", "inspector_name", "slug")},
            **times,
            address=Address(**record["address"]),
            client=Client(**record["client"]) if record["client"] else None,
            lines=tuple(FeeLine(**{**line, "amount": Decimal(line["amount"])}) for line in record["lines"]),
            payments=tuple(_payment(payment) for payment in record["payments"]),
            number=record.get("number", ""),
        )


@dataclass(frozen=True)
class BookSettings:
    """How one company wants its books kept: everything the rules need to know beside the inspection.

    `start_date` is the first scheduled day that is booked, cut in `time_zone` (an IANA name); None books nothing.
    `cutoff` (aware UTC) takes its place for a company that migrates: on or after it is booked (decision 1).
    Mappings are pairs chosen by the bookkeeper; a name that is not in them has the default. Classes and locations are QuickBooks ids
    by inspector, under "" for everybody else; `class_on` says whether a class stands on each line or on the Invoice as a whole.
    """

    time_zone: str
    start_date: date | None
    cutoff: datetime | None = None
    invoice_date: InvoiceDate = "inspection"
    due_days: int = 0
    one_item: str | None = None  # Name of the one Item for all income, or None for an Item per service name.
    item_names: tuple[tuple[str, str], ...] = ()  # (line name, name of the mapped Item), for remapped names.
    item_ids: tuple[tuple[str, str], ...] = ()  # (Item name, QuickBooks id), for Items chosen from the list.
    discount_item: str = "Discount"
    tax_item: str = "Sales tax collected"
    method_names: tuple[tuple[str, str], ...] = ()  # (platform method, PaymentMethod name).
    deposit_account_id: str = ""  # Where Payments go; empty for Undeposited Funds.
    refunds: Literal["book", "wait"] = (
        "book"  # What is given back after the deposit: booked, or left to a person.
    )
    refund_account_id: str = ""  # Where it is given back from; empty for where the money was deposited.
    classes: tuple[tuple[str, str], ...] = ()  # (inspector, Class id)
    class_on: Literal["line", "invoice"] = "line"
    locations: tuple[tuple[str, str], ...] = ()  # (inspector, Department id)


_TIMES = (
    "starts_at",
    "created_at",
    "updated_at",
    "confirmed_at",
    "canceled_at",
    "deleted_at",
    "published_at",
)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _payment(record: dict[str, Any]) -> PaymentReceived:
    money = {name: Decimal(record[name]) for name in ("amount", "refunded_amount")}
    times = {name: _time(record[name]) for name in ("received_at", "voided_at")}
    return PaymentReceived(**{**record, **money, **times})
