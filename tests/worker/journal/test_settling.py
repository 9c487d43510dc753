"""What our records say after a write, by what QuickBooks answered. Nothing is sent here: the answers are QuickBooks' words."""

from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.errors import DuplicateNameError, PermanentError, StaleSyncTokenError, TemporaryError
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import active_ids, listed_names
from bookkeeping.storage.records.documents import CustomerLink, Document
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.journal.writes import customer, deletion, document_of, invoice, item, journaled, payment
from worker.journal.settling import settle_operations, unclear
from worker.reading.poll import poll


def _settle(work, write, entity=None, *, error=None, raw=""):
    _, [operation] = journaled(work, write)
    deleted = bool(entity and entity.get("status") == "Deleted")
    answer = ItemAnswer("i0", write.kind, entity, deleted, error, "tid-1", raw)
    settle_operations(work.company_id, [(operation, answer)])
    work.commit()
    return operation


def _booked(work):
    """Settle an Invoice with Id 145 and a Payment on it with Id 150."""
    _settle(work, invoice(), {"Id": "145", "SyncToken": "0", "DocNumber": "SP-1042"})
    _settle(work, payment("145"), {"Id": "150", "SyncToken": "0"})
    return document_of(work, "Invoice"), document_of(work, "Payment")


def test_an_invoice_is_on_record_as_it_was_sent(desk: Desk):
    with desk.holding() as work:
        operation = _settle(work, invoice(), {"Id": "145", "SyncToken": "3", "DocNumber": "SP-1042"})
        document = document_of(work, "Invoice")
        assert (operation.outcome, operation.code, operation.qbo_id) == ("created", "", "145")
        assert operation.settled_at is not None
        assert (document.qbo_id, document.sync_token, document.token_stale) == ("145", "3", False)
        assert (document.doc_number, document.fingerprint, document.customer_id) == ("SP-1042", "f", "71")
        assert (document.total, document.applied, document.txn_date) == (
            Decimal("425.00"),
            Decimal("0.00"),
            date(2026, 3, 2),
        )
        assert (document.status, document.hands_off, document.source_key) == ("live", "", "1042")
        assert document.body["Line"][0]["Amount"] == 425


def test_another_total_than_ours_is_a_warning_and_what_they_stored_is_compared_from_now_on(desk: Desk):
    theirs = {"Id": "145", "SyncToken": "0", "TotalAmt": Decimal("449.44"), "DocNumber": "SP-1042"}
    with desk.holding() as work:
        operation = _settle(work, invoice(), theirs)
        assert (operation.outcome, operation.warning, operation.code) == (
            "created",
            "total-mismatch",
            "total-mismatch",
        )
        document = document_of(work, "Invoice")
        assert (document.total, document.body["TotalAmt"]) == (Decimal("425.00"), "449.44")


def test_a_payment_moves_the_token_of_its_invoice_when_it_comes_and_when_it_goes(desk: Desk):
    with desk.holding() as work:
        first, paid = _booked(work)
        assert (paid.applied, paid.doc_number, first.token_stale) == (Decimal("425.00"), "", True)
        first.token_stale = False
        work.commit()
        operation = _settle(work, deletion(paid), {"Id": "150", "status": "Deleted"})
        assert (operation.outcome, document_of(work, "Payment").status) == ("deleted", "deleted")
        assert document_of(work, "Payment").deleted_at is not None
        assert document_of(work, "Invoice").token_stale is True


def test_a_document_made_again_is_a_new_row_and_the_old_one_stays_as_deleted(desk: Desk):
    with desk.holding() as work:
        first, _ = _booked(work)
        _settle(work, deletion(first), {"Id": "145", "status": "Deleted"})
        _settle(work, invoice(generation=2), {"Id": "146", "SyncToken": "0"})
        rows = db.session.query(Document).filter_by(company_id=desk.id, kind="Invoice").order_by(Document.id)
        assert [(row.generation, row.qbo_id, row.status) for row in rows] == [
            (1, "145", "deleted"),
            (2, "146", "live"),
        ]


