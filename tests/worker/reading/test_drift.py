"""What one row of QuickBooks makes of one document of ours: still ours, changed by a person, gone, or older than what we know."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document, Drift
from tests.webapp.house import House
from tests.webapp.records import Records
from worker.reading.drift import BY_HAND, close_drift, judge, note_drift, note_gone, open_drift

OURS = {"DocNumber": "SP-1042", "TxnDate": "2026-03-02"}
PAID = {"PaymentRefNum": "1881", "TxnDate": "2026-03-02"}


@pytest.fixture
def house(sqlite_url):
    return House(sqlite_url)


@pytest.fixture
def records(house):
    return Records(house, house.make_company())


@pytest.fixture
def documents(house, records):
    """An Invoice of ours with SyncToken 3 and a Payment on it, in an app context."""
    paying = {"qbo_id": "150", "body": PAID, "applied": Decimal("425.00")}
    ids = [
        records.document("1042", body=OURS, sync_token="3", token_stale=True),
        records.document("1042", "Payment", **paying),
    ]
    with house.app.app_context():
        yield [db.session.get_one(Document, number) for number in ids]


@pytest.fixture
def invoice(documents):
    """The Invoice."""
    return documents[0]


@pytest.fixture
def paid(documents):
    """The Payment."""
    return documents[1]


def _theirs(document: Document, token: str = "3", **fields):
    return {**document.body, "Id": document.qbo_id, "SyncToken": token, **fields}


def test_a_row_from_before_what_we_know_says_nothing(invoice):
    assert judge(invoice, _theirs(invoice, "2", TxnDate="2026-03-09")) == "older"
    assert (invoice.sync_token, invoice.token_stale, invoice.hands_off) == ("3", True, "")


def test_a_token_that_moved_alone_is_taken_over_and_is_no_drift(invoice):
    assert judge(invoice, _theirs(invoice, "5", Balance="0")) == "ours"
    assert (invoice.sync_token, invoice.token_stale, invoice.hands_off) == ("5", False, "")
    assert open_drift(invoice) is None


def test_a_field_of_ours_that_differs_is_drift_once_and_kept_current(invoice):
    times = {"MetaData": {"LastUpdatedTime": "2026-03-09T10:00:00-07:00"}}
    assert judge(invoice, _theirs(invoice, "4", TxnDate="2026-03-08", **times)) == "changed"
    assert judge(invoice, _theirs(invoice, "5", TxnDate="2026-03-09", **times)) == "changed"
    db.session.flush()
    [drift] = db.session.query(Drift)
    assert (drift.kind, drift.fields) == ("edited", [["Date", "2026-03-02", "2026-03-09"]])
    assert drift.theirs["TxnDate"] == "2026-03-09"
    assert drift.theirs_changed_at == datetime(2026, 3, 9, 17, tzinfo=UTC)
    assert invoice.hands_off == "drift"


def test_drift_closes_by_itself_when_a_person_puts_ours_back(invoice):
    judge(invoice, _theirs(invoice, "4", TxnDate="2026-03-08"))
    db.session.flush()
    assert judge(invoice, _theirs(invoice, "5")) == "ours"
    [drift] = db.session.query(Drift)
    assert (drift.choice, drift.settled_by, invoice.hands_off) == ("by-hand", BY_HAND, "")
    assert drift.settled_at is not None


def test_a_voided_document_is_drift_of_its_own_kind(invoice):
    voided = {"PrivateNote": "Voided", "TotalAmt": 0, "Line": []}
    assert judge(invoice, _theirs(invoice, "4", TxnDate="2026-03-08", **voided)) == "changed"
    assert open_drift(invoice).kind == "voided"


def test_what_is_left_to_the_bookkeeper_is_changed_without_a_new_question(invoice):
    kept = note_drift(invoice, "edited", [("Date", "2026-03-02", "2026-03-05")], {"Id": "145"})
    kept.settled_at, kept.choice, invoice.hands_off = datetime(2026, 3, 6, tzinfo=UTC), "keep", "kept"
    db.session.flush()
    assert judge(invoice, _theirs(invoice, "4", TxnDate="2026-03-08")) == "changed"
    assert (kept.kind, kept.fields) == ("edited", [["Date", "2026-03-02", "2026-03-08"]])
    assert judge(invoice, _theirs(invoice, "5")) == "ours"
    assert (kept.fields, kept.theirs["SyncToken"]) == ([], "5")
    note_gone(invoice)
    assert (kept.kind, kept.fields) == ("deleted", [["Invoice", "SP-1042", "deleted"]])
    close_drift(invoice, _theirs(invoice))
    assert (open_drift(invoice), invoice.hands_off) == (None, "kept")


def test_a_deleted_document_is_named_in_its_drift(invoice, paid):
    note_gone(invoice, {"Id": "145", "status": "Deleted"})
    assert open_drift(invoice).fields == [["Invoice", "SP-1042", "deleted"]]
    note_gone(paid)
    assert open_drift(paid).fields == [["Payment", "1881", "deleted"]]
    assert (open_drift(paid).kind, paid.applied) == ("deleted", Decimal("0.00"))


def test_of_a_payment_it_is_taken_over_what_it_still_pays_of_our_invoice(invoice, paid):

    def line(amount, kind, qbo_id):
        return {"Amount": amount, "LinkedTxn": [{"TxnId": qbo_id, "TxnType": kind}]}

    lines = [line(300, "Invoice", "145"), line(100, "Invoice", "999"), line(25, "CreditMemo", "145")]
    note_drift(paid, "edited", [("Applied to", "a", "b")], {"Id": "150", "SyncToken": "1", "Line": lines})
    assert paid.applied == Decimal("300.00")


def test_a_payment_remembers_the_deposit_that_names_it_until_the_deposit_says_otherwise(invoice, paid):
    deposited = {"LinkedTxn": [{"TxnId": "77", "TxnType": "Deposit"}]}
    assert judge(paid, _theirs(paid, "3", **deposited)) == "ours"
    assert paid.deposit_id == "77"
    judge(paid, _theirs(paid, "4"))
    assert paid.deposit_id == "77"
