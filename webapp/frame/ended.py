"""Runs that ended a moment ago, for a word to who waits for them: what it was, and what came of it."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from bookkeeping.faults import fault
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.work.runs import Run
from webapp.frame.words import plural

LATELY = timedelta(minutes=1)
LOOKED_AT = 6
"""How many of the newest runs are looked at: enough for a minute, whatever the company's history."""

_DONE = {
    "first": "The first sync is done.",
    "preview": "The preview is ready.",
    "practice": "The practice run is ready. Nothing was sent.",
    "numbers": "The numbers are read.",
    "tieout": "The statement is made.",
    "lists": "Your lists are read.",
    "check": "QuickBooks was looked at.",
    "drift": "QuickBooks was looked at.",
}
_SAID_TO_ALL = ("first",)


class Ended(NamedTuple):
    """One run that ended: its tone is success or warning."""

    run_id: int
    tone: str
    title: str
    sentence: str


def ended_lately(company_id: int, email: str) -> list[Ended]:
    """Return what this person asked for, and the first sync, as far as it ended within the last minute."""
    rows = select(Run).where(Run.company_id == company_id).order_by(Run.id.desc()).limit(LOOKED_AT)
    since = utcnow() - LATELY
    return [
        _ended(run)
        for run in db.session.scalars(rows)
        if run.finished_at is not None
        and run.finished_at > since
        and (run.asked_by == email or run.kind in _SAID_TO_ALL)
    ]


def _ended(run: Run) -> Ended:
    if run.state == "failed":
        known = fault(run.error_code or "unexpected")
        return Ended(run.id, "warning", "That was not finished.", f"{known.title}.")
    title = _DONE.get(run.kind, "The sync is done.")
    refused = run.counts.get("refused", 0)
    written = sum(run.counts.get(one, 0) for one in ("created", "updated", "deleted"))
    said = [f"{plural(written, 'document')} written."] if written else []
    said += [f"{plural(refused, 'write was', 'writes were')} refused."] if refused else []
    return Ended(run.id, "warning" if refused else "success", title, " ".join(said))
