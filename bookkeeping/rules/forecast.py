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
from bookkeeping.rules.migration import Entry, Part, Receipt, Replacement
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


class Compared:
    """What stands before and after, US dollars."""

    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True)
class Period(Compared):
    """One month ("2019-03") or tax year ("2019"). `causes` are (name, inspection key, difference) and add up to the difference."""

    name: str
    before: Decimal
    after: Decimal
    causes: tuple[tuple[str, str, Decimal], ...] = ()


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


@dataclass(frozen=True)
class Account(Compared):
    """One income account, or one line of sales tax (`kind` *tax*, `key` the rate): what receipts put there that are replaced, and what is put
    there instead. `causes` are (SalesReceipt, inspection key, difference) and add up to the difference."""

    kind: Literal["income", "tax"]
    key: str
    name: str
    before: Decimal
    after: Decimal
    causes: tuple[tuple[str, str, Decimal], ...] = ()


Place = tuple[Literal["income", "tax"], str, str]
"""Where a part of a document lands: kind, key and name of an `Account`."""


def by_account(entries: Iterable[Entry], place_of: Callable[[Part], Place]) -> list[Account]:
    """Return every income account and tax line that a receipt which changes touches, before or after, in the order of their names.

    Source: bookkeeping decision 13: totals may agree while income moves to another account, or a tax line to none.
    """
    before: dict[Place, Decimal] = defaultdict(lambda: ZERO)
    after: dict[Place, Decimal] = defaultdict(lambda: ZERO)
    causes: dict[Place, list[tuple[str, str, Decimal]]] = defaultdict(list)
    for entry in entries:
        if entry.place != "change" or entry.receipt is None or entry.replacement is None:
            continue
        moved: dict[Place, Decimal] = defaultdict(lambda: ZERO)
        for parts, sums, sign in ((entry.receipt.parts, before, -1), (entry.replacement.parts, after, 1)):
            for part in parts:
                place = place_of(part)
                sums[place] += part.amount
                moved[place] += sign * part.amount
        name = f"SalesReceipt {entry.receipt.doc_number or entry.recorded.receipt_id}"
        for place, amount in moved.items():
            if amount:
                causes[place].append((name, entry.recorded.inspection_key, amount))
    places = sorted({*before, *after}, key=lambda place: (place[0], place[2].casefold(), place[1]))
    return [Account(*place, before[place], after[place], tuple(causes[place])) for place in places]


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
