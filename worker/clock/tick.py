"""The tick: has the night's runs queued when they are due (`nights`), and rings the bell for every company that is due and free.

Many ticks may run; a lease lets one work at a time.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from flask.globals import app_ctx
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bookkeeping.errors import BookkeepingError, LeaseTakenError
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.work.leases import give_back, lease_names_held, take_lease
from bookkeeping.storage.work.runs import Heartbeat, latest_run, queue_run
from worker.app import bell, settings
from worker.clock.erasing import go_on_erasing
from worker.clock.evidence import note_audit_heads
from worker.clock.forgetting import forget_old
from worker.clock.hourly import count_hours
from worker.clock.nights import migrating, note_due_slot, queue_the_night
from worker.clock.retention import archive_old
from worker.notices.calling import call_in_background
from worker.notices.mailing import mail_in_background
from worker.runs import due_companies

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 30
LOOKS_UP_SECONDS = 2.0
"""How often it looks whether a sweep is due."""

CHANGES_SETTLE = timedelta(seconds=20)
CHANGES_APART = timedelta(minutes=5)
"""Reads are metered: what a bookkeeper does in five minutes is looked at together."""


def tick_forever() -> None:
    """Sweep every 30 seconds, or as often as companies are polled, until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sweep_until(stop)


def sweep_until(stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
    """Sweep until the event is set, then give the turn to whichever tick comes next: after a deploy it need not wait for the lease's end.

    `clock` gives seconds that nobody sets: a machine whose time is set back goes on sweeping.
    """
    last_sweep = clock() - SWEEP_SECONDS
    while not stop.is_set():
        try:
            if clock() - last_sweep >= _seconds_apart():
                last_sweep = clock()
                tick_once()
                mail_in_background(app_ctx.app)  # Not `current_app`, which means no app in another thread.
                call_in_background(app_ctx.app)
        except LeaseTakenError:
            pass
        except (BookkeepingError, OperationalError) as error:
            logger.warning("Tick did not work", extra={"error": type(error).__name__})
        finally:
            db.session.remove()
        stop.wait(LOOKS_UP_SECONDS)
    try:
        give_back("tick", _owner())
    except OperationalError:
        logger.warning("Tick's lease is left to run out")


def _seconds_apart() -> int:
    return min(SWEEP_SECONDS, settings().poll_seconds)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def tick_once(now: datetime | None = None) -> list[int]:
    """Queue what the clock asks for, ring for every company that is due and free; return those companies.

    Raises:
        LeaseTakenError: another tick is at work.
    """
    keeps = min(SWEEP_SECONDS * 2, max(_seconds_apart() * 2, settings().lease_seconds))
    lease = take_lease("tick", _owner(), keeps)
    night = note_due_slot(now or utcnow(), settings())
    queue_the_night()
    queue_wanted_changes(now or utcnow())
    beat("tick")
    db.session.commit()
    held = lease_names_held(settings().lease_seconds)
    due = [company_id for company_id in due_companies() if f"company:{company_id}" not in held]
    first = set(db.session.scalars(migrating()))
    due.sort(key=lambda company_id: company_id not in first)
    lease.commit()
    for company_id in due:
        if not bell().ring(company_id):
            break  # Each try may take seconds, and a sweep has all companies: the next one rings for them.
    if night is not None:
        note_audit_heads(settings(), bell().redis)
    if count_hours(now or utcnow()):
        db.session.commit()
        _keep_house(now or utcnow())
    return due


def _keep_house(now: datetime) -> None:
    """Archive, forget and erase what is due. Files that cannot be written or read are said, and hold up nothing else."""
    values = settings()
    for name, work in (
        ("archive", lambda: archive_old(values, now)),
        ("forget", lambda: forget_old(values, now)),
        ("erase", go_on_erasing),
    ):
        try:
            work()
        except (OSError, EOFError) as error:
            db.session.rollback()
            logger.error("Housekeeping broken off", extra={"task": name, "error": type(error).__name__})


def queue_wanted_changes(now: datetime) -> list[int]:
    """Queue a look for the companies of which QuickBooks said that something changed, a moment after the first word and some minutes
    apart, however often it says so; return them. The caller commits."""
    wanted = select(Connection).where(Connection.changes_wanted_at <= now - CHANGES_SETTLE, Connection.usable)
    queued = []
    for connection in db.session.scalars(wanted.order_by(Connection.company_id)):
        last = latest_run(connection.company_id, "changes", "check", "nightly")
        if last is not None and now - last.queued_at < CHANGES_APART:
            continue
        connection.changes_wanted_at = None
        queue_run(connection.company_id, "changes", "told by QuickBooks")
        queued.append(connection.company_id)
    return queued


def beat(name: str, detail: str = "") -> None:
    """Note in the current transaction that this process is alive."""
    row = db.session.get(Heartbeat, name)
    if row is None:
        row = Heartbeat(name=name)
        db.session.add(row)
    row.seen_at, row.detail = utcnow(), detail
