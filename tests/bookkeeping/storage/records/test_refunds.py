"""The steps in which payments were refunded: each noted once with the moment it was first seen, and what stands beside them."""

from dataclasses import replace
from decimal import Decimal

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.refunds import books_of, note_refunds, refunds_of
from tests.bookkeeping.rules.factories import inspection, payment


def _noted(company: int, refunded: str) -> list[tuple[str, int, Decimal]]:
    paid = replace(payment("425.00"), refunded_amount=Decimal(refunded))
    note_refunds(company, [inspection(key="1", payments=(paid,))])
    db.session.flush()
    return [(one.payment_key, one.number, one.amount) for one in refunds_of(company, ["1", "2"]).get("1", [])]


def test_each_step_is_noted_once_and_what_was_taken_back_is_less_of_it(house, company):
    with house.app.app_context():
        assert _noted(company, "0.00") == []
        first = _noted(company, "25.00")
        assert [amount for _, _, amount in first] == [Decimal("25.00")] and _noted(company, "25.00") == first
        assert sum(amount for _, _, amount in _noted(company, "60.00")) == Decimal("60.00")
        assert sum(amount for _, _, amount in _noted(company, "10.00")) == Decimal("10.00")
        assert refunds_of(company, ["2"]) == {}
        note_refunds(company, [])


def test_what_stands_of_an_inspection_is_its_living_documents(house, company, records):
    records.document("1", body={"Line": []})
    records.document("1", "Payment", source_key="p1", qbo_id="150", deposit_id="77", fingerprint="p")
    records.document("1", "Payment", source_key="p2", qbo_id="151", fingerprint="p")
    with house.app.app_context():
        documents = db.session.query(Document).order_by(Document.id).all()
        books = books_of("1", documents, [], "71")
        assert books == books_of("1", documents, iter(()), "71") != books_of("1", documents[:1], [], "71")
        assert books != books_of("1", documents[1:], [], "71"), "The Invoice is part of it."
        assert books == books_of("1", documents[:2], [], "71"), "A Payment in no Deposit is no history."


def test_an_invoice_that_a_person_gave_another_total_takes_as_much_money_as_quickbooks_lets_it(
    house, company, records
):
    records.document(
        "1", total=Decimal("425.00"), body={"Line": []}, as_read={"TotalAmt": 123.45, "Line": []}
    )
    records.document("1", "Payment", source_key="p1", qbo_id="150", deposit_id="77", fingerprint="p")
    with house.app.app_context():
        documents = db.session.query(Document).order_by(Document.id).all()
        invoice = books_of("1", documents, [], "71").invoice
        assert invoice is not None and invoice.total == Decimal("123.45")
