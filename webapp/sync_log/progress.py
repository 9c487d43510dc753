"""What a run looks like while it goes on and when it is over, in words: the same on its page and at its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from sqlalchemy import func, select

from bookkeeping.faults import fault
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.work.journal import WRITTEN, Operation, documents_settled, writing_since
from bookkeeping.storage.work.runs import BEGINS_WITHIN, Run
from bookkeeping.storage.work.undos import is_held
from webapp.frame.words import plural, span

_SHOWN = ("Customer", "Invoice", "Payment", "RefundReceipt", "SalesReceipt")
_OPEN = ("queued", "running")


@dataclass(frozen=True)
class Progress:
    """One run for the screen. `numbers` reads "26 of 72 written" once it is known how many documents there are, before that "42 of 118"
    inspections; `left` "about 40 s left". Both are empty where nothing was counted yet, and the time until something was measured."""

    run_id: int
    finished: bool
    failed: bool
    done: int
    total: int
    numbers: str
    left: str
    phase: str
    counts: str


def is_open(run: Run | None) -> TypeGuard[Run]:
    """Return whether there is such a run and it is not over."""
    return run is not None and run.state in _OPEN


def progress_of(run: Run) -> Progress:
    """Look up and return how far the run is."""
    done, total, numbers, since = _by_documents(run) if run.to_write else _by_inspections(run)
    return Progress(
        run_id=run.id,
        finished=not is_open(run),
        failed=run.state == "failed",
        done=done,
        total=total,
        numbers=numbers,
        left=_time_left(since, done, total),
        phase=run.phase or _before_it_begins(run),
        counts=counts_so_far(run),
    )


def _before_it_begins(run: Run) -> str:
    """Return what a run waits for that has said nothing yet: the seconds in which somebody may take back what it would send, or its turn."""
    if run.state == "running":
        return "Starting"
    if is_held(run.company_id, utcnow()):
        return "Begins within half a minute. Nothing is sent while it can be undone"
    return "About to begin" if utcnow() - run.queued_at < BEGINS_WITHIN else "Waiting for its turn"


def counts_so_far(run: Run) -> str:
    """`76 customers, 42 invoices so far · QuickBooks calls: 6`; empty before the first."""
    done = ", ".join(plural(count, _NAMES[kind]) for kind, count in written_by(run).items())
    calls = f"QuickBooks calls: {run.calls:,}" if run.calls else ""
    return " · ".join(part for part in (f"{done} so far" if done else "", calls) if part)


def written_by(run: Run) -> dict[str, int]:
    """Return how many Customers, Invoices and Payments the run has written, by kind and in that order."""
    rows = (
        select(Operation.kind, func.count())
        .where(Operation.run_id == run.id, Operation.outcome.in_(WRITTEN), Operation.kind.in_(_SHOWN))
        .group_by(Operation.kind)
    )
    found = dict(db.session.execute(rows).all())
    return {kind: found[kind] for kind in _SHOWN if kind in found}


def result_sentence(run: Run) -> tuple[str, str]:
    """Return (tone, sentence) for a run that is over: what was written, or what kept it from being done."""
    counts = written_by(run)
    written = ", ".join(plural(count, _NAMES[kind]) for kind, count in counts.items())
    if run.state == "failed":
        words = fault(run.error_code)
        so_far = f" Written before that: {written}." if written else ""
        return "warning", f"The sync was not finished: {words.title}. {words.remedy}{so_far}"
    refused = run.counts.get("refused", 0)
    end = f" {plural(refused, 'write was', 'writes were')} refused: see Needs you." if refused else ""
    if not written:
        return "success" if not refused else "warning", f"Done. Nothing had to be sent to QuickBooks.{end}"
    return (
        "warning" if refused else "success",
        f"Done. {written} {'is' if sum(counts.values()) == 1 else 'are'} in QuickBooks.{end}",
    )


_NAMES = {
    "Customer": "customer",
    "Invoice": "invoice",
    "Payment": "payment",
    "RefundReceipt": "refund receipt",
    "SalesReceipt": "sales receipt",
}


_Counted = tuple[int, int, str, datetime | None]
"""How many of how many, the same in words, and since when they are counted."""


def _by_documents(run: Run) -> _Counted:
    became = documents_settled(run.id)
    settled, written = sum(became.values()), sum(became.get(one, 0) for one in WRITTEN)
    total = max(run.to_write, settled)
    refused = f", {became['refused']:,} refused" if became.get("refused") else ""
    return settled, total, f"{written:,} of {total:,} written{refused}", writing_since(run.id)


def _by_inspections(run: Run) -> _Counted:
    total = max(run.total, run.done)
    return run.done, total, f"{run.done:,} of {total:,}" if total else "", run.started_at


def _time_left(since: datetime | None, done: int, total: int) -> str:
    if since is None or done <= 0 or total <= done:
        return ""
    passed = (utcnow() - since).total_seconds()
    return f"about {span(max(passed / done * (total - done), 1))} left"
