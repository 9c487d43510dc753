"""Making inspections due: one function, whose meanings say why. Only the poll makes one due besides, with the row that it changes.

What is due is looked at by the next slice; the state that a row shows until then follows from the meaning.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, CursorResult, Text, func, literal, or_, select, update
from sqlalchemy import cast as cast_column

from bookkeeping.faults import CATALOGUE, HELD_BY_A_PERSON, TRIED_ONE_OF, End, ended_by, fault
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


def waiting_for_any(causes: Iterable[str]) -> ColumnElement[bool]:
    """The condition for what waits for one of these."""
    return InspectionRow.waits_for.in_(list(causes))


def held_since_now() -> ColumnElement[datetime]:
    """Since when a row is held up: the first time counts, however often it is tried again."""
    return func.coalesce(InspectionRow.held_since, literal(utcnow(), InspectionRow.held_since.type))


Cause = tuple[str, str]
"""(catalogue code, QuickBooks' or our own words): what several inspections may share."""


def causes_of(reason: str, detail: str, waiting_documents: Sequence[dict[str, Any]]) -> set[Cause]:
    """Return what holds an inspection up: the causes of its documents that wait, else its own."""
    own = {(one["code"], one["detail"]) for one in waiting_documents if not one["depends"]}
    return own or {(reason, detail)}


def make_oldest_due(company_id: int, codes: Sequence[str] | None = None) -> int:
    """Make the oldest inspection of each cause due for which QuickBooks refused a write; return how many there are.

    The others of it are made due by `let_others_go` once that one went through: a cause that stays costs one attempt, however many wait
    for it. `codes`: only these.

    Source: bookkeeping decision 9 ("Every wait ends by itself").
    """
    tried: set[Cause] = set()
    oldest = []
    for row_id, causes in _refused(company_id):
        wanted = {cause for cause in causes if codes is None or cause[0] in codes}
        if wanted - tried:
            oldest.append(row_id)
            tried |= causes
    return _make_rows_due(company_id, oldest)


def make_ended_due(company_id: int, end: End) -> int:
    """Make due what this may have ended: all of what was not sent or is each one's own, of other causes the oldest; return how many."""
    codes = ended_by(end)
    released = make_due(
        company_id, "cause-gone", held_up_by(*(code for code in codes if fault(code).rechecked))
    )
    return released + make_oldest_due(company_id, codes)


def let_others_go(company_id: int, causes: Iterable[Cause], but: Sequence[int]) -> int:
    """Make due what these causes hold up, since one inspection of each just went through; return how many. `but`: not these rows."""
    alike = {cause for cause in causes if tried_one_of(cause[0])}
    others = [row_id for row_id, theirs in _refused(company_id) if theirs & alike] if alike else []
    return _make_rows_due(company_id, sorted(set(others) - set(but)))


def tried_one_of(code: str) -> bool:
    """Whether of the inspections that this code holds up one is tried for all: a refusal whose cause they may share."""
    return code in TRIED_ONE_OF or (code.startswith("qbo-") and code not in CATALOGUE)


def _refused(company_id: int) -> list[tuple[int, set[Cause]]]:
    """Return each inspection that a cause holds up of which one is tried, the one that is held up longest first."""
    columns = (InspectionRow.id, InspectionRow.reason, InspectionRow.detail, InspectionRow.waiting_documents)
    held = select(*columns).where(
        InspectionRow.company_id == company_id,
        InspectionRow.state == "needs-you",
        InspectionRow.due.is_(False),
    )
    since = func.coalesce(InspectionRow.held_since, InspectionRow.polled_at)
    found = []
    for row_id, *facts in db.session.execute(held.order_by(since, InspectionRow.id)):
        causes = {cause for cause in causes_of(*facts) if tried_one_of(cause[0])}
        if causes:
            found.append((row_id, causes))
    return found


def _make_rows_due(company_id: int, ids: Sequence[int]) -> int:
    chunks = (ids[start : start + 500] for start in range(0, len(ids), 500))
    return sum(make_due(company_id, "cause-gone", InspectionRow.id.in_(chunk)) for chunk in chunks)
