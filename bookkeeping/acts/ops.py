"""What ops do to failures: retry many and follow them, mute for a while, say who is on it, keep a view.

Each function changes rows and writes the audit entry in the current transaction; the caller commits and then rings the bell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, literal, not_, or_, select

from bookkeeping.faults import HELD_BY_A_PERSON
from bookkeeping.logbook.failures import FailureFilter, conditions
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.due import make_rows_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.ops import CaseNote, Mute, Retry, RetryItem, SavedView
from bookkeeping.storage.work.runs import Run


@dataclass(frozen=True)
class RetryProgress:
    """How far a retry is: inspections that went through, are refused or wait again, are on their way, or cannot start
    because nothing is sent for their company: it is paused, not in the US, or not connected."""

    total: int
    through: int = 0
    refused: int = 0
    waiting: int = 0
    going: int = 0
    halted: int = 0

    @property
    def finished(self) -> bool:
        """True when none is on its way any more (those of halted companies start when somebody lets them)."""
        return self.going == 0

    @property
    def sentence(self) -> str:
        """`29 went through, 2 still refused.`"""
        parts = [f"{self.through:,} went through"]
        parts += [f"{self.refused:,} still refused"] if self.refused else []
        parts += [f"{self.waiting:,} waiting again"] if self.waiting else []
        parts += [f"{self.going:,} on their way"] if self.going else []
        parts += (
            [f"{self.halted:,} in companies that are paused, abroad or not connected"] if self.halted else []
        )
        return ", ".join(parts) + "."


def retry_failures(
    wanted: FailureFilter, subject: str, who: str, address: str = ""
) -> tuple[Retry, list[int]]:
    """Make every failure of this filter due now; return the retry and the companies to ring for.

    A retry of none has `total` 0. Statements do not grow with the number of failures, but for one audit entry and one run a company.
    """
    retry = Retry(subject=subject[:300], company_id=wanted.company_id, asked_by=who)
    db.session.add(retry)
    db.session.flush()
    chosen = select(literal(retry.id), InspectionRow.id).where(
        *conditions(wanted), InspectionRow.reason.not_in(HELD_BY_A_PERSON)
    )
    db.session.execute(insert(RetryItem).from_select(["retry_id", "inspection_id"], chosen))
    mine = select(RetryItem.inspection_id).where(RetryItem.retry_id == retry.id)
    by_company = select(InspectionRow.company_id, func.count()).where(InspectionRow.id.in_(mine))
    counts = dict(db.session.execute(by_company.group_by(InspectionRow.company_id)).all())
    retry.total, retry.companies = sum(counts.values()), len(counts)
    make_rows_due("asked", InspectionRow.id.in_(mine))
    _forget_blocks(list(counts))
    _queue_syncs(list(counts), who)
    for company_id, count in counts.items():
        record_act(
            company_id,
            who,
            "retried all (ops)",
            subject=subject[:200],
            after={"inspections": count},
            address=address,
        )
    return retry, sorted(counts)


def retry_progress(retry: Retry) -> RetryProgress:
    """Return how far the retry is; once it is over, as it was at its end."""
    if retry.result:
        return RetryProgress(**retry.result)
    halted = or_(
        Company.paused_at.is_not(None),
        Company.us_based.is_(False),
        Connection.state.is_(None),
        not_(Connection.usable),
    )
    rows = (
        select(InspectionRow.state, halted, func.count())
        .select_from(RetryItem)
        .join(InspectionRow, InspectionRow.id == RetryItem.inspection_id)
        .join(Company, Company.id == InspectionRow.company_id)
        .outerjoin(Connection, Connection.company_id == Company.id)
        .where(RetryItem.retry_id == retry.id)
        .group_by(InspectionRow.state, halted)
    )
    sums = {"through": 0, "refused": 0, "waiting": 0, "going": 0, "halted": 0}
    names = {"needs-you": "refused", "waiting": "waiting", "syncing": "going"}
    for state, is_halted, count in db.session.execute(rows):
        name = names.get(state, "through")
        sums["halted" if name == "going" and is_halted else name] += count
    return RetryProgress(retry.total, **sums)


def end_retry(retry: Retry, progress: RetryProgress) -> None:
    """Keep the result: what happens to these inspections later is another story. The items are not needed any more."""
    if retry.finished_at is not None or not progress.finished or progress.halted:
        return
    sums = {"through": progress.through, "refused": progress.refused, "waiting": progress.waiting}
    retry.finished_at, retry.result = utcnow(), {"total": progress.total, **sums}
    db.session.execute(delete(RetryItem).where(RetryItem.retry_id == retry.id))


def latest_retries(limit: int = 10) -> list[Retry]:
    """Return the newest retries."""
    return list(db.session.scalars(select(Retry).order_by(Retry.id.desc()).limit(limit)))


def mute(
    code: str,
    until: datetime,
    reason: str,
    who: str,
    *,
    company_id: int | None = None,
    key: str = "",
    address: str = "",
) -> Mute:
    """Stop telling ops of these failures until then."""
    row = Mute(code=code, company_id=company_id, inspection_key=key, reason=reason, muted_by=who, until=until)
    db.session.add(row)
    db.session.flush()
    after = {"cause": code, "inspection": key, "until": until.isoformat(), "reason": reason}
    record_act(company_id, who, "muted failures", subject=code, after=after, address=address)
    return row


def end_mute(row: Mute, who: str, address: str = "") -> None:
    """Tell ops of these failures again."""
    row.ended_at, row.ended_by = utcnow(), who
    record_act(row.company_id, who, "ended a mute", subject=row.code, address=address)


def live_mutes() -> list[Mute]:
    """Return the mutes that hold now, the first to end first."""
    rows = select(Mute).where(Mute.until > utcnow(), Mute.ended_at.is_(None))
    return list(db.session.scalars(rows.order_by(Mute.until).limit(500)))


def past_mutes(limit: int = 20) -> list[Mute]:
    """Return the newest mutes that hold no longer."""
    rows = select(Mute).where(or_(Mute.until <= utcnow(), Mute.ended_at.is_not(None)))
    return list(db.session.scalars(rows.order_by(Mute.id.desc()).limit(limit)))


def write_note(code: str, company_id: int | None, assignee: str, note: str, who: str) -> CaseNote:
    """Say who is on a cause (in one company, or everywhere) and what is known of it."""
    row = CaseNote(code=code, company_id=company_id, assignee=assignee, note=note, written_by=who)
    db.session.add(row)
    db.session.flush()
    record_act(company_id, who, "wrote an ops note", subject=code, after={"assignee": assignee, "note": note})
    return row


def notes_for(codes: Sequence[str]) -> dict[tuple[str, int | None], CaseNote]:
    """Return the newest note of each place of these causes, by (code, company id or None)."""
    newest = select(func.max(CaseNote.id)).where(CaseNote.code.in_(list(codes)))
    newest = newest.group_by(CaseNote.code, CaseNote.company_id)
    rows = db.session.scalars(select(CaseNote).where(CaseNote.id.in_(newest)))
    return {(row.code, row.company_id): row for row in rows if row.assignee or row.note}


def save_view(name: str, address: str, who: str) -> SavedView:
    """Keep a filter under a name; one of the same name is replaced."""
    row = db.session.scalar(select(SavedView).where(SavedView.name == name)) or SavedView(name=name)
    row.address, row.made_by, row.made_at = address, who, utcnow()
    db.session.add(row)
    return row


def saved_views() -> list[SavedView]:
    """Return the saved views by name."""
    return list(db.session.scalars(select(SavedView).order_by(SavedView.name).limit(100)))


def _forget_blocks(company_ids: list[int]) -> None:
    """Forget that a company's writes must all fail (`connections.facts["blocked"]`): the next one shows whether that still holds."""
    for start in range(0, len(company_ids), 500):
        rows = select(Connection).where(Connection.company_id.in_(company_ids[start : start + 500]))
        for connection in db.session.scalars(rows.with_for_update()):
            if "blocked" in (connection.facts or {}):
                connection.facts = {
                    name: value for name, value in connection.facts.items() if name != "blocked"
                }


def _queue_syncs(company_ids: list[int], who: str) -> None:
    """Queue one sync a company, unless one is queued already."""
    queued: set[int] = set()
    for start in range(0, len(company_ids), 500):
        chunk = company_ids[start : start + 500]
        rows = select(Run.company_id).where(
            Run.state == "queued", Run.kind == "sync", Run.company_id.in_(chunk)
        )
        queued |= set(db.session.scalars(rows))
    new = [one for one in company_ids if one not in queued]
    db.session.add_all(
        Run(company_id=one, kind="sync", reason="retried by ops", asked_by=who, parameters={}) for one in new
    )
    db.session.flush()
