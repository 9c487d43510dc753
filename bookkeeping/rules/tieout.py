"""The tie-out statement: platform beside QuickBooks by month, what explains the difference, and what is left over.

The figures of both sides are summed here, the QuickBooks side from its documents as they were read; which inspection or document
explains a difference is `tieout_matching`. What the two do not account for is the unexplained remainder, which must be 0.00.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bookkeeping.rules.cutoff import Side
from bookkeeping.rules.documents import invoice_day
from bookkeeping.rules.inspection import BookSettings, Inspection, PaymentReceived
from bookkeeping.rules.local_time import local_day, say_day
from bookkeeping.rules.money import ZERO, dollars

MEASURES = {
    "booked": "Booked",
    "invoiced": "Invoiced",
    "received": "Received",
    "refunded": "Refunded",
    "open": "Open",
}


UNEXPLAINED = "unexplained"
"""The cause of a difference that has a name, but nothing that accounts for it: it counts as unexplained."""


@dataclass(frozen=True)
class Mirrored:
    """One inspection as the platform last told it, and how it stands with us (`state`, `reason`, `due` of its row)."""

    inspection: Inspection
    state: str = "in-sync"
    reason: str = ""
    due: bool = False
    has_receipt: bool = False
    receipt_gone: bool = False  # Its SalesReceipt stands by our records, but QuickBooks does not have it.
    side: Side | None = None  # On which a confirmed migration froze it.
    booked: bool = False  # Documents of ours stand for it.
    kept: BookSettings | None = None  # The earlier choices that its Invoice was made under and keeps.

    def invoice_day(self, settings: BookSettings) -> date:
        """Return the day that its Invoice is dated with."""
        return invoice_day(self.inspection, self.kept or settings)

    @property
    def standing(self) -> bool:
        """Whether the platform counts it: confirmed, not cancelled, not deleted."""
        one = self.inspection
        return bool(one.confirmed_at) and not one.canceled_at and not one.deleted_at


@dataclass(frozen=True)
class BookDocument:
    """One Invoice, Payment, SalesReceipt or RefundReceipt as QuickBooks has it. Amounts are US dollars.

    `applied` are a Payment's (kind, id, amount); `links` an Invoice's (kind, id) of what was applied to it.
    """

    kind: str
    qbo_id: str
    txn_date: date
    total: Decimal
    doc_number: str = ""
    customer: str = ""
    private_note: str = ""
    balance: Decimal = ZERO
    unapplied: Decimal = ZERO
    applied: tuple[tuple[str, str, Decimal], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    voided: bool = False
    currency: str = ""  # Empty where QuickBooks names none: then it is US dollars.

    @property
    def in_dollars(self) -> bool:
        """Whether its amounts are US dollars, so that the statement can count them."""
        return self.currency in ("", "USD")

    @property
    def name(self) -> str:
        """As a person would find it: `Invoice SP-1042`, `Payment 88`."""
        return f"{self.kind} {self.doc_number or self.qbo_id}"

    @property
    def said(self) -> str:
        """As a sentence begins with it: `Payment 88 for Ada Reyes of $425.00 on Mar 2, 2026`."""
        whose = f" for {self.customer}" if self.customer else ""
        return f"{self.name}{whose} of {dollars(self.total)} on {say_day(self.txn_date)}"

    def applied_to(self, kind: str, qbo_id: str) -> Decimal:
        """Return how much of this Payment is applied to that document."""
        return sum((amount for k, i, amount in self.applied if (k, i) == (kind, qbo_id)), ZERO)


@dataclass(frozen=True)
class OnRecord:
    """Whose document it is by our records: used to name it, never for its figures.

    `source_key` is the payment's key, of a RefundReceipt that of the payment it gives back of; `deposited`: a Deposit holds it.
    """

    inspection_key: str
    source_key: str = ""
    live: bool = True
    hands_off: str = ""
    deposited: bool = False


Records = Mapping[tuple[str, str], OnRecord]


@dataclass(frozen=True)
class Period:
    """The days a statement is about, both included."""

    first: date
    last: date

    def month(self, day: date) -> str | None:
        """Return the month of a day within the period, such as 2026-03; None outside."""
        return f"{day:%Y-%m}" if self.first <= day <= self.last else None

    def months(self) -> list[str]:
        """Return every month the period touches, oldest first."""
        first = self.first.year * 12 + self.first.month - 1
        last = self.last.year * 12 + self.last.month - 1
        return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1)]


def nightly_period(today: date) -> Period:
    """What the nightly statement is about: the calendar year, and the month before and after where those lie outside of it."""
    first = date(today.year, 1, 1) if today.month > 1 else date(today.year - 1, 12, 1)
    return Period(first, date(today.year, 12, 31) if today.month < 12 else date(today.year + 1, 1, 31))


@dataclass(frozen=True)
class Figure:
    """A count and US dollars of one measure on one day."""

    day: date
    measure: str
    count: int
    dollars: Decimal


@dataclass
class Tally:
    """Counts and dollars by (month, measure); what falls outside the period is left out."""

    period: Period
    cells: dict[tuple[str, str], tuple[int, Decimal]] = field(default_factory=dict)

    def add(self, day: date, measure: str, count: int, dollars: Decimal) -> None:
        """Add to the cell of that day."""
        month = self.period.month(day)
        if month is not None and (count or dollars):
            before = self.cells.get((month, measure), (0, ZERO))
            self.cells[month, measure] = (before[0] + count, before[1] + dollars)

    def add_all(self, figures: Iterable[Figure]) -> "Tally":
        """Add every figure and return self."""
        for one in figures:
            self.add(one.day, one.measure, one.count, one.dollars)
        return self

    def cell(self, month: str, measure: str) -> tuple[int, Decimal]:
        """Return (count, dollars) of one cell."""
        return self.cells.get((month, measure), (0, ZERO))

    @property
    def empty(self) -> bool:
        """Whether nothing is left once it is all added up."""
        return not any(count or dollars for count, dollars in self.cells.values())


@dataclass
class Difference:
    """One explained difference: its cause, whose it is, and by how much QuickBooks is above the platform.

    `cause` is a key of `tieout_causes.CAUSES`; `reason` a catalogue code where the cause has one.
    """

    cause: str
    sentence: str
    effect: Tally
    inspection_key: str = ""
    kind: str = ""
    qbo_id: str = ""
    doc_number: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Statement:
    """Both sides, the differences that are explained, and what is not: `unexplained` dollars and count, both without sign."""

    period: Period
    platform: Tally
    quickbooks: Tally
    differences: Sequence[Difference]
    unexplained: Decimal
    unexplained_count: int

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept and printed; dollars are decimal strings."""
        months = [
            {"month": month, **{one: self._side_by_side([month], one) for one in MEASURES}}
            for month in self.period.months()
        ]
        return {
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "months": months,
            "totals": {one: self._side_by_side(self.period.months(), one) for one in MEASURES},
            "explained": [_as_json(one) for one in self.differences if one.cause != UNEXPLAINED],
            "not_explained": [_as_json(one) for one in self.differences if one.cause == UNEXPLAINED],
            "unexplained": f"{self.unexplained:.2f}",
            "unexplained_count": self.unexplained_count,
        }

    def _side_by_side(self, months: list[str], measure: str) -> dict[str, dict[str, Any]]:
        sides = {"platform": self.platform, "quickbooks": self.quickbooks}
        sums = {name: _sum(tally.cell(month, measure) for month in months) for name, tally in sides.items()}
        (ours, mine), (theirs, books) = sums["platform"], sums["quickbooks"]
        return {
            "platform": _cell(ours, mine),
            "quickbooks": _cell(theirs, books),
            "difference": _cell(theirs - ours, books - mine),
        }


