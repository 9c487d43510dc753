"""What an inspection's row says after its slice: in sync, or the state, the cause and when it is tried again."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from bookkeeping.case import Case
from bookkeeping.errors import BookkeepingError, TemporaryError
from bookkeeping.faults import fault
from bookkeeping.rules.backoff import retry_delay
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.due import held_since_now
from bookkeeping.storage.records.inspections import InspectionRow
from worker.holding.blocks import block
from worker.holding.work import Work
from worker.jitter import jitter


def finish_cases(work: Work, cases: list[Case]) -> None:
    """Settle each case's row, in one transaction. What became due again meanwhile stays due."""
    for case in cases:
        values = _parked(case, case.parked) if case.parked is not None else _settled(case)
        row = update(InspectionRow).where(InspectionRow.id == case.row_id)
        db.session.execute(row.values(**values))
        if not values.get("next_try_at"):
            done = row.where(InspectionRow.wanted_gen == case.wanted_gen)
            db.session.execute(done.values(due=False, deletes_approved=False))
    blocked = next(
        (case.parked.code for case in cases if case.parked and fault(case.parked.code).blocks_writes), None
    )
    if blocked:
        block(work, blocked)
    work.commit()


def _settled(case: Case) -> dict[str, Any]:
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


def _parked(case: Case, error: BookkeepingError) -> dict[str, Any]:
    values = {
        "reason": error.code,
        "detail": error.detail,
        "waits_for": case.waits_for,
        "held_since": held_since_now(),
    }
    if error.code == "drift":
        return values | {"state": "drift", "next_try_at": None}
    if isinstance(error, TemporaryError):
        return values | {"state": "waiting"} | _next_try(case, error)
    if fault(error.code).waits:
        return values | {"state": "waiting", "next_try_at": None}
    return values | {"state": "needs-you", "next_try_at": None, "failures": InspectionRow.failures + 1}


def _next_try(case: Case, error: BookkeepingError) -> dict[str, Any]:
    row = db.session.get(InspectionRow, case.row_id)
    failures = (row.failures if row else 0) + 1
    delay = max(retry_delay(failures, jitter()), timedelta(seconds=30))
    return {"failures": failures, "next_try_at": utcnow() + delay}
