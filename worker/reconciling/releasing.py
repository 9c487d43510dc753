"""The steps that only the nightly run has: releasing what waits, and noting that the night's work is done."""

from bookkeeping.storage.base import utcnow
from bookkeeping.storage.records.due import release
from worker.holding.work import Work

RECHECKED = frozenset(
    {
        "closed-books",
        "customer-inactive",
        "deposited",
        "no-income-account",
        "qbo-5020",
        "qbo-6190",
        "qbo-6200",
        "qbo-6210",
        "qbo-6540",
    }
)
"""Causes that a person removes inside QuickBooks, where nobody tells us: looked at again every night, and by *Check QuickBooks now*."""


def release_waiting(work: Work) -> bool:
    """Make everything due that waits, whatever its back-off, and what may have been settled inside QuickBooks."""
    company = work.company
    company.not_before, company.failures, company.wait_code = None, 0, ""
    released = release(work.company_id) + release(work.company_id, codes=RECHECKED)
    work.tell(f"Trying again what waits: {released}")
    work.commit()
    return True


def release_settled(work: Work) -> bool:
    """Make everything due that may have been settled inside QuickBooks."""
    released = release(work.company_id, codes=RECHECKED)
    work.tell(f"Trying again what waits: {released}")
    work.commit()
    return True


def finish_nightly(work: Work) -> bool:
    """Note that tonight's run came to its end."""
    work.company.last_nightly_at = utcnow()
    work.commit()
    return True
