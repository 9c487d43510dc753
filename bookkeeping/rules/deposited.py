"""What an inspection should have once money of it was deposited: the Payment is history, the Invoice stays as it was paid.

Nothing is ever taken out of a Deposit (decision 19). What was given back afterwards is a RefundReceipt, and the negative line that says what
for stands on that RefundReceipt and not on the Invoice, so that the two together come to what the platform says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bookkeeping.rules.actions import (
    AnyAction,
    DeletePayment,
    Kind,
    Known,
    Place,
    RefundAction,
    UpdateInvoice,
    UpdatePayment,
)
from bookkeeping.rules.documents import (
    NOTHING,
    DesiredDocuments,
    DesiredInvoice,
    DesiredLine,
    DesiredPayment,
    DesiredRefund,
    Flag,
    item_named,
    method_named,
)
from bookkeeping.rules.inspection import BookSettings, Inspection, PaymentReceived
from bookkeeping.rules.local_time import local_day
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.planning import Hindrance, Waiting
from bookkeeping.rules.references import (
    doc_number,
    mark,
    note,
    payment_reference,
    refund_key,
    refund_number,
)
from bookkeeping.rules.refunds import (
    Part,
    RefundSeen,
    follow_refunds,
    not_on_invoice,
    pair_with_lines,
)

CANCELLED_LINE = "Cancelled"
CHARGED_AGAIN_LINE = "Charged again after a refund"
REFUND_LINE = "Refund"


@dataclass(frozen=True)
class Deposited:
    """A Payment of ours that is history: a Deposit holds it (`in_deposit`), or a RefundReceipt gives back of it.

    `account_id` is where the Deposit put it, "" while that is not known. `in_hand`: a person has to say first what becomes of it.
    """

    payment_key: str
    qbo_id: str
    customer_id: str
    total: Decimal
    applied: Decimal
    account_id: str = ""
    in_hand: bool = False
    in_deposit: bool = True
    to_restore: bool = False  # Somebody chose to have ours back, which cannot be while a Deposit holds it.


@dataclass(frozen=True)
class StandingInvoice:
    """The Invoice: the total that QuickBooks has, and of what we wrote last the lines below zero as (description, amount). `live`: it is there."""

    total: Decimal
    negative: tuple[tuple[str, Decimal], ...]
    live: bool


@dataclass(frozen=True)
class Books:
    """What stands of one inspection. `refund_accounts` are the accounts of its RefundReceipts that stand, by our key of them."""

    history: Mapping[str, Deposited]
    invoice: StandingInvoice | None
    refund_accounts: Mapping[str, str]
    customer_id: str | None


@dataclass(frozen=True)
class Wait:
    """A document that is not written yet, or not any more: which, and the catalogue code of its cause with the particulars."""

    place: Place
    code: str
    detail: str


@dataclass(frozen=True)
class AfterDeposit:
    """What it should have. `invoice_stays`: nothing is written on its Invoice. `waits` say which documents a person has to look at.

    A refund that waits is among `refunds`, too: it is booked once its cause is gone.
    """

    desired: DesiredDocuments
    refunds: tuple[DesiredRefund, ...] = ()
    invoice_stays: bool = False
    waits: tuple[Wait, ...] = ()


def after_deposit(
    inspection: Inspection,
    settings: BookSettings,
    desired: DesiredDocuments,
    books: Books,
    seen: Sequence[RefundSeen],
    *,
    in_books: bool,
) -> AfterDeposit:
    """Return what an inspection should have of which money was deposited; `desired` is what the platform alone says.

    For one that is not in the books any more (`in_books` False) `desired` is what it had if it still were: Invoice and Payments stay,
    and of the Invoice what nobody paid is taken off. Without deposited money nothing is different.

    Source: bookkeeping decision 19.
    """
    if not books.history:
        return AfterDeposit(desired if in_books else NOTHING)
    return _Settling(inspection, settings, desired, books, in_books).settle(seen)


def waiting_documents(
    settled: AfterDeposit, told: DesiredDocuments, known: Sequence[Known], refunds: Sequence[RefundAction]
) -> list[Waiting]:
    """Return the writes that wait for a person; `told` is what the platform alone asks for, `known` what stands."""
    standing: dict[Place, Known] = {(one.kind, one.source_key): one for one in known}
    payments = {one.source_key: one for one in told.payments}
    by_place = {one.place: one for one in refunds}
    found = []
    for wait in settled.waits:
        action: AnyAction | None = by_place.get(wait.place)
        there = standing.get(wait.place)
        if there is not None and there.kind == "Payment":
            payment = payments.get(there.source_key)
            action = UpdatePayment(payment, there) if payment else DeletePayment(there)
        elif there is not None and there.kind == "Invoice" and told.invoice is not None:
            action = UpdateInvoice(told.invoice, there)
        if action is not None:
            found.append(Waiting(action, Hindrance(wait.code, wait.detail)))
    return found


class _Settling:
    """One inspection: `given` are the refunds after the deposit by number, `parts` what each is made of."""

    def __init__(
        self,
        inspection: Inspection,
        settings: BookSettings,
        desired: DesiredDocuments,
        books: Books,
        in_books: bool,
    ) -> None:
        self.inspection, self.settings, self.desired, self.books = inspection, settings, desired, books
        self.in_books = in_books
        self.received = {payment.key: payment for payment in inspection.payments}
        self.given: dict[int, RefundSeen] = {}
        self.parts: dict[int, tuple[Part, ...]] = {}
        self.waits: list[Wait] = []
        self.flags: list[Flag] = list(desired.flags) if in_books else []

    def settle(self, seen: Sequence[RefundSeen]) -> AfterDeposit:
        """Return the answer."""
        steps = follow_refunds(self.inspection, seen)
        for one in self.books.history.values():
            self._given_back(one, [step for step in steps if step.payment_key == one.payment_key])
        self._pair()
        pinned = sum((one.applied for one in self.books.history.values()), ZERO)
        others = tuple(one for one in self.desired.payments if one.source_key not in self.books.history)
        invoice, stays = self._invoice(pinned, sum((one.amount for one in others), ZERO))
        stays = self._moved(invoice) or stays
        payments = _applied(others, self._room(invoice, stays) - pinned)
        if not self.in_books:
            self._kept()
        return AfterDeposit(
            replace(self.desired, invoice=invoice, payments=payments, flags=tuple(self.flags)),
            self._refunds(),
            stays,
            tuple(self.waits),
        )

    # ---- What was given back

    def _given_back(self, one: Deposited, steps: Sequence[RefundSeen]) -> None:
        """Take the steps that were not booked before the deposit, when the Payment was still lowered."""
        payment = self.received.get(one.payment_key)
        lowered = max(payment.amount - one.total, ZERO) if payment else ZERO
        for step in steps:
            before = min(step.amount, lowered)
            lowered -= before
            if step.amount > before:
                self.given[step.number] = replace(step, amount=step.amount - before)
        self._disagrees(one, payment, lowered)

    def _disagrees(self, one: Deposited, payment: PaymentReceived | None, more: Decimal) -> None:
        """Say what the inspection says of a deposited payment that no refund explains."""
        name = f"The payment of {dollars(one.total)} (Payment {one.qbo_id}) {_held_by(one)}"
        if payment is None or payment.voided_at:
            said = "no longer has it" if payment is None else "says that it was removed or pulled back"
            self._wait("Payment", one.payment_key, "deposited", f"{name}, but the inspection {said}.")
        elif one.to_restore:
            self._wait("Payment", one.payment_key, "deposited", f"{name}, so ours cannot be put back.")
        elif more or payment.amount < one.total:
            detail = f"{name}, but the inspection says {dollars(payment.amount)} now."
            self._wait("Payment", one.payment_key, "deposited", detail)

    def _pair(self) -> None:
        lines = self.desired.invoice.lines if self.desired.invoice else ()
        kinds = [line.kind for line in self.inspection.lines]
        negative = {
            place: (lines[place].description, lines[place].amount)
            for place, kind in enumerate(kinds[: len(lines)])
            if kind in ("service", "fee") and lines[place].amount < 0
        }
        written = self.books.invoice.negative if self.books.invoice else ()
        amounts = {number: step.amount for number, step in self.given.items()}
        self.parts = pair_with_lines(amounts, not_on_invoice(negative, written))

    # ---- The Invoice

    def _invoice(self, pinned: Decimal, others: Decimal) -> tuple[DesiredInvoice | None, bool]:
        """Return the Invoice without what stands on RefundReceipts, and whether it has to stay as it is."""
        invoice = self.desired.invoice
        if invoice is None:
            return None, True
        taken = self._on_refunds()
        lines = []
        for place, line in enumerate(invoice.lines):
            amount = line.amount + taken.get(place, ZERO)
            if amount or not line.amount:
                lines.append(replace(line, amount=amount))
        total = invoice.total + sum(taken.values(), ZERO)
        lines += self._again_and_cancelled(total, pinned, others)
        total = sum((line.amount for line in lines), ZERO)
        standing = self.books.invoice
        stays = standing is not None and standing.live and total < pinned
        if stays and invoice.total + self._sum_given() < pinned and self.in_books:
            self._cannot_be_lowered(invoice, pinned)
        self._flag_without_line()
        return replace(invoice, lines=tuple(lines), total=total), stays

    def _again_and_cancelled(self, total: Decimal, pinned: Decimal, others: Decimal) -> list[DesiredLine]:
        """Return lines for what was given back and then paid again, and for what nobody paid of a cancelled inspection."""
        found = []
        without_line = self._sum_given() - sum(self._on_refunds().values(), ZERO)
        again = min(without_line, max(pinned + others - max(total, pinned), ZERO))
        if again:
            found.append(self._discount_line(CHARGED_AGAIN_LINE, again))
        unpaid = total + again - pinned - others
        if unpaid > 0 and not self.in_books:
            found.append(self._discount_line(CANCELLED_LINE, -unpaid))
        return found

    def _on_refunds(self) -> dict[int, Decimal]:
        """Return how much of each line stands on RefundReceipts."""
        found: dict[int, Decimal] = {}
        for part in (part for parts in self.parts.values() for part in parts):
            if part.line is not None:
                found[part.line] = found.get(part.line, ZERO) + part.amount
        return found

    def _room(self, invoice: DesiredInvoice | None, stays: bool) -> Decimal:
        standing = self.books.invoice
        if stays and standing is not None:
            return standing.total
        return invoice.total if invoice else ZERO

    def _cannot_be_lowered(self, invoice: DesiredInvoice, pinned: Decimal) -> None:
        detail = (
            f"The fees come to {dollars(invoice.total)} now, but {dollars(pinned)} of it is paid by money in a bank deposit. "
            "It stays as it was paid until a refund is recorded on the payment."
        )
        self._wait("Invoice", invoice.source_key, "deposited", detail)

    def _flag_without_line(self) -> None:
        """Flag refunds that no negative line accounts for, unless it is said already."""
        without = sum(
            (part.amount for parts in self.parts.values() for part in parts if part.line is None), ZERO
        )
        if without and self.in_books and not any(one.code == "refund-without-line" for one in self.flags):
            detail = (
                f"{dollars(without)} was given back after the deposit, but no negative fee says what for."
            )
            self.flags.append(Flag("refund-without-line", detail))

    def _moved(self, invoice: DesiredInvoice | None) -> bool:
        """Whether the client is another one than money was deposited of: the Invoice cannot change its Customer then, and stays."""
        owners = {one.customer_id for one in self.books.history.values()}
        moved = self.in_books and invoice is not None and self.books.customer_id not in owners
        if moved and invoice is not None:
            detail = "The client is another one now, but money on it is in a bank deposit, so it stays with the Customer it has."
            self._wait("Invoice", invoice.source_key, "deposited", detail)
        return moved

    def _kept(self) -> None:
        kept = sum((one.total for one in self.books.history.values()), ZERO) - self._sum_given()
        detail = f"{dollars(kept)} of it was kept." if kept else "All of it was given back."
        self.flags.append(Flag("cancelled-after-deposit", detail))

    def _sum_given(self) -> Decimal:
        return sum((step.amount for step in self.given.values()), ZERO)

    # ---- The RefundReceipts

    def _refunds(self) -> tuple[DesiredRefund, ...]:
        found = []
        for number, step in sorted(self.given.items()):
            one = self.books.history[step.payment_key]
            key = refund_key(self.inspection.key, number)
            stands = key in self.books.refund_accounts
            account = self.books.refund_accounts.get(key) or self.settings.refund_account_id or one.account_id
            if not stands:
                self._hold(one, step, key, account)
            found.append(self._refund(one, step, key, account))
        return tuple(found)

    def _hold(self, one: Deposited, step: RefundSeen, key: str, account: str) -> None:
        """Say why a refund is not booked now, if it is not."""
        if one.in_hand:
            detail = f"Payment {one.qbo_id} was changed in QuickBooks: settle that first."
            self._wait("RefundReceipt", key, "drift", detail)
        elif self.settings.refunds == "wait":
            detail = f"{dollars(step.amount)} of Payment {one.qbo_id} was given back."
            self._wait("RefundReceipt", key, "refund-by-hand", detail)
        elif not account:
            self._wait("RefundReceipt", key, "no-refund-account", f"Payment {one.qbo_id} {_held_by(one)}.")

    def _wait(self, kind: Kind, key: str, code: str, detail: str) -> None:
        self.waits.append(Wait((kind, key), code, detail))

    def _refund(self, one: Deposited, step: RefundSeen, key: str, account: str) -> DesiredRefund:
        payment, invoice = self.received.get(step.payment_key), self.desired.invoice
        reference = payment.reference if payment else ""
        number = doc_number(self.inspection.known_as)
        return DesiredRefund(
            source_key=key,
            payment_key=step.payment_key,
            doc_number=refund_number(self.inspection.known_as, step.number),
            txn_date=local_day(step.seen_at, self.settings.time_zone),
            customer_id=one.customer_id,
            amount=step.amount,
            lines=tuple(self._refund_line(part) for part in self.parts[step.number]),
            account_id=account,
            method=method_named(payment, self.settings) if payment else "",
            reference=payment_reference(reference),
            private_note=note(
                mark("refund", key),
                f"Refund of {dollars(step.amount)} for {number}, given back after the bank deposit of Payment {one.qbo_id}",
                f"Reference: {reference}" if reference else "",
            ),
            class_id=invoice.class_id if invoice else "",
            location_id=invoice.location_id if invoice else "",
        )

    def _refund_line(self, part: Part) -> DesiredLine:
        if part.line is None or self.desired.invoice is None:
            return self._discount_line(REFUND_LINE, part.amount)
        return replace(self.desired.invoice.lines[part.line], amount=part.amount)

    def _discount_line(self, description: str, amount: Decimal) -> DesiredLine:
        item, item_id = item_named(self.settings.discount_item, self.settings)
        lines = self.desired.invoice.lines if self.desired.invoice else ()
        return DesiredLine(item, description, amount, item_id, lines[0].class_id if lines else "")


def _held_by(one: Deposited) -> str:
    return "is in a bank deposit" if one.in_deposit else "has a refund receipt that gives back of it"


def _applied(payments: Sequence[DesiredPayment], still_open: Decimal) -> tuple[DesiredPayment, ...]:
    """Return the Payments that are not history, each applied to what the ones before it leave open."""
    found = []
    for payment in payments:
        applied = min(payment.amount, max(still_open, ZERO))
        still_open -= applied
        found.append(replace(payment, applied=applied))
    return tuple(found)
