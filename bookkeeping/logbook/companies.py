"""How all companies stand, for ops: each one's state, what is behind, the night's run, the month's metered calls. Reads only.

Every figure comes from one query over what is open now, or from `hourly_counts`; none walks the history. The states of companies are
worked out here because the metrics and the screens must agree on them.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from bookkeeping.faults import UNTIED
from bookkeeping.logbook.failures import (
    CauseGroup,
    CompanyShare,
    FailureFilter,
    failure_groups,
    in_order,
    in_states,
)
from bookkeeping.logbook.overdue import LATE_AFTER, left_alone, reading_is_late
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow, held_dollars
from bookkeeping.storage.records.migrations import Migration
from bookkeeping.storage.records.numbers import untied_statements
from bookkeeping.storage.work.journal import ApiUsage, Call
from bookkeeping.storage.work.ops import HourlyCount, Mute
from bookkeeping.storage.work.runs import Heartbeat, Run, ScheduledRun

STATES = {
    "reconnect": "Reconnect needed",
    "failing": "Failing",
    "behind": "Behind",
    "migrating": "Migrating tonight",
    "paused": "Paused",
    "syncing": "Syncing",
    "off": "Not connected",
    "fine": "Fine",
}
"""The states of a company for ops, the most urgent first."""

NIGHT_IS_LATE = timedelta(hours=2)
CALL_IS_STUCK = timedelta(minutes=15)
REFUSED_USE_SHOWN = timedelta(hours=1)
"""How long it is shown that a process of another Intuit wanted to use a connection; one that goes on wanting it is shown all the time."""
METERED_QUOTA = 500_000
"""Metered calls that Intuit's lowest tier includes a month."""


@dataclass
class CompanyLine:
    """One company in the overview. `codes` are its company-wide problems as (catalogue code, detail, since)."""

    company: Company
    connection: Connection | None
    counts: dict[str, int] = field(default_factory=dict)
    amount: Decimal = Decimal("0.00")
    syncing_amount: Decimal = Decimal("0.00")
    oldest_unsynced: datetime | None = None
    problems: list[tuple[str, str, datetime | None]] = field(default_factory=list)
    migrates_at: datetime | None = None

    @property
    def state(self) -> str:
        """One of `STATES`."""
        connection, company = self.connection, self.company
        if connection is None or connection.state in ("disconnected", "refused"):
            return "off"
        if connection.state == "reconnect":
            return "reconnect"
        if company.paused_at is not None:
            return "paused"
        if self.problems or self.counts.get("needs-you"):
            return "failing"
        if self.is_behind:
            return "behind"
        if self.migrates_at is not None:
            return "migrating"
        return "syncing" if self.counts.get("syncing") else "fine"

    @property
    def is_behind(self) -> bool:
        """True when a change waits longer than it should, or the feed should long have been read again."""
        waits = self.oldest_unsynced is not None and self.oldest_unsynced < utcnow() - LATE_AFTER
        return waits or reading_is_late(self.company)


@dataclass(frozen=True)
class Night:
    """The newest nightly slot: how many companies are through of how many, and whether that is late."""

    slot: datetime
    outcome: str
    done: int
    total: int

    @property
    def late(self) -> bool:
        """True when it was caught up after an outage, or is not through two hours later."""
        return self.outcome == "late" or (self.done < self.total and utcnow() - self.slot > NIGHT_IS_LATE)


def company_lines() -> list[CompanyLine]:
    """Return every company with how it stands, by name."""
    rows = select(Company, Connection).outerjoin(Connection, Connection.company_id == Company.id)
    rows = rows.where(Company.erased_at.is_(None))
    lines = {
        company.id: CompanyLine(company, connection)
        for company, connection in db.session.execute(rows.order_by(Company.name, Company.id))
    }
    _count_inspections(lines)
    _note_problems(lines)
    _note_migrations(lines)
    return list(lines.values())


def state_counts(lines: list[CompanyLine]) -> dict[str, int]:
    """Return how many companies are in each of `STATES`."""
    found = Counter(line.state for line in lines)
    return {state: found.get(state, 0) for state in STATES}


def company_problems(lines: list[CompanyLine], *, muted: bool = False) -> list[CauseGroup]:
    """Return what holds whole companies up, by cause: counted are the inspections that are due behind it."""
    groups: dict[str, CauseGroup] = {}
    mutes = _muted_places()
    for line in lines:
        for code, _detail, since in line.problems:
            is_muted = (code, None) in mutes or (code, line.company.id) in mutes
            if is_muted is not muted:
                continue
            share = CompanyShare(line.company.id, line.company.name)
            share.add(line.counts.get("syncing", 0), line.syncing_amount, since, since)
            groups.setdefault(code, CauseGroup(code, whole=True)).companies.append(share)
    return in_order(list(groups.values()))


