"""What holds a whole company back: QuickBooks lets us in but takes no write. What lifts it is looked at in `reading.connection`."""

import logging

from sqlalchemy import update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.notices import notify_once
from bookkeeping.storage.records.due import held_since_now
from bookkeeping.storage.records.inspections import InspectionRow
from worker.holding.progress import tell
from worker.holding.work import Work

logger = logging.getLogger(__name__)


def hold_all(work: Work, code: str) -> None:
    """Let everything due wait for this company-wide cause, without a call that must fail."""
    due = update(InspectionRow).where(
        InspectionRow.company_id == work.company_id, InspectionRow.due.is_(True)
    )
    held = {"state": "needs-you", "reason": code, "detail": "", "due": False, "held_since": held_since_now()}
    db.session.execute(due.values(**held))
    tell(work, "Waiting")
    work.commit()


def blocked_by(work: Work) -> str:
    """Return the code of what blocks the company, or ""."""
    connection = work.connection
    return connection.blocked if connection is not None else ""


def block(work: Work, code: str) -> None:
    """Note in the current transaction that no write is taken, and why."""
    connection = work.connection
    if connection is None or connection.blocked == code:
        return
    connection.facts = {**(connection.facts or {}), "blocked": code}
    note_looked(work)  # This run has met the refusal itself.
    notify_once(work.company_id, code, utcnow().date().isoformat(), urgent=True)
    logger.error("QuickBooks takes no writes", extra={"company_id": work.company_id, "code": code})


def note_looked(work: Work) -> None:
    """Note that this run has seen for itself what QuickBooks takes, so that it does not look again."""
    work.run.parameters = {**work.run.parameters, "looked_again": True}
