"""What QuickBooks is known to refuse, write by write: closed books, a Deposit, an inactive Customer, and what it refused just now.

Which documents wait because of it, and what goes on around them, is `planning`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bookkeeping.errors import BookkeepingError
from bookkeeping.rules.actions import (
    AnyAction,
    Create,
    CreateInvoice,
    CreatePayment,
    CreateRefundReceipt,
    Place,
    Update,
)
from bookkeeping.rules.listed import Entry, chosen_in, made_inactive
from bookkeeping.rules.local_time import say_day
from bookkeeping.rules.planning import Hindrance


@dataclass(frozen=True)
class Standing:
    """What our records know of a document that stands: its date, the Deposit it lies in ("" for none), and how it is called."""

    name: str
    amount: Decimal
    txn_date: date
    deposit_id: str = ""


@dataclass
class Hindrances:
    """What is in the way of one inspection's writes; called with a write, it says why that must not be made now.

    `standing` is by (kind, QuickBooks id). `customer`: what has to be settled about its Customer first. `inactive`: the names of the
    entries of QuickBooks' lists that are known to be inactive.
    `refused`: what met a refusal in this slice, and is not sent again in it.

    Source: bookkeeping decision 9 ("What must fail is not sent, and only the document waits").
    """

    closed_through: date | None = None
    standing: Mapping[Place, Standing] = field(default_factory=dict)
    customer: Hindrance | None = None
    inactive: Mapping[Entry, str] = field(default_factory=dict)
    refused: dict[Place, Hindrance] = field(default_factory=dict)

    def __call__(self, action: AnyAction) -> Hindrance | None:
        """Return why this write must not be made now, or None."""
        there = self.known(action)
        if action.place in self.refused:
            return self.refused[action.place]
        if there is not None and there.deposit_id:
            return Hindrance("deposited", f"It is part of Deposit {there.deposit_id}.")
        closed = self._closed(action, there)
        if closed is not None:
            return closed
        return (self.customer or self._inactive(action)) if action.verb != "delete" else None

    def refuse(self, action: AnyAction, error: BookkeepingError, waits_for: str = "") -> None:
        """Keep this document from being written again in this slice."""
        self.refused[action.place] = Hindrance(error.code, error.detail, waits_for or error.waits_for)

    def known(self, action: AnyAction) -> Standing | None:
        """Return what stands of the document that the write changes; None when it makes one."""
        if isinstance(action, Create):
            return None
        return self.standing.get((action.known.kind, action.known.qbo_id))

    def _inactive(self, action: AnyAction) -> Hindrance | None:
        for entry in chosen_in(getattr(action, "desired", None)):
            if entry in self.inactive:
                error = made_inactive(entry, self.inactive[entry])
                return Hindrance(error.code, error.detail, error.waits_for)
        return None

    def _closed(self, action: AnyAction, there: Standing | None) -> Hindrance | None:
        days = [there.txn_date] if there is not None else []
        if isinstance(action, Create | Update):
            days.append(action.desired.txn_date)
        closes = self.closed_through
        if closes is None or not any(day <= closes for day in days):
            return None
        return Hindrance("closed-books", f"The books are closed through {say_day(closes)}.")


def describe(action: AnyAction, there: Standing | None) -> tuple[str, Decimal, date]:
    """Return (name, US dollars, date) of the document that a write is about, as it stands or as it would be made.

    Raises:
        LookupError: the write changes a document that is not on record.
    """
    if there is not None:
        return there.name, there.amount, there.txn_date
    if isinstance(action, CreateInvoice):
        return f"Invoice {action.desired.doc_number}", action.desired.total, action.desired.txn_date
    if isinstance(action, CreatePayment):
        name = f"Payment {action.desired.reference}".rstrip()
        return name, action.desired.amount, action.desired.txn_date
    if isinstance(action, CreateRefundReceipt):
        return f"RefundReceipt {action.desired.doc_number}", action.desired.amount, action.desired.txn_date
    raise LookupError(f"{action.known.kind} {action.known.qbo_id} is not on record.")
