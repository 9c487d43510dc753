"""What an inspection's row says after its slice: in sync, or the state, the cause and when it is tried again."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal, or_, select, update

from bookkeeping.errors import BookkeepingError, TemporaryError
from bookkeeping.rules.backoff import retry_delay
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.inspections import InspectionRow
from worker.cases import Case
from worker.jitter import jitter
from worker.work import Work

COMPANY_WIDE = frozenset({"qbo-6190", "qbo-5020"})
"""Refusals that every other write of the company would meet too: subscription lapsed, permission lost (decision 9)."""

WAITING_CODES = frozenset({"waiting-for-customer", "mass-delete-brake"})
"""Causes of ours that go away without anybody touching this very inspection."""


def finish_cases(work: Work, cases: list[Case]) -> None:
    """Settle each case's row, in one transaction. What became due again meanwhile stays due."""
    for case in cases:
        values = _parked(case) if case.parked is not None else _settled(case)
        row = update(InspectionRow).where(InspectionRow.id == case.row_id)
        db.session.execute(row.values(**values))
        if not values.get("next_try_at"):
            done = row.where(InspectionRow.wanted_gen == case.wanted_gen)
            db.session.execute(done.values(due=False, deletes_approved=False))
    blocked = next(
        (case.parked.code for case in cases if case.parked and case.parked.code in COMPANY_WIDE), None
    )
    if blocked:
        connection = work.connection
        connection.facts = {**connection.facts, "blocked": blocked}
    work.commit()


def hold_all(work: Work, code: str) -> None:
    """Let everything due wait for this company-wide cause, without a call that must fail."""
    due = update(InspectionRow).where(
        InspectionRow.company_id == work.company_id, InspectionRow.due.is_(True)
    )
    held = {"state": "needs-you", "reason": code, "detail": "", "due": False, "held_since": _held()}
    db.session.execute(due.values(**held))
    work.tell("Waiting")
    work.commit()


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


def _settled(case: Case) -> dict:
    flags = [{"code": flag.code, "detail": flag.detail} for flag in case.desired.flags]
    flags += [{"code": code, "detail": ""} for code in dict.fromkeys(case.warnings)]
    values = {"detail": "", "flags": flags, "waits_for": "", "failures": 0, "next_try_at": None}
    values["held_since"] = None
    held = case.plan.held if case.plan else ()
    drifted = [one for one in case.live if one.hands_off == "drift"]
    if drifted:
        values |= {"state": "drift", "reason": "drift"}
    elif "total-mismatch" in case.warnings:
        values |= {"state": "needs-you", "reason": "total-mismatch"}
    elif case.eligibility.in_books:
        values |= {"state": "in-sync", "reason": "kept-theirs" if held else ""}
    else:
        values |= {"state": "not-in-books", "reason": case.eligibility.reason, "flags": []}
    if values["state"] in ("in-sync", "not-in-books"):
        values["last_synced_at"] = utcnow()
    return values


def _parked(case: Case) -> dict:
    error = case.parked
    values = {
        "reason": error.code,
        "detail": error.detail,
        "waits_for": case.waits_for,
        "held_since": _held(),
    }
    if error.code == "drift":
        return values | {"state": "drift", "next_try_at": None}
    if isinstance(error, TemporaryError):
        return values | {"state": "waiting"} | _next_try(case, error)
    if error.code in WAITING_CODES:
        return values | {"state": "waiting", "next_try_at": None}
    return values | {"state": "needs-you", "next_try_at": None, "failures": InspectionRow.failures + 1}


def _next_try(case: Case, error: BookkeepingError) -> dict:
    row = db.session.get(InspectionRow, case.row_id)
    failures = (row.failures if row else 0) + 1
    delay = max(retry_delay(failures, jitter()), timedelta(seconds=30))
    return {"failures": failures, "next_try_at": utcnow() + delay}


def _held() -> ColumnElement[datetime]:
    """Since when it is held up: the first time counts, however often it is tried again."""
    return func.coalesce(InspectionRow.held_since, literal(utcnow(), InspectionRow.held_since.type))
