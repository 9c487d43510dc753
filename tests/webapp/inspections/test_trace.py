"""Everything known of one inspection put together: documents beside fees and payments, what is owed, and who did what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from bookkeeping.rules.inspection import FeeLine
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.documents import Document
from tests.webapp.records import NOON, paid
from webapp.inspections.history import happenings
from webapp.inspections.money import line_pairs, payment_pairs, stated
from webapp.inspections.preview import FATES, TO_BE_MADE, Preview
from webapp.inspections.trace import trace_of

FEES = (
    FeeLine("l1", "service", "Full Home Inspection", Decimal("425.00")),
    FeeLine("l2", "fee", "Radon", Decimal("150.00")),
)


@pytest.fixture
def traced(house, company):
    """Return (a function of) the trace of an inspection, in an app context."""
    with house.app.app_context():
        db.session.get_one(Company, company).start_date = (NOON - timedelta(days=60)).date()
        db.session.commit()

        def trace(key: str, what=lambda found: found):
            db.session.expire_all()
            found = trace_of(db.session.get_one(Company, company), key)
            try:
                return what(found) if found is not None else None
            finally:
                db.session.commit()

        yield trace


def _facts(shown) -> dict[str, str]:
    return dict(shown.facts)


def test_what_is_in_the_books_owes_nothing_and_says_what_is_open(traced, records):
    records.booked("1", payments=(paid("200.00"),))
    found = traced("1")
    assert (found.invoice.qbo_id, found.balance, found.differences, found.plan.empty) == (
        "145",
        225,
        [],
        True,
    )
    assert [document.kind for document in found.live] == ["Invoice", "Payment"]
    assert (found.hold_up, found.problem, found.left_alone) == (None, None, False)
    assert traced("2") is None


def test_what_a_person_changed_is_shown_as_quickbooks_has_it_and_is_paid_by_nobody(traced, records):
    records.inspection("1")
    records.drift(records.document("1", balance="400.00"))
    found = traced("1")
    assert (found.total_of(found.invoice), found.balance, found.others_took) == (400, 400, 0)


def _restoring(records) -> None:
    """Inspection 1 in the books, of which somebody gave the Invoice another total and then chose *Restore ours*."""
    records.booked("1", lines=(FEES[0],))
    with records.house.writing():
        invoice = db.session.scalars(select(Document)).one()
        invoice.fingerprint, invoice.token_stale, invoice.balance = "", True, Decimal("328.00")
        invoice.as_read = {"TotalAmt": 328.0, "TxnDate": "2026-03-05", "Line": []}
        db.session.commit()


def test_until_ours_is_restored_a_document_is_as_quickbooks_has_it(traced, records):
    _restoring(records)
    found = traced("1")
    assert (found.total_of(found.invoice), found.balance, found.others_took) == (328, 328, 0)
    [difference] = found.differences
    assert (difference.now, difference.should) == ("$328.00 on Mar 5, 2026", "$425.00 on Mar 2, 2026")


def test_that_ours_is_about_to_be_restored_is_said(records, owner):
    _restoring(records)
    page = owner.read("/inspections/1")
    assert "Ours is about to be restored" in page and "Paid by what is not ours" not in page
    with records.house.writing():  # What others merely put on it is carried over, and nothing is restored.
        db.session.scalars(select(Document)).one().fingerprint = "f"
        db.session.commit()
    assert "Ours is about to be restored" not in owner.read("/inspections/1")


def test_what_is_not_yet_there_is_owed_document_by_document(traced, records):
    records.inspection("1", lines=FEES, payments=(paid("575.00"),))
    found = traced("1")
    assert [(one.what, one.now, one.should) for one in found.differences] == [
        ("Invoice SP-1", "not there", "$575.00 on Mar 2, 2026"),
        ("Payment 1881", "not there", "$575.00 on Mar 2, 2026"),
    ]
    assert found.balance is None


def test_what_has_to_go_or_change_is_owed_too(traced, records):
    records.booked("1", canceled_at=None)
    records.booked("2", payments=(paid("425.00"),))
    with_more = traced("2", lambda found: found.differences)
    assert with_more == []
    records.document("3", qbo_id="160", doc_number="SP-3")
    records.inspection("3", confirmed_at=None)
    [gone] = traced("3", lambda found: found.differences)
    assert (gone.what, gone.now, gone.should) == ("Invoice SP-3", "$425.00 on Mar 2, 2026", "not there")


@pytest.mark.parametrize(
    ("state", "values", "hold_up"),
    [
        ("needs-you", {"reason": "closed-books", "detail": "March."}, ("closed-books", "March.")),
        ("waiting", {"reason": ""}, ("unexpected", "")),
        ("in-sync", {"client": None}, ("no-client", None)),
    ],
)
def test_what_holds_it_up_is_its_cause(state, values, hold_up, traced, records):
    records.inspection("1", state, **values)
    code, detail = traced("1", lambda found: found.hold_up)
    assert code == hold_up[0] and (hold_up[1] is None or detail == hold_up[1])


def test_a_record_that_could_not_be_read_is_a_trace_without_an_inspection(traced, records):
    records.bad_record("9", "amount is odd")
    found = traced("9")
    assert (found.row, found.inspection, found.hold_up) == (None, None, ("bad-record", "amount is odd"))


def test_fees_stand_beside_the_lines_that_were_written(traced, records):
    line = {"Amount": 425.0, "Description": "Full", "SalesItemLineDetail": {"ItemRef": {"name": "Services"}}}
    records.inspection("1", lines=FEES)
    records.document("1", body={"Line": [line, {"DetailType": "SubTotalLineDetail"}]})
    first, second = traced("1", line_pairs)
    assert (first.item, first.description, first.amount, first.equal) == ("Services", "Full", 425, True)
    assert (second.fee.name, second.amount, second.equal) == ("Radon", None, False)


def test_payments_stand_beside_theirs_and_strangers_last(traced, records):
    records.inspection("1", payments=(paid("100.00"), paid("50.00", "p2")))
    records.document("1", "Payment", source_key="p1", qbo_id="150")
    records.document("1", "Payment", source_key="p9", qbo_id="151")
    pairs = traced("1", lambda found: payment_pairs(found, lambda at: at.date()))
    assert [(one.received and one.received.key, one.document and one.document.qbo_id) for one in pairs] == [
        ("p1", "150"),
        ("p2", None),
        (None, "151"),
    ]
    assert (pairs[0].received_on, pairs[2].received_on) == (NOON.date(), None)


def test_who_did_what_is_told_newest_first(traced, records, company):
    records.inspection("1")
    run = records.run(kind="sync", reason="scheduled")
    records.operation("1", run_id=run, settled_at=NOON)
    records.drift(records.document("1"), found_at=NOON + timedelta(days=2))
    record_act(company, "ann@x.example", "retried", subject="1")
    db.session.commit()
    newest, found, ours = traced("1", happenings)
    assert (newest.who, newest.what) == ("ann@x.example", "tried again: inspection 1")
    assert (found.who, found.what) == (
        "Somebody in QuickBooks",
        "Invoice SP-1 was changed: Total from $425.00 to $400.00",
    )
    assert ours.who == "Tieout: Sync, scheduled" and ours.what.endswith("(Invoice 145)")
    assert traced("1", stated) == (None, [])


def test_the_preview_shows_the_very_requests_in_the_order_of_sending(traced, records):
    records.inspection("1", lines=FEES, payments=(paid("575.00"),))
    customer, invoice, payment = traced("1", lambda found: Preview(found).documents)
    assert [one.fate for one in (customer, invoice, payment)] == ["create"] * 3
    assert all(one.would_be_sent and one.fate in FATES for one in (customer, invoice, payment))
    assert _facts(customer)["Chosen because"] == "New Customer: nobody in QuickBooks had the name."
    assert '"DisplayName": "Ann O\'Neil"' in customer.request
    assert (invoice.title, invoice.total, invoice.note) == (
        "Invoice SP-1",
        Decimal("575.00"),
        "New Items, made first: Full Home Inspection, Radon.",
    )
    assert f'"value": "{TO_BE_MADE}"' in invoice.request and '"DocNumber": "SP-1"' in invoice.request
    assert [(line.item, line.amount) for line in invoice.lines] == [
        ("Full Home Inspection", Decimal("425.00")),
        ("Radon", Decimal("150.00")),
    ]
    assert (payment.title, payment.note) == ("Payment 1881", "New payment method, made first: Check.")
    assert _facts(payment)["Deposit to"] == "Undeposited Funds"


def test_the_preview_of_what_stands_shows_what_was_sent(traced, records):
    records.booked("1")
    records.operation("1", body='{"DocNumber": "SP-1", "as": "sent"}', generation=1)
    customer, invoice = traced("1", lambda found: Preview(found).documents)
    assert (customer.fate, invoice.fate, invoice.would_be_sent) == ("stands", "stands", False)
    assert '"as": "sent"' in invoice.request and _facts(invoice)["QuickBooks id"] == "145"
