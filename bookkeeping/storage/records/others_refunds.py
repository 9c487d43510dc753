"""RefundReceipts that are not ours: what QuickBooks said of them, and whether a person took one for a refund of ours.

Payments of others are `others_payments`. A RefundReceipt is linked to no Invoice, so what it may be is looked for by its Customer.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.hindering import Others
from bookkeeping.storage.base import Base, db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.others_payments import EnteredByOthers


class OthersRefund(EnteredByOthers, Base):
    """One RefundReceipt of somebody else. `stands_for` and `not_same_as` are our keys of refunds (`<inspection>-R<number>`),
    `inspection_key` is whose the one is that it stands for.
    """

    __tablename__ = "others_refunds"
    __table_args__ = (Index("ix_others_refunds_customer", "company_id", "customer_id"),)

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    customer_id: Mapped[str] = mapped_column(String(40))
    inspection_key: Mapped[str] = mapped_column(String(64), default="")

    def others(self) -> Others:
        """Return it in the rules' words."""
        answers = (self.stands_for, frozenset(self.not_same_as))
        return Others(
            self.qbo_id, self.txn_date, self.total, self.total, self.reference, *answers, kind="RefundReceipt"
        )


def others_refunds_of(company_id: int, customer_ids: Iterable[str]) -> dict[str, list[OthersRefund]]:
    """Return the RefundReceipts of others to these Customers, by the Customer's QuickBooks id, oldest first."""
    wanted = sorted(set(customer_ids) - {""})
    found: dict[str, list[OthersRefund]] = {qbo_id: [] for qbo_id in wanted}
    for start in range(0, len(wanted), 500):
        rows = select(OthersRefund).where(
            OthersRefund.company_id == company_id,
            OthersRefund.customer_id.in_(wanted[start : start + 500]),
        )
        for row in db.session.scalars(rows.order_by(OthersRefund.txn_date, OthersRefund.qbo_id)):
            found[row.customer_id].append(row)
    return found


def beside_documents(
    company_id: int, documents: Sequence[Sequence[Document]], clients: Sequence[str | None] | None = None
) -> list[list[OthersRefund]]:
    """Return for each of these inspections' documents the RefundReceipts of others to a Customer that a Payment of it stands with; where none
    stands, to that of its Invoice, or to whom it would be billed (`clients`)."""
    billed = clients or [None] * len(documents)
    customers = [_customers(each) or {client or ""} for each, client in zip(documents, billed, strict=True)]
    found = others_refunds_of(company_id, (qbo_id for each in customers for qbo_id in each))
    return [[row for qbo_id in sorted(each) for row in found.get(qbo_id, ())] for each in customers]


def _customers(documents: Iterable[Document]) -> set[str]:
    living = [one for one in documents if one.status == "live"]
    return {one.customer_id for one in living if one.kind != "Invoice"} or {one.customer_id for one in living}
