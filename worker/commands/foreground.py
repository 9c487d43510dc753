"""Runs carried to their end in the foreground, under the company's lease, for commands."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bookkeeping.errors import LeaseTakenError
from bookkeeping.faults import fault
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company, company_or_none
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.work.runs import Run
from worker.app import settings
from worker.commands.answering import Refusal
from worker.holding.work import hold_company
from worker.runs import run_to_end, uses_quickbooks

THROTTLES_WAITED_OUT = 5


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


def company_of(company_id: int) -> Company:
    row = company_or_none(company_id) if 0 < company_id < 2**31 else None
    if row is None:
        raise Refusal(f"There is no company {company_id}. `company create` makes one.", "no-company")
    return row