def bad_record_group(*, muted: bool = False) -> list[CauseGroup]:
    """Return the feed records that could not be read, as a cause of their own without dollars."""
    rows = select(
        BadRecord.company_id,
        Company.name,
        func.count(),
        func.min(BadRecord.first_seen_at, type_=BadRecord.first_seen_at.type),
        func.max(BadRecord.last_seen_at, type_=BadRecord.last_seen_at.type),
    ).join(Company, Company.id == BadRecord.company_id)
    mutes, group = _muted_places(), CauseGroup("bad-record", whole=True)
    for company_id, name, count, oldest, newest in db.session.execute(
        rows.group_by(BadRecord.company_id, Company.name)
    ):
        if (("bad-record", None) in mutes or ("bad-record", company_id) in mutes) is muted:
            share = CompanyShare(company_id, name)
            share.add(count, Decimal("0.00"), oldest, newest)
            group.companies.append(share)
    return in_order([group]) if group.companies else []


def untied_group(*, muted: bool = False) -> list[CauseGroup]:
    """Return the companies whose newest tie-out statement leaves something unexplained; its dollars are not held up, but they are in doubt."""
    mutes, group = _muted_places(), CauseGroup(UNTIED, whole=True)
    for name, kept in untied_statements():
        if ((UNTIED, None) in mutes or (UNTIED, kept.company_id) in mutes) is muted:
            share = CompanyShare(kept.company_id, name)
            share.add(1, kept.unexplained, kept.made_at, kept.made_at)
            group.companies.append(share)
    return in_order([group]) if group.companies else []


def everything_that_fails(lines: list[CompanyLine]) -> tuple[list[CauseGroup], int, Decimal]:
    """Return all causes, and how many companies and dollars they hold up together, without what is muted."""
    single, whole = failure_groups(FailureFilter()), company_problems(lines)
    groups = in_order([*single, *whole, *bad_record_group(), *untied_group()])
    companies = {share.company_id for group in groups for share in group.companies}
    # A whole company can be held up by two causes at once; its dollars count once.
    held = {share.company_id: share.amount for group in whole for share in group.companies}
    amount = sum((group.amount for group in single), Decimal("0.00")) + sum(held.values(), Decimal("0.00"))
    return groups, len(companies), amount


def oldest_unsynced(lines: list[CompanyLine]) -> datetime | None:
    """Return since when the oldest change waits that could go out by itself."""
    busy = (line for line in lines if line.state not in ("off", "reconnect", "paused"))
    return min((line.oldest_unsynced for line in busy if line.oldest_unsynced), default=None)


def newest_night(lines: list[CompanyLine]) -> Night | None:
    """Return how the newest nightly slot went, or None before the first."""
    rows = select(ScheduledRun).where(ScheduledRun.kind == "nightly").order_by(ScheduledRun.slot.desc())
    slot = db.session.scalars(rows.limit(1)).first()
    if slot is None:
        return None
    mine = [
        line.company
        for line in lines
        if line.connection is not None
        and line.connection.held
        and line.connection.connected_at <= slot.noted_at
    ]
    done = sum(1 for company in mine if company.last_nightly_at and company.last_nightly_at >= slot.slot)
    return Night(slot.slot, slot.outcome, done, 0 if slot.outcome == "skipped" else len(mine))


def metered_calls_this_month() -> int:
    """Return the calls of this month (UTC) that count against Intuit's quota."""
    first = utcnow().date().replace(day=1).isoformat()
    answered = func.sum(ApiUsage.count - ApiUsage.failed)  # What was refused is not counted.
    rows = select(answered).where(ApiUsage.day >= first, ApiUsage.metered.is_(True))
    return int(db.session.scalar(rows) or 0)


def heartbeats() -> dict[str, datetime]:
    """Return when each long-lived process was last seen."""
    return dict(db.session.execute(select(Heartbeat.name, Heartbeat.seen_at)).all())


def stuck_calls(limit: int = 50) -> list[Call]:
    """Return the calls whose outcome is not known for long, oldest first."""
    rows = select(Call).where(
        Call.state.in_(("written", "unknown")), Call.created_at < utcnow() - CALL_IS_STUCK
    )
    return list(db.session.scalars(rows.order_by(Call.created_at).limit(limit)))


def stuck_call_count() -> int:
    """Return how many calls have an outcome that is not known for long."""
    old = (Call.state.in_(("written", "unknown")), Call.created_at < utcnow() - CALL_IS_STUCK)
    return db.session.scalar(select(func.count()).select_from(Call).where(*old)) or 0


def stuck_runs(limit: int = 50) -> list[Run]:
    """Return the runs that nobody has carried on for long, in companies that are free to work."""
    # By an expression, or a database may walk all runs in the order of their ids to find the few that are open.
    rows = select(Run).join(Company, Company.id == Run.company_id).where(*_stuck()).order_by(Run.id + 0)
    return list(db.session.scalars(rows.limit(limit)))


def stuck_run_count() -> int:
    """Return how many runs nobody has carried on for long."""
    rows = select(func.count(Run.id)).join(Company, Company.id == Run.company_id)
    return db.session.scalar(rows.where(*_stuck())) or 0


