"""What the tick does once an hour: count what the hour brought, so that charts and trends never walk the history.

The counts are kept for 60 days. Moving old operations to files is `retention`.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from bookkeeping.logbook.failures import FailureFilter, failure_groups
from bookkeeping.storage.base import db
from bookkeeping.storage.work.journal import Operation
from bookkeeping.storage.work.ops import HourlyCount

KEEP = timedelta(days=60)
CATCH_UP = timedelta(days=7)
SETTLED = timedelta(minutes=2)
"""An hour is counted this long after its end, when the last transactions of it are surely committed."""


def count_hours(now: datetime) -> int:
    """Count every whole hour that is not counted yet, in the current transaction; return how many. The caller commits.

    Failures are only known as they stand now, so hours that were missed have operations and no failures.
    """
    hour = (now - SETTLED).replace(
        minute=0, second=0, microsecond=0
    )  # Counted are the hours that ended by then.
    newest = db.session.scalar(
        select(func.max(HourlyCount.hour, type_=HourlyCount.hour.type)).where(HourlyCount.series == "hours")
    )
    first = max(newest + timedelta(hours=1) if newest else hour - timedelta(hours=24), hour - CATCH_UP)
    counted = 0
    while first + timedelta(hours=1) <= hour:
        _count_operations(first)
        db.session.add(HourlyCount(hour=first, series="hours", name="counted", count=1))
        first, counted = first + timedelta(hours=1), counted + 1
    if counted:
        _count_failures(hour - timedelta(hours=1))
        db.session.execute(delete(HourlyCount).where(HourlyCount.hour < now - KEEP))
    return counted


def _count_operations(hour: datetime) -> None:
    within = (Operation.settled_at >= hour, Operation.settled_at < hour + timedelta(hours=1))
    rows = select(
        Operation.outcome,
        Operation.code,
        func.count(),
        func.sum(Operation.amount, type_=Operation.amount.type),
    )
    for outcome, code, count, amount in db.session.execute(
        rows.where(*within).group_by(Operation.outcome, Operation.code)
    ):
        name = f"{outcome}|{code}"
        db.session.add(
            HourlyCount(hour=hour, series="operations", name=name, count=count, amount=amount or 0)
        )


def _count_failures(hour: datetime) -> None:
    for group in failure_groups(FailureFilter()):
        db.session.add(
            HourlyCount(hour=hour, series="failures", name=group.code, count=group.count, amount=group.amount)
        )
