"""The last 24 hours of operations by outcome, ready to be drawn and to be read as a table."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bookkeeping.logbook.companies import hourly
from bookkeeping.storage.base import db
from bookkeeping.storage.work.journal import Operation

KINDS = {
    "done": ("created", "updated", "deleted"),
    "waiting": ("waiting", "unknown", "planned"),
    "refused": ("refused", "drift"),
}
_OF = {outcome: kind for kind, outcomes in KINDS.items() for outcome in outcomes}


@dataclass(frozen=True)
class Hour:
    """One hour: when it began (aware UTC), and its operations by kind."""

    at: datetime
    done: int = 0
    waiting: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.done + self.waiting + self.refused


@dataclass(frozen=True)
class Hours:
    """The hours, the oldest first."""

    hours: list[Hour]

    @property
    def top(self) -> int:
        """The most operations within one hour, at least 1."""
        return max([hour.total for hour in self.hours], default=0) or 1

    @property
    def total(self) -> int:
        """All operations."""
        return sum(hour.total for hour in self.hours)


def hours_of(now: datetime) -> Hours:
    """Return the last 24 hours: whole ones as the tick counted them, and what it has not counted yet from the operations."""
    this = now.replace(minute=0, second=0, microsecond=0)
    first = this - timedelta(hours=23)
    sums: dict[datetime, dict[str, int]] = {first + timedelta(hours=back): {} for back in range(24)}
    for row in hourly("operations", first):
        kind = _OF.get(row.name.split("|")[0], "waiting")
        sums[row.hour][kind] = sums[row.hour].get(kind, 0) + row.count
    counted = {row.hour for row in hourly("hours", first)}
    for hour in [hour for hour in sums if hour not in counted][-3:]:
        within = (Operation.settled_at >= hour, Operation.settled_at < hour + timedelta(hours=1))
        rows = select(Operation.outcome, func.count()).where(*within).group_by(Operation.outcome)
        for outcome, count in db.session.execute(rows):
            kind = _OF.get(outcome, "waiting")
            sums[hour][kind] = sums[hour].get(kind, 0) + count
    return Hours([Hour(at, **kinds) for at, kinds in sums.items()])
