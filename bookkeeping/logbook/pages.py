"""What the screens read: pages of operations, runs and inspections, and the counts behind the badges. Writes nothing.

Every query is held to one company, and none walks the whole history: pages follow an index, and a search that no index
answers looks at a bounded number of rows a page and says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import selectinload

from bookkeeping.storage.base import db
from bookkeeping.storage.paging import (
    PAGE_SIZE,
    Page,
    Position,
    keyset_page,
    named_page,
    search_page,
    sorted_page,
)
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift, documents_of
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow, held_dollars, ids_found
from bookkeeping.storage.work.journal import Call, Operation
from bookkeeping.storage.work.runs import Run

OPERATION_ORDER = (Operation.id,)
# Without an index of their own, so among a bounded number of rows. What has no amount counts as nothing.
OPERATION_SORTS = {
    "when": OPERATION_ORDER,
    "amount": (func.coalesce(Operation.amount, Decimal(0)).label("amount"), Operation.id),
    "client": (func.lower(Operation.subject).label("subject"), Operation.id),
}
RUN_ORDER = (Run.id,)
INSPECTION_ORDER = (InspectionRow.starts_at, InspectionRow.id)
# By whom, folded as it is searched for; each ends in the id and has an index with the company before it.
SORTS = {
    "start": INSPECTION_ORDER,
    "amount": (InspectionRow.total, InspectionRow.id),
    "client": (InspectionRow.search_text, InspectionRow.id),
    "state": (InspectionRow.state, InspectionRow.starts_at, InspectionRow.id),
}
BAD_RECORD_LIMIT = 200
STUCK_STATES = ("waiting", "needs-you")
_CLOCK_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class OperationFilter:
    """What to show of the operations; empty means all. `since` and `until` are aware, `until` exclusive.

    `text` is looked for in the document number, the inspection's id and the subject (client and address). `sort` is one of
    OPERATION_SORTS, and "-up" behind it turns the order round; empty is the newest first.
    """

    outcome: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    run_id: int | None = None
    sort: str = ""


@dataclass(frozen=True)
class InspectionFilter:
    """What to show of the inspections; empty means all. `since` and `until` (exclusive) bound the scheduled start.

    `keys`: only these. `sort` is one of SORTS, and "-up" behind it turns the order round; empty is the latest start first.
    """

    state: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    keys: tuple[str, ...] | None = None
    sort: str = ""


@dataclass(frozen=True)
class Cause:
    """Inspections held up by one cause: how many, for how many dollars, the earliest start, and the first few of them."""

    code: str
    state: str
    count: int
    amount: Decimal
    since: datetime
    examples: list[InspectionRow]


def operations_page(
    company_id: int, wanted: OperationFilter, position: Position | None, size: int = PAGE_SIZE
) -> Page[Operation]:
    """Return a page of the company's operations in the order of the filter, with their calls loaded.

    In another order than by time a page of the screen is `unfinished` where only the newest were sorted; a larger one, for files, has all.
    """
    query = select(Operation).where(Operation.company_id == company_id)
    if wanted.outcome:
        query = query.where(Operation.outcome == wanted.outcome)
    if wanted.run_id is not None:
        query = query.where(Operation.run_id == wanted.run_id)
    query = _created_between(company_id, query, wanted.since, wanted.until)
    named = inspection_named(company_id, wanted.text) if wanted.text else None
    if named is not None:
        query = query.where(Operation.inspection_key == named)
    query = query.options(selectinload(Operation.call))
    by, up = (wanted.sort or "when").removesuffix("-up"), (wanted.sort or "").endswith("-up")
    if by == "when" and not wanted.kind and (not wanted.text or named is not None):
        return keyset_page(query, OPERATION_ORDER, position, size, ascending=up)
    if wanted.text and named is None:
        columns = (Operation.subject, Operation.doc_number, Operation.inspection_key)
        matching = or_(*(column.icontains(wanted.text, autoescape=True) for column in columns))
    else:
        matching = true()
    if wanted.kind:
        matching = and_(matching, Operation.kind == wanted.kind)
    if by == "when":
        return search_page(query, matching, Operation.id, position, size, ascending=up)
    order, whole = OPERATION_SORTS[by], size > PAGE_SIZE
    mine = Operation.company_id == company_id
    return sorted_page(query, matching, mine, order, position, size, ascending=up, whole=whole)


def inspection_named(company_id: int, text: str) -> str | None:
    """Return the key of the inspection that the text names in full, by the platform's id or as a document number."""
    bare = text.strip()
    keys = {bare, bare[3:]} if bare.upper().startswith("SP-") else {bare}
    rows = select(InspectionRow.key).where(
        InspectionRow.company_id == company_id, InspectionRow.key.in_(keys)
    )
    found = set(db.session.scalars(rows))
    return bare if bare in found else next(iter(found), None)


