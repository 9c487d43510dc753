"""The choose step in figures: receipts by month, quarter or year on both sides of a cut, and the cuts worth considering."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bookkeeping.rules.cutoff import quarter, tax_year
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.inspections import InspectionRow

HEIGHT = 112
MOST_BARS = 12
"""As many as have room for their values on a phone; where months would be more, quarters or years are drawn."""

Sum = tuple[int, Decimal]


@dataclass(frozen=True)
class Bar:
    """One month, quarter or year: what to write under it, how high its parts on either side of the cut are, and how much it is.

    `stop` is the place on the slider where it begins.
    """

    name: str
    label: str
    year: int
    stop: int
    old_height: int
    new_height: int
    count: int
    total: Decimal


@dataclass(frozen=True)
class Cut:
    """A cutoff worth considering, with what lies on each side of it. `typed` fills the field."""

    typed: str
    label: str
    change: Sum
    stay: Sum


@dataclass(frozen=True)
class Chart:
    """The drawing. `stops` are the cutoffs at the beginnings of its months, `months` how many it is wide, `at` the slider's place.

    `cut_x` is the cut's place in months and parts of one; it and `cut` are None without a cut.
    """

    bars: list[Bar]
    stops: list[str]
    months: int
    at: int
    cut_x: float | None
    cut: Cut | None
    cuts: list[Cut]
    unknown: int


class _Receipts:
    """The receipts in order of their inspection's start, with running sums, so that any stretch of time is counted at once."""

    def __init__(self, found: list[tuple[datetime, Decimal]]) -> None:
        ordered = sorted(found)
        self.starts = [at for at, _ in ordered]
        self.sums = list(accumulate((amount for _, amount in ordered), initial=ZERO))

    def between(self, since: datetime | None, until: datetime | None) -> Sum:
        """Return how many start at `since` or later and before `until`, and what they come to."""
        first = bisect_left(self.starts, since) if since else 0
        last = bisect_left(self.starts, until) if until else len(self.starts)
        return (last - first, self.sums[last] - self.sums[first]) if last > first else (0, ZERO)


def chart_of(company: Company, cutoff: datetime | None, now: datetime) -> Chart:
    """Return the receipts on record by when their inspections started, with the cut drawn in where one is given."""
    found, unknown = _on_record(company)
    zone = ZoneInfo(company.time_zone)
    if not found:
        return Chart([], [], 0, 0, None, None, [], unknown)
    receipts = _Receipts(found)
    first, last = (at.astimezone(zone).date() for at in (receipts.starts[0], receipts.starts[-1]))
    step, begins = _buckets(first, last)
    months = (len(begins) - 1) * step
    cut_x = _months_from(begins[0], cutoff.astimezone(zone), months) if cutoff else None
    stops = _stops(begins[0], months, first, now.astimezone(zone).date())
    return Chart(
        bars=_bars(receipts, begins, step, cutoff, zone),
        stops=stops,
        months=months,
        at=min(int(cut_x), len(stops) - 1) if cut_x is not None else len(stops) - 1,
        cut_x=cut_x,
        cut=_cut(receipts, cutoff, cutoff.astimezone(zone), "") if cutoff else None,
        cuts=_cuts(receipts, zone, first, last),
        unknown=unknown,
    )


def touched(cutoff: datetime, zone: str) -> str:
    """Return the tax year and quarter that a cutoff falls into, in words."""
    day = cutoff.astimezone(ZoneInfo(zone)).date()
    return f"quarter {quarter(day)} of tax year {tax_year(day)}"


def short(amount: int | Decimal) -> str:
    """Say a number so that it fits on a bar: `950`, `1.2k`, `48k`, `1.2M`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if amount >= size:
            part = amount / size
            return f"{part:.1f}{letter}" if part < 10 else f"{part:.0f}{letter}"
    return f"{amount:.0f}"


def _on_record(company: Company) -> tuple[list[tuple[datetime, Decimal]], int]:
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


def _buckets(first: date, last: date) -> tuple[int, list[date]]:
    """Return (months in a bar, the first day of each bar and the day after the last one): the finest that has room."""
    for step in (1, 3, 12):
        begin = first.year * 12 + (first.month - 1) // step * step
        end = last.year * 12 + (last.month - 1) // step * step + step
        if (end - begin) // step <= MOST_BARS:
            break
    return step, [_month(number) for number in range(begin, end + 1, step)]


def _bars(
    receipts: _Receipts, begins: list[date], step: int, cutoff: datetime | None, zone: ZoneInfo
) -> list[Bar]:
    edges = [_midnight(day, zone) for day in begins]
    parts = []
    for since, until in pairwise(edges):
        cut = min(max(cutoff or until, since), until)
        parts.append((receipts.between(since, cut), receipts.between(cut, until)))
    highest = max(old[1] + new[1] for old, new in parts) or Decimal(1)
    bars = []
    for place, (day, (old, new)) in enumerate(zip(begins, parts, strict=False)):
        low, high = (round(HEIGHT * amount / highest) for _, amount in (old, new))
        name, label = _named(day, step)
        bars.append(Bar(name, label, day.year, place * step, low, high, old[0] + new[0], old[1] + new[1]))
    return bars


def _named(day: date, step: int) -> tuple[str, str]:
    """Return the name of a bar, and the shorter one that stands under it beside its year."""
    if step == 12:
        return str(day.year), ""
    if step == 3:
        return f"Quarter {quarter(day)} of {day.year}", f"Q{quarter(day)}"
    return f"{day:%B %Y}", f"{day:%b}"


def _stops(begin: date, months: int, first: date, today: date) -> list[str]:
    """Return what to type for a cut at each month's beginning, up to today; before the first receipt, for all of them."""
    days = [_month(begin.year * 12 + begin.month - 1 + number) for number in range(months + 1)]
    return [f"{max(day, first):%Y-%m-%d}T00:00" for day in days if day <= max(today, first)]


def _months_from(begin: date, local: datetime, most: int) -> float:
    """Return how many months after `begin` a moment lies, within the drawing."""
    whole = (local.year - begin.year) * 12 + local.month - begin.month
    return min(max(whole + (local.day - 1 + local.hour / 24) / 31, 0.0), float(most))


def _cuts(receipts: _Receipts, zone: ZoneInfo, first: date, last: date) -> list[Cut]:
    """Return the first day of each tax year, newest first; the first receipt's day, which is all of them, last."""
    years = [date(year, 1, 1) for year in range(last.year, first.year, -1)]
    cuts = []
    for day in [*years, first]:
        local = datetime.combine(day, time(), tzinfo=zone)
        cuts.append(_cut(receipts, local.astimezone(UTC), local, "All" if day == first else str(day.year)))
    return cuts


def _cut(receipts: _Receipts, cutoff: datetime, local: datetime, label: str) -> Cut:
    change, stay = receipts.between(cutoff, None), receipts.between(None, cutoff)
    return Cut(f"{local:%Y-%m-%dT%H:%M}", label, change, stay)


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
