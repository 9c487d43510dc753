"""Finding out in QuickBooks itself what became of a write: against the stand-in, which carried it out or did not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.errors import GoneError, PermanentError
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.journal.writes import (
    change,
    customer,
    deletion,
    document_of,
    invoice,
    item,
    journaled,
    payment,
    sent_unheard,
)
from worker.journal.looking_up import find_out, told_apart
from worker.journal.resuming import LOOK_FIRST_AFTER, resume_open_calls
from worker.journal.writing import carry_out, open_calls
from worker.reading.poll import poll


def _written(work, key="1042"):
    """Put a Customer, an Item, an Invoice and its Payment into the books; return our records of the last two."""
    names = [customer(), item()]
    carry_out(work, names)
    bill, sold = (one.qbo_id for one in names)
    carry_out(work, [sale := invoice(bill, sold, key)])
    carry_out(work, [payment(sale.qbo_id, bill, key)])
    return document_of(work, "Invoice"), document_of(work, "Payment")


def test_what_quickbooks_carried_out_is_found_and_settled(desk: Desk):
    with desk.holding() as work:
        _, operations = sent_unheard(work, customer(), item())
        find_out(work, operations)
        assert [one.outcome for one in operations] == ["created", "created"]
        bill, sold = (one.qbo_id for one in operations)
        _, sale = sent_unheard(work, invoice(bill, sold))
        find_out(work, sale)
        _, paid = sent_unheard(work, payment(sale[0].qbo_id, bill))
        find_out(work, paid)
        assert document_of(work, "Invoice").qbo_id == sale[0].qbo_id
        assert document_of(work, "Payment").qbo_id == paid[0].qbo_id
        assert db.session.get_one(CustomerLink, (desk.id, "c1")).qbo_id == bill
    books = desk.books()
    assert [len(books[kind]) for kind in ("Customer", "Invoice", "Payment")] == [1, 1, 1]


def test_what_never_arrived_is_planned_anew_and_its_inspection_looked_at_again(desk: Desk):
    (key,) = desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        row = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).one()
        row.due = False
        work.commit()
        _, operations = journaled(work, customer(inspection_key=key), invoice(key=key))
        find_out(work, operations)
        assert {(one.outcome, one.code) for one in operations} == {("waiting", "planned-again")}
        assert all(one.settled_at is not None for one in operations)
        db.session.refresh(row)
        assert row.due is True and work.run.counts == {"waiting": 2}
        assert db.session.query(Document).filter_by(company_id=desk.id).count() == 0


@pytest.mark.parametrize("arrived", [True, False])
def test_a_change_and_a_deletion_are_told_by_what_quickbooks_has_now(arrived, desk: Desk):
    with desk.holding() as work:
        first, paid = _written(work)
        first.sync_token = desk.books()["Invoice"][0]["SyncToken"]  # Its Payment has moved it.
        operations = []
        for write in (change(first, DueDate="2026-05-01"), deletion(paid)):
            operations += (sent_unheard if arrived else journaled)(work, write)[1]
        find_out(work, operations)
        outcomes = [one.outcome for one in operations]
        assert outcomes == (["updated", "deleted"] if arrived else ["waiting", "waiting"])
        assert document_of(work, "Payment").status == ("deleted" if arrived else "live")
        assert document_of(work, "Invoice").fingerprint == ("f2" if arrived else "f")


def test_a_customer_of_that_name_who_was_there_before_is_not_ours(desk: Desk):
    with desk.holding() as work:
        carry_out(work, [before := customer()])
        _, [operation] = journaled(work, customer(client_key="c2"))
        operation.created_at += timedelta(hours=1)  # The Customer is an hour older than the intent.
        work.commit()
        find_out(work, [operation])
        assert (operation.outcome, before.error) == ("waiting", None)
        assert db.session.get(CustomerLink, (desk.id, "c2")) is None


def test_an_invoice_of_an_earlier_generation_is_not_taken_for_the_new_one(desk: Desk):
    with desk.holding() as work:
        first, _ = _written(work)
        again = invoice(first.customer_id, "1", generation=2)
        _, [operation] = journaled(work, again)
        find_out(work, [operation])
        assert operation.outcome == "waiting"
        assert document_of(work, "Invoice").generation == 1


def test_a_document_that_a_person_changed_before_we_knew_of_it_is_drift(desk: Desk):
    with desk.holding() as work:
        names = [customer(), item()]
        carry_out(work, names)
        _, [operation] = sent_unheard(work, invoice(names[0].qbo_id, names[1].qbo_id))
        [made] = desk.books()["Invoice"]
        theirs = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "TxnDate": "2026-03-09"}
        batch = {"BatchItemRequest": [{"operation": "update", "Invoice": theirs}]}
        desk.intuit.post(f"/_standin/realms/{desk.realm_id}/batch", batch)
        find_out(work, [operation])
        drift = db.session.query(Drift).filter_by(company_id=desk.id).one()
        assert ["Date", "2026-03-02", "2026-03-09"] in drift.fields
        assert document_of(work, "Invoice").hands_off == "drift"


def test_object_not_found_means_gone_only_where_a_read_finds_nothing(desk: Desk):
    with desk.holding() as work:
        first, paid = _written(work)
        gone = GoneError("Object Not Found", reference="tid-1")

        def told(*writes):
            call, operations = journaled(work, *writes)
            call.state = "answered"
            answers = [ItemAnswer(one.b_id, "", None, error=gone) for one in operations]
            return told_apart(work, operations, answers)

        [living] = told(change(first))
        assert (living.error.code, living.error.reference) == ("inactive-reference", "tid-1")
        assert isinstance(living.error, PermanentError) and not isinstance(living.error, GoneError)
        carry_out(work, [deletion(paid)])
        [deleted, changed, made] = told(deletion(paid), change(paid), payment(first.qbo_id))
        assert (deleted.error, deleted.deleted, deleted.entity) == (None, True, {"Id": paid.qbo_id})
        assert changed.error is gone and made.error is gone


def test_a_call_too_old_to_be_repeated_is_looked_up_and_not_sent_again(desk: Desk):
    with desk.holding() as work:
        call, _ = sent_unheard(work, customer())
        call.created_at -= LOOK_FIRST_AFTER + timedelta(seconds=1)
        work.commit()
        desk.forget_calls()
        assert resume_open_calls(work) is True
        assert open_calls(desk.id) == []
        assert "batch" not in {call["operation"] for call in desk.calls()}
        assert db.session.get_one(CustomerLink, (desk.id, "c1")).state == "linked"


def test_what_a_replayed_answer_names_and_a_person_deleted_since_is_drift(desk: Desk):
    with desk.holding() as work:
        names = [customer(), item()]
        carry_out(work, names)
        sent_unheard(work, invoice(names[0].qbo_id, names[1].qbo_id))
        [made] = desk.books()["Invoice"]
        theirs = {"Id": made["Id"], "SyncToken": made["SyncToken"]}
        batch = {"BatchItemRequest": [{"operation": "delete", "Invoice": theirs}]}
        desk.intuit.post(f"/_standin/realms/{desk.realm_id}/batch", batch)
        resume_open_calls(work)
        [drift] = db.session.query(Drift).filter_by(company_id=desk.id)
        assert (drift.kind, document_of(work, "Invoice").hands_off) == ("deleted", "drift")
        assert desk.books()["Invoice"] == []