def operations_of(company_id: int, inspection_key: str, limit: int = 200) -> list[Operation]:
    """Return the newest operations of one inspection, newest first, with their calls and the times those were sent."""
    rows = select(Operation).where(
        Operation.company_id == company_id, Operation.inspection_key == inspection_key
    )
    with_calls = selectinload(Operation.call).selectinload(Call.attempt_log)
    rows = rows.options(with_calls).order_by(Operation.id.desc())
    return list(db.session.scalars(rows.limit(limit)))


def runs_page(company_id: int, position: Position | None, size: int = 20, *, idle: bool = False) -> Page[Run]:
    """Return a page of the company's runs, newest first. Without `idle`, scheduled runs that met nothing are left out."""
    query = select(Run).where(Run.company_id == company_id)
    if idle:
        return keyset_page(query, RUN_ORDER, position, size)
    remarkable = or_(Run.reason != "scheduled", Run.calls > 0, Run.state != "done")
    return search_page(query, remarkable, Run.id, position, size)


def run_or_none(company_id: int, run_id: int) -> Run | None:
    """Return the company's run of that id."""
    return db.session.scalars(select(Run).where(Run.company_id == company_id, Run.id == run_id)).one_or_none()


def inspections_page(
    company_id: int, wanted: InspectionFilter, position: Position | None, size: int = PAGE_SIZE
) -> Page[InspectionRow]:
    """Return a page of the company's inspections in the order of the filter. In another than the plain one, positions are ids alone."""
    query = select(InspectionRow).where(*matching(company_id, wanted))
    if not wanted.sort:
        return keyset_page(query, INSPECTION_ORDER, position, size)
    columns, up = SORTS[wanted.sort.removesuffix("-up")], wanted.sort.endswith("-up")
    mine = InspectionRow.company_id == company_id
    return named_page(query, mine, columns, position, size, ascending=up)


def inspection_sum(company_id: int, wanted: InspectionFilter) -> tuple[int, Decimal]:
    """Return how many inspections the filter lets through, and for how many US dollars."""
    total = func.sum(InspectionRow.total, type_=InspectionRow.total.type)
    rows = select(func.count(), total).where(*matching(company_id, wanted))
    count, amount = db.session.execute(rows).one()
    return count, amount or Decimal("0.00")


def inspection_or_none(company_id: int, key: str) -> InspectionRow | None:
    """Return the company's inspection with this platform id."""
    rows = select(InspectionRow).where(InspectionRow.company_id == company_id, InspectionRow.key == key)
    return db.session.scalars(rows).one_or_none()


def inspections_by_key(company_id: int, keys: list[str]) -> dict[str, InspectionRow]:
    """Return these of the company's inspections by the platform's id."""
    rows = select(InspectionRow).where(InspectionRow.company_id == company_id, InspectionRow.key.in_(keys))
    return {row.key: row for row in db.session.scalars(rows)}


def documents_by_inspection(company_id: int, keys: list[str]) -> dict[str, list[Document]]:
    """Return the documents that stand in QuickBooks, by inspection; Invoices before Payments."""
    found = documents_of(company_id, keys)
    return {
        key: sorted(
            (row for row in rows if row.status == "live"), key=lambda row: (row.kind != "Invoice", row.id)
        )
        for key, rows in found.items()
    }


