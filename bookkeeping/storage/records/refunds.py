"""The steps in which payments were refunded, each with the moment it was first seen: kept for good, since the platform names no day."""

from collections.abc import Collection, Container, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.deposited import Books, Deposited, StandingInvoice
from bookkeeping.rules.inspection import Inspection
from bookkeeping.rules.money import ZERO
from bookkeeping.rules.references import refund_key
from bookkeeping.rules.refunds import RefundSeen, follow_refunds, negative_lines
from bookkeeping.storage.base import Base, Cents, UtcDateTime, db
from bookkeeping.storage.records.documents import Document


class Refund(Base):
    """One step of an inspection's refunds (decision 19); `amount` is what is left of it, zero once it was taken back."""

    __tablename__ = "refunds"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    inspection_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    payment_key: Mapped[str] = mapped_column(String(100))
    amount: Mapped[Decimal] = mapped_column(Cents)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def step(self) -> RefundSeen:
        """Return it in the rules' words."""
        return RefundSeen(self.payment_key, self.number, self.amount, self.seen_at)


def refunds_of(company_id: int, inspection_keys: Sequence[str]) -> dict[str, list[RefundSeen]]:
    """Return the steps on record by inspection; absent for those without any."""
    found: dict[str, list[RefundSeen]] = {}
    for row in _rows(company_id, inspection_keys):
        found.setdefault(row.inspection_key, []).append(row.step())
    return found


def note_refunds(company_id: int, inspections: Iterable[Inspection]) -> None:
    """Note in the current transaction what was refunded of these inspections' payments, or taken back, since they were last noted."""
    told = {one.key: one for one in inspections}
    if not told:
        return
    rows = {(row.inspection_key, row.number): row for row in _rows(company_id, list(told))}
    for key, inspection in told.items():
        on_record = [row.step() for (whose, _), row in rows.items() if whose == key]
        for step in follow_refunds(inspection, on_record):
            row = rows.get((key, step.number))
            if row is None:
                db.session.add(
                    Refund(
                        company_id=company_id,
                        inspection_key=key,
                        number=step.number,
                        payment_key=step.payment_key,
                        amount=step.amount,
                        seen_at=step.seen_at,
                    )
                )
            elif row.amount != step.amount:
                row.amount = step.amount


def books_of(
    key: str,
    documents: Sequence[Document],
    steps: Iterable[RefundSeen],
    customer_id: str | None,
    by_others: Collection[str] = (),
) -> Books:
    """Return what stands of one inspection, in the words of the rules about deposited money; `documents` are all of its, dead ones too.

    `by_others`: the refunds, by our keys, for which a person took a RefundReceipt of somebody else.
    """
    living = [one for one in documents if one.status == "live"]
    receipts = {one.source_key: one for one in living if one.kind == "RefundReceipt"}
    given = {*receipts, *by_others}
    given_back = {step.payment_key for step in steps if refund_key(key, step.number) in given}
    history = {
        one.source_key: _deposited(one)
        for one in living
        if one.kind == "Payment" and (one.deposit_id or one.source_key in given_back)
    }
    invoices = [one for one in documents if one.kind == "Invoice"]
    return Books(
        history,
        _standing(invoices[-1]) if invoices else None,
        {source_key: _account(one) for source_key, one in receipts.items()},
        customer_id,
    )


def to_take_off(
    inspection: Inspection, documents: Sequence[Document], history: Container[str]
) -> dict[str, Decimal | None]:
    """Return what each payment received is in the books that a refund may still be taken off: None while its Payment is not made, 0 once all
    of it was given back. Left out are those that are `history`, and those that a person has in hand."""
    found: dict[str, Decimal | None] = {}
    payments = {one.source_key: one for one in documents if one.kind == "Payment"}  # The newest of each.
    for payment in inspection.payments:
        document = payments.get(payment.key)
        if payment.key in history or (
            document is not None and document.status == "live" and document.hands_off
        ):
            continue
        gone = ZERO if payment.amount == payment.refunded_amount and document is not None else None
        found[payment.key] = document.total if document is not None and document.status == "live" else gone
    return found


def _deposited(payment: Document) -> Deposited:
    return Deposited(
        payment.source_key,
        payment.qbo_id,
        payment.customer_id,
        payment.total,
        payment.applied,
        payment.deposit_account_id,
        in_hand=payment.hands_off == "drift",
        in_deposit=bool(payment.deposit_id),
        to_restore=not payment.fingerprint and not payment.hands_off,
    )


def _standing(invoice: Document) -> StandingInvoice:
    return StandingInvoice(invoice.stands_at, negative_lines(invoice.body), invoice.status == "live")


def _account(receipt: Document) -> str:
    return str((receipt.body.get("DepositToAccountRef") or {}).get("value") or "")


def _rows(company_id: int, inspection_keys: Sequence[str]) -> list[Refund]:
    found: list[Refund] = []
    for start in range(0, len(inspection_keys), 500):
        rows = select(Refund).where(
            Refund.company_id == company_id, Refund.inspection_key.in_(inspection_keys[start : start + 500])
        )
        found += db.session.scalars(rows.order_by(Refund.number))
    return found
