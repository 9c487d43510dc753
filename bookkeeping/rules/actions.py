"""What is known of a document that stands, and the single writes that change the books. Which of them are made, and in which order, is `planning`."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal

from bookkeeping.rules.documents import DesiredInvoice, DesiredPayment, DesiredRefund
from bookkeeping.rules.money import ZERO

Kind = Literal["Invoice", "Payment", "RefundReceipt"]
Verb = Literal["create", "update", "delete"]
Place = tuple[str, str]
"""A document whatever its generation: (kind, source key)."""


@dataclass(frozen=True)
class Known:
    """A document that our records say QuickBooks has now. `fingerprint` is of what we last wrote; amounts are dollars.

    `applied` is what a Payment pays of the Invoice now (0 for one that a person deleted or voided), `elsewhere` what it pays of others.
    `covered` is how much of an Invoice QuickBooks last said is paid or lowered, by whatever; None while it has not said.
    `hands_off`: changed by a person, or given up to the bookkeeper. No plan writes it.
    `history`: it stays as it is because money of it was deposited (decision 19); what is around it is planned with it in its place.
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
    history: bool = False
    fingerprint_for: str = ""
    covered: Decimal | None = None
    elsewhere: Decimal = ZERO

    def written_for(self, customer_id: str) -> str:
        """Return the Customer to compare fingerprints with: the one merged into `customer_id` since it was written, if one was."""
        return (
            self.fingerprint_for if self.fingerprint_for and self.customer_id == customer_id else customer_id
        )


class Action:
    """One write of one document. Every action says what it does and to which kind; `known` is the document it changes."""

    kind: ClassVar[Kind]
    verb: ClassVar[Verb]

    @property
    def place(self) -> Place:
        """Return the document it writes, whatever its generation, as (kind, source key)."""
        document: Any = getattr(self, "known", None) or getattr(self, "desired")  # noqa: B009
        return self.kind, document.source_key


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


@dataclass(frozen=True)
class CreateRefundReceipt(Action):
    """Make the RefundReceipt. It is linked to nothing."""

    kind = "RefundReceipt"
    verb = "create"

    desired: DesiredRefund
    generation: int


@dataclass(frozen=True)
class UpdateRefundReceipt(Action):
    """Write the whole RefundReceipt again."""

    kind = "RefundReceipt"
    verb = "update"

    desired: DesiredRefund
    known: Known


@dataclass(frozen=True)
class DeleteRefundReceipt(Action):
    """Delete the RefundReceipt: the refund was taken back."""

    kind = "RefundReceipt"
    verb = "delete"

    known: Known


Create = CreateInvoice | CreatePayment | CreateRefundReceipt
Update = UpdateInvoice | UpdatePayment | UpdateRefundReceipt
Delete = DeleteInvoice | DeletePayment | DeleteRefundReceipt
AnyAction = Create | Update | Delete
RefundAction = CreateRefundReceipt | UpdateRefundReceipt | DeleteRefundReceipt
