"""Same money? A Payment of somebody else on the Invoice is shown, asked about, answered, and the answer can be taken back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from bookkeeping.acts.questions import REFUND_ACTS
from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.records.refunds import Refund
from tests.webapp.house import House
from tests.webapp.records import NOON, paid
from tests.webapp.test_inspections import words

PAGE = "/inspections/1042"
ASKED = {
    "kind": "Payment",
    "source_key": "p1",
    "verb": "create",
    "name": "Payment ch_9",
    "amount": "425.00",
    "date": "2026-03-02",
    "code": "same-money",
    "detail": "QuickBooks has Payment 88 of $425.00 on this Invoice, entered on March 1, 2026.",
    "depends": False,
}


@pytest.fixture
def asked(records):
    """An inspection whose payment of $425.00 waits beside one that was entered by hand; returns the payment's key."""
    records.connect()
    received = paid("425.00")
    records.inspection(
        "1042",
        "needs-you",
        reason="same-money",
        payments=(received,),
        waiting_documents=[{**ASKED, "source_key": received.key}],
    )
    records.document("1042", balance=Decimal("0.00"), links=[["Payment", "188"]])
    theirs = {"invoice_id": "145", "inspection_key": "1042", "reference": "88", "total": Decimal("425.00")}
    records.keep(
        OthersPayment(
            company_id=records.company_id,
            qbo_id="188",
            txn_date=date(2026, 3, 1),
            applied=Decimal("425.00"),
            **theirs,
        )
    )
    return received.key


def theirs(records):
    """Return (stands for, is not the same as) of the Payment entered by hand, and whether the inspection is due."""
    with records.house.writing():
        row = db.session.scalars(select(OthersPayment).where(OthersPayment.qbo_id == "188")).one()
        due = db.session.scalars(select(InspectionRow).where(InspectionRow.key == "1042")).one().due
        return row.stands_for, list(row.not_same_as), due


def test_the_page_asks_and_shows_what_quickbooks_has_open(records, owner, asked):
    said = words(owner.read(PAGE))
    assert "Same money? QuickBooks has a Payment of the same amount" in said
    assert "Payment of $425.00 on Mar 2, 2026 is not made yet. QuickBooks has Payment 88 of $425.00" in said
    assert "Open balance $0.00" in said and "Paid by what is not ours $425.00" in said
    assert "Use theirs" in said and "Book ours too" in said


def test_each_answer_is_kept_made_due_audited_and_taken_back_by_the_other(records, owner, asked):
    for answer, kept, other in (
        ("use", (asked, []), "Book ours too"),
        ("book", ("", [asked]), "Use theirs"),
        ("use", (asked, []), "Book ours too"),
    ):
        sent = {"payment": asked, "theirs": "188", "answer": answer}
        assert owner.post(f"{PAGE}/same-money", sent, page=PAGE).status_code == 303
        stands_for, not_same_as, due = theirs(records)
        assert ((stands_for, not_same_as), due) == (kept, True)
        assert other in words(owner.read(PAGE))
    with records.house.writing():
        acts = list(db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts[-3:] == [
        "used the Payment in QuickBooks",
        "booked the payment beside the one in QuickBooks",
        "used the Payment in QuickBooks",
    ]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"answer": "maybe"}, 400),
        ({"theirs": "\x00"}, 400),
        ({"theirs": "189"}, 303),
        ({"payment": "no-such"}, 303),
    ],
)
def test_a_wrong_answer_changes_nothing(records, owner, asked, values, status):
    sent = {"payment": asked, "theirs": "188", "answer": "use", **values}
    assert owner.post(f"{PAGE}/same-money", sent, page=PAGE).status_code == status
    assert theirs(records)[:2] == ("", [])


def test_nobody_answers_for_another_company(records, owner, asked):
    other = records.house.make_company("Front Range Home Inspections")
    stranger = records.house.browser(records.house.make_person("bookkeeper", other))
    sent = {"payment": asked, "theirs": "188", "answer": "use"}
    stranger.post(f"{PAGE}/same-money", sent)
    assert theirs(records)[:2] == ("", [])


def test_a_document_that_waits_is_named_with_its_cause_on_the_page_and_in_the_sync_log(records, owner):
    records.connect()
    waits = {**ASKED, "code": "closed-books", "detail": "The books are closed through March 31, 2026."}
    detail = "Payment ch_9 of $425.00 on March 2, 2026. The books are closed through March 31, 2026."
    records.inspection("1042", "needs-you", reason="closed-books", detail=detail, waiting_documents=[waits])
    said = words(owner.read(PAGE))
    assert "The books are closed for that date" in said
    assert "Payment of $425.00 on Mar 2, 2026 is not made yet. The books are closed through" in said
    assert detail.replace("ch_9 ", "") in words(owner.read("/sync-log"))


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(start_date=NOON.date() - timedelta(days=60))


