"""Counts what `sentence` needs to know of a company. Reads only, a fixed number of queries whatever the company's size."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, false, func, select

from bookkeeping.faults import fault
from bookkeeping.logbook.overdue import still_since
from bookkeeping.logbook.pages import question_count
from bookkeeping.logbook.situation.facts import ZERO, Amount, Facts, HeldUp
from bookkeeping.rules.local_time import say_moment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.dropped import WAITING, DroppedFile
from bookkeeping.storage.records.documents import Document, Drift, LegacyReceipt
from bookkeeping.storage.records.inspections import STATES, InspectionRow, held_dollars
from bookkeeping.storage.records.migrations import MigrationReceipt, newest_migration
from bookkeeping.storage.records.numbers import TieoutStatement, statement_or_none
from bookkeeping.storage.work.runs import BEGINS_WITHIN, latest_run, longest_waiting

LEFT = ("left", "blocked")
"""States of receipts that an ended migration could not replace."""

SYNCS = ("first", "sync", "nightly", "reconcile", "check", "changes")
"""Kinds of runs that bring the books up to date."""

Grouped = dict[tuple[str, str], Amount]


def facts_of(company: Company) -> Facts:
    """Return what is so of this company now."""
    connection = db.session.get(Connection, company.id)
    state = connection.state if connection else "never"
    first, statement = latest_run(company.id, "first"), statement_or_none(company.id)
    grouped = _grouped(company.id)
    coming = _coming(company)
    before_start = grouped.get(("not-in-books", "before-start"), Amount())
    states: Counter[str] = Counter()
    for (word, _), held in grouped.items():
        states[word] += held.count
    waits_to_start = company.hold_first_sync and company.last_sync_at is None
    zone = company.time_zone
    migration = _migration(company) if company.legacy else {}
    stands = None if company.paused_at else still_since(company)
    return Facts(
        connection=state,
        connection_cause=_words(connection.code) if connection else "",
        legacy=company.legacy,
        to_start=bool(company.paused_at and waits_to_start),
        paused_by=company.paused_by if company.paused_at else "",
        paused_since=_said(company.paused_at, zone),
        halted_cause=_words("platform-not-us") if company.us_based is False else "",
        deletes=company.brake_count if company.brake_at else 0,
        feed_cause=fault(company.feed_cause).title if company.feed_stopped else "",
        unread="" if stands else _unread(company),
        waits_since="" if stands else _waits_since(company),
        still_since=_said(stands, zone),
        first_run=first.state if first else "",
        synced=company.last_sync_at is not None,
        states=dict(states),
        causes=_causes(grouped),
        customers=question_count(company.id),
        drifts=_count_of(
            select(func.count()).where(Drift.company_id == company.id, Drift.settled_at.is_(None))
        ),
        unexplained=_stated(statement, "Unexplained"),
        to_settle=_stated(statement, "Explained"),
        on_the_way=_sum(held for (word, _), held in grouped.items() if word in ("syncing", "waiting")),
        coming=coming,
        earlier=Amount(before_start.count - coming.count, before_start.dollars - coming.dollars),
        left_as_theirs=_count_of(
            select(func.count()).where(
                Document.company_id == company.id, Document.status == "live", Document.hands_off == "kept"
            )
        ),
        by_files=company.source_kind == "files",
        file_waits=_waiting_file(company),
        **migration,
    )


def _waits_since(company: Company) -> str:
    """Return since when a sync waits for its turn that should long have begun, or ""."""
    since = longest_waiting(company.id, SYNCS)
    return _said(since, company.time_zone) if since and utcnow() - since >= BEGINS_WITHIN else ""


def _unread(company: Company) -> str:
    """Return since when nothing could be read of the platform, where that passes by itself, or ""."""
    if company.feed_state == "ok" or company.feed_stopped:
        return ""
    return f"since {_said(company.last_poll_at, company.time_zone)}" if company.last_poll_at else "yet"


def comes_in(company: Company) -> ColumnElement[bool]:
    """The condition for inspections that lay before the start date until it was moved, and that no run has looked at since."""
    if company.start_date is None or company.legacy or company.cutoff is not None:
        return false()
    midnight = datetime.combine(company.start_date, time(), ZoneInfo(company.time_zone))
    row = InspectionRow
    return and_(row.reason == "before-start", row.due.is_(True), row.starts_at >= midnight)


def _coming(company: Company) -> Amount:
    rows = select(func.count(), func.sum(held_dollars(), type_=InspectionRow.total.type))
    mine = (InspectionRow.company_id == company.id, InspectionRow.state == "not-in-books")
    count, total = db.session.execute(rows.where(*mine, comes_in(company))).one()
    return Amount(count, total or ZERO)


def _waiting_file(company: Company) -> str:
    """Return the name of the file that was dropped and not taken yet, or ""."""
    if company.source_kind != "files":
        return ""
    waits = (DroppedFile.company_id == company.id, DroppedFile.state == WAITING)
    return db.session.scalars(select(DroppedFile.name).where(*waits).limit(1)).first() or ""


def _grouped(company_id: int) -> Grouped:
    """Return the inspections by state and reason. What is in sync, most of them, is counted in an index alone, without dollars."""
    mine = InspectionRow.company_id == company_id
    settled = _count_of(select(func.count()).where(mine, InspectionRow.state == "in-sync"))
    rows = select(
        InspectionRow.state,
        InspectionRow.reason,
        func.count(),
        func.sum(held_dollars(), type_=InspectionRow.total.type),
    ).where(mine, InspectionRow.state.in_(set(STATES) - {"in-sync"}))
    grouped = {
        (state, reason): Amount(count, total or ZERO)
        for state, reason, count, total in db.session.execute(
            rows.group_by(InspectionRow.state, InspectionRow.reason)
        )
    }
    return {**grouped, ("in-sync", ""): Amount(settled)} if settled else grouped


def _causes(grouped: Grouped) -> tuple[HeldUp, ...]:
    """Return what holds up inspections until a person acts, most dollars first."""
    found = [
        HeldUp(code, fault(code).title, fault(code).who, held)
        for (word, code), held in grouped.items()
        if word == "needs-you"
    ]
    return tuple(sorted(found, key=lambda one: (-one.held.dollars, one.code)))


def _migration(company: Company) -> dict[str, Any]:
    """Return the facts of a company with SalesReceipts: what is to be chosen, is planned, goes on, or was left."""
    open_one = newest_migration(company.id, "scheduled", "running", "paused")
    if open_one is None:
        if company.cutoff is None:
            return _before_the_first(company)
        ended = newest_migration(company.id, "done")
        left = _receipts(ended.id, LEFT) if ended else Amount()
        return {"left": left}
    done = _receipts(open_one.id, ("done",))
    todo = _receipts(open_one.id, ("planned", "working", "taking-back"))
    return {
        "migration": open_one.state,
        "migration_cause": fault(open_one.code).title if open_one.code else "",
        "migration_at": _said(open_one.runs_at, company.time_zone),
        "receipts": Amount(done.count + todo.count, done.dollars + todo.dollars),
        "replaced": done.count,
    }


def _before_the_first(company: Company) -> dict[str, Any]:
    """Return what is so while no cutoff is fixed: a preview that is made, or waits to be looked at, or a cutoff that is to be chosen."""
    newest = newest_migration(company.id)
    if newest is None or newest.state not in ("previewing", "preview"):
        return {"migration": "choose", "receipts": _on_record(company.id)}
    return {
        "migration": newest.state,
        "migration_at": say_moment(newest.cutoff, company.time_zone),
        "receipts": _receipts(newest.id, ("planned",)),
    }


def _stated(statement: TieoutStatement | None, word: str) -> Amount:
    """Return what the newest statement comes to, where that is this word."""
    found = statement.verdict if statement is not None else None
    return Amount(found.number, found.money) if found is not None and found.word == word else Amount()


def _on_record(company_id: int) -> Amount:
    rows = select(func.count(), func.sum(LegacyReceipt.amount, type_=LegacyReceipt.amount.type))
    count, total = db.session.execute(
        rows.where(LegacyReceipt.company_id == company_id, LegacyReceipt.replaced_at.is_(None))
    ).one()
    return Amount(count, total or ZERO)


def _receipts(migration_id: int, states: tuple[str, ...]) -> Amount:
    rows = select(func.count(), func.sum(MigrationReceipt.total, type_=MigrationReceipt.total.type))
    mine = (MigrationReceipt.migration_id == migration_id, MigrationReceipt.state.in_(states))
    count, total = db.session.execute(rows.where(*mine)).one()
    return Amount(count, total or ZERO)


def _sum(held: Iterable[Amount]) -> Amount:
    amounts = list(held)
    return Amount(sum(one.count for one in amounts), sum((one.dollars for one in amounts), ZERO))


def _count_of(query: Select[int]) -> int:
    return db.session.scalar(query) or 0


def _words(code: str) -> str:
    return f"{fault(code).title}. {fault(code).remedy}" if code else ""


def _said(moment: datetime | None, zone: str) -> str:
    return say_moment(moment, zone) if moment else ""
