"""Payments on our Invoices that are not ours: what QuickBooks said of them, and whether a person took one for a payment received."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import JSON, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.hindering import Others
from bookkeeping.storage.base import Base, Cents, UtcDateTime, db, utcnow


class EnteredByOthers:
    """What somebody else entered in QuickBooks beside documents of ours, and what a person answered about it.

    `stands_for` is what of ours a person took it for, `not_same_as` what it is not; both by our keys.

    It is only ever read and answered about: no plan writes or deletes it (decision 10).
    """

    qbo_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    txn_date: Mapped[date]
    total: Mapped[Decimal] = mapped_column(Cents)
    reference: Mapped[str] = mapped_column(String(40), default="")
    stands_for: Mapped[str] = mapped_column(String(64), default="")
    not_same_as: Mapped[list[str]] = mapped_column(JSON, default=list)
    answered_by: Mapped[str] = mapped_column(String(200), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class OthersPayment(EnteredByOthers, Base):
    """One Payment of somebody else on one Invoice of ours. `stands_for` and `not_same_as` are platform ids of payments received."""

    __tablename__ = "others_payments"
    __table_args__ = (
        Index("ix_others_payments_inspection", "company_id", "inspection_key"),
        Index("ix_others_payments_stands_for", "company_id", "stands_for"),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    invoice_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    inspection_key: Mapped[str] = mapped_column(String(64))
    applied: Mapped[Decimal] = mapped_column(Cents)

    def others(self) -> Others:
        """Return it in the rules' words."""
        return Others(
            self.qbo_id,
            self.txn_date,
            self.total,
            self.applied,
            self.reference,
            self.stands_for,
            frozenset(self.not_same_as),
        )


def others_payments_of(company_id: int, inspection_keys: Iterable[str]) -> dict[str, list[OthersPayment]]:
    """Return the Payments of others on the Invoices of these inspections, by inspection, oldest first."""
    wanted = list(inspection_keys)
    found: dict[str, list[OthersPayment]] = {key: [] for key in wanted}
    for start in range(0, len(wanted), 500):
        rows = select(OthersPayment).where(
            OthersPayment.company_id == company_id,
            OthersPayment.inspection_key.in_(wanted[start : start + 500]),
        )
        for row in db.session.scalars(rows.order_by(OthersPayment.txn_date, OthersPayment.qbo_id)):
            found[row.inspection_key].append(row)
    return found


def used_payments(company_id: int, listed: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return for which payments received, of those `listed` (ids by inspection), a person took a Payment of somebody else, and the inspection
    on whose Invoice that is."""
    wanted = sorted({payment for payments in listed.values() for payment in payments})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        rows = select(OthersPayment.stands_for, OthersPayment.inspection_key).where(
            OthersPayment.company_id == company_id,
            OthersPayment.stands_for.in_(wanted[start : start + 500]),
        )
        found.update((payment, key) for payment, key in db.session.execute(rows))
    return found