def refunded(records, deposit, total="425.00"):
    """An inspection of which $75.00 was given back, and a RefundReceipt of that amount that somebody entered."""
    records.connect()
    received = paid("425.00", refunded_amount=Decimal("75.00"))
    records.inspection("1042", "needs-you", reason="same-money", payments=(received,))
    records.document("1042")
    paid_by = {"kind": "Payment", "source_key": received.key, "qbo_id": "190", "doc_number": ""}
    facts = {"deposit_id": "77", "deposit_account_id": "35"} if deposit else {}
    records.document("1042", **paid_by, **facts, total=Decimal(total), applied=Decimal(total))
    step = {"inspection_key": "1042", "number": 1, "payment_key": received.key, "amount": Decimal("75.00")}
    records.keep(Refund(company_id=records.company_id, seen_at=datetime(2026, 4, 1, 17, tzinfo=UTC), **step))
    theirs = {"qbo_id": "199", "customer_id": "71", "txn_date": date(2026, 4, 3), "reference": "R-17"}
    records.keep(OthersRefund(company_id=records.company_id, total=Decimal("75.00"), **theirs))
    return "1042-R1"


@pytest.fixture
def asked_of_a_refund(records):
    """One that was given back after the deposit."""
    return refunded(records, deposit=True)


@pytest.mark.parametrize(
    ("total", "asks"),
    [("425.00", "the refund of $75.00?"), ("350.00", "the refund of $75.00, which we booked?")],
    ids=["not taken off yet", "taken off"],
)
def test_a_refund_by_hand_of_a_payment_in_no_deposit_is_asked_about_too(records, owner, total, asks):
    refund = refunded(records, deposit=False, total=total)
    said = words(owner.read(PAGE))
    assert f"Same money as {asks}" in said
    assert total == "350.00" or "Something waits before both sides can say the same." in said
    owner.post(f"{PAGE}/same-money", {"refund": refund, "theirs": "199", "answer": "use"}, page=PAGE)
    said = words(owner.read(PAGE))
    assert "Used for the refund, so ours is not booked" in said and "Book ours too" in said


def test_theirs_that_is_used_for_another_amount_can_be_said_to_be_other_money(records, owner):
    refund = refunded(records, deposit=True)
    owner.post(f"{PAGE}/same-money", {"refund": refund, "theirs": "199", "answer": "use"}, page=PAGE)
    with records.house.writing():
        db.session.scalars(select(Refund)).one().amount = Decimal("0.00")
        row = db.session.scalars(select(InspectionRow).where(InspectionRow.key == "1042")).one()
        [payment] = row.record["payments"]
        row.record = {**row.record, "payments": [{**payment, "refunded_amount": "0.00"}]}
        db.session.commit()
    said = words(owner.read(PAGE))
    assert "Used for the refund" in said and "Book ours too" in said
    answered = {"refund": refund, "theirs": "199", "answer": "book"}
    assert owner.post(f"{PAGE}/same-money", answered, page=PAGE).status_code == 303
    assert "Refunds of this client that are not ours" not in words(owner.read(PAGE))


def test_a_refund_by_hand_is_asked_about_answered_audited_and_taken_back(records, owner, asked_of_a_refund):
    said = words(owner.read(PAGE))
    assert "Refunds of this client that are not ours" in said
    assert "RefundReceipt R-17 of $75.00 on Apr 3, 2026" in said
    assert "Same money as RefundReceipt SP-1042-R1 of $75.00?" in said
    for answer, kept in (("use", "1042-R1"), ("book", ""), ("use", "1042-R1")):
        sent = {"refund": asked_of_a_refund, "theirs": "199", "answer": answer}
        assert owner.post(f"{PAGE}/same-money", sent, page=PAGE).status_code == 303
        with records.house.writing():
            row = db.session.scalars(select(OthersRefund)).one()
            assert (row.stands_for, row.inspection_key) == (kept, "1042" if kept else "")
            acts = list(db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
        assert acts[-1] == REFUND_ACTS[answer]
        said = words(owner.read(PAGE))
        assert ("Used for RefundReceipt SP-1042-R1" in said) is (answer == "use")
        assert ("Book ours too" in said, "Use theirs" in said) == (answer == "use", answer == "book")
    assert "which somebody entered in QuickBooks" in words(owner.read(f"{PAGE}/explain"))
    for wrong in ({"theirs": "200"}, {"refund": "1043-R1"}, {"refund": "1042-R2"}):
        sent = {"refund": asked_of_a_refund, "theirs": "199", "answer": "book", **wrong}
        assert owner.post(f"{PAGE}/same-money", sent, page=PAGE).status_code == 303
    with records.house.writing():
        assert db.session.scalars(select(OthersRefund)).one().stands_for == "1042-R1"
