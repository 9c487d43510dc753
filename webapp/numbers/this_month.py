"""This month beside QuickBooks, as Home shows it: from the newest kept statement of it, or why there is none."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.numbers import Sides, TieoutStatement, month_of_statement, statements_of

MEASURES = ("invoiced", "received", "open")
LOOKED_THROUGH = 30
"""So many kept statements are looked through, the newest first, for one that is about the whole month."""


@dataclass(frozen=True)
class ThisMonth:
    """`sides` are a statement's figures by measure and side, None while none was made of this month.

    `kept` is the statement that they are from; without them the newest of any days, None when there never was one.
    """

    month: str
    kept: TieoutStatement | None = None
    sides: Sides | None = None

    @property
    def agrees(self) -> bool:
        """Whether both sides have the same count and dollars in every measure."""
        cells = [side["difference"] for side in (self.sides or {}).values()]
        return not any(cell["count"] or Decimal(cell["dollars"]) for cell in cells)


def this_month(company: Company, today: date) -> ThisMonth:
    """Return the month of `today`, a day in the company's zone, out of what is kept."""
    first, last = today.replace(day=1), today.replace(day=monthrange(today.year, today.month)[1])
    newest = statements_of(company.id, limit=LOOKED_THROUGH)
    for kept in newest:
        made_on = kept.made_at.astimezone(ZoneInfo(company.time_zone)).date()
        if made_on < first:
            break
        if kept.first_day <= first and last <= kept.last_day and (found := month_of_statement(kept, first)):
            sides = {measure: found[measure] for measure in MEASURES}
            return ThisMonth(f"{first:%Y-%m}", kept, sides)
    return ThisMonth(f"{first:%Y-%m}", newest[0] if newest else None)