def test_only_an_invoice_made_anew_forgets_the_earlier_choices(desk: Desk):
    (key,) = desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        row = db.session.query(InspectionRow).filter_by(company_id=desk.id).one()
        row.book_version_id = 7
        work.commit()
        _settle(work, payment("145", key=key), {"Id": "150", "SyncToken": "0"})
        db.session.refresh(row)
        assert row.book_version_id == 7
        _settle(work, invoice(key=key), {"Id": "145", "SyncToken": "0"})
        db.session.refresh(row)
        assert row.book_version_id is None


def test_a_customer_is_linked_listed_and_frees_the_inspections_that_waited_for_it(desk: Desk):
    waits, other = desk.book(inspection(1), inspection(2))
    desk.do(poll)
    with desk.holding() as work:
        rows = {row.key: row for row in db.session.query(InspectionRow).filter_by(company_id=desk.id)}
        for row in rows.values():
            row.due, row.state, row.reason = False, "needs-you", "waiting-for-customer"
        rows[waits].waits_for, rows[other].waits_for = "customer:c1", "customer:c2"
        work.commit()
        _settle(work, customer(), {"Id": "71", "SyncToken": "0", "DisplayName": "Ann O'Neil"})
        link = db.session.get_one(CustomerLink, (desk.id, "c1"))
        assert (link.state, link.qbo_id, link.ours, link.because) == ("linked", "71", True, "New Customer.")
        assert (link.display_name, link.fingerprint) == ("Ann O'Neil", "f")
        assert [(one.qbo_id, one.email) for one in listed_names(desk.id)] == [("71", "ann@x.example")]
        db.session.expire_all()
        assert (rows[waits].due, rows[waits].waits_for, rows[waits].state) == (True, "", "syncing")
        assert (rows[other].due, rows[other].waits_for) == (False, "customer:c2")


def test_an_item_is_listed_under_the_name_that_was_asked_for(desk: Desk):
    with desk.holding() as work:
        _settle(work, item("Radon Test"), {"Id": "9", "SyncToken": "0", "Name": "Radon Test"})
        assert active_ids(desk.id, "Item") == {"radon test": "9"}


@pytest.mark.parametrize(
    ("error", "outcome", "settled"),
    [
        (PermanentError("Too long.", code="qbo-2050"), "refused", True),
        (DuplicateNameError("Taken."), "refused", True),
        (StaleSyncTokenError("Old.", whole_realm=False), "waiting", True),
        (TemporaryError("Later.", code="temporary"), "waiting", True),
        (TemporaryError("Who knows.", code="temporary", outcome_unknown=True), "unknown", False),
        (TemporaryError("Halfway.", code="qbo-1000"), "unknown", False),
    ],
)
def test_what_was_not_taken_says_why_and_changes_no_record(error, outcome, settled, desk: Desk):
    with desk.holding() as work:
        operation = _settle(work, invoice(), error=error, raw='{"Fault": {}}')
        assert (operation.outcome, operation.code, operation.detail) == (outcome, error.code, error.detail)
        assert (operation.settled_at is not None, unclear(error)) == (settled, not settled)
        assert operation.answer == '{"Fault": {}}'
        assert db.session.query(Document).filter_by(company_id=desk.id).count() == 0


def test_of_what_was_stored_only_the_main_facts_are_kept_and_of_a_refusal_every_word(desk: Desk):
    entity = {
        "Id": "9",
        "SyncToken": "0",
        "Name": "Radon",
        "Description": "long",
        "TotalAmt": Decimal("1.00"),
    }
    with desk.holding() as work:
        kept = _settle(work, item(), entity, raw="all of it")
        assert kept.answer == '{"Item": {"Id": "9", "SyncToken": "0", "Name": "Radon", "TotalAmt": "1.00"}}'
        refused = _settle(work, item(), error=PermanentError("No."), raw="x" * 9000)
        assert refused.answer == "x" * 8000
