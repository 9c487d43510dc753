"""Counting the calls to QuickBooks per company, day and kind."""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.work.journal import ApiUsage


def note_usage(company_id: int, kind: str, metered: bool, *, failed: bool = False) -> None:
    """Count one call, in the current transaction (which is committed when the row is new)."""
    day = utcnow().date().isoformat()
    which = (ApiUsage.company_id == company_id, ApiUsage.day == day, ApiUsage.kind == kind)
    counts: dict[str, Any] = {"count": ApiUsage.count + 1, "failed": ApiUsage.failed + int(failed)}
    if metered:  # Also where the day's first call of this kind failed.
        counts["metered"] = True
    more = update(ApiUsage).where(*which).values(**counts)
    if rows_changed(more):
        return
    try:
        with db.session.begin_nested():
            db.session.add(
                ApiUsage(
                    company_id=company_id, day=day, kind=kind, metered=metered, count=1, failed=int(failed)
                )
            )
    except IntegrityError:  # Another process made today's row in this moment.
        db.session.execute(more)


def usage_of(company_id: int) -> dict[str, int]:
    """Return all calls that there were, by kind."""
    rows = select(ApiUsage.kind, func.sum(ApiUsage.count)).where(ApiUsage.company_id == company_id)
    return {kind: int(count) for kind, count in db.session.execute(rows.group_by(ApiUsage.kind))}
