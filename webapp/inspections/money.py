"""One inspection's money, followed from the platform into the books: fee lines, Invoice lines, payments and deposits. Who did what is `history`."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bookkeeping.rules.documents import line_name
from bookkeeping.rules.inspection import FeeLine, PaymentReceived
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.numbers import statement_or_none
from webapp.inspections.trace import Trace


@dataclass(frozen=True)
class LinePair:
    """A fee line beside the line that stands for it; either may be missing. `refund`: it stands on that RefundReceipt, below zero here."""

    fee: FeeLine | None
    item: str
    description: str
    amount: Decimal | None
    refund: Document | None = None

    @property
    def equal(self) -> bool:
        """Whether both sides say the same amount; a line of $0.00 needs no fee behind it."""
        return (self.fee.amount if self.fee else Decimal(0)) == (self.amount or Decimal(0))


@dataclass(frozen=True)
class PaymentPair:
    """A payment received beside its Payment; either may be missing."""

    received: PaymentReceived | None
    document: Document | None
    received_on: date | None


def line_pairs(trace: Trace) -> list[LinePair]:
    """Return the fee lines beside the Invoice's lines, in order: Tieout writes one for each.

    What was given back after its deposit stands on a RefundReceipt instead: such a fee is beside that line.
    """
    fees = list(trace.inspection.lines) if trace.inspection else []
    written = _written_lines(trace, trace.invoice)
    refunds = [
        (document, *line)
        for document in trace.live
        if document.kind == "RefundReceipt"
        for line in _written_lines(trace, document)
    ]
    on_refund = {}
    for fee in fees if refunds else ():
        found = next((one for one in refunds if (one[2], -one[3]) == (line_name(fee), fee.amount)), None)
        if found is not None and not any(line[1:] == (line_name(fee), fee.amount) for line in written):
            refunds.remove(found)
            on_refund[fee.key] = LinePair(fee, found[1], found[2], -found[3], found[0])
    beside = [fee for fee in fees if fee.key not in on_refund]
    pairs = []
    for place in range(max(len(beside), len(written))):
        item, description, amount = written[place] if place < len(written) else ("", "", None)
        pairs.append(LinePair(beside[place] if place < len(beside) else None, item, description, amount))
    return [*pairs, *on_refund.values()]


def payment_pairs(trace: Trace, local_day: Any) -> list[PaymentPair]:
    """Return the payments received beside their Payments; `local_day` cuts an instant into the company's day."""
    documents = {one.source_key: one for one in trace.live if one.kind == "Payment"}
    received = list(trace.inspection.payments) if trace.inspection else []
    pairs = [PaymentPair(one, documents.pop(one.key, None), local_day(one.received_at)) for one in received]
    return pairs + [PaymentPair(None, document, None) for document in documents.values()]


def refund_receipts(trace: Trace) -> list[Document]:
    """Return the RefundReceipts that stand, oldest first."""
    return [one for one in trace.live if one.kind == "RefundReceipt"]


def stated(trace: Trace) -> tuple[Any, list[dict[str, Any]]]:
    """Return the newest statement and the differences in it that name this inspection."""
    kept = statement_or_none(trace.company.id)
    explained = kept.content["explained"] if kept else []
    return kept, [one for one in explained if one["inspection"] == trace.key]


def _written_lines(trace: Trace, document: Document | None) -> list[tuple[str, str, Decimal]]:
    lines = []
    for line in trace.body_of(document).get("Line") or [] if document else []:
        detail = line.get("SalesItemLineDetail")
        if detail is not None:
            item = (detail.get("ItemRef") or {}).get("name") or ""
            lines.append((item, line.get("Description") or "", Decimal(str(line.get("Amount") or 0))))
    return lines
