"""What is in the way of a write: closed books, a Deposit, an inactive Customer, a refusal of just now, and money that may be there already.

Which documents wait because of it, and what goes on around them, is `planning`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from bookkeeping.errors import BookkeepingError
from bookkeeping.rules.actions import (
    AnyAction,
    Create,
    CreateInvoice,
    CreatePayment,
    CreateRefundReceipt,
    DeletePayment,
    Place,
    Update,
    UpdatePayment,
)
from bookkeeping.rules.deposited import AfterDeposit, Wait
from bookkeeping.rules.documents import DesiredDocuments, DesiredPayment, DesiredRefund, desired_documents
from bookkeeping.rules.inspection import BookSettings, Inspection
from bookkeeping.rules.listed import Entry, chosen_in, made_inactive
from bookkeeping.rules.local_time import say_day
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.planning import Hindrance
from bookkeeping.rules.references import refund_key
from bookkeeping.rules.refunds import RefundSeen, TakenOff, as_if_kept, taken_off


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
    entries of QuickBooks' lists that are known to be inactive. `questions`: what a person is asked about a payment received, by its
    key, before it is booked; `taking_off`: about a refund of it, before that is taken off its Payment. `refused`: what met a refusal in this slice, and is not sent again in it.

    Source: bookkeeping decision 9 ("What must fail is not sent, and only the document waits").
    """

    closed_through: date | None = None
    standing: Mapping[Place, Standing] = field(default_factory=dict)
    customer: Hindrance | None = None
    inactive: Mapping[Entry, str] = field(default_factory=dict)
    questions: Mapping[str, Hindrance] = field(default_factory=dict)
    taking_off: Mapping[str, Hindrance] = field(default_factory=dict)
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
        asked = self._asked(action)
        if asked is not None:
            return asked
        return (self.customer or self._inactive(action)) if action.verb != "delete" else None

    def refuse(self, action: AnyAction, error: BookkeepingError, waits_for: str = "") -> None:
        """Keep this document from being written again in this slice."""
        self.refused[action.place] = Hindrance(error.code, error.detail, waits_for or error.waits_for)

    def known(self, action: AnyAction) -> Standing | None:
        """Return what stands of the document that the write changes; None when it makes one."""
        if isinstance(action, Create):
            return None
        return self.standing.get((action.known.kind, action.known.qbo_id))

    def _asked(self, action: AnyAction) -> Hindrance | None:
        if isinstance(action, CreatePayment):
            return self.questions.get(action.desired.source_key)
        if isinstance(action, UpdatePayment | DeletePayment):
            return self.taking_off.get(action.known.source_key)
        return None

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


NEAR = timedelta(days=10)
"""How far apart two Payments, or RefundReceipts, of one amount may be dated and still be one."""


@dataclass(frozen=True)
class Others:
    """A Payment on one of our Invoices, or a RefundReceipt to a Customer of ours, that is not ours. Amounts are US dollars; `applied` of
    `total` pays that Invoice.

    `stands_for`: the payment received, or the refund, that it is, as a person said. `not_same_as`: those that it is not.
    """

    qbo_id: str
    txn_date: date
    total: Decimal
    applied: Decimal
    reference: str = ""
    stands_for: str = ""
    not_same_as: frozenset[str] = frozenset()
    kind: Literal["Payment", "RefundReceipt"] = "Payment"


Ours = DesiredPayment | DesiredRefund | TakenOff
"""What of ours somebody else may have entered already."""


def may_be_same(payment: Ours, other: Others) -> bool:
    """Return whether the two have the same amount, whole or on the Invoice, within ten days. A credit has no amount of its own."""
    near = abs(payment.txn_date - other.txn_date) <= NEAR
    return near and other.total > 0 and payment.amount in (other.total, other.applied)


def questions(payments: Iterable[Ours], others: Iterable[Others], booked: Iterable[str]) -> dict[str, Others]:
    """Return which Payment each payment received (or RefundReceipt each refund) may be the same as, by its key.

    What is `booked` already asks nothing.

    Each Payment is asked about once: two payments of one amount beside one Payment are one question, the earlier one's.

    Source: bookkeeping decision 18 ("Money that is already there").
    """
    free, standing = [one for one in others if not one.stands_for], set(booked)
    found = {}
    for payment in payments:
        key = payment.source_key
        like = [one for one in free if key not in one.not_same_as and may_be_same(payment, one)]
        if key not in standing and like:
            found[key] = min(like, key=lambda one: (abs(payment.txn_date - one.txn_date), int(one.qbo_id)))
            free.remove(found[key])
    return found


def question(other: Others) -> Hindrance:
    """Return the question as what the Payment waits for."""
    name = f"{other.kind} {other.reference}".rstrip()
    where = "on this Invoice" if other.kind == "Payment" else "to this Customer"
    detail = f"QuickBooks has {name} of {dollars(other.total)} {where}, entered on {say_day(other.txn_date)}."
    return Hindrance("same-money", detail)


