"""Payments on our Invoices that somebody else entered: noted, changed, forgotten, and read where ours may be the same money."""

from decimal import Decimal

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.others_payments import OthersPayment
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.others import forget_others, note_others


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