def make_statement(
    period: Period,
    platform: Tally,
    quickbooks: Tally,
    differences: Sequence[Difference],
) -> Statement:
    """Put the sides and the explanations together.

    What is left over is counted without its sign, cell by cell and document by document, so that one never hides another.
    """
    explained: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
    for one in differences:
        for place, cell in one.effect.cells.items():
            explained[place] = _sum((explained[place], cell))
    count, dollars = 0, ZERO
    for month in period.months():
        for measure in MEASURES:
            (c1, d1), (c2, d2) = platform.cell(month, measure), quickbooks.cell(month, measure)
            c3, d3 = explained[month, measure]
            count, dollars = count + abs(c2 - c1 - c3), dollars + abs(d2 - d1 - d3)
    for one in differences:
        if one.cause == UNEXPLAINED:
            dollars += sum((abs(cell[1]) for cell in one.effect.cells.values()), ZERO)
    return Statement(period, platform, quickbooks, differences, dollars, count)


def in_other_currencies(counts: Mapping[str, int]) -> str:
    """Return "2 in CAD and 1 in EUR": how many documents by currency."""
    return " and ".join(f"{count} in {currency}" for currency, count in sorted(counts.items()))


def dollars_only(left_out: Mapping[str, int]) -> str:
    """Return what a statement says of a company with several currencies. `left_out`: how many documents by currency it did not count."""
    said = "This QuickBooks company keeps several currencies. The statement counts US dollars only"
    if not left_out:
        return f"{said}; no document of these days is in another currency."
    counts = in_other_currencies(left_out)
    several = sum(left_out.values()) != 1
    return (
        f"{said}; left out {'are documents' if several else 'is a document'} in another currency: {counts}."
    )


