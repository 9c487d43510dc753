"""A slice of reconciling against the stand-in's books: what stands afterwards, and what a person's change makes of it."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document, Drift
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Operation, documents_settled, writing_since
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.company import set_up
from worker.reading.poll import poll
from worker.reconciling import reconcile as reconciling
from worker.reconciling.rounds import Planned, change_and_create, delete_first

CHEAPER = [{"kind": "service", "name": "Full Home Inspection", "amount": "300.00"}]


def row_of(desk: Desk, key: str) -> InspectionRow:
    """Return the inspection's row."""
    with desk.shop.app.app_context():
        mine = select(InspectionRow).where(InspectionRow.company_id == desk.id, InspectionRow.key == key)
        return db.session.scalars(mine).one()


def test_a_slice_books_what_is_due_and_says_when_none_is_left(desk: Desk):
    keys = desk.book(inspection(1), inspection(2))
    desk.do(poll)
    desk.do(set_up)
    with desk.holding() as work:
        assert reconciling.due_count(work) == 2
        assert reconciling.reconcile(work) is False
        assert (work.run.done, work.run.total, work.run.to_write) == (2, 2, 4)
        settled = documents_settled(work.run.id)
        assert settled == {"created": 4} and writing_since(work.run.id) is not None
        assert reconciling.reconcile(work) is True
        assert (work.run.phase, reconciling.due_count(work)) == ("Up to date", 0)
    assert [row_of(desk, key).state for key in keys] == ["in-sync", "in-sync"]
    desk.assert_exact()


def test_the_rounds_of_a_slice_take_away_before_they_make(desk: Desk):
    assert reconciling.ROUNDS[-1] is change_and_create
    (cancelled, cheaper) = desk.book(inspection(1), inspection(2))
    desk.sync_until_quiet()
    desk.change(cancelled, canceled=True)
    desk.change(cheaper, line_items=CHEAPER)
    desk.sync_until_quiet()
    books = desk.books()
    assert [one["DocNumber"] for one in books["Invoice"]] == [f"SP-{cheaper}"]
    assert [Decimal(str(one["TotalAmt"])) for one in books["Payment"]] == [Decimal("575.00")]
    assert Decimal(str(books["Payment"][0]["UnappliedAmt"])) == Decimal("275.00")
    with desk.shop.app.app_context():
        written = select(Operation).where(Operation.company_id == desk.id).order_by(Operation.id)
        acts = [f"{one.kind} {one.action}" for one in db.session.scalars(written)]
    changes = acts[acts.index("Payment delete") :]
    assert changes.index("Invoice delete") < changes.index("Invoice update")
    assert acts.index("Customer create") < acts.index("Item create") < acts.index("Invoice create")
    assert acts.index("Invoice create") < acts.index("Payment create")
    desk.assert_exact()


def test_what_a_person_changed_between_plan_and_write_is_left_alone_as_drift(desk: Desk):
    (key,) = desk.book(inspection(1, payments=[]))
    desk.sync_until_quiet()
    [made] = desk.books()["Invoice"]
    theirs = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "DueDate": "2031-01-01"}
    desk.write([("update", "Invoice", theirs)])
    desk.change(key, line_items=CHEAPER)
    desk.run()
    assert (row_of(desk, key).state, row_of(desk, key).reason) == ("drift", "drift")
    [after] = desk.books()["Invoice"]
    assert (after["DueDate"], Decimal(str(after["TotalAmt"]))) == ("2031-01-01", Decimal("575.00"))


def test_a_token_that_moved_without_a_change_of_ours_is_written_over_at_the_second_try(desk: Desk):
    (key,) = desk.book(inspection(1, payments=[]))
    desk.sync_until_quiet()
    [made] = desk.books()["Invoice"]
    touched = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "TrackingNum": "1Z"}
    desk.write([("update", "Invoice", touched)])
    desk.change(key, line_items=CHEAPER)
    desk.run()
    assert row_of(desk, key).state == "in-sync"
    desk.assert_exact()


@pytest.mark.parametrize("change", [{"canceled": True}, {"line_items": CHEAPER}])
def test_an_invoice_that_a_person_deleted_is_not_made_again_but_a_cancelled_one_is_settled(
    change, desk: Desk
):
    (key,) = desk.book(inspection(1, payments=[]))
    desk.sync_until_quiet()
    [made] = desk.books()["Invoice"]
    desk.write([("delete", "Invoice", {"Id": made["Id"], "SyncToken": made["SyncToken"]})])
    desk.change(key, **change)
    desk.run()
    row = row_of(desk, key)
    with desk.shop.app.app_context():
        document = db.session.query(Document).filter_by(company_id=desk.id).one()
        drifts = db.session.query(Drift).filter_by(company_id=desk.id, kind="deleted").count()
    expected = ("not-in-books", "deleted", 0) if "canceled" in change else ("drift", "live", 1)
    assert (row.state, document.status, drifts) == expected
    assert desk.books()["Invoice"] == []


def test_an_action_on_its_way_names_its_verb_and_document(desk: Desk):
    desk.book(inspection(1))
    desk.do(poll)
    desk.do(set_up)
    with desk.holding() as work:
        rows = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).all()
        [case] = reconciling.build_cases(work.company, rows)
        assert Planned(case, case.plan.invoice, None).verb == "create"
        delete_first(work, [case])  # Nothing is to go: nothing is told and nothing sent.
        assert (work.run.phase, work.calls, case.wrote) == ("", 0, False)


@pytest.mark.parametrize("kind", ["Invoice", "Payment"])
def test_a_creation_refused_as_stale_waits_and_is_made_later(desk: Desk, kind: str):
    desk.book(inspection(1))
    stale = {"code": "5010", "message": "Stale Object Error", "detail": "Stale Object Error"}
    desk.break_calls({"kind": "item", "entity": kind, "index": 0, **stale})
    run = desk.sync()
    assert [rule["fired"] for rule in desk.broken()] == [1]
    assert (run["state"], run["problems"]) == ("done", [])
    desk.mend_calls()
    desk.sync_until_quiet()
    desk.assert_exact()
