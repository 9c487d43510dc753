"""Runs: which steps each kind has, and how a run goes from slice to slice, in a job or in the foreground.

A step is `step(work) -> bool`: one slice of it, True when it is finished. One failing step is noted and the next one goes on, so
that one failure never blocks everything behind it.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from bookkeeping.errors import (
    BookkeepingError,
    LeaseLostError,
    MisconfiguredError,
    NotConnectedError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.metrics import count
from bookkeeping.rules.backoff import retry_delay
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company, is_being_erased
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.work.runs import Run, is_unfinished
from bookkeeping.storage.work.undos import held_companies, is_held
from bookkeeping.tracing.spans import part_of, span, whole
from worker.app import bell
from worker.holding.work import Work
from worker.jitter import jitter
from worker.journal.resuming import resume_open_calls
from worker.migration.night import carry_on, migrate_tonight
from worker.migration.preview import preview
from worker.reading.changes import check_changes
from worker.reading.company import refresh_facts, set_up
from worker.reading.connection import renew_sign_in, stop_working, warn_of_expiry
from worker.reading.lists import refresh_lists
from worker.reading.numbers import pull_numbers, pull_numbers_at_night
from worker.reading.poll import full_poll, poll
from worker.reconciling.practice import practise
from worker.reconciling.reconcile import reconcile
from worker.reconciling.releasing import finish_nightly, release_settled, release_waiting
from worker.tieout.statement import tie_out_step

logger = logging.getLogger(__name__)


class Step(NamedTuple):
    """One step of a run: its name on screen, and what does a slice of it.

    `reads_platform_only`: an outage met there is the platform's and holds back nothing else. `counts_as_sync`: a run that has it and
    meets no problem is a sync of the company.
    """

    name: str
    slice: Callable[[Work], bool]
    reads_platform_only: bool = False
    counts_as_sync: bool = False


POLL = Step("poll", poll, reads_platform_only=True)
FULL_POLL = Step("full poll", full_poll, reads_platform_only=True)
SET_UP = Step("set up", set_up)
RESUME = Step("resume", resume_open_calls)
RECONCILE = Step("reconcile", reconcile, counts_as_sync=True)
PREFERENCES = Step("preferences", refresh_facts)
CHANGES = Step("changes", check_changes)
MIGRATION = Step("migration", carry_on)  # What was begun and broken off; the night alone begins one.
NUMBERS = (Step("numbers", pull_numbers),)
TIE_OUT = (Step("tie-out", tie_out_step),)

STEPS: dict[str, tuple[Step, ...]] = {
    "poll": (POLL,),
    "reconcile": (RESUME, SET_UP, MIGRATION, RECONCILE),
    "sync": (POLL, RESUME, SET_UP, MIGRATION, RECONCILE),
    "preview": (POLL, RESUME, SET_UP, Step("preview", preview)),
    "check": (RESUME, SET_UP, PREFERENCES, CHANGES, Step("release", release_settled), RECONCILE),
    "first": (SET_UP, FULL_POLL, RESUME, RECONCILE),
    "nightly": (
        FULL_POLL,
        RESUME,
        SET_UP,
        PREFERENCES,
        CHANGES,
        Step("release", release_waiting),
        Step("migration", migrate_tonight),
        RECONCILE,
        Step("numbers", pull_numbers_at_night),
        *TIE_OUT,
        Step("reconnect by", warn_of_expiry),
        Step("finish", finish_nightly),
    ),
    "numbers": NUMBERS,
    "tieout": TIE_OUT,
    "changes": (RESUME, SET_UP, CHANGES, RECONCILE),
    "sign-in": (Step("sign-in", renew_sign_in),),
    "lists": (Step("lists", refresh_lists),),
    "practice": (POLL, SET_UP, Step("practice", practise)),
}


def uses_quickbooks(kind: str) -> bool:
    """Whether this kind of run has a step that may call QuickBooks."""
    return not all(step.reads_platform_only for step in STEPS[kind])


@dataclass(frozen=True)
class Advanced:
    """What one call of `advance` came to: `finished` runs have their row settled; otherwise ring again."""

    finished: bool
    run_id: int


def next_run(work: Work) -> Run | None:
    """Return the run to go on with: the one already running, else the oldest queued, else a scheduled one that is due.

    None of a company that is being erased, whatever was queued before, nor while somebody may still take back what would be sent.
    """
    company_id = work.company_id
    if is_being_erased(company_id) or is_held(company_id, utcnow()):
        return None
    open_runs = select(Run).where(Run.company_id == company_id, is_unfinished())
    run = db.session.scalars(open_runs.order_by(Run.state.desc(), Run.id)).first()
    if run is not None:
        return run
    if db.session.scalar(_poll_due(work.now()).where(Company.id == company_id)) is None:
        return None
    run = Run(company_id=company_id, kind="sync", reason="scheduled")
    db.session.add(run)
    work.commit()
    return run


def advance(work: Work, run: Run) -> Advanced:
    """Carry the run on until it is finished or the slice is over. Safe to call again after any crash.

    A run with the parameter `at` (ISO) takes that moment for now in what it is due for.
    """
    clock = work.now
    at = run.parameters.get("at")
    if at:
        work.now = lambda: datetime.fromisoformat(at)
    identity = _trace_of(run)
    facts: dict[str, Any] = {"company_id": work.company_id, "run_id": run.id}
    try:
        with part_of(identity, "slice", **facts):
            advanced = _advance(work, run)
    finally:
        work.now = clock
    if advanced.finished:
        over = work.run
        begun, ended = over.started_at or over.queued_at, over.finished_at or utcnow()
        whole(identity, f"run {over.kind}", begun, ended, **facts, state=over.state)
    return advanced


def _trace_of(run: Run) -> str:
    """Return what names the run's one trace, the same for each of its slices wherever it is done."""
    return f"run {run.id} of {run.company_id} {run.queued_at.isoformat()}"


