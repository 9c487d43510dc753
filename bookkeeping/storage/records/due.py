"""Making inspections due: one function, whose meanings say why. Only the poll makes one due besides, with the row that it changes.

What is due is looked at by the next slice; the state that a row shows until then follows from the meaning.
"""

from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, CursorResult, Text, func, literal, or_, update
from sqlalchemy import cast as cast_column

from bookkeeping.faults import HELD_BY_A_PERSON
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import InspectionRow

Why = Literal["asked", "cause-gone", "look-again"]
"""asked       a person asked: tried at once whatever its state, and what failed before counts no longer
cause-gone  what it waited for is there, or may be: tried at once, but for what only a person lets go
look-again  something about it changed: looked at with the next slice; what it shows and waits for stays until then
"""

_VALUES: dict[Why, dict[str, Any]] = {
    "asked": {"state": "syncing", "waits_for": "", "failures": 0},
    "cause-gone": {"state": "syncing", "waits_for": ""},
    "look-again": {},
}


def make_due(company_id: int, why: Why, *which: ColumnElement[bool], **values: Any) -> int:
    """Make these inspections of the company due now, in the current transaction; return how many there are.

    A slice that is at work on one of them now does not count it as done. `values` are set with it.
    """
    return make_rows_due(why, InspectionRow.company_id == company_id, *which, **values)


def make_rows_due(why: Why, *which: ColumnElement[bool], **values: Any) -> int:
    """The same over companies, for ops: `which` alone says whose."""
    rows = update(InspectionRow).where(*which)
    if why == "cause-gone":
        rows = rows.where(InspectionRow.reason.not_in(HELD_BY_A_PERSON))
    again = {"due": True, "next_try_at": None, "wanted_gen": InspectionRow.wanted_gen + 1}
    due = rows.values(**again, **_VALUES[why], **values).execution_options(synchronize_session=False)
    done = cast("CursorResult[Any]", db.session.execute(due))
    return done.rowcount


def waits() -> ColumnElement[bool]:
    """The condition for what waits by itself: on a back-off, or for something else to be settled."""
    return or_(InspectionRow.next_try_at.is_not(None), InspectionRow.state == "waiting")


def held_up_by(*codes: str) -> ColumnElement[bool]:
    """The condition for what one of these causes holds up: all of the inspection, or a document of it."""
    waiting = cast_column(InspectionRow.waiting_documents, Text)
    documents = (waiting.contains(f'"code": "{code}"', autoescape=True) for code in codes)
    return or_(InspectionRow.reason.in_(codes), *documents)


def waiting_for(waits_for: str) -> ColumnElement[bool]:
    """The condition for what waits for this root cause, such as "customer:<client key>"."""
    return InspectionRow.waits_for == waits_for


def held_since_now() -> ColumnElement[datetime]:
    """Since when a row is held up: the first time counts, however often it is tried again."""
    return func.coalesce(InspectionRow.held_since, literal(utcnow(), InspectionRow.held_since.type))