def causes(company_id: int, examples: int = 5) -> list[Cause]:
    """Return what holds up the company's inspections, by cause; what needs a person first, then most dollars first."""
    stuck = (InspectionRow.company_id == company_id, InspectionRow.state.in_(STUCK_STATES))
    grouped = select(
        InspectionRow.state,
        InspectionRow.reason,
        func.count(),
        func.sum(held_dollars(), type_=InspectionRow.total.type),
        func.min(InspectionRow.starts_at, type_=InspectionRow.starts_at.type),
    )
    grouped = grouped.where(*stuck).group_by(InspectionRow.state, InspectionRow.reason)
    found = []
    for state, code, count, amount, since in db.session.execute(grouped):
        same = (InspectionRow.state == state, InspectionRow.reason == code)
        rows = select(InspectionRow).where(*stuck, *same).order_by(InspectionRow.starts_at).limit(examples)
        found.append(Cause(code, state, count, amount, since, list(db.session.scalars(rows))))
    return sorted(found, key=lambda cause: (cause.state != "needs-you", -cause.amount, cause.code))


def bad_records(company_id: int) -> list[BadRecord]:
    """Return the feed records that could not be read, newest first (the first of them, when there are very many)."""
    rows = (
        select(BadRecord)
        .where(BadRecord.company_id == company_id)
        .order_by(BadRecord.last_seen_at.desc(), BadRecord.key)
    )
    return list(db.session.scalars(rows.limit(BAD_RECORD_LIMIT)))


def bad_record_or_none(company_id: int, key: str) -> BadRecord | None:
    """Return the unreadable feed record of this platform id."""
    return db.session.get(BadRecord, (company_id, key))


def open_drifts(company_id: int, inspection_key: str | None = None, *, limit: int = 100) -> list[Drift]:
    """Return what people changed in QuickBooks and nobody has settled, oldest first, with the documents."""
    rows = (
        select(Drift).join(Drift.document).where(Drift.company_id == company_id, Drift.settled_at.is_(None))
    )
    if inspection_key is not None:
        rows = rows.where(Document.inspection_key == inspection_key)
    return list(
        db.session.scalars(rows.options(selectinload(Drift.document)).order_by(Drift.id).limit(limit))
    )


def kept_drifts(
    company_id: int, inspection_keys: list[str] | None = None, *, limit: int = 100
) -> list[Drift]:
    """Return by which choices documents are left as in QuickBooks, the newest first: of these inspections, or of all."""
    newest = select(func.max(Drift.id)).where(Drift.company_id == company_id, Drift.choice == "keep")
    rows = (
        select(Drift).join(Drift.document).where(Drift.id.in_(newest.group_by(Drift.document_id)), *_left())
    )
    if inspection_keys is not None:
        rows = rows.where(Document.inspection_key.in_(inspection_keys))
    newest_first = rows.order_by(Drift.settled_at.desc(), Drift.id.desc()).limit(limit)
    return list(db.session.scalars(newest_first.options(selectinload(Drift.document))))


def left_count(company_id: int) -> int:
    """Return how many documents are left as in QuickBooks."""
    rows = select(func.count()).select_from(Document).where(Document.company_id == company_id, *_left())
    return db.session.scalar(rows) or 0


def _left() -> tuple[ColumnElement[bool], ...]:
    return Document.status == "live", Document.hands_off == "kept"


def has_drift(company_id: int, drift_id: int) -> bool:
    """Return whether this drift, settled or not, is the company's."""
    return (
        db.session.scalar(select(Drift.id).where(Drift.company_id == company_id, Drift.id == drift_id))
        is not None
    )


def invoice_numbers(company_id: int, inspection_keys: list[str]) -> dict[str, str]:
    """Return the DocNumber of each inspection's newest Invoice, deleted ones too, by inspection."""
    rows = documents_of(company_id, inspection_keys)
    newest = {key: [row for row in found if row.kind == "Invoice"][-1:] for key, found in rows.items()}
    return {key: found[0].doc_number for key, found in newest.items() if found}


def customers_to_review(company_id: int, *, limit: int = 50) -> list[CustomerLink]:
    """Return the clients of whom a person must say which Customer they are, oldest first."""
    rows = select(CustomerLink).where(CustomerLink.company_id == company_id, CustomerLink.state == "ask")
    return list(
        db.session.scalars(rows.order_by(CustomerLink.updated_at, CustomerLink.client_key).limit(limit))
    )


def question_count(company_id: int) -> int:
    """Return of how many clients a person must say which Customer they are."""
    asked = (CustomerLink.company_id == company_id, CustomerLink.state == "ask")
    return db.session.scalar(select(func.count()).select_from(CustomerLink).where(*asked)) or 0