def platform_figures(mirrored: Iterable[Mirrored], settings: BookSettings) -> Iterator[Figure]:
    """Yield what the platform says: every confirmed inspection that stands, whether or not our rules book it.

    Booked counts on the inspection day, Invoiced and Open on the Invoice's day, Received and Refunded on the day received;
    what was refunded is taken off Received, as in the books.
    """
    for one in mirrored:
        if not one.standing:
            continue
        inspection, zone = one.inspection, settings.time_zone
        total, day = inspection.total, one.invoice_day(settings)
        yield Figure(local_day(inspection.starts_at, zone), "booked", 1, total)
        yield Figure(day, "invoiced", 1, total)
        still_open = open_amount(inspection)
        yield Figure(day, "open", int(bool(still_open)), still_open)
        for payment in inspection.payments:
            if payment.voided_at:
                continue
            received = local_day(payment.received_at, zone)
            yield Figure(received, "received", int(bool(net(payment))), net(payment))
            refunded = payment.refunded_amount
            yield Figure(received, "refunded", int(bool(refunded)), refunded)


def book_figures(documents: Iterable[BookDocument]) -> Iterator[Figure]:
    """Yield what QuickBooks' documents come to, each on its own date: sales, money received, refunds, what is open."""
    for one in documents:
        if one.kind in ("Invoice", "SalesReceipt"):
            yield Figure(one.txn_date, "invoiced", 1, one.total)
        if one.kind in ("Payment", "SalesReceipt"):
            yield Figure(one.txn_date, "received", int(bool(one.total)), one.total)
        if one.kind == "RefundReceipt":
            yield Figure(one.txn_date, "refunded", 1, one.total)
            yield Figure(one.txn_date, "received", 0, -one.total)
        if one.kind == "Invoice":
            yield Figure(one.txn_date, "open", int(bool(one.balance)), one.balance)


def net(payment: PaymentReceived) -> Decimal:
    """Return what is still money of a payment that was not voided."""
    return payment.amount - payment.refunded_amount


def open_amount(inspection: Inspection) -> Decimal:
    """Return what the client still owes by the platform; more received than asked is not owed back here."""
    received = sum((net(one) for one in inspection.payments if not one.voided_at), ZERO)
    return max(inspection.total - received, ZERO)


def _sum(cells: Iterable[tuple[int, Decimal]]) -> tuple[int, Decimal]:
    count, dollars = 0, ZERO
    for c, d in cells:
        count, dollars = count + c, dollars + d
    return count, dollars


def _cell(count: int, dollars: Decimal) -> dict[str, Any]:
    return {"count": count, "dollars": f"{dollars + ZERO:.2f}"}


def _as_json(one: Difference) -> dict[str, Any]:
    effects = [
        {"month": month, "measure": measure, **_cell(*cell)}
        for (month, measure), cell in sorted(one.effect.cells.items())
        if any(cell)
    ]
    return {
        "cause": one.cause,
        "reason": one.reason,
        "inspection": one.inspection_key,
        "document": {"kind": one.kind, "id": one.qbo_id, "doc_number": one.doc_number} if one.kind else None,
        "sentence": one.sentence,
        "effects": effects,
    }
