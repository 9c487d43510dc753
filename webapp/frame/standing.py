"""How a company stands: its inspections counted by state, its connection, and the one sentence that says it all."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bookkeeping.faults import fault
from bookkeeping.logbook.pages import state_counts
from bookkeeping.rules.local_time import say_moment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.work.journal import Operation
from bookkeeping.storage.work.runs import latest_run
from webapp.frame.words import plural


@dataclass(frozen=True)
class Standing:
    """`counts` is inspections by state; `drifts` documents changed in QuickBooks and not settled yet.

    `first_run` is the state of the newest run after consent, empty when there was none.
    """

    company: Company
    connection: Connection | None
    counts: dict[str, int] = field(default_factory=dict)
    drifts: int = 0
    first_run: str = ""

    @property
    def connected(self) -> bool:
        """True exactly when the owner sees *Disconnect*."""
        return self.connection is not None and self.connection.usable

    @property
    def starting(self) -> bool:
        """True from consent until the first sync is over."""
        under_way = self.first_run in ("queued", "running")
        checking = self.connection is not None and self.connection.state == "checking"
        return self.connected and (checking or under_way)

    @property
    def never_through(self) -> bool:
        """True when the first sync is over and did not get through; later ones try again by themselves."""
        return self.connected and self.company.last_sync_at is None and self.first_run == "failed"

    @property
    def word(self) -> str:
        """The status word of the whole company: a state's key, `paused`, `reconnect`, or `off`."""
        if self.connection is None or self.connection.state in ("disconnected", "refused"):
            return "off"
        if self.connection.state == "reconnect":
            return "needs-you"
        if self.company.paused_at:
            return "paused"
        if self.company.brake_at or self.company.feed_stopped:
            return "needs-you"
        if self.starting:
            return "syncing"
        for state in ("needs-you", "drift", "syncing", "waiting"):
            if self.counts.get(state):
                return state
        return "waiting" if self.company.wait_code or self.never_through else "in-sync"

    @property
    def sentence(self) -> str:
        """What is so, in one sentence."""
        if not self.connected:
            return _UNCONNECTED[self.connection.state if self.connection else "never"]
        if self.company.paused_at:
            return "Syncing is paused."
        if self.company.brake_at:
            return f"{plural(self.company.brake_count, 'delete waits', 'deletes wait')} for your approval."
        if self.company.feed_stopped:
            title = fault(self.company.feed_cause).title
            return f"We cannot read your inspections. {title}."
        if self.starting:
            return "Your first sync is under way."
        if self.never_through:
            return "Your first sync was not finished. We try again by ourselves."
        if needs := self.counts.get("needs-you"):
            return f"{plural(needs, 'inspection needs', 'inspections need')} you."
        if self.drifts:
            return f"{plural(self.drifts, 'document was', 'documents were')} changed in QuickBooks."
        if syncing := self.counts.get("syncing"):
            return f"{plural(syncing, 'inspection is', 'inspections are')} on the way to QuickBooks."
        if waiting := self.counts.get("waiting"):
            return f"{plural(waiting, 'inspection waits', 'inspections wait')}. We try again by ourselves."
        if not sum(self.counts.values()):
            return "No inspections yet."
        return "Everything is in the books."


_UNCONNECTED = {
    "never": "QuickBooks is not connected yet.",
    "disconnected": "QuickBooks is disconnected.",
    "refused": "This QuickBooks company cannot be used.",
    "reconnect": "QuickBooks no longer lets us in.",
}


def standing_of(company: Company) -> Standing:
    """Count and return how the company stands now."""
    open_drifts = select(func.count()).where(Drift.company_id == company.id, Drift.settled_at.is_(None))
    first = latest_run(company.id, "first")
    return Standing(
        company=company,
        connection=db.session.get(Connection, company.id),
        counts=state_counts(company.id),
        drifts=db.session.scalar(open_drifts) or 0,
        first_run=first.state if first else "",
    )


def today(company: Company) -> list[tuple[str, str, int]]:
    """Return (kind, outcome, count) of the operations settled since midnight in the company's zone."""
    midnight = datetime.combine(local_today(company), time(), ZoneInfo(company.time_zone))
    mine = (Operation.company_id == company.id, Operation.settled_at >= midnight)
    rows = select(Operation.kind, Operation.outcome, func.count()).where(*mine)
    grouped = rows.group_by(Operation.kind, Operation.outcome).order_by(Operation.kind, Operation.outcome)
    return [(kind, outcome, count) for kind, outcome, count in db.session.execute(grouped)]


def next_sync(company: Company) -> datetime | None:
    """Return when the company is looked at next, or None when nothing is planned (never polled yet)."""
    times = [at for at in (company.next_poll_at, company.not_before) if at]
    return max(times) if times else None


def asks_platform(company: Company, sentence: str) -> tuple[str, str]:
    """Return (what to tell who wants the platform read now, its tone): the sentence, or until when the platform asked us to wait."""
    until = company.feed_waits_until
    if until is None:
        return sentence, "success"
    moment = say_moment(until, company.time_zone)
    return (
        f"The inspection platform asked us to wait until {moment}. Nothing is sent to it before; then its changes are read by themselves.",
        "warning",
    )


def local_today(company: Company) -> date:
    """Return what day it is in the company's zone."""
    return utcnow().astimezone(ZoneInfo(company.time_zone)).date()