def customer_link_or_none(company_id: int, client_key: str) -> CustomerLink | None:
    """Return which Customer stands for this client of the platform."""
    return db.session.get(CustomerLink, (company_id, client_key))


def waiting_for_clients(company_id: int, client_keys: list[str]) -> dict[str, list[InspectionRow]]:
    """Return the inspections that wait for each client's Customer, earliest start first."""
    whats = [f"customer:{key}" for key in client_keys]
    rows = select(InspectionRow).where(
        InspectionRow.company_id == company_id, InspectionRow.waits_for.in_(whats)
    )
    found: dict[str, list[InspectionRow]] = {key: [] for key in client_keys}
    # Sorted here: for an order that it has an index of, SQLite walks the whole company instead of finding its few.
    for row in sorted(db.session.scalars(rows), key=lambda one: (one.starts_at, one.id)):
        found[row.waits_for.removeprefix("customer:")].append(row)
    return found


def attention_counts(company_id: int) -> dict[str, int]:
    """Return how much waits for a person or by itself: `needs_you`, `waiting` (inspections), `drift` (documents)."""
    stuck = (InspectionRow.company_id == company_id, InspectionRow.state.in_(STUCK_STATES))
    by_state = dict(
        db.session.execute(
            select(InspectionRow.state, func.count()).where(*stuck).group_by(InspectionRow.state)
        ).all()
    )
    drift = (
        select(func.count())
        .select_from(Drift)
        .where(Drift.company_id == company_id, Drift.settled_at.is_(None))
    )
    return {
        "needs_you": by_state.get("needs-you", 0),
        "waiting": by_state.get("waiting", 0),
        "drift": db.session.scalar(drift) or 0,
    }


def state_counts(company_id: int) -> dict[str, int]:
    """Return how many inspections are in each state."""
    rows = select(InspectionRow.state, func.count()).where(InspectionRow.company_id == company_id)
    return dict(db.session.execute(rows.group_by(InspectionRow.state)).all())


def _created_between(
    company_id: int, query: Select[Operation], since: datetime | None, until: datetime | None
) -> Select[Operation]:
    """Bound by time, and by the ids of that time, so that an old day is found without walking back to it.

    Ids follow the clock but for small differences between machines; the hour of slack covers those.
    """
    mine = select(Operation.id).where(Operation.company_id == company_id)
    if since:
        before = mine.where(Operation.created_at < since - _CLOCK_SLACK)
        before = before.order_by(Operation.created_at.desc(), Operation.id.desc()).limit(1)
        query = query.where(
            Operation.created_at >= since, Operation.id > func.coalesce(before.scalar_subquery(), 0)
        )
    if until:
        after = mine.where(Operation.created_at >= until + _CLOCK_SLACK)
        after = after.order_by(Operation.created_at, Operation.id).limit(1)
        query = query.where(
            Operation.created_at < until, Operation.id < func.coalesce(after.scalar_subquery(), 2**63 - 1)
        )
    return query


def matching(company_id: int, wanted: InspectionFilter) -> list[ColumnElement[bool]]:
    """Return the conditions for the company's inspections that the filter lets through."""
    found = [InspectionRow.company_id == company_id]
    if wanted.keys is not None:
        found.append(InspectionRow.key.in_(wanted.keys))
    if wanted.state:
        found.append(InspectionRow.state == wanted.state)
    if wanted.reason:
        found.append(InspectionRow.reason == wanted.reason)
    if wanted.since:
        found.append(InspectionRow.starts_at >= wanted.since)
    if wanted.until:
        found.append(InspectionRow.starts_at < wanted.until)
    if wanted.text:
        found.append(_mentions(company_id, wanted.text))
    return found


def _mentions(company_id: int, text: str) -> ColumnElement[bool]:
    numbered = select(Document.inspection_key).where(
        Document.company_id == company_id, Document.doc_number.icontains(text, autoescape=True)
    )
    columns = (InspectionRow.client_name, InspectionRow.address, InspectionRow.key)
    return or_(
        *(column.icontains(text, autoescape=True) for column in columns),
        InspectionRow.key.in_(numbered),
        InspectionRow.id.in_(ids_found(company_id, text)),
    )
