"""What holds a slice back as a whole: a halted company, a blocked one, and the brake on many deletes at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.company import set_up
from worker.reading.poll import poll
from worker.reconciling.reconcile import due_count, reconcile


def _states(desk: Desk) -> set[tuple[str, str, bool]]:
    with desk.shop.app.app_context():
        rows = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id))
        return {(row.state, row.reason, row.due) for row in rows}


@pytest.mark.parametrize("halt", [{"paused_at": utcnow()}, {"us_based": False}])
def test_a_halted_company_is_compared_with_nothing(halt, desk: Desk):
    desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        for name, value in halt.items():
            setattr(work.company, name, value)
        work.commit()
        assert reconcile(work) is True
        assert (work.run.phase, work.calls) == ("Paused", 0)
    assert _states(desk) == {("syncing", "", True)}


def test_a_blocked_company_lets_everything_wait_under_that_cause(desk: Desk):
    desk.book(inspection(1), inspection(2))
    desk.do(poll)
    with desk.holding() as work:
        work.connection.facts = {**(work.connection.facts or {}), "blocked": "qbo-6190"}
        work.run.reason = "scheduled"
        work.commit()
        assert reconcile(work) is True
        assert (work.run.phase, work.calls) == ("Waiting", 0)
    assert _states(desk) == {("needs-you", "qbo-6190", False)}


def test_what_is_tried_again_later_is_not_due_until_then(desk: Desk):
    desk.book(inspection(1), inspection(2))
    desk.do(poll)
    with desk.holding() as work:
        first = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).first()
        first.next_try_at = utcnow() + timedelta(minutes=5)
        work.commit()
        assert due_count(work) == 1
        first.next_try_at = utcnow() - timedelta(seconds=1)
        work.commit()
        assert due_count(work) == 2


def test_too_many_deletes_at_once_wait_for_approval_and_go_with_it(desk: Desk):
    many = 5  # Each takes an Invoice and a Payment away: ten documents, all there are.
    keys = desk.book(*(inspection(number) for number in range(many)))
    desk.sync_until_quiet()
    for key in keys:
        desk.change(key, canceled=True)
    desk.run()
    assert _states(desk) == {("waiting", "mass-delete-brake", False)}
    assert len(desk.books()["Invoice"]) == many
    with desk.holding() as work:
        assert work.company.brake_at is not None and work.company.brake_count == 2 * many
        mine = update(InspectionRow).where(InspectionRow.company_id == desk.id)
        db.session.execute(mine.values(due=True, deletes_approved=True))
        work.commit()
    desk.run()
    assert _states(desk) == {("not-in-books", "cancelled", False)}
    assert desk.books()["Invoice"] == [] == desk.books()["Payment"]


def test_as_many_deletes_as_are_allowed_go_at_once(desk: Desk):
    keys = desk.book(*(inspection(number) for number in range(4)))
    desk.sync_until_quiet()
    for key in keys:
        desk.change(key, canceled=True)
    desk.do(poll)
    desk.do(set_up)
    desk.do(reconcile)
    assert _states(desk) == {("not-in-books", "cancelled", False)}
