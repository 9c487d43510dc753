"""How a company stands: its inspections counted by state, its connection, and the one sentence that says it all."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask import current_app, g, has_request_context, request
from sqlalchemy import func, select
from werkzeug.utils import cached_property

from bookkeeping.logbook.situation.counting import facts_of
from bookkeeping.logbook.situation.facts import Facts
from bookkeeping.logbook.situation.sentence import Situation, situation
from bookkeeping.rules.cutoff import next_midnight_mst
from bookkeeping.rules.local_time import say_moment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.work.journal import Operation


@dataclass(frozen=True)
class Standing:
    """A company with its connection, what is so of it, and how that is said."""

    company: Company
    connection: Connection | None
    facts: Facts

    @cached_property
    def situation(self) -> Situation:
        return situation(self.facts)

    @property
    def counts(self) -> dict[str, int]:
        """Inspections by state."""
        return self.facts.states

    @property
    def drifts(self) -> int:
        """How many documents were changed in QuickBooks and are not settled yet."""
        return self.facts.drifts

    @property
    def connected(self) -> bool:
        """True exactly when the owner sees *Disconnect*."""
        return self.connection is not None and self.connection.usable

    @property
    def reconnect(self) -> bool:
        """True when an owner has to let us in again."""
        return self.connection is not None and self.connection.state == "reconnect"

    @property
    def word(self) -> str:
        """The status word of the whole company: a state's key, `paused`, or `off`."""
        return self.situation.word

    @property
    def sentence(self) -> str:
        """What is so, in one sentence."""
        return self.situation.headline


def standing_of(company: Company) -> Standing:
    """Count and return how the company stands now; while a page is only read, once for the page and the frame around it."""
    if not has_request_context() or request.method != "GET":  # An act changes what was counted before it.
        return _counted(company)
    known: dict[int, Standing] = g.setdefault("standings", {})
    if company.id not in known:
        known[company.id] = _counted(company)
    return known[company.id]


def _counted(company: Company) -> Standing:
    return Standing(company, db.session.get(Connection, company.id), facts_of(company))


def today(company: Company) -> list[tuple[str, str, int]]:
    """Return (kind, outcome, how many of them) since midnight in the company's zone; one that was refused twice is one."""
    midnight = datetime.combine(local_today(company), time(), ZoneInfo(company.time_zone))
    mine = (Operation.company_id == company.id, Operation.settled_at >= midnight)
    rows = select(Operation.kind, Operation.outcome, func.count(Operation.source_key.distinct())).where(*mine)
    grouped = rows.group_by(Operation.kind, Operation.outcome).order_by(Operation.kind, Operation.outcome)
    return [(kind, outcome, count) for kind, outcome, count in db.session.execute(grouped)]


def next_sync(company: Company) -> datetime | None:
    """Return when the company is looked at next, or None when nothing is planned (never polled yet): tonight's run at the latest."""
    if company.next_poll_at is None:
        return company.not_before
    soonest = min(company.next_poll_at, next_nightly())
    return max(soonest, company.not_before or soonest)


def next_nightly() -> datetime:
    """Return when the next nightly run begins."""
    settings = current_app.extensions["settings"]
    return next_midnight_mst(utcnow(), settings.sync_time_zone, settings.sync_hour)


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