def theirs_differ(inspection: Inspection, payments: Iterable[Others], refunds: Iterable[Others]) -> list[str]:
    """Return, in sentences, where a Payment that a person took for a payment received comes to another amount than the platform says now.

    What was given back of it may stand in the books as `refunds`, RefundReceipts to the same Customer that were entered by hand.

    Source: bookkeeping decision 18.
    """
    received = {one.key: one for one in inspection.payments if not one.voided_at}
    by_hand = [one.total for one in refunds if not one.stands_for]
    found = []
    for other in (one for one in payments if one.stands_for):
        payment = received.get(other.stands_for)
        left = payment.amount - payment.refunded_amount if payment is not None else ZERO
        given = {ZERO, *by_hand, sum(by_hand, ZERO)} if payment and payment.refunded_amount else {ZERO}
        if given & {other.total - left, other.applied - left}:
            continue
        said = f"{dollars(left)} was received" if payment is not None else "nothing was received"
        if payment is not None and payment.refunded_amount:
            said = f"{dollars(payment.refunded_amount)} of it was given back"
        name = f"Payment {other.reference}".rstrip()
        found.append(
            f"{name} of {dollars(other.total)} is used for a payment, but the inspection says that {said}."
        )
    return found


@dataclass(frozen=True)
class BesideTakenOff:
    """The inspection, and what it alone asks for (`told`), without the refunds that are not taken off their Payments; all that may be; and,
    by payment, what keeps it from being written: a question, or that theirs says another amount.
    """

    inspection: Inspection
    told: DesiredDocuments
    taken_off: tuple[TakenOff, ...]
    waits: Mapping[str, Hindrance]


def beside_taken_off(
    inspection: Inspection,
    settings: BookSettings,
    told: DesiredDocuments,
    seen: Sequence[RefundSeen],
    booked: Mapping[str, Decimal | None],
    others: Sequence[Others],
    *,
    written: Iterable[tuple[str, Decimal]] = (),
    in_books: bool,
) -> BesideTakenOff:
    """Return what an inspection asks for beside RefundReceipts that are not ours, as far as its refunds are taken off Payments.

    `booked` is what each such Payment is in the books, None for one that is not made yet; `written` the negative lines of the Invoice as it was
    last written, (description, amount). A refund for which a person took one of theirs is not taken off; nor, until there is an answer,
    one that may be the same.

    Source: bookkeeping decisions 4 and 19.
    """
    used = {one.stands_for for one in others} - {""}
    refunds = taken_off(inspection, seen, booked, used, settings.time_zone)
    like = questions([one for one in refunds if not one.done], others, ())
    payments = {one.source_key: one.payment_key for one in refunds if one.source_key in like}
    waits = {payment: question(like[key]) for key, payment in payments.items()}
    waits |= differing(inspection, seen, others)
    apart = used | set(payments)
    kept = [
        one
        for one in seen
        if one.amount and one.payment_key in booked and refund_key(inspection.key, one.number) in apart
    ]
    if kept and in_books:
        whole = as_if_kept(inspection, kept)
        stand_whole = all(
            (booked.get(one.key, one.amount) or ZERO) >= one.amount - one.refunded_amount
            for one in whole.payments
            if not one.voided_at
        )
        inspection = as_if_kept(inspection, kept, written) if stand_whole else whole
        told = _in_the_same_accounts(desired_documents(inspection, settings), told)
    return BesideTakenOff(inspection, told, refunds, waits)


def _in_the_same_accounts(desired: DesiredDocuments, told: DesiredDocuments) -> DesiredDocuments:
    """Return the documents with their Payments going where those that were told go (see `listed.into_todays_account`)."""
    accounts = {one.source_key: one.deposit_account_id for one in told.payments}
    payments = tuple(
        replace(one, deposit_account_id=accounts.get(one.source_key, one.deposit_account_id))
        for one in desired.payments
    )
    return replace(desired, payments=payments)


def differing(
    inspection: Inspection, seen: Iterable[RefundSeen], others: Iterable[Others]
) -> dict[str, Hindrance]:
    """Return by payment where the RefundReceipt that a person took for a refund of it gives back another amount than the platform says.

    A payment that was voided, or that the platform no longer has, was not given back.

    Source: bookkeeping decision 19.
    """
    received = {one.key for one in inspection.payments if not one.voided_at}
    taken = {one.stands_for: one for one in others if one.stands_for}
    found = {}
    for step in seen:
        other = taken.get(refund_key(inspection.key, step.number))
        amount = step.amount if step.payment_key in received else ZERO
        if other is not None and other.total != amount:
            name = f"{other.kind} {other.reference}".rstrip()
            says = f"{dollars(amount)} was given back" if amount else "nothing of it was given back"
            detail = f"{name} of {dollars(other.total)} is used for a refund of it, but the inspection says that {says}."
            found[step.payment_key] = Hindrance("refund-differs", detail)
    return found


def beside_others(
    settled: AfterDeposit,
    others: Sequence[Others],
    booked: Iterable[str],
    paying: Mapping[str, Hindrance] = MappingProxyType({}),
) -> AfterDeposit:
    """Return what it should have beside RefundReceipts that are not ours, to the same Customer.

    A refund for which a person took one is not ours to book. One that may be the same waits for the answer, whatever else it waits for:
    who enters refunds by hand has answered then. `paying`: what payments wait for because of theirs.

    Source: bookkeeping decisions 18 and 19.
    """
    taken = {one.stands_for for one in others} - {""}
    refunds = tuple(one for one in settled.refunds if one.source_key not in taken)
    asked = questions(refunds, others, booked)
    answers = {("RefundReceipt", key) for key in (*taken, *asked)}
    waits = [wait for wait in settled.waits if wait.place not in answers]
    for key, other in asked.items():
        because = question(other)
        waits.append(Wait(("RefundReceipt", key), because.code, because.detail))
    waits += [Wait(("Payment", key), because.code, because.detail) for key, because in paying.items()]
    return replace(settled, refunds=refunds, waits=tuple(waits))
