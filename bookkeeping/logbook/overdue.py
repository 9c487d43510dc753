"""What is overdue: a run that nobody carries on, and a source of inspections that nobody reads. Ops' pages and a company's own ask here. Reads only.

A run that takes long is not overdue: what works on a company holds its lease, and what waits for its next turn has moved a moment ago.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.work.leases import lease_names_held
from bookkeeping.storage.work.runs import Run, is_unfinished

LATE_AFTER = timedelta(minutes=20)
_OF_A_COMPANY = "company:"


def last_moved() -> ColumnElement[datetime]:
    """When anything of a run last changed; of one that the previous release carried on, when it began."""
    return func.coalesce(Run.moved_at, Run.started_at, Run.queued_at, type_=Run.queued_at.type)


def left_alone() -> tuple[ColumnElement[bool], ...]:
    """The conditions for runs that are not over, of which nothing has moved for long, in companies that no worker holds now."""
    held = [
        int(name.removeprefix(_OF_A_COMPANY)) for name in lease_names_held() if name.startswith(_OF_A_COMPANY)
    ]
    return is_unfinished(), last_moved() < utcnow() - LATE_AFTER, Run.company_id.not_in(held)


def reading_is_late(company: Company) -> bool:
    """Whether the company's inspections should long have been read again: its turn has come, and nothing holds it back."""
    planned = company.next_poll_at or company.last_poll_at
    due = max((one for one in (planned, company.not_before) if one is not None), default=None)
    return planned is not None and due is not None and due < utcnow() - LATE_AFTER


def still_since(company: Company) -> datetime | None:
    """Return since when nothing moves for a company that may be worked on: of its oldest run, or since the last reading."""
    mine = select(Run.id, last_moved()).where(Run.company_id == company.id)
    run = db.session.execute(mine.where(*left_alone()).order_by(Run.id).limit(1)).first()
    if run is not None:
        return run[1]
    at_work = select(Run.id).where(Run.company_id == company.id, is_unfinished()).limit(1)
    if not reading_is_late(company) or db.session.scalar(at_work) is not None:
        return None
    return company.last_poll_at or company.next_poll_at
