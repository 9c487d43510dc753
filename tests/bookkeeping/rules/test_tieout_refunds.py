"""Money given back after its deposit, in the words of the statement: what a payment is in the books, and what the Invoice is open for."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bookkeeping.rules.tieout import BookDocument
from bookkeeping.rules.tieout_refunds import GivenBack, given_back
from tests.bookkeeping.rules.factories import NOON, inspection, payment

PAID = payment("425.00", refunded="25.00")
ONE = inspection(payments=(PAID,))
RECEIPT = BookDocument("RefundReceipt", "160", date(2026, 3, 9), Decimal("25.00"))
INVOICE = BookDocument("Invoice", "145", date(2026, 3, 2), Decimal("425.00"))


def test_a_payment_stays_in_the_books_as_it_was_deposited():
    given = given_back(ONE, INVOICE, {"p1": [RECEIPT]})
    assert (given.of(PAID), given.paid(PAID)) == (Decimal("25.00"), Decimal("425.00"))
    assert given.open(ONE) == 0
    assert given.paid(replace(PAID, voided_at=NOON)) == 0


def test_without_refund_receipts_the_platform_alone_decides():
    given = given_back(ONE, INVOICE, {})
    assert (given, given.paid(PAID), given.open(ONE)) == (GivenBack({}), Decimal("400.00"), Decimal("25.00"))


def test_what_the_invoice_is_above_the_fees_stands_on_the_receipts():
    above = replace(INVOICE, total=Decimal("435.00"))
    assert given_back(ONE, above, {"p1": [RECEIPT]}).lines == Decimal("10.00")
    assert given_back(ONE, replace(INVOICE, total=Decimal("500.00")), {"p1": [RECEIPT]}).lines == Decimal(
        "25.00"
    )
    assert given_back(ONE, None, {"p1": [RECEIPT]}).lines == 0


def test_receipts_of_payments_that_are_gone_or_voided_give_nothing_back():
    gone = inspection(payments=(replace(PAID, voided_at=NOON),))
    assert given_back(gone, INVOICE, {"p1": [RECEIPT], "p9": [RECEIPT]}).receipts == {}
