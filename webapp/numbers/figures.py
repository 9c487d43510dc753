"""The pulled numbers as tables and charts for the numbers page. Reads what is stored; asks QuickBooks nothing."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from bookkeeping.storage.records.numbers import PulledNumbers
from webapp.frame.words import month as month_words
from webapp.numbers.charts import chart

ZERO = Decimal("0.00")
SECTIONS = {
    "Income": "Income",
    "COGS": "Cost of goods sold",
    "GrossProfit": "Gross profit",
    "Expenses": "Expenses",
    "NetOperatingIncome": "Net operating income",
    "NetIncome": "Net income",
}
NO_METHOD = "No method"


@dataclass(frozen=True)
class ProfitMonth:
    """One month of Profit and Loss, with the days that lead to its inspections."""

    month: str
    first: str
    last: str
    income: dict[str, Decimal]
    net: dict[str, Decimal]


@dataclass(frozen=True)
class Method:
    """What was received by one payment method."""

    name: str
    count: int
    total: Decimal


def profit_months(pulled: dict[tuple[str, str], PulledNumbers]) -> list[ProfitMonth]:
    """Return Profit and Loss by month, oldest first, accrual beside cash; empty before the first pull."""
    sums: dict[str, dict[tuple[str, str], Decimal]] = defaultdict(dict)
    months: list[str] = []
    for basis in ("Accrual", "Cash"):
        row = pulled.get(("profit-and-loss", basis))
        if row is None:
            continue
        months = months_between(row.period)
        for total in row.content["totals"]:
            sums[total["month"]][total["section"], basis] = Decimal(total["amount"])
    return [
        ProfitMonth(
            month,
            f"{month}-01",
            _last_day(month),
            {basis: sums[month].get(("Income", basis), ZERO) for basis in ("Accrual", "Cash")},
            {basis: sums[month].get(("NetIncome", basis), ZERO) for basis in ("Accrual", "Cash")},
        )
        for month in months
    ]


def profit_chart(months: list[ProfitMonth]) -> Markup:
    """Income by month, accrual beside cash."""
    labels = [month_words(one.month, short=True) for one in months]
    series = [
        (f"Income, {basis.lower()}", [one.income[basis] for one in months]) for basis in ("Accrual", "Cash")
    ]
    return chart("Income by month, accrual and cash", labels, series)


def accounts_of(row: PulledNumbers | None) -> list[tuple[str, str, Decimal]]:
    """Return (section, account, amount) over all months of one basis."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for one in row.content["accounts"] if row else ():
        sums[one["section"], one["account"]] += Decimal(one["amount"])
    return [
        (SECTIONS.get(section, section), account, amount)
        for (section, account), amount in sorted(
            sums.items(),
            key=lambda item: (list(SECTIONS).index(item[0][0]) if item[0][0] in SECTIONS else 9, item[0][1]),
        )
    ]


def aging_chart(content: dict[str, Any]) -> Markup:
    """What is owed, by age."""
    series = [("Owed", age_sums(content))]
    return chart("Owed to you, by days overdue", age_names(content["ages"]), series, horizontal=True)


def age_sums(content: dict[str, Any]) -> list[Decimal]:
    """Return the sum of each age column."""
    return [
        sum((Decimal(one["by_age"][place]) for one in content["customers"]), ZERO)
        for place in range(len(content["ages"]))
    ]


def age_names(ages: Iterable[str]) -> list[str]:
    """Return the report's column titles in words: `1 - 30` → `1–30 days late`."""
    return [
        f"{age.replace(' - ', '–')} days late"
        if age[:1].isdigit()
        else "Not due yet"
        if age == "Current"
        else age
        for age in ages
    ]


def by_method(payments: list[dict[str, Any]]) -> list[Method]:
    """Return the payments by method, largest total first."""
    sums: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
    for one in payments:
        name = one["method"] or NO_METHOD
        count, total = sums[name]
        sums[name] = (count + 1, total + Decimal(one["total"]))
    found = [Method(name, count, total) for name, (count, total) in sums.items()]
    return sorted(found, key=lambda one: (-one.total, one.name))


def method_chart(methods: list[Method]) -> Markup:
    """Money received, by method."""
    series = [("Received", [one.total for one in methods])]
    return chart("Received by payment method", [one.name for one in methods], series, horizontal=True)


def total_of(rows: Iterable[dict[str, Any]], column: str = "total") -> Decimal:
    """Return the sum of one column."""
    return sum((Decimal(row[column]) for row in rows), ZERO)


def days_late(due: str, today: date) -> int:
    """Return by how many days an Invoice due on that ISO day ("" for none) is late today."""
    return max((today - date.fromisoformat(due)).days, 0) if due else 0


def pulled_at(pulled: dict[tuple[str, str], PulledNumbers]) -> datetime | None:
    """Return the instant of the oldest figure on the page."""
    return min((row.pulled_at for row in pulled.values()), default=None)


def months_between(period: str) -> list[str]:
    """Return the months of a period such as `2026-01-01 2026-12-31`."""
    first, last = (date.fromisoformat(part) for part in period.split())
    span = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in span]


def _last_day(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{month}-{monthrange(year, number)[1]:02d}"
