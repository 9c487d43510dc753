"""The migration's decisions: what replaces a SalesReceipt, what stands in the way, and the manifest that a confirmation binds to.

Sums by month are in `forecast`; the cutoff and its calendar in `cutoff`. Nothing here reads or writes anything.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from bookkeeping.errors import RuleError
from bookkeeping.rules.cutoff import Side
from bookkeeping.rules.documents import DesiredDocuments, Flag, desired_documents
from bookkeeping.rules.eligibility import eligibility
from bookkeeping.rules.inspection import BookSettings, Inspection
from bookkeeping.rules.local_time import say_day
from bookkeeping.rules.money import ZERO, dollars

Place = Literal["change", "stay", "blocked"]


@dataclass(frozen=True)
class Recorded:
    """A SalesReceipt as the records of the earlier integration name it."""

    receipt_id: str
    inspection_key: str
    amount: Decimal


@dataclass(frozen=True)
class Part:
    """One line of money of a document, US dollars: an `item` by its id (or the `name` under which it will be found or made), a `discount`
    by its account's id, or a `tax` line by its rate's id; discounts are below zero."""

    kind: Literal["item", "discount", "tax"]
    ref: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Receipt:
    """A SalesReceipt as QuickBooks has it. `content_hash` covers what a person can change, not tokens, times or links.

    `edits` is how often it was changed since it was made; being put into a deposit or taken out is no change. `tax` is QuickBooks' own sales tax,
    which is no income. `deposit_id` is the Deposit that holds it, or empty.
    """

    receipt_id: str
    content_hash: str
    doc_number: str
    txn_date: date
    total: Decimal
    tax: Decimal
    customer_id: str
    customer_name: str
    account_id: str
    account_name: str
    sync_token: str
    edits: int = 0
    deposit_id: str = ""
    voided: bool = False
    tags: str = ""  # Its class and location, as people read them.
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True)
class CustomerFound:
    """Which Customer the documents go to: an id, `ask` (a person must say), or neither (a new one is made)."""

    customer_id: str = ""
    name: str = ""
    ask: bool = False
    because: str = ""


@dataclass(frozen=True)
class Replacement:
    """What takes a receipt's place, as money: the Invoice, and each Payment as (key, day, amount, applied)."""

    doc_number: str
    txn_date: date
    total: Decimal
    payments: tuple[tuple[str, date, Decimal, Decimal], ...]
    parts: tuple[Part, ...] = ()

    @property
    def open(self) -> Decimal:
        """What the Invoice will still have open."""
        return self.total - sum((applied for _, _, _, applied in self.payments), ZERO)


@dataclass(frozen=True)
class Entry:
    """One receipt in the manifest: where it stands, what replaces it, what is in the way (`blockers`), what to look at (`notes`)."""

    recorded: Recorded
    side: Side | None
    starts_at: datetime | None
    receipt: Receipt | None = None
    replacement: Replacement | None = None
    customer: CustomerFound = field(default_factory=CustomerFound)
    blockers: tuple[Flag, ...] = ()
    notes: tuple[Flag, ...] = ()

    @property
    def place(self) -> Place:
        """Whether it changes, stays because it lies before the cutoff, or cannot change yet."""
        if self.side == "old":
            return "stay"
        return "blocked" if self.blockers else "change"


@dataclass(frozen=True)
class Around:
    """What surrounds one receipt when it is judged.

    `known_hash`: the content found unchanged, or accepted by the owner, before. `twins`: other receipts of the inspection that
    stand in QuickBooks. `has_documents`: an Invoice or Payment of ours stands for the inspection already.
    """

    settings: BookSettings
    close_date: date | None = None
    known_hash: str = ""
    twins: int = 0
    has_documents: bool = False
    customer: CustomerFound = field(default_factory=CustomerFound)


def judge(
    recorded: Recorded,
    inspection: Inspection | None,
    side: Side | None,
    receipt: Receipt | None,
    around: Around,
) -> Entry:
    """Return the manifest's entry for one receipt. `around.settings` carries the migration's cutoff.

    A receipt before the cutoff stays whatever is the matter with it. On the other side every reason that speaks against replacing
    it is listed, the first one first to be settled.

    Source: bookkeeping decisions 11 to 16.
    """
    entry = Entry(
        recorded, side, inspection.starts_at if inspection else None, receipt, customer=around.customer
    )
    if side == "old":
        return entry
    if receipt is None:
        return _with(entry, [Flag("receipt-missing")])
    if inspection is None or side is None:
        return _with(entry, [Flag("receipt-without-inspection")])
    desired, problem = _desired(inspection, around.settings)
    replacement = replacement_of(desired) if desired else None
    blockers = [*_of_receipt(recorded, receipt, around), *([problem] if problem else [])]
    notes: list[Flag] = []
    if desired and replacement:
        blockers += _of_money(recorded, receipt, replacement)
        notes = [*_notes(receipt, replacement, around.customer), *desired.flags]
    blockers += _closed(receipt, replacement, around.close_date)
    if around.customer.ask and desired:
        blockers.append(Flag("customer-to-confirm", around.customer.because))
    return _with(entry, blockers, notes, replacement)


def replacement_of(desired: DesiredDocuments) -> Replacement:
    """Return the money of an inspection's documents."""
    invoice = desired.invoice
    if invoice is None:
        raise ValueError("Documents without an Invoice replace nothing.")
    payments = tuple((one.source_key, one.txn_date, one.amount, one.applied) for one in desired.payments)
    parts = tuple(Part("item", line.item_id, line.item, line.amount) for line in invoice.lines)
    return Replacement(invoice.doc_number, invoice.txn_date, invoice.total, payments, parts)


