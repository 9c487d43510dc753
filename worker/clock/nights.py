"""The night: which slot of the clock is due, and a run for each company, some at each sweep, so that they do not all come at once.

The slot's row is unique: many ticks make one night of it. Migrations that were chosen for tonight are queued with the slot itself, on time;
the other companies follow in the order of their ids, within the hour however many they are. What a night does is `worker.runs`'.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from bookkeeping.rules.cutoff import latest_midnight_mst
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.migrations import OPEN_STATES, Migration
from bookkeeping.storage.work.runs import ScheduledRun, latest_run, queue_run

CATCH_UP = timedelta(hours=20)
"""A night missed by less than this is caught up at once and said to be late; an older one is recorded as skipped."""

IN_A_SWEEP = 20
SWEEPS = 100
"""So many companies a sweep, or more when an hour's 120 sweeps would not reach all of them."""


def note_due_slot(now: datetime, values: Settings) -> ScheduledRun | None:
    """Note the newest nightly slot if it is not on record and queue tonight's migrations with it; return its row.

    The first slot that is ever seen is not caught up, nor is one that is older than `CATCH_UP`.
    """
    slot = latest_midnight_mst(now, values.sync_time_zone, values.sync_hour)
    newest = _newest_night()
    if newest is not None and newest.slot >= slot:
        return None
    outcome = "skipped" if newest is None else _outcome(now - slot)
    row = ScheduledRun(
        kind="nightly", slot=slot, outcome=outcome, queued_to=None if outcome == "skipped" else 0
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return None  # Another tick noted it in this moment.
    if row.queued_to is not None:
        _queue(row, db.session.scalars(_integrated().where(Connection.company_id.in_(migrating()))).all())
    db.session.commit()
    return row


def migrating() -> Select[int]:
    """Return the ids of the companies that have a migration before them or under way: they come first."""
    return select(Migration.company_id).where(Migration.state.in_(OPEN_STATES))


def queue_the_night(at_least: int = IN_A_SWEEP, sweeps: int = SWEEPS) -> list[int]:
    """Queue the run of this night for the next companies, if any are left; return them. The caller commits.

    `at_least` so many at a time, and more when it would not be over after `sweeps` calls.
    """
    night = _newest_night()
    if night is None or night.queued_to is None:
        return []
    integrated = _integrated()
    every = db.session.scalar(select(func.count()).select_from(integrated.subquery())) or 0
    several = max(at_least, -(-every // sweeps))
    rest = integrated.where(Connection.company_id > night.queued_to).order_by(Connection.company_id)
    found = list(db.session.scalars(rest.limit(several)))
    _queue(night, found)
    night.queued_to = found[-1] if len(found) == several else None
    return found


def _outcome(late: timedelta) -> str:
    if late > CATCH_UP:
        return "skipped"
    return "late" if late > timedelta(minutes=10) else "queued"


def _newest_night() -> ScheduledRun | None:
    nights = select(ScheduledRun).where(ScheduledRun.kind == "nightly").order_by(ScheduledRun.slot.desc())
    return db.session.scalars(nights.limit(1)).first()


def _integrated() -> Select[int]:
    return select(Connection.company_id).where(Connection.held)


def _queue(night: ScheduledRun, company_ids: Iterable[int]) -> None:
    slot = night.slot.isoformat()
    for company_id in company_ids:
        last = latest_run(company_id, "nightly")
        if last is None or last.parameters.get("slot") != slot:
            queue_run(
                company_id, "nightly", "nightly, late" if night.outcome == "late" else "nightly", slot=slot
            )
