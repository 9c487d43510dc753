"""The way from what QuickBooks has to what an inspection should have: which documents to make, change and delete, in order.

Level-triggered: planning again after the plan is carried out gives nothing, and after half of it gives the other half.
At no point on the way is more applied to an Invoice than its total, and none loses a Payment that still hangs on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Literal

from bookkeeping.errors import RuleError
from bookkeeping.rules.documents import (
    DesiredDocuments,
    DesiredInvoice,
    DesiredPayment,
    invoice_fingerprint,
    payment_fingerprint,
)
from bookkeeping.rules.money import ZERO

Kind = Literal["Invoice", "Payment", "RefundReceipt"]
Verb = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class Known:
    """A document that our records say QuickBooks has now. `fingerprint` is of what we last wrote; amounts are dollars.

    `applied` is what a Payment pays of the Invoice now (0 for one that a person deleted or voided).
    `hands_off`: changed by a person, or given up to the bookkeeper. No plan writes it.
    """

    kind: Kind
    source_key: str
    qbo_id: str
    generation: int
    fingerprint: str
    customer_id: str
    amount: Decimal
    applied: Decimal
    hands_off: bool = False
    fingerprint_for: str = ""

    def written_for(self, customer_id: str) -> str:
        """Return the Customer to compare fingerprints with: the one merged into `customer_id` since it was written, if one was."""
        return (
            self.fingerprint_for if self.fingerprint_for and self.customer_id == customer_id else customer_id
        )


class Action:
    """One write of one document. Every action says what it does and to which kind; `known` is the document it changes."""

    kind: ClassVar[Kind]
    verb: ClassVar[Verb]


@dataclass(frozen=True)
class CreateInvoice(Action):
    """Make the Invoice. A document made again after a delete is a new generation, so that no old answer is replayed."""

    kind = "Invoice"
    verb = "create"

    desired: DesiredInvoice
    generation: int


@dataclass(frozen=True)
class UpdateInvoice(Action):
    """Write the whole Invoice again, its Customer included."""

    kind = "Invoice"
    verb = "update"

    desired: DesiredInvoice
    known: Known


@dataclass(frozen=True)
class DeleteInvoice(Action):
    """Delete the Invoice; nothing of ours is applied to it any more."""

    kind = "Invoice"
    verb = "delete"

    known: Known


@dataclass(frozen=True)
class CreatePayment(Action):
    """Make the Payment, linked to the Invoice by `desired.applied`."""

    kind = "Payment"
    verb = "create"

    desired: DesiredPayment
    generation: int


@dataclass(frozen=True)
class UpdatePayment(Action):
    """Write the whole Payment again, its link included."""

    kind = "Payment"
    verb = "update"

    desired: DesiredPayment
    known: Known


@dataclass(frozen=True)
class DeletePayment(Action):
    """Delete the Payment."""

    kind = "Payment"
    verb = "delete"

    known: Known


AnyAction = CreateInvoice | UpdateInvoice | DeleteInvoice | CreatePayment | UpdatePayment | DeletePayment


@dataclass(frozen=True)
class Plan:
    """What to do, in this order: `first`, then `invoice`, then `after`. `held` is left to a person and not written."""

    first: tuple[DeletePayment | UpdatePayment, ...] = ()
    invoice: CreateInvoice | UpdateInvoice | DeleteInvoice | None = None
    after: tuple[CreatePayment | UpdatePayment, ...] = ()
    held: tuple[Known, ...] = ()

    @property
    def actions(self) -> "tuple[AnyAction, ...]":
        """All of them, in order."""
        return (*self.first, *((self.invoice,) if self.invoice else ()), *self.after)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.first or self.invoice or self.after)

    @property
    def deletes(self) -> int:
        """How many documents go for good: those that are made again at once are not counted."""
        remade = {action.desired.source_key for action in self.after if isinstance(action, CreatePayment)}
        gone = (action for action in self.first if isinstance(action, DeletePayment))
        payments = sum(action.known.source_key not in remade for action in gone)
        return payments + isinstance(self.invoice, DeleteInvoice)


def plan(
    desired: DesiredDocuments,
    known: Sequence[Known],
    customer_id: str | None,
    last_generation: Mapping[tuple[str, str], int],
) -> Plan:
    """Return the plan for one inspection; `NOTHING` as `desired` takes its documents away.

    `known` are the documents of this inspection that exist, `customer_id` the QuickBooks id of its Customer (None: still to
    be made), `last_generation` the highest generation ever sent by (kind, source key), living or not.

    A document that a person has in hand is never written. So an Invoice in a person's hands keeps its Payments as they
    are; and a Payment in a person's hands that is applied to the Invoice holds everything that would need it gone or smaller.

    Raises:
        RuleError: our records name a document twice (`known-twice`).

    Source: bookkeeping decisions 5, 6, 8 and 10.
    """
    invoice, payments = _by_key(known)
    held = tuple(payment for payment in payments.values() if payment.hands_off)
    if invoice and invoice.hands_off:
        return Plan(held=(invoice, *payments.values()))
    pinned = sum((payment.applied for payment in held), ZERO) if invoice else ZERO
    moves = bool(invoice and desired.invoice and invoice.customer_id != customer_id)
    if invoice and pinned and (desired.invoice is None or moves or pinned > desired.invoice.total):
        return Plan(held=(invoice, *held))

    kept = {payment.source_key for payment in held}
    wanted = _within(desired, pinned, kept)
    first: list[DeletePayment | UpdatePayment] = []
    after: list[CreatePayment | UpdatePayment] = []
    for key, standing in payments.items():
        if not standing.hands_off and (key not in wanted or moves or standing.customer_id != customer_id):
            first.append(DeletePayment(standing))
    deleted = {action.known.source_key for action in first}
    for key, payment in wanted.items():
        current = payments.get(key)
        if current is None or key in deleted:
            after.append(CreatePayment(payment, _next("Payment", key, current, last_generation)))
        elif (
            not invoice
            or customer_id is None
            or payment_fingerprint(payment, current.written_for(customer_id), invoice.qbo_id)
            != current.fingerprint
        ):
            lowers = invoice is not None and payment.applied < current.applied
            (first if lowers else after).append(UpdatePayment(payment, current))
    return Plan(
        tuple(first),
        _invoice_action(desired.invoice, invoice, customer_id, last_generation),
        tuple(after),
        held,
    )


def _by_key(known: Sequence[Known]) -> tuple[Known | None, dict[str, Known]]:
    invoice: Known | None = None
    payments: dict[str, Known] = {}
    for document in known:
        twice = invoice if document.kind == "Invoice" else payments.get(document.source_key)
        if twice is not None:
            detail = f"{document.kind} {document.source_key} is on record as {twice.qbo_id} and as {document.qbo_id}."
            raise RuleError(detail, code="known-twice")
        if document.kind == "Invoice":
            invoice = document
        else:
            payments[document.source_key] = document
    return invoice, payments


def _within(desired: DesiredDocuments, pinned: Decimal, kept: set[str]) -> dict[str, DesiredPayment]:
    """Return the payments to have, each applied to no more than what the ones we may not touch leave open."""
    still_open = (desired.invoice.total if desired.invoice else ZERO) - pinned
    wanted = {}
    for payment in desired.payments:
        if payment.source_key not in kept:
            applied = min(payment.applied, still_open)
            still_open -= applied
            wanted[payment.source_key] = replace(payment, applied=applied)
    return wanted


def _invoice_action(
    desired: DesiredInvoice | None,
    known: Known | None,
    customer_id: str | None,
    last_generation: Mapping[tuple[str, str], int],
) -> CreateInvoice | UpdateInvoice | DeleteInvoice | None:
    if desired is None:
        return DeleteInvoice(known) if known is not None else None
    if known is None:
        return CreateInvoice(desired, _next("Invoice", desired.source_key, None, last_generation))
    written_for = known.written_for(customer_id) if customer_id is not None else ""
    if written_for and invoice_fingerprint(desired, written_for) == known.fingerprint:
        return None
    return UpdateInvoice(desired, known)


def _next(kind: Kind, key: str, known: Known | None, last_generation: Mapping[tuple[str, str], int]) -> int:
    return max(last_generation.get((kind, key), 0), known.generation if known else 0) + 1
