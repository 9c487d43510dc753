"""One slice of reconciling: desired beside known documents, a plan for each due inspection, carried out in rounds.

Level-triggered: everything is read anew and only differences are written, so doing it twice is harmless. One faulted write parks its
own inspection with the cause; the others go on.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, func, or_, select

from bookkeeping.case import Case, build_cases, reload_documents
from bookkeeping.rules.actions import Place
from bookkeeping.rules.brake import brake_trips
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import documents_settled
from worker.holding.blocks import hold_all
from worker.holding.progress import tell
from worker.holding.work import SLICE_INSPECTIONS, Work
from worker.journal.resuming import resume_open_calls
from worker.reading.connection import still_blocked
from worker.reading.drift import close_agreed
from worker.reading.others import learn_before_taking_off
from worker.reconciling.customers import resolve_customers
from worker.reconciling.finishing import finish_cases
from worker.reconciling.items import ensure_names
from worker.reconciling.moving import look_before_moving
from worker.reconciling.refunds import note_what_was_given_back
from worker.reconciling.rounds import change_and_create, delete_first


def _take_away(work: Work, cases: list[Case]) -> None:
    going = [case for case in cases if not case.eligibility.in_books]
    learn_before_taking_off(work, going)
    delete_first(work, going)


def _make_room(work: Work, cases: list[Case]) -> None:
    """A change of client takes its Payments away first: only once the new Customer is sure to be there."""
    look_before_moving(work, cases)
    staying = [case for case in cases if case.eligibility.in_books]
    learn_before_taking_off(work, staying)
    delete_first(work, staying)
    # What another inspection has given up just now is booked with the one that lists it.
    freed = [case for case in staying if case.elsewhere]
    reload_documents(work.company_id, freed)
    for case in freed:
        case.make_plan()


ROUNDS: tuple[Callable[[Work, list[Case]], None], ...] = (
    _take_away,
    resolve_customers,
    _make_room,
    ensure_names,
    change_and_create,
)
"""The rounds of a slice, in order: items of one batch cannot see each other. Each skips the cases that were parked before it."""


def reconcile(work: Work) -> bool:
    """Bring QuickBooks in line with the next due inspections; True when none is left.

    Raises:
        NotConnectedError, TemporaryError, MisconfiguredError: QuickBooks as a whole cannot be worked with now. What was
            journaled is resumed, what is due stays due.
    """
    company = work.company
    if company.halted:
        tell(work, "Paused")
        return True
    blocked = still_blocked(work)
    if blocked:
        hold_all(work, blocked)
        return True
    resume_open_calls(
        work
    )  # Nothing is planned beside a write of which it is not known whether it is in the books.
    rows = _due(work)
    if not rows:
        tell(work, "Up to date")
        return True
    _count_to_do(work, len(rows))
    note_what_was_given_back(work, rows)
    cases = build_cases(work.company, rows)
    _close_agreed(work, cases)
    _brake(work, cases)
    _count_to_write(work, cases)
    work.commit()
    if any(case.writes_planned or case.client_corrected for case in cases):
        work.gateway.realm_id  # noqa: B018 - raises before anything is planned to be sent when there is no connection.
        for carry_out_round in ROUNDS:
            carry_out_round(work, cases)
    finish_cases(work, cases)
    _take_brake_off(work)
    run = work.run
    tell(work, done=run.done + len(rows))
    work.commit()
    return False


def _close_agreed(work: Work, cases: list[Case]) -> None:
    """Ask nobody about what a person deleted in QuickBooks and the platform does not want any more, either."""
    settled = [case for case in cases if case.parked is None and not case.left_alone]
    agreed = [case for case in settled if close_agreed(case.live, _wanted(case))]
    if agreed:
        db.session.flush()
        reload_documents(work.company_id, agreed)
        for case in agreed:
            case.make_plan()


def _wanted(case: Case) -> set[Place]:
    invoice = case.to_book.invoice
    wanted: set[Place] = {("Payment", one.source_key) for one in case.to_book.payments}
    wanted |= {("RefundReceipt", one.source_key) for one in case.refunds}
    return wanted | ({("Invoice", invoice.source_key)} if invoice is not None else set())


def due_count(work: Work) -> int:
    """Return how many inspections are due now."""
    return db.session.scalar(select(func.count(InspectionRow.id)).where(*_is_due(work))) or 0


def _is_due(work: Work) -> tuple[ColumnElement[bool], ...]:
    return (
        InspectionRow.company_id == work.company_id,
        InspectionRow.due.is_(True),
        or_(InspectionRow.next_try_at.is_(None), InspectionRow.next_try_at <= utcnow()),
    )


def _due(work: Work) -> list[InspectionRow]:
    turns = select(InspectionRow).where(*_is_due(work)).order_by(InspectionRow.starts_at, InspectionRow.id)
    rows = turns.limit(SLICE_INSPECTIONS).execution_options(populate_existing=True)
    return list(db.session.scalars(rows))


def _count_to_do(work: Work, at_least: int) -> None:
    run = work.run
    left = max(due_count(work), at_least)
    if run.done + left > run.total:
        tell(work, "Comparing", total=run.done + left)


def _count_to_write(work: Work, cases: list[Case]) -> None:
    """Note how many documents the run writes in all, once this slice has the last of its inspections: before, nobody knows."""
    if work.run_id is None or work.run.done + len(cases) < work.run.total:
        return
    planned = sum(len(case.actions) for case in cases if case.writes_planned)
    work.run.to_write = sum(documents_settled(work.run.id).values()) + planned


def _brake(work: Work, cases: list[Case]) -> None:
    """Hold deletes back when they are suspiciously many (decision 17): over all that is due, not only this slice."""
    deleting = [case for case in cases if case.plan and case.plan.deletes and not case.deletes_approved]
    if not deleting:
        return
    company = work.company
    documents = db.session.scalar(
        select(func.count()).where(Document.company_id == work.company_id, Document.status == "live")
    )
    planned = sum(case.planned.deletes for case in deleting) + _deletes_elsewhere(work, cases)
    if company.brake_at is None and not brake_trips(planned, documents or 0):
        return
    if company.brake_at is None:
        company.brake_at = utcnow()
    company.brake_count = max(planned, company.brake_count or 0)
    for case in deleting:
        case.park_code("mass-delete-brake", f"{planned} documents would be deleted at once.")


def _take_brake_off(work: Work) -> None:
    """Take the brake off, in the current transaction, once nothing is held by it any more: the feed has taken its deletes back."""
    company = work.company
    if company.brake_at is None or due_count(work):
        return
    held = select(InspectionRow.id).where(
        InspectionRow.company_id == work.company_id, InspectionRow.reason == "mass-delete-brake"
    )
    if db.session.scalars(held.limit(1)).first() is None:
        company.brake_at, company.brake_count = None, 0


def _deletes_elsewhere(work: Work, cases: list[Case]) -> int:
    """Return the documents of cancelled and deleted inspections that are due but not in this slice, or held already."""
    here = [case.key for case in cases]
    gone = or_(
        InspectionRow.record["canceled_at"].as_string().is_not(None),
        InspectionRow.record["deleted_at"].as_string().is_not(None),
        InspectionRow.record["confirmed_at"].as_string().is_(None),
    )
    waiting = (
        select(InspectionRow.key)
        .where(InspectionRow.company_id == work.company_id, gone, InspectionRow.deletes_approved.is_(False))
        .where(or_(InspectionRow.due.is_(True), InspectionRow.reason == "mass-delete-brake"))
    )
    count = select(func.count()).where(
        Document.company_id == work.company_id,
        Document.status == "live",
        Document.inspection_key.in_(waiting),
    )
    if len(here) <= 500:
        count = count.where(Document.inspection_key.not_in(here))
    return db.session.scalar(count) or 0