def sha256_of(manifest: str) -> str:
    """Return the fingerprint of a manifest's text."""
    return hashlib.sha256(manifest.encode()).hexdigest()


def manifest_text(facts: dict[str, Any], entries: Iterable[Entry], others: Iterable[dict[str, Any]]) -> str:
    """Return the manifest: canonical JSON, the same text for the same facts. `others` are inspections without a receipt."""
    content = {
        **facts,
        "receipts": [entry_facts(entry) for entry in entries],
        "without_receipt": list(others),
    }
    return json.dumps(_plain(content), sort_keys=True, ensure_ascii=True, indent=1) + "\n"


def entry_facts(entry: Entry) -> dict[str, Any]:
    """Return one entry as the manifest writes it."""
    receipt, replacement = entry.receipt, entry.replacement
    return {
        "receipt_id": entry.recorded.receipt_id,
        "inspection_id": entry.recorded.inspection_key,
        "recorded_amount": entry.recorded.amount,
        "starts_at": entry.starts_at,
        "side": entry.side,
        "place": entry.place,
        "receipt": receipt
        and {
            "number": receipt.doc_number,
            "date": receipt.txn_date,
            "total": receipt.total,
            "sales_tax": receipt.tax,
            "customer_id": receipt.customer_id,
            "deposit_to": receipt.account_id,
            "content": receipt.content_hash,
        },
        "invoice": replacement
        and {"number": replacement.doc_number, "date": replacement.txn_date, "total": replacement.total},
        "payments": [
            {"payment_id": key, "date": day, "amount": amount, "applied": applied}
            for key, day, amount, applied in (replacement.payments if replacement else ())
        ],
        "customer_id": entry.customer.customer_id,
        "blockers": [[flag.code, flag.detail] for flag in entry.blockers],
        "notes": [[flag.code, flag.detail] for flag in entry.notes],
    }


def _with(
    entry: Entry, blockers: list[Flag], notes: Iterable[Flag] = (), replacement: Replacement | None = None
) -> Entry:
    return Entry(
        entry.recorded,
        entry.side,
        entry.starts_at,
        entry.receipt,
        replacement,
        entry.customer,
        tuple(dict.fromkeys(blockers)),
        tuple(dict.fromkeys(notes)),
    )


def _desired(inspection: Inspection, settings: BookSettings) -> tuple[DesiredDocuments | None, Flag | None]:
    """Return the documents that the inspection should have, or why it should have none."""
    answer = eligibility(inspection, settings, has_receipt=True, migrating=True, side="new")
    if not answer.in_books:
        return None, Flag("receipt-not-needed", answer.sentence)
    try:
        return desired_documents(inspection, settings), None
    except RuleError as error:
        return None, Flag(error.code, error.detail)


def _of_receipt(recorded: Recorded, receipt: Receipt, around: Around) -> list[Flag]:
    """Return what is the matter with the receipt itself."""
    found = []
    if around.has_documents:
        found.append(Flag("already-replaced"))
    if around.twins:
        found.append(
            Flag(
                "receipt-twice",
                f"{around.twins + 1} SalesReceipts stand for inspection {recorded.inspection_key}.",
            )
        )
    if receipt.deposit_id:
        found.append(Flag("receipt-deposited", f"It is part of Deposit {receipt.deposit_id}."))
    if receipt.voided:
        found.append(Flag("receipt-changed", "It was voided."))
    elif receipt.edits > 0 and receipt.content_hash != around.known_hash:
        found.append(Flag("receipt-changed", ""))
    return found


def _of_money(recorded: Recorded, receipt: Receipt, replacement: Replacement) -> list[Flag]:
    if recorded.amount == receipt.total == replacement.total:
        return []
    detail = (
        f"The SalesReceipt comes to {dollars(receipt.total)}, our record of it to {dollars(recorded.amount)}, "
        f"the inspection to {dollars(replacement.total)}."
    )
    return [Flag("amounts-differ", detail)]


def _closed(receipt: Receipt, replacement: Replacement | None, close_date: date | None) -> list[Flag]:
    if close_date is None:
        return []
    days = [receipt.txn_date]
    if replacement:
        days += [replacement.txn_date, *(day for _, day, _, _ in replacement.payments)]
    if min(days) > close_date:
        return []
    return [
        Flag(
            "receipt-closed",
            f"The books are closed through {say_day(close_date)}; one date is {say_day(min(days))}.",
        )
    ]


def _notes(receipt: Receipt, replacement: Replacement, customer: CustomerFound) -> list[Flag]:
    """Return what changes although the amounts agree: for a person to look at before confirming."""
    notes = []
    if replacement.txn_date != receipt.txn_date:
        detail = f"{say_day(receipt.txn_date)} on the SalesReceipt, {say_day(replacement.txn_date)} on the Invoice."
        notes.append(Flag("date-moves", detail))
    if replacement.open > 0:
        notes.append(Flag("stays-open", f"{dollars(replacement.open)} of the Invoice will be open."))
    if any(day != receipt.txn_date for _, day, _, _ in replacement.payments):
        days = ", ".join(say_day(day) for _, day, _, _ in replacement.payments)
        notes.append(
            Flag("payment-date-moves", f"Received {days}; the SalesReceipt says {say_day(receipt.txn_date)}.")
        )
    if receipt.tags:
        notes.append(Flag("tags-move", f"The SalesReceipt carries {receipt.tags}."))
    if customer.customer_id and customer.customer_id != receipt.customer_id:
        notes.append(
            Flag(
                "customer-moves",
                f"{receipt.customer_name or 'Nobody'} on the SalesReceipt, {customer.name} from now on.",
            )
        )
    return notes


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return f"{value:.2f}" if isinstance(value, Decimal) else value