def _stuck() -> tuple[ColumnElement[bool], ...]:
    return *left_alone(), Company.paused_at.is_(None)


def hourly(series: str, since: datetime) -> list[HourlyCount]:
    """Return the counts of a series since then, the oldest hour first."""
    rows = select(HourlyCount).where(HourlyCount.series == series, HourlyCount.hour >= since)
    return list(db.session.scalars(rows.order_by(HourlyCount.hour)))


def trend(now: datetime) -> dict[str, dict[str, int]]:
    """Return by code how many failures stood 24 hours and 7 days ago: {"qbo-6200": {"day": 12, "week": 3}}.

    Codes are missing where nothing stood; a span is missing for all codes when no count was kept then.
    """
    found: dict[str, dict[str, int]] = {}
    for name, back in (("day", timedelta(hours=24)), ("week", timedelta(days=7))):
        until = now - back
        newest = select(func.max(HourlyCount.hour, type_=HourlyCount.hour.type)).where(
            HourlyCount.series == "failures",
            HourlyCount.hour <= until,
            HourlyCount.hour > until - timedelta(hours=6),
        )
        hour = db.session.scalar(newest)
        if hour is None:
            continue
        rows = select(HourlyCount.name, HourlyCount.count).where(
            HourlyCount.series == "failures", HourlyCount.hour == hour
        )
        for code, count in db.session.execute(rows):
            found.setdefault(code, {})[name] = count
        found.setdefault("", {})[name] = 0  # So that a cause that is new counts from nought.
    return found


def _count_inspections(lines: dict[int, CompanyLine]) -> None:
    rows = select(
        InspectionRow.company_id,
        InspectionRow.state,
        func.count(),
        func.sum(held_dollars(), type_=InspectionRow.total.type),
        func.min(
            func.coalesce(InspectionRow.held_since, InspectionRow.polled_at),
            type_=InspectionRow.polled_at.type,
        ),
    ).where(in_states("syncing", "waiting", "needs-you"))
    # Grouped by an expression, or a database may walk an index of all inspections to have them in groups.
    grouped = rows.group_by(InspectionRow.company_id + 0, InspectionRow.company_id, InspectionRow.state)
    for company_id, state, count, amount, since in db.session.execute(grouped):
        line = lines[company_id]
        line.counts[state] = count
        if state == "syncing":
            line.syncing_amount += amount
        else:
            line.amount += amount
        if state in ("syncing", "waiting"):
            line.oldest_unsynced = min(since, line.oldest_unsynced or since)


def _note_problems(lines: dict[int, CompanyLine]) -> None:
    failed = _failed_runs()
    for line in lines.values():
        company, connection = line.company, line.connection
        if connection is not None and connection.state in ("reconnect", "refused"):
            line.problems.append(
                (connection.code or "reconnect-needed", connection.detail, connection.state_since)
            )
        if connection is None or not connection.usable:
            continue
        if company.feed_stopped:
            line.problems.append((company.feed_cause, company.feed_detail, company.last_poll_at))
        elif company.feed_state != "ok":
            line.problems.append(("feed-unavailable", company.feed_detail, company.last_poll_at))
        if connection.refused_use_at and utcnow() - connection.refused_use_at < REFUSED_USE_SHOWN:
            line.problems.append(("other-intuit", connection.refused_use, connection.refused_use_at))
        codes = {code for code, _, _ in line.problems}
        run = failed.get(company.id)
        if run is not None and run.error_code not in codes and not connection.blocked:
            line.problems.append((run.error_code or "unexpected", run.error_detail, run.finished_at))


def _failed_runs() -> dict[int, Any]:
    """Return the newest finished run of each company whose newest finished run failed."""
    newest = (
        select(Run.id)
        .where(Run.company_id == Company.id, Run.finished_at.is_not(None))
        .order_by(Run.id.desc())
        .limit(1)
        .correlate(Company)
        .scalar_subquery()
    )
    ids = select(newest).select_from(Company)
    rows = select(Run.company_id, Run.error_code, Run.error_detail, Run.finished_at)
    rows = rows.where(Run.id.in_(ids), Run.state == "failed")
    return {row.company_id: row for row in db.session.execute(rows)}


def _note_migrations(lines: dict[int, CompanyLine]) -> None:
    tonight = or_(
        and_(Migration.state == "scheduled", Migration.runs_at < utcnow() + timedelta(hours=24)),
        Migration.state.in_(("running", "paused")),
    )
    rows = select(Migration.company_id, Migration.runs_at).where(tonight)
    for company_id, runs_at in db.session.execute(rows):
        lines[company_id].migrates_at = runs_at or utcnow()


def _muted_places() -> set[tuple[str, int | None]]:
    rows = select(Mute.code, Mute.company_id).where(
        Mute.until > utcnow(), Mute.ended_at.is_(None), Mute.inspection_key == ""
    )
    return {(code, company_id) for code, company_id in db.session.execute(rows)}
