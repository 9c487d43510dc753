"""Making inspections due: which are looked at again, and since when one is held up. Why they wait is in their rows."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, or_, select, update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Operation


def release(company_id: int, *, codes: frozenset[str] | None = None) -> int:
    """Make due what waits: everything on a back-off or waiting for something, or all with one of these causes."""
    waits = or_(InspectionRow.next_try_at.is_not(None), InspectionRow.state == "waiting")
    chosen = InspectionRow.reason.in_(codes) if codes is not None else waits
    rows = update(InspectionRow).where(InspectionRow.company_id == company_id, chosen)
    rows = rows.where(InspectionRow.reason != "mass-delete-brake")
    released = db.session.execute(rows.values(due=True, next_try_at=None, waits_for=""))
    return released.rowcount


def release_rows(company_id: int, *which: ColumnElement[bool]) -> int:
    """Make these inspections due now, in the current transaction; return how many there are."""
    rows = update(InspectionRow).where(InspectionRow.company_id == company_id, *which)
    rows = rows.execution_options(synchronize_session=False)
    due = {"due": True, "next_try_at": None, "waits_for": "", "state": "syncing"}
    return db.session.execute(rows.values(**due)).rowcount


def rows_waiting_for(company_id: int, waits_for: str) -> list[str]:
    """Return the keys of the inspections that wait for this root cause."""
    chosen = select(InspectionRow.key).where(
        InspectionRow.company_id == company_id, InspectionRow.waits_for == waits_for
    )
    return list(db.session.scalars(chosen))


def held_since_now() -> ColumnElement[datetime]:
    """Since when it is held up: the first time counts, however often it is tried again."""
    return func.coalesce(InspectionRow.held_since, literal(utcnow(), InspectionRow.held_since.type))


def free_waiting(company_id: int, waits_for: str) -> None:
    """Make everything due that waited for this root cause, in the current transaction."""
    waiting = update(InspectionRow).where(
        InspectionRow.company_id == company_id, InspectionRow.waits_for == waits_for
    )
    db.session.execute(waiting.values(due=True, waits_for="", next_try_at=None, state="syncing"))


def make_due(operation: Operation) -> None:
    """Let the operation's inspection be looked at again."""
    if operation.inspection_key:
        row = update(InspectionRow).where(
            InspectionRow.company_id == operation.company_id, InspectionRow.key == operation.inspection_key
        )
        db.session.execute(row.values(due=True, next_try_at=None))
