"""The choose step in figures: receipts by month on both sides of a cut, the cuts worth considering, and the bars as an SVG's numbers."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bookkeeping.rules.cutoff import quarter, tax_year
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.inspections import InspectionRow

HEIGHT, WIDTH = 150, 1000


@dataclass(frozen=True)
class Bar:
    """One month: place and height in the drawing, and how much of it lies on the new side."""

    month: str
    x: float
    width: float
    old_height: float
    new_height: float
    count: int
    total: Decimal


@dataclass(frozen=True)
class Cut:
    """A cutoff worth considering, with what lies on each side of it. `typed` fills the field."""

    typed: str
    label: str
    change: tuple[int, Decimal]
    stay: tuple[int, Decimal]


@dataclass(frozen=True)
class Chart:
    """The drawing: bars, (x, year) marks, x of the quarters, and x of the cut or None."""

    bars: list[Bar]
    years: list[tuple[float, int]]
    quarters: list[float]
    cut_x: float | None
    cut: Cut | None
    cuts: list[Cut]
    unknown: int


def chart_of(company: Company, cutoff: datetime | None) -> Chart:
    """Return the receipts on record by the month of their inspection, with the cut drawn in where one is given."""
    receipts, unknown = _receipts(company)
    zone = ZoneInfo(company.time_zone)
    if not receipts:
        return Chart([], [], [], None, None, [], unknown)
    months = _months(
        min(at for at, _ in receipts).astimezone(zone).date(),
        max(at for at, _ in receipts).astimezone(zone).date(),
    )
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for at, amount in receipts:
        month = sums[f"{at.astimezone(zone):%Y-%m}"]
        month[1 if cutoff is not None and at >= cutoff else 0] += amount
        month[2] += 1
    highest = max((old + new for old, new, _ in sums.values()), default=ZERO) or Decimal(1)
    step = WIDTH / len(months)
    bars = []
    for place, day in enumerate(months):
        old, new, count = sums[f"{day:%Y-%m}"]
        low, high = (float(HEIGHT * amount / highest) for amount in (old, new))
        bars.append(Bar(f"{day:%Y-%m}", place * step, max(step - 2, 1), low, high, int(count), old + new))
    return Chart(
        bars=bars,
        years=[(place * step, day.year) for place, day in enumerate(months) if day.month == 1 or place == 0],
        quarters=[place * step for place, day in enumerate(months) if day.month in (4, 7, 10)],
        cut_x=_cut_x(cutoff, zone, months, step) if cutoff else None,
        cut=_cut(receipts, cutoff, cutoff.astimezone(zone), "") if cutoff else None,
        cuts=_cuts(receipts, zone, months),
        unknown=unknown,
    )


def touched(cutoff: datetime, zone: str) -> str:
    """Return the tax year and quarter that a cutoff falls into, in words."""
    day = cutoff.astimezone(ZoneInfo(zone)).date()
    return f"quarter {quarter(day)} of tax year {tax_year(day)}"


def _receipts(company: Company) -> tuple[list[tuple[datetime, Decimal]], int]:
    rows = (
        select(InspectionRow.starts_at, LegacyReceipt.amount)
        .select_from(LegacyReceipt)
        .outerjoin(
            InspectionRow,
            (InspectionRow.company_id == LegacyReceipt.company_id)
            & (InspectionRow.key == LegacyReceipt.inspection_key),
        )
        .where(LegacyReceipt.company_id == company.id, LegacyReceipt.replaced_at.is_(None))
    )
    found = db.session.execute(rows).all()
    return [(at, amount) for at, amount in found if at is not None], sum(at is None for at, _ in found)


def _months(first: date, last: date) -> list[date]:
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _cut_x(cutoff: datetime, zone: ZoneInfo, months: list[date], step: float) -> float:
    local = cutoff.astimezone(zone)
    place = (local.year - months[0].year) * 12 + local.month - months[0].month + (local.day - 1) / 31
    return min(max(place * step - 1, 0), WIDTH)


def _cuts(receipts: list[tuple[datetime, Decimal]], zone: ZoneInfo, months: list[date]) -> list[Cut]:
    """Return the first day of each tax year, and of each quarter of the last two, newest first; the first receipt's day last."""
    first, latest = min(at for at, _ in receipts).astimezone(zone).date(), months[-1].year
    days = [day for day in months if day.month == 1 or (day.month in (4, 7, 10) and day.year >= latest - 1)]
    cuts = []
    for day in [*sorted((day for day in days if day > first), reverse=True), first]:
        local = datetime.combine(day, time(), tzinfo=zone)
        label = f"Tax year {day.year} on" if day.month == 1 else f"Quarter {quarter(day)} of {day.year} on"
        label = "All receipts" if day == first else label
        cuts.append(_cut(receipts, local.astimezone(UTC), local, label))
    return cuts


def _cut(receipts: list[tuple[datetime, Decimal]], cutoff: datetime, local: datetime, label: str) -> Cut:
    change = [amount for at, amount in receipts if at >= cutoff]
    stay = [amount for at, amount in receipts if at < cutoff]
    return Cut(
        f"{local:%Y-%m-%dT%H:%M}", label, (len(change), sum(change, ZERO)), (len(stay), sum(stay, ZERO))
    )
