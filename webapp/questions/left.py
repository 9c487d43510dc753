"""What is left as in QuickBooks: documents of which somebody chose *Keep theirs*, beside what the inspection says now. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bookkeeping.case import Case, build_cases
from bookkeeping.logbook import pages as logbook
from bookkeeping.rules.documents import DesiredInvoice, DesiredPayment, DesiredRefund
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import Document, Drift
from bookkeeping.storage.records.inspections import InspectionRow
from webapp.frame.words import day, money
from webapp.questions.drift_cards import DriftCard

Desired = DesiredInvoice | DesiredPayment | DesiredRefund


@dataclass(frozen=True)
class Left:
    """One document that is left as in QuickBooks. `drift` is the choice, kept current; `desired` what the inspection asks for now, if anything.

    `told`: what is said instead of an amount where it asks for nothing.
    """

    drift: Drift
    inspection: InspectionRow | None
    name: str
    desired: Desired | None
    told: str

    @property
    def gone(self) -> bool:
        """Whether it was deleted in QuickBooks."""
        return self.drift.kind == "deleted"

    @property
    def total(self) -> Decimal:
        """What it comes to in QuickBooks, US dollars; nothing for one that was deleted there."""
        said = self.drift.theirs.get("TotalAmt", self.drift.document.total)
        return Decimal("0.00") if self.gone else Decimal(str(said)).quantize(Decimal("0.01"))

    @property
    def txn_date(self) -> date:
        """Its day in QuickBooks."""
        said = self.drift.theirs.get("TxnDate")
        return date.fromisoformat(str(said)) if said else self.drift.document.txn_date

    @property
    def body(self) -> dict[str, Any]:
        """What QuickBooks has of it, in QuickBooks' words."""
        return {} if self.gone else self.drift.theirs

    @property
    def sentence(self) -> str:
        """`Left as in QuickBooks: $813.55; the inspection says $838.55`: the amounts, else the days, else which fields differ."""
        wanted = self.desired
        amount = _amount(wanted) if wanted is not None else None
        theirs = {"deleted": "deleted", "voided": "voided"}.get(self.drift.kind, money(self.total))
        ours = self.told if amount is None else f"the inspection says {money(amount)}"
        if wanted is not None and amount == self.total and self.drift.kind not in ("deleted", "voided"):
            theirs, ours = self._alike(wanted)
        return f"Left as in QuickBooks: {theirs}; {ours}"

    def _alike(self, wanted: Desired) -> tuple[str, str]:
        """Return both sides of one whose amounts are the same."""
        if wanted.txn_date != self.txn_date:
            return day(self.txn_date), f"the inspection says {day(wanted.txn_date)}"
        labels = ", ".join(label.lower() for label, _, _ in self.drift.fields)
        if labels:
            return f"{money(self.total)} as the inspection says", f"other {labels} than we wrote"
        return money(self.total), "the inspection says the same"


def left_as_theirs(
    company: Company, inspection_keys: list[str] | None = None, *, limit: int = 100
) -> list[Left]:
    """Return what is left as in QuickBooks, the newest choice first: of these inspections, or of the whole company."""
    drifts = logbook.kept_drifts(company.id, inspection_keys, limit=limit)
    keys = list({drift.document.inspection_key for drift in drifts})
    rows = logbook.inspections_by_key(company.id, keys) if keys else {}
    numbers = logbook.invoice_numbers(company.id, keys) if keys else {}
    cases = {case.key: case for case in build_cases(company, list(rows.values()))} if rows else {}
    return [_left(drift, rows, cases, numbers) for drift in drifts]


def by_inspection(found: Iterable[Left]) -> dict[str, list[Left]]:
    """Return them by the inspection that they are of."""
    sorted_out: dict[str, list[Left]] = {}
    for one in found:
        sorted_out.setdefault(one.drift.document.inspection_key, []).append(one)
    return sorted_out


def _left(
    drift: Drift, rows: dict[str, InspectionRow], cases: dict[str, Case], numbers: dict[str, str]
) -> Left:
    key = drift.document.inspection_key
    row, case = rows.get(key), cases.get(key)
    name = DriftCard(drift, row, numbers.get(key, ""), True, []).name
    if case is None:
        return Left(drift, row, name, None, "its inspection is not known any more")
    if case.parked is not None:
        return Left(drift, row, name, None, "the inspection cannot be booked as it stands")
    told = (
        f"the inspection has no such {drift.document.kind}"
        if case.eligibility.in_books
        else "the inspection is not in the books"
    )
    return Left(drift, row, name, _desired(case, drift.document), told)


def _desired(case: Case, document: Document) -> Desired | None:
    if document.kind == "Invoice":
        return case.desired.invoice
    wanted: Iterable[DesiredPayment | DesiredRefund] = (
        case.given_back if document.kind == "RefundReceipt" else case.desired.payments
    )
    return next((one for one in wanted if one.source_key == document.source_key), None)


def _amount(wanted: Desired) -> Decimal:
    return wanted.total if isinstance(wanted, DesiredInvoice) else wanted.amount
