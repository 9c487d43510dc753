"""Payments on our Invoices and RefundReceipts that somebody else entered: noted, changed, forgotten, and read where ours may be the same."""

from decimal import Decimal

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.records.refunds import Refund
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.others import forget_others, note_others, note_others_refunds


def payment(invoice_id: str, amount: str, qbo_id: str = "900", **values) -> dict:
    """A Payment as QuickBooks shows it."""
    linked = [{"Amount": float(amount), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}]
    base = {
        "Id": qbo_id,
        "SyncToken": "0",
        "TxnDate": "2026-03-02",
        "TotalAmt": float(amount),
        "CustomerRef": {"value": "1"},
    }
    return {**base, "UnappliedAmt": 0, "Line": linked, **values}


def noted(desk: Desk) -> list[OthersPayment]:
    return list(db.session.scalars(select(OthersPayment).where(OthersPayment.company_id == desk.id)))


def booked(desk: Desk) -> str:
    """Book an unpaid inspection and return its Invoice's id."""
    desk.book(inspection(1, payments=[]))
    desk.run()
    with desk.holding():
        return db.session.scalars(
            select(Document.qbo_id).where(Document.company_id == desk.id, Document.kind == "Invoice")
        ).one()


def test_a_payment_of_somebody_else_on_our_invoice_is_noted_once_and_again_when_it_changed(desk: Desk):
    invoice_id = booked(desk)
    with desk.holding() as work:
        [key] = note_others(desk.id, [payment(invoice_id, "100.00")])
        assert note_others(desk.id, [payment(invoice_id, "100.00")]) == set()
        [row] = noted(desk)
        row.stands_for = "p1"
        assert (row.inspection_key, row.invoice_id, row.applied) == (key, invoice_id, Decimal("100.00"))
        assert note_others(desk.id, [payment(invoice_id, "120.00")]) == {key}
        assert (row.applied, row.stands_for) == (
            Decimal("120.00"),
            "",
        )  # What was answered was about other money.
        work.commit()


def test_one_that_is_deleted_or_taken_off_our_invoice_is_forgotten(desk: Desk):
    invoice_id = booked(desk)
    with desk.holding() as work:
        [key] = note_others(desk.id, [payment(invoice_id, "100.00"), payment(invoice_id, "50.00", "901")])
        assert note_others(desk.id, [{"Id": "900", "status": "Deleted"}]) == {key}
        assert [row.qbo_id for row in noted(desk)] == ["901"]
        assert note_others(desk.id, [payment("77777", "50.00", "901")]) == {key}
        assert noted(desk) == []
        work.commit()


def test_what_pays_no_invoice_of_ours_and_our_own_payments_are_nothing_to_note(desk: Desk):
    desk.book(inspection(1))
    desk.run()
    with desk.holding():
        ours = db.session.scalars(
            select(Document).where(Document.company_id == desk.id, Document.kind == "Payment")
        ).one()
        invoice = db.session.scalars(
            select(Document).where(Document.company_id == desk.id, Document.kind == "Invoice")
        ).one()
        assert (
            note_others(desk.id, [payment(invoice.qbo_id, "575.00", ours.qbo_id), payment("77777", "10.00")])
            == set()
        )
        assert noted(desk) == []


def test_an_invoice_that_was_read_forgets_those_that_it_is_not_linked_to(desk: Desk):
    invoice_id = booked(desk)
    with desk.holding() as work:
        note_others(desk.id, [payment(invoice_id, "100.00"), payment(invoice_id, "50.00", "901")])
        invoice = db.session.scalars(
            select(Document).where(Document.company_id == desk.id, Document.kind == "Invoice")
        ).one()
        invoice.links = [["Payment", "901"]]
        forget_others(invoice)
        assert [row.qbo_id for row in noted(desk)] == ["901"]
        work.commit()


def refund(customer_id: str, amount: str, qbo_id: str = "950", **values) -> dict:
    """A RefundReceipt as QuickBooks shows it."""
    base = {"Id": qbo_id, "SyncToken": "0", "TxnDate": "2026-03-02", "TotalAmt": float(amount)}
    return {**base, "CustomerRef": {"value": customer_id}, "DocNumber": "R-17", **values}


def test_a_refund_that_somebody_entered_is_noted_changed_forgotten_and_told_to_whom_it_may_concern(
    desk: Desk,
):
    [key] = desk.book(inspection(1))
    desk.run()
    with desk.holding() as work:
        paid = db.session.scalars(
            select(Document).where(Document.company_id == desk.id, Document.kind == "Payment")
        ).one()
        customer, now = paid.customer_id, paid.written_at
        assert note_others_refunds(desk.id, [refund(customer, "75.00")]) == set(), "Nothing was refunded."
        step = {"inspection_key": key, "number": 1, "payment_key": paid.source_key, "seen_at": now}
        db.session.add(Refund(company_id=desk.id, amount=Decimal("75.00"), **step))
        theirs = db.session.get_one(OthersRefund, (desk.id, "950"))
        theirs.stands_for, theirs.inspection_key = f"{key}-R1", key
        assert note_others_refunds(desk.id, [refund(customer, "75.00", SyncToken="1")]) == set()
        assert theirs.stands_for == f"{key}-R1", "It says the same."
        assert note_others_refunds(desk.id, [refund("77777", "75.00")]) == {key}
        assert (theirs.customer_id, theirs.stands_for, theirs.inspection_key) == ("77777", "", "")
        assert note_others_refunds(desk.id, [refund(customer, "75.00")]) == {key}
        assert note_others_refunds(desk.id, [{"Id": "950", "status": "Deleted"}]) == {key}
        db.session.flush()
        assert db.session.get(OthersRefund, (desk.id, "950")) is None
        assert note_others_refunds(desk.id, [{"Id": "951", "status": "Deleted"}]) == set()
        work.commit()
