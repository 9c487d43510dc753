"""The way from what QuickBooks has to what an inspection should have: which documents to make, change and delete, in order.

Level-triggered: planning again after the plan is carried out gives nothing, and after half of it gives the other half.
At no point on the way is more applied to an Invoice than its total, and none loses a Payment that still hangs on it.

What must not be written now (`hinders` says so; which causes there are is `hindering`) waits as a single document: the plan is made
anew around it, as if it stayed as it is, and what cannot be done without it waits with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bookkeeping.errors import RuleError
from bookkeeping.rules.actions import (
    Action,
    AnyAction,
    CreateInvoice,
    CreatePayment,
    DeleteInvoice,
    DeletePayment,
    DeleteRefundReceipt,
    Kind,
    Known,
    Place,
    RefundAction,
    UpdateInvoice,
    UpdatePayment,
    Verb,
)
from bookkeeping.rules.documents import (
    DesiredDocuments,
    DesiredPayment,
    invoice_fingerprint,
    payment_fingerprint,
)
from bookkeeping.rules.money import ZERO, dollars

__all__ = [
    "Action",
    "AnyAction",
    "CreateInvoice",
    "CreatePayment",
    "DeleteInvoice",
    "DeletePayment",
    "Hinders",
    "Hindrance",
    "Kind",
    "Known",
    "Place",
    "Plan",
    "UpdateInvoice",
    "UpdatePayment",
    "Verb",
    "Waiting",
    "listed_twice",
    "not_booked_twice",
    "plan",
    "unhindered",
]


@dataclass(frozen=True)
class Hindrance:
    """Why a write is not made now: a catalogue code with its particulars, and what its end waits for ("customer:<client key>")."""

    code: str
    detail: str = ""
    waits_for: str = ""


@dataclass(frozen=True)
class Waiting:
    """One write that is not made now. `depends`: nothing is wrong with itself, it only cannot be made without another that waits."""

    action: AnyAction
    because: Hindrance
    depends: bool = False


Hinders = Callable[[AnyAction], Hindrance | None]


@dataclass(frozen=True)
class Plan:
    """What to do, in this order: `first`, then `invoice`, then `after`, then `refunds`. `held` is left to a person and not written; `waits` are
    the writes that must not be made now, each with its cause."""

    first: tuple[DeletePayment | UpdatePayment, ...] = ()
    invoice: CreateInvoice | UpdateInvoice | DeleteInvoice | None = None
    after: tuple[CreatePayment | UpdatePayment, ...] = ()
    refunds: tuple[RefundAction, ...] = ()
    held: tuple[Known, ...] = ()
    waits: tuple[Waiting, ...] = ()

    @property
    def actions(self) -> "tuple[AnyAction, ...]":
        """All of them, in order."""
        return (*self.first, *((self.invoice,) if self.invoice else ()), *self.after, *self.refunds)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.actions

    @property
    def deletes(self) -> int:
        """How many documents go for good: those that are made again at once are not counted."""
        remade = {action.desired.source_key for action in self.after if isinstance(action, CreatePayment)}
        gone = (action for action in self.first if isinstance(action, DeletePayment))
        payments = sum(action.known.source_key not in remade for action in gone)
        refunds = sum(isinstance(action, DeleteRefundReceipt) for action in self.refunds)
        return payments + isinstance(self.invoice, DeleteInvoice) + refunds


def unhindered(_: AnyAction) -> Hindrance | None:
    """Nothing is in the way of any write."""
    return None


def plan(
    desired: DesiredDocuments,
    known: Sequence[Known],
    customer_id: str | None,
    last_generation: Mapping[Place, int],
    hinders: Hinders = unhindered,
) -> Plan:
    """Return the plan for one inspection; `NOTHING` as `desired` takes its documents away.

    `known` are the documents of this inspection that exist, `customer_id` the QuickBooks id of its Customer (None: still to
    be made), `last_generation` the highest generation ever sent by (kind, source key), living or not. `hinders` says of a write
    why it must not be made now.

    What may be applied to the Invoice is what is open on it in QuickBooks: what else pays or lowers it (a credit, a Payment by hand, a
    write-off) is left alone, and of a Payment of ours, what it pays elsewhere stays there while the Payment is large enough for it.

    A document that a person has in hand, or that is history, is never written. So an Invoice in a person's hands keeps its Payments as they
    are; and a Payment in a person's hands that is applied to the Invoice holds everything that would need it gone or smaller.
    QuickBooks moves no Invoice to another Customer while money of others is on it: then ours stays on it, too, and what is received
    meanwhile goes to the Customer that it has.

    Raises:
        RuleError: our records name a document twice (`known-twice`).

    Source: bookkeeping decisions 5, 6, 8, 9, 10 and 18.
    """
    waits: dict[Place, Waiting] = {}
    while True:
        planning = _Planning(desired, known, customer_id, last_generation, waits)
        found = planning.plan()
        hindered = [
            Waiting(action, because)
            for action in found.actions
            if (because := hinders(action) or planning.cannot_move(action)) is not None
        ]
        if not hindered:
            return replace(found, waits=(*waits.values(), *found.waits))
        waits |= {one.action.place: one for one in hindered}


def listed_twice(
    inspections: Iterable[tuple[str, Iterable[DesiredPayment]]],
) -> dict[str, dict[str, str]]:
    """Return by inspection which of its payments an earlier one of these lists, too, and which one that is."""
    first: dict[str, str] = {}
    found: dict[str, dict[str, str]] = {}
    for key, payments in inspections:
        for payment in payments:
            if (other := first.setdefault(payment.source_key, key)) != key:
                found.setdefault(key, {})[payment.source_key] = other
    return found


def not_booked_twice(elsewhere: Mapping[str, str]) -> dict[str, Hindrance]:
    """Return by payment why it is not booked: the inspection that it is `elsewhere` with, by payment, has it.

    Source: bookkeeping decision 4.
    """
    return {
        key: Hindrance("payment-elsewhere", f"Inspection {other} has it, too.", f"payment:{key}")
        for key, other in elsewhere.items()
    }


class _Planning:
    """One plan around the documents that wait: those that exist stay as they are, the others are not made."""

    def __init__(
        self,
        desired: DesiredDocuments,
        known: Sequence[Known],
        customer_id: str | None,
        last_generation: Mapping[Place, int],
        waits: Mapping[Place, Waiting],
    ) -> None:
        self.desired, self.customer_id, self.last_generation = desired, customer_id, last_generation
        self.waits = waits
        self.invoice, self.payments = _by_key(known)
        self.held = tuple(payment for payment in self.payments.values() if payment.hands_off)
        self.kept = {key for key in self.payments if self._stays(key)}
        self.moves = bool(self.invoice and desired.invoice and self.invoice.customer_id != customer_id)
        self.room = desired.invoice.total if desired.invoice else ZERO

    def plan(self) -> Plan:
        """Return the plan; its `waits` are only those that depend on the ones that are known to wait."""
        invoice, wanted = self.invoice, self.desired.invoice
        if invoice and invoice.hands_off:
            return Plan(held=(invoice, *self.payments.values()))
        if invoice and invoice.history:
            self.room = invoice.amount
            return self._around(None)
        pinned = self._pinned(self.held)
        if invoice and pinned and (wanted is None or self.moves or pinned > wanted.total):
            return Plan(held=(invoice, *self.held))
        root = self._root()
        if root is not None and (invoice is None or wanted is None):
            return self._all_wait(root)
        if root is not None and invoice is not None:
            waits = self._invoice_waits(root)
            self._leave(invoice)
            return replace(self._around(None), waits=waits)
        return self._around(self._invoice_action())

    def cannot_move(self, action: AnyAction) -> Hindrance | None:
        """Return what keeps the Invoice with its Customer; who the new one is must be known, since it may be the same after all."""
        others = self._others()
        if not (isinstance(action, UpdateInvoice) and self.moves and self.customer_id is not None and others):
            return None
        detail = f"{dollars(others)} is applied to Invoice {action.desired.doc_number}."
        return Hindrance("paid-by-others", detail)

    def _leave(self, invoice: Known) -> None:
        """Plan with the Invoice as it is: its Payments stay with the Customer that it has, and new ones go to that one, too."""
        self.room = invoice.amount
        self.customer_id, self.moves = invoice.customer_id, False

    def _stays(self, key: str) -> bool:
        standing = self.payments[key]
        return standing.hands_off or standing.history or ("Payment", key) in self.waits

    def _pinned(self, payments: Iterable[Known]) -> Decimal:
        return sum((one.applied for one in payments), ZERO) if self.invoice else ZERO

    def _root(self) -> Waiting | None:
        """Return what keeps the Invoice from being written: its own cause, or that of a Payment that would have to go first."""
        own = next((one for (kind, _), one in self.waits.items() if kind == "Invoice"), None)
        if own is not None or self.invoice is None:
            return own
        staying = [self.payments[key] for key in self.kept if ("Payment", key) in self.waits]
        applied = [one for one in staying if one.applied]
        total = self.desired.invoice.total if self.desired.invoice and not self.moves else ZERO
        if applied and self._pinned([self.payments[key] for key in self.kept]) > total:
            return self.waits["Payment", min(one.source_key for one in applied)]
        return None

    def _all_wait(self, root: Waiting) -> Plan:
        """Return a plan in which nothing is written, since the Invoice must come or go first and cannot."""
        free = _Planning(
            self.desired, tuple(self._known()), self.customer_id, self.last_generation, {}
        ).plan()
        behind = (
            Waiting(action, root.because, depends=True)
            for action in free.actions
            if action.place not in self.waits
        )
        return Plan(held=self.held, waits=tuple(behind))

    def _known(self) -> Iterable[Known]:
        return (*((self.invoice,) if self.invoice else ()), *self.payments.values())

    def _invoice_waits(self, root: Waiting) -> tuple[Waiting, ...]:
        action = self._invoice_action()
        if action is None or action.place in self.waits:
            return ()
        return (Waiting(action, root.because, depends=True),)

    def _around(self, invoice_action: CreateInvoice | UpdateInvoice | DeleteInvoice | None) -> Plan:
        invoice, customer_id = self.invoice, self.customer_id
        wanted = self._within()
        first: list[DeletePayment | UpdatePayment] = []
        after: list[CreatePayment | UpdatePayment] = []
        for key, standing in self.payments.items():
            goes = key not in wanted or self.moves or standing.customer_id != customer_id
            if key not in self.kept and goes:
                first.append(DeletePayment(standing))
        deleted = {action.known.source_key for action in first}
        for key, payment in wanted.items():
            current = self.payments.get(key)
            if current is None or key in deleted:
                after.append(CreatePayment(payment, _next("Payment", key, current, self.last_generation)))
            elif (
                not invoice
                or customer_id is None
                or payment_fingerprint(payment, current.written_for(customer_id), invoice.qbo_id)
                != current.fingerprint
            ):
                lowers = invoice is not None and payment.applied < current.applied
                (first if lowers else after).append(UpdatePayment(payment, current))
        return Plan(tuple(first), invoice_action, tuple(after), held=self.held)

    def _within(self) -> dict[str, DesiredPayment]:
        """Return the payments to have, each applied to no more than what others, and the ones that stay or wait, leave open."""
        still_open = self.room - self._others() - self._pinned(self.payments[key] for key in self.kept)
        wanted = {}
        for payment in self.desired.payments:
            if payment.source_key in self.kept:
                continue
            free = _free(payment, self.payments.get(payment.source_key), self.moves)
            applied = max(min(payment.applied, still_open, free), ZERO)
            still_open -= applied
            # One that waits to be made keeps its share, so that its release moves no other.
            if ("Payment", payment.source_key) not in self.waits:
                wanted[payment.source_key] = replace(payment, applied=applied)
        return wanted

    def _others(self) -> Decimal:
        """Return how much of the Invoice is paid or lowered by what is not ours."""
        if self.invoice is None or self.invoice.covered is None:
            return ZERO
        return max(self.invoice.covered - self._pinned(self.payments.values()), ZERO)

    def _invoice_action(self) -> CreateInvoice | UpdateInvoice | DeleteInvoice | None:
        desired, known = self.desired.invoice, self.invoice
        if desired is None:
            return DeleteInvoice(known) if known is not None else None
        if known is None:
            return CreateInvoice(desired, _next("Invoice", desired.source_key, None, self.last_generation))
        written_for = known.written_for(self.customer_id) if self.customer_id is not None else ""
        if written_for and invoice_fingerprint(desired, written_for) == known.fingerprint:
            return None
        return UpdateInvoice(desired, known)


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


def _free(payment: DesiredPayment, known: Known | None, moves: bool) -> Decimal:
    """Return how much of the Payment can go to its Invoice without taking it from where else it is applied."""
    if known is None or moves:
        return payment.amount
    return max(payment.amount - known.elsewhere, min(known.applied, payment.amount))


def _next(kind: Kind, key: str, known: Known | None, last_generation: Mapping[Place, int]) -> int:
    return max(last_generation.get((kind, key), 0), known.generation if known else 0) + 1
