"""The checker's words: what a company has chosen, what a document says, and what can be wrong. Plain values; nothing is computed here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal("0.00")
KINDS = {
    "missing": "a document that should be there is not, and never was",
    "deleted though kept": "a document that should be there was deleted by us",
    "kept though deleted": "a document of ours stands that should not",
    "doubled": "a document is there twice",
    "wrong cents": "a total, a line or a payment has another amount",
    "wrong date": "a document has another day",
    "wrong customer": "a document is on another Customer",
    "wrong item": "a line is on another Item, or lines are others",
    "wrong class": "a Class or Location is another than was chosen",
    "wrong words": "a number, reference, method, account or email is another",
    "unapplied": "what should be applied to the Invoice is not, or too much is",
    "orphaned": "a Payment or refund of ours without the Invoice it belongs to",
    "foreign": "a document that looks like nothing of ours and that no person made",
    "foreign touched": "an object of others was changed or deleted by us",
    "unknown effect": "a document that we made is not on our record: a stale worker's write, or a lost answer",
    "two at once": "at some moment two Invoices of one inspection stood",
    "receipt too soon": "a SalesReceipt was deleted before its replacement was read back",
    "across companies": "a document for an inspection of another company",
    "work lost": "what a person put on a document of ours is gone",
    "limits": "more was asked of QuickBooks than its limits allow",
    "excuse without cause": "an exception waits whose cause is not to be seen in the books",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: its kind (a key of KINDS), the inspection or document it is about, and what exactly."""

    kind: str
    about: str
    detail: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of finding")

    def __str__(self) -> str:
        return f"{self.kind}: {self.about} {self.detail}".rstrip()


@dataclass(frozen=True)
class Options:
    """How one company keeps its books; the defaults are the product's.

    `start` is the sync start date, None books nothing. `cutoff` (aware) takes its place in a company that migrates; `sides` are the
    inspections that a migration froze (*new*, *old*), `receipts` those whose SalesReceipt stands. `earlier`: the options that the
    Invoice of an inspection keeps from before a change "from now on". `theirs`: payments received for which somebody said that a Payment
    entered by hand stands (decision 18). Names are QuickBooks' names.
    """

    time_zone: str
    start: date | None = None
    cutoff: datetime | None = None
    sides: Mapping[str, str] = field(default_factory=dict)
    receipts: frozenset[str] = frozenset()
    invoice_day: str = "inspection"
    due_days: int = 0
    one_item: str = ""
    items: Mapping[str, str] = field(default_factory=dict)
    discount_item: str = "Discount"
    tax_item: str = "Sales tax collected"
    methods: Mapping[str, str] = field(default_factory=dict)
    deposit_to: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    theirs: frozenset[str] = frozenset()
    earlier: Mapping[str, "Options"] = field(default_factory=dict)


@dataclass(frozen=True)
class PaymentFacts:
    """What a Payment says. `applied` goes to its Invoice, `unapplied` is what is left."""

    key: str
    day: str
    amount: Decimal
    applied: Decimal
    unapplied: Decimal
    method: str
    reference: str
    customer: str
    account: str = ""


@dataclass(frozen=True)
class LineFacts:
    """One line of an Invoice."""

    item: str
    description: str
    amount: Decimal
    klass: str = ""


@dataclass(frozen=True)
class InvoiceFacts:
    """What an Invoice says, with the Payments that should be there for its inspection."""

    key: str
    number: str
    day: str
    due: str
    customer: str
    email: str
    lines: tuple[LineFacts, ...]
    total: Decimal
    balance: Decimal
    payments: tuple[PaymentFacts, ...] = ()
    location: str = ""


@dataclass(frozen=True)
class Wanted:
    """What one inspection should have: an Invoice, or None with the reason why not."""

    key: str
    invoice: InvoiceFacts | None
    reason: str = ""
