"""Which inspections the mass-delete brake holds (decision 17)."""

from sqlalchemy import ColumnElement, func, select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import OPEN_STATES, InspectionRow

BRAKE = "mass-delete-brake"


def held_deletes(company_id: int) -> int:
    """Return how many inspections the mass-delete brake holds."""
    return db.session.scalar(select(func.count()).where(*held_by_brake(company_id))) or 0


def held_by_brake(company_id: int) -> tuple[ColumnElement[bool], ...]:
    # The states lead an index past everything that is settled.
    waiting = (InspectionRow.company_id == company_id, InspectionRow.state.in_(OPEN_STATES))
    return *waiting, InspectionRow.reason == BRAKE, InspectionRow.deletes_approved.is_(False)