def _advance(work: Work, run: Run) -> Advanced:
    work.run_id = run.id
    if run.state == "queued":
        run.state, run.started_at = "running", utcnow()
        work.commit()
    steps = STEPS[run.kind]
    while work.run.step < len(steps):
        db.session.expire_all()
        step, begun = steps[work.run.step], time.monotonic()
        with span(f"step {step.name}"):
            finished = _one_slice(work, step)
        took = 0 if finished else time.monotonic() - begun  # As long as its next part is likely to take.
        if finished:
            work.run.step += 1
        work.commit()
        if work.run.step < len(steps) and (not work.has_time_for(took) or _waits_for_undo(work)):
            work.commit()
            return Advanced(False, run.id)
    _finish(work)
    return Advanced(True, run.id)


def _waits_for_undo(work: Work) -> bool:
    """Whether a worker puts the run aside, since somebody may still take back what would be sent. A command in the foreground does as it says."""
    return work.patience == 0 and is_held(work.company_id, utcnow())


def run_to_end(work: Work, run: Run) -> Run:
    """Carry the run on to its end in the foreground and return it."""
    while not advance(work, run).finished:
        work.new_slice()
        work.lease.renew()
    return work.run


def end_broken_run(work: Work) -> None:
    """End the run after an error that nobody foresaw, and hold the company back for a while. What is due stays due."""
    db.session.rollback()
    if work.run_id is not None:
        _note_problem(work, STEPS[work.run.kind][work.run.step], TemporaryError(code="unexpected"))
        _finish(work)


def _one_slice(work: Work, step: Step) -> bool:
    try:
        return step.slice(work)
    except LeaseLostError:
        raise
    except BookkeepingError as error:
        db.session.rollback()
        if isinstance(error, ThrottledError) and work.patience > 0:
            work.patience -= 1
            return False  # The limiter waits the pause out.
        _note_problem(work, step, error)
        return True


def _note_problem(work: Work, step: Step, error: BookkeepingError) -> None:
    run = work.run
    run.problems = [*run.problems, {"step": step.name, "code": error.code, "detail": error.detail}]
    level = logging.ERROR if isinstance(error, MisconfiguredError) else logging.WARNING
    facts = {"company_id": work.company_id, "run_id": run.id, "step": step.name, "code": error.code}
    logger.log(level, "Step did not finish", extra=facts | {"intuit_tid": error.reference})
    if isinstance(error, NotConnectedError):
        stop_working(work, error)
    if isinstance(error, TemporaryError) and error.whole_realm and not step.reads_platform_only:
        company = work.company
        company.failures += 1
        pause = utcnow() + retry_delay(company.failures, jitter())
        company.not_before = max(pause, error.not_before) if error.not_before else pause
        company.wait_code = error.code
    work.commit()


def _finish(work: Work) -> None:
    run = work.run
    run.state = "failed" if run.problems else "done"
    run.finished_at = utcnow()
    company = work.company
    if run.problems:
        worst = run.problems[0]
        run.error_code, run.error_detail = worst["code"], worst["detail"]
    else:
        company.failures, company.not_before, company.wait_code = 0, None, ""
    if any(step.counts_as_sync for step in STEPS[run.kind]) and not run.problems:
        company.last_sync_at = utcnow()
    work.commit()
    count(bell().redis, "tieout_runs", run.kind, run.state)


def due_companies(limit: int = 1000, now: datetime | None = None) -> list[int]:
    """Return the companies for which somebody should be rung: those for which `next_run` has a run."""
    with_runs = select(Run.company_id).where(is_unfinished())
    due = select(Company.id).where(
        Company.id.in_(with_runs) | Company.id.in_(_poll_due(now or utcnow())),
        Company.erasing_since.is_(None),
        Company.id.not_in(held_companies(now or utcnow())),
    )
    return list(db.session.scalars(due.order_by(Company.next_poll_at.asc().nulls_first()).limit(limit)))


def _poll_due(now: datetime) -> Select[int]:
    """Return the one answer to which companies are to be polled by themselves now: their ids.

    A reading that lies ahead of now was made before the clock was set back, and the next one was planned by that clock: it is due.
    """
    return select(Company.id).where(
        Company.id.in_(select(Connection.company_id).where(Connection.usable)),
        Company.paused_at.is_(None),
        Company.next_poll_at.is_(None) | (Company.next_poll_at <= now) | (Company.last_poll_at > now),
        Company.not_before.is_(None) | (Company.not_before <= now),
    )
