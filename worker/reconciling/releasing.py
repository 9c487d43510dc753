"""The steps that only the nightly run has: releasing what waits, and noting that the night's work is done."""

from sqlalchemy import ColumnElement, and_, not_, select
from sqlalchemy.orm import aliased

from bookkeeping.faults import RECHECKED, TRIED_ONE_OF
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.records.due import held_up_by, make_due, make_oldest_due, waits
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.list_waits import follow_lists
from worker.holding.progress import tell
from worker.holding.work import Work


def release_waiting(work: Work) -> bool:
    """Make everything due that waits, whatever its back-off, and what may have been settled inside QuickBooks."""
    company = work.company
    company.not_before, company.failures, company.wait_code = None, 0, ""
    released = make_due(work.company_id, "cause-gone", waits(), not_(_waits_for_a_refused_customer(work)))
    tell(work, f"Trying again what waits: {released + _settled(work)}")
    work.commit()
    return True


def release_settled(work: Work) -> bool:
    """Make everything due that may have been settled inside QuickBooks, and of what was refused the oldest of each cause."""
    tell(work, f"Trying again what waits: {_settled(work)}")
    work.commit()
    return True


def _settled(work: Work) -> int:
    released = make_due(work.company_id, "cause-gone", held_up_by(*RECHECKED)) + follow_lists(work.company_id)
    return released + make_oldest_due(work.company_id)


def _waits_for_a_refused_customer(work: Work) -> ColumnElement[bool]:
    """The condition for what waits for a Customer that was refused: it would be sent once more, beside the one that carries the refusal."""
    root = aliased(InspectionRow)
    refused = select(root.client_key).where(
        root.company_id == work.company_id, root.state == "needs-you", root.reason.in_(TRIED_ONE_OF)
    )
    return and_(InspectionRow.waits_for != "", InspectionRow.client_key.in_(refused))


def finish_nightly(work: Work) -> bool:
    """Note that tonight's run came to its end."""
    work.company.last_nightly_at = utcnow()
    work.commit()
    return True
