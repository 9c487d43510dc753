"""What RefundReceipts of ours do to the statement: money given back after its deposit stands in the month it was given back in.

The platform takes a refund off the payment, on the payment's day; the books leave the Payment as it was deposited and give the money back on
the day of the refund. Each RefundReceipt explains what it moves (decision 19).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bookkeeping.rules.inspection import BookSettings, Inspection, PaymentReceived
from bookkeeping.rules.local_time import local_day, say_day
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.tieout import BookDocument, Figure, Mirrored, Records, net, open_amount


@dataclass(frozen=True)
class GivenBack:
    """What RefundReceipts give back of an inspection's payments, by payment; `lines` is what of the fees stands on them, not on the Invoice.

    `invoiced`: an Invoice stands, so that they set it apart from the fees.
    """

    receipts: Mapping[str, Sequence[BookDocument]]
    lines: Decimal = ZERO
    invoiced: bool = True

    def of(self, payment: PaymentReceived) -> Decimal:
        """Return how much of this payment they give back, US dollars."""
        return sum((one.total for one in self.receipts.get(payment.key, ())), ZERO)

    def paid(self, payment: PaymentReceived) -> Decimal:
        """Return what the payment is in the books, as it was deposited; nothing for one that was voided."""
        return ZERO if payment.voided_at else net(payment) + self.of(payment)

    def open(self, inspection: Inspection) -> Decimal:
        """Return what the Invoice should be open for."""
        if not self.receipts:
            return open_amount(inspection)
        return max(inspection.total + self.lines - sum(map(self.paid, inspection.payments), ZERO), ZERO)


def given_back(
    inspection: Inspection, invoice: BookDocument | None, receipts: Mapping[str, Sequence[BookDocument]]
) -> GivenBack:
    """Return what these RefundReceipts, by payment, give back. What the Invoice is above the fees is what stands on them instead."""
    known = {one.key for one in inspection.payments if not one.voided_at}
    kept = {key: found for key, found in receipts.items() if key in known and found}
    total = sum((one.total for found in kept.values() for one in found), ZERO)
    above = invoice.total - inspection.total if invoice is not None else ZERO
    return GivenBack(kept, max(min(total, above), ZERO), invoice is not None)


@dataclass(frozen=True)
class Explained:
    """One RefundReceipt with what it moves: by what the books are set apart from the platform because of it."""

    document: BookDocument
    cause: str
    sentence: str
    figures: tuple[Figure, ...]


def explained(
    one: Mirrored, given: GivenBack, records: Records, settings: BookSettings
) -> Iterator[Explained]:
    """Yield each RefundReceipt of an inspection; the first tells also what the Invoice does not show."""
    if not given.receipts:
        return
    starts, whole = local_day(one.inspection.starts_at, settings.time_zone), tuple[Figure, ...]()
    if given.invoiced:
        whole = tuple(_on_invoice(one.inspection, given, starts, one.invoice_day(settings)))
    for payment in one.inspection.payments:
        day = local_day(payment.received_at, settings.time_zone)
        for document in given.receipts.get(payment.key, ()):
            record = records.get((document.kind, document.qbo_id))
            in_hand = record.hands_off if record is not None and record.hands_off != "theirs" else ""
            sentence = (
                f"{document.said} gives back of the payment of {dollars(payment.amount)} on {say_day(day)}."
            )
            figures = (*_on_payment(document, payment, given, day), *whole)
            yield Explained(document, in_hand or "refunded", sentence, figures)
            whole = ()


def _on_payment(
    one: BookDocument, payment: PaymentReceived, given: GivenBack, received_on: date
) -> Iterator[Figure]:
    """Yield by what this RefundReceipt sets the books apart from the platform, in money received and refunded."""
    first = given.receipts[payment.key][0] is one
    refunded, before = payment.refunded_amount, payment.refunded_amount - given.of(payment)
    counted = int(bool(given.paid(payment))) - int(bool(net(payment)))
    yield Figure(received_on, "received", counted if first else 0, one.total)
    yield Figure(one.txn_date, "received", 0, -one.total)
    fewer = int(before > 0) - int(bool(refunded)) if first else 0
    yield Figure(received_on, "refunded", fewer, -one.total)
    yield Figure(one.txn_date, "refunded", 1, one.total)


def _on_invoice(
    inspection: Inspection, given: GivenBack, starts_on: date, invoiced_on: date
) -> Iterator[Figure]:
    """Yield by what the RefundReceipts together set the Invoice apart from the platform's fees."""
    yield Figure(starts_on, "booked", 0, given.lines)
    yield Figure(invoiced_on, "invoiced", 0, given.lines)
    here, there = given.open(inspection), open_amount(inspection)
    if here != there:
        yield Figure(invoiced_on, "open", int(bool(here)) - int(bool(there)), here - there)
