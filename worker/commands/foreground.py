"""`poll`, `reconcile` and `nightly`: runs carried to their end in the foreground, under the company's lease."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import select

from bookkeeping.errors import LeaseLostError, LeaseTakenError, MisconfiguredError
from bookkeeping.faults import fault
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.work.runs import Run
from worker.app import settings
from worker.commands.answering import PlainCommand, Refusal, answering, company_of
from worker.holding.work import hold_company
from worker.runs import run_to_end, uses_quickbooks

THROTTLES_WAITED_OUT = 5
YEARS = range(1990, 2200)


def run_in_foreground(
    company_id: int, kind: str, *, now: Callable[[], datetime] = utcnow, **parameters: Any
) -> dict[str, Any]:
    """Run one kind of run to its end under the company's lease, waiting for a worker that holds it.

    Raises:
        LeaseTakenError: a worker holds the company for long.
        MisconfiguredError: another Intuit than this process's granted the company's connection; no run was begun.
    """
    company_of(company_id)
    deadline = time.monotonic() + settings().lease_seconds * 2
    while True:
        try:
            work = hold_company(company_id, now=now, patience=THROTTLES_WAITED_OUT)
            break
        except LeaseTakenError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    try:
        if uses_quickbooks(kind):
            work.refuse_other_intuit()
        run = Run(company_id=company_id, kind=kind, reason="command", parameters=parameters)
        record_act(company_id, "command line", f"ran {kind}")
        db.session.add(run)
        work.commit()
        run = run_to_end(work, run)
        return _run_facts(run)
    finally:
        work.lease.release()


def _run_facts(run: Run) -> dict[str, Any]:
    facts = {
        "company": run.company_id,
        "run": run.id,
        "state": run.state,
        "outcomes": run.counts,
        "calls": run.calls,
        "inspections": run.done,
        **run.result,
        "problems": [{**problem, "title": fault(problem["code"]).title} for problem in run.problems],
    }
    return facts | ({"failed": True} if run.problems else {})


@click.command("poll", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def poll(company_id: int) -> dict[str, Any]:
    """Read what changed on the platform."""
    return run_in_foreground(company_id, "poll")


@click.command("reconcile", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def reconcile(company_id: int) -> dict[str, Any]:
    """Bring QuickBooks in line with what was polled."""
    return run_in_foreground(company_id, "reconcile")


@click.command("nightly", cls=PlainCommand)
@click.option("--company", "company_id", type=int, help="Only this company.")
@click.option("--at", "at_text", help="The instant (ISO 8601) that counts as now for due migrations.")
@answering
def nightly(company_id: int | None, at_text: str | None) -> dict[str, Any]:
    """Do the whole nightly run."""
    at = _instant(at_text) if at_text else None
    if company_id is not None:
        company_of(company_id)
        ids = [company_id]
    else:
        kept = select(Connection.company_id).where(Connection.held)
        ids = list(db.session.scalars(kept.order_by(Connection.company_id)))
    results = [_night(one, at, alone=company_id is not None) for one in ids]
    return {"companies": results, "failed": any(result.get("failed") for result in results)}


def _night(company_id: int, at: datetime | None, *, alone: bool) -> dict[str, Any]:
    """Do one company's night. Of several, one that another Intuit granted, or that a worker holds for long, keeps none from theirs."""
    try:
        return run_in_foreground(company_id, "nightly", now=(lambda: at) if at else utcnow)
    except (MisconfiguredError, LeaseTakenError, LeaseLostError) as error:
        if alone:
            raise
        words = fault(error.code)
        problem = {"code": error.code, "title": words.title, "detail": f"{error.detail} {words.remedy}"}
        begun = isinstance(error, LeaseLostError)
        return {
            "company": company_id,
            "state": "broken off" if begun else "not begun",
            "problems": [problem],
            "failed": True,
        }


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"--at is {text!r}: use ISO 8601, such as 2026-03-01T07:00:00Z.") from None
    if at.year not in YEARS:
        raise Refusal(f"--at is {text!r}: choose a moment between {YEARS.start} and {YEARS.stop - 1}.")
    return at if at.tzinfo else at.replace(tzinfo=UTC)
