"""What a migration does to income, month by month and by tax year, on both bases: before, after, the difference and its causes.

Accrual counts a SalesReceipt and an Invoice on their own day. Cash counts a SalesReceipt on its own day and a Payment on its own:
QuickBooks books money received before its Invoice as unapplied cash income on the day it came in, so the day of the Payment always decides.
QuickBooks' own sales tax on a receipt is owed to the state and is no income.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from bookkeeping.rules.cutoff import tax_year
from bookkeeping.rules.migration import Entry, Receipt, Replacement
from bookkeeping.rules.money import ZERO

Basis = Literal["accrual", "cash"]
BASES: tuple[Basis, ...] = ("accrual", "cash")


@dataclass(frozen=True)
class Change:
    """The income of one receipt or inspection before and after, as (day, US dollars) on each basis. `name` says whose it is."""

    name: str
    inspection_key: str
    before: dict[Basis, tuple[tuple[date, Decimal], ...]]
    after: dict[Basis, tuple[tuple[date, Decimal], ...]]


@dataclass(frozen=True)
class Period:
    """One month ("2019-03") or tax year ("2019"). `causes` are (name, inspection key, difference) and add up to the difference."""

    name: str
    before: Decimal
    after: Decimal
    causes: tuple[tuple[str, str, Decimal], ...] = ()

    @property
    def difference(self) -> Decimal:
        """After less before."""
        return self.after - self.before


def receipt_income(receipt: Receipt | None) -> dict[Basis, tuple[tuple[date, Decimal], ...]]:
    """Return the income that a SalesReceipt stands for; nothing when it is gone."""
    income = ((receipt.txn_date, receipt.total - receipt.tax),) if receipt else ()
    return {"accrual": income, "cash": income}


def replacement_income(replacement: Replacement) -> dict[Basis, tuple[tuple[date, Decimal], ...]]:
    """Return the income that an Invoice with its Payments stands for."""
    return {
        "accrual": ((replacement.txn_date, replacement.total),),
        "cash": tuple((day, amount) for _, day, amount, _ in replacement.payments),
    }


def change_of(entry: Entry) -> Change:
    """Return what the migration does to the income of one receipt: something only where it is replaced."""
    before = receipt_income(entry.receipt)
    after = replacement_income(entry.replacement) if entry.place == "change" and entry.replacement else before
    number = entry.receipt.doc_number if entry.receipt else ""
    name = f"SalesReceipt {number or entry.recorded.receipt_id}"
    return Change(name, entry.recorded.inspection_key, before, after)


def new_booking(inspection_key: str, replacement: Replacement) -> Change:
    """Return the income of an inspection that had nothing in the books and gets its documents once the cutoff holds."""
    nothing: dict[Basis, tuple[tuple[date, Decimal], ...]] = dict.fromkeys(BASES, ())
    return Change(
        f"Invoice {replacement.doc_number}", inspection_key, nothing, replacement_income(replacement)
    )


def by_month(changes: Iterable[Change], basis: Basis) -> list[Period]:
    """Return the months that hold income before or after, in order."""
    return _periods(changes, basis, lambda day: f"{day:%Y-%m}")


def by_tax_year(changes: Iterable[Change], basis: Basis) -> list[Period]:
    """Return the tax years that hold income before or after, in order."""
    return _periods(changes, basis, lambda day: f"{tax_year(day)}")


def _periods(changes: Iterable[Change], basis: Basis, period_of: Callable[[date], str]) -> list[Period]:
    before: dict[str, Decimal] = defaultdict(lambda: ZERO)
    after: dict[str, Decimal] = defaultdict(lambda: ZERO)
    causes: dict[str, list[tuple[str, str, Decimal]]] = defaultdict(list)
    for change in changes:
        moved: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for day, amount in change.before[basis]:
            before[period_of(day)] += amount
            moved[period_of(day)] -= amount
        for day, amount in change.after[basis]:
            after[period_of(day)] += amount
            moved[period_of(day)] += amount
        for period, amount in moved.items():
            if amount:
                causes[period].append((change.name, change.inspection_key, amount))
    return [
        Period(period, before[period], after[period], tuple(causes[period]))
        for period in sorted({*before, *after})
    ]
