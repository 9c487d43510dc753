"""The steps that only the nightly run has: releasing what waits, and noting that the night's work is done."""

from sqlalchemy import or_

from bookkeeping.faults import RECHECKED
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.records.due import held_up_by, make_due, waits
from worker.holding.progress import tell
from worker.holding.work import Work


def release_waiting(work: Work) -> bool:
    """Make everything due that waits, whatever its back-off, and what may have been settled inside QuickBooks."""
    company = work.company
    company.not_before, company.failures, company.wait_code = None, 0, ""
    released = make_due(work.company_id, "cause-gone", or_(waits(), held_up_by(*RECHECKED)))
    tell(work, f"Trying again what waits: {released}")
    work.commit()
    return True


def release_settled(work: Work) -> bool:
    """Make everything due that may have been settled inside QuickBooks."""
    released = make_due(work.company_id, "cause-gone", held_up_by(*RECHECKED))
    tell(work, f"Trying again what waits: {released}")
    work.commit()
    return True


def finish_nightly(work: Work) -> bool:
    """Note that tonight's run came to its end."""
    work.company.last_nightly_at = utcnow()
    work.commit()
    return True
