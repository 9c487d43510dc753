"""One company for ops: what is owed, what was asked of QuickBooks day by day, and what people and we did. Reads only.

Secrets are not among it: neither tokens nor the feed's key are read here.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import selectinload

from bookkeeping.logbook.held_deletes import held_deletes
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.paging import Page, Position, keyset_page
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.inspections import STATES, BadRecord, InspectionRow
from bookkeeping.storage.records.migrations import Migration, newest_migration
from bookkeeping.storage.work.journal import ApiUsage, Call, Operation

HISTORY_ORDER = (AuditEntry.id,)
OWED = ("planned", "unknown")
SETTLED_STATES = ("in-sync", "not-in-books")
COUNT_UP_TO = 1000
"""Settled inspections are history: counting more of them would cost more every day, and ops need no exact figure."""


@dataclass(frozen=True)
class CompanyFacts:
    """One company's open matters. `due`: inspections that a slice would take now; `owed`: operations journaled and not settled.

    `counts`: inspections by state, the open ones exactly, the settled ones up to COUNT_UP_TO and then one more.
    """

    counts: dict[str, int]
    due: int
    owed: list[Operation]
    open_calls: list[Call]
    drifts: int
    bad_records: int
    held_deletes: int
    migration: Migration | None

    def count_in(self, state: str) -> str:
        """Return how many inspections are in this state, for reading: "12", "1,000+"."""
        count = self.counts[state]
        return f"{COUNT_UP_TO:,}+" if state in SETTLED_STATES and count > COUNT_UP_TO else f"{count:,}"


def company_facts(company: Company) -> CompanyFacts:
    """Look up what is open."""
    mine = InspectionRow.company_id == company.id
    # Both are ordered by an expression, or a database may walk the whole history in the order of its ids to find the few.
    owed = select(Operation).where(Operation.company_id == company.id, Operation.outcome.in_(OWED))
    calls = select(Call).where(Call.company_id == company.id, Call.state.in_(("written", "unknown")))
    return CompanyFacts(
        counts=_counts(mine),
        due=_count(select(func.count()).where(mine, InspectionRow.due.is_(True))),
        owed=list(
            db.session.scalars(
                owed.options(selectinload(Operation.call)).order_by(Operation.id + 0).limit(20)
            )
        ),
        open_calls=list(db.session.scalars(calls.order_by(Call.id + 0).limit(20))),
        drifts=_count(select(func.count()).where(Drift.company_id == company.id, Drift.settled_at.is_(None))),
        bad_records=_count(select(func.count()).where(BadRecord.company_id == company.id)),
        held_deletes=held_deletes(company.id),
        migration=newest_migration(company.id),
    )


def usage_by_day(company_id: int, days: int = 14) -> tuple[list[str], list[tuple[str, dict[str, int], bool]]]:
    """Return the kinds of calls, and for each day, newest first, (ISO day, calls by kind, whether some failed)."""
    since = (utcnow().date() - timedelta(days=days - 1)).isoformat()
    rows = select(ApiUsage).where(ApiUsage.company_id == company_id, ApiUsage.day >= since)
    found: dict[str, dict[str, int]] = {}
    failed: set[str] = set()
    for row in db.session.scalars(rows.order_by(ApiUsage.day.desc())):
        found.setdefault(row.day, {})[row.kind] = row.count
        if row.failed:
            failed.add(row.day)
    kinds = sorted({kind for counts in found.values() for kind in counts})
    return kinds, [(day, counts, day in failed) for day, counts in found.items()]


def history_page(company_id: int, position: Position | None, size: int = 30) -> Page[AuditEntry]:
    """Return a page of what was done to the company, newest first: connecting, settings, retries, approvals."""
    rows = select(AuditEntry).where(AuditEntry.company_id == company_id)
    return keyset_page(rows, HISTORY_ORDER, position, size)


def _counts(mine: ColumnElement[bool]) -> dict[str, int]:
    opened = InspectionRow.state.in_([state for state in STATES if state not in SETTLED_STATES])
    by_state = select(InspectionRow.state, func.count()).where(mine, opened).group_by(InspectionRow.state)
    counts = dict(db.session.execute(by_state).all())
    for state in SETTLED_STATES:
        some = select(literal(1)).where(mine, InspectionRow.state == state).limit(COUNT_UP_TO + 1)
        counts[state] = _count(select(func.count()).select_from(some.subquery()))
    return counts


def _count(query: Select[int]) -> int:
    return db.session.scalar(query) or 0
