"""What QuickBooks is known to refuse, write by write, and which reason comes before which."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.errors import PermanentError
from bookkeeping.rules.deposited import AfterDeposit, Wait
from bookkeeping.rules.documents import DesiredRefund, desired_documents
from bookkeeping.rules.hindering import Hindrances, Others, Standing, beside_others, describe
from bookkeeping.rules.planning import (
    CreateInvoice,
    CreatePayment,
    DeleteInvoice,
    DeletePayment,
    Hindrance,
    Known,
    UpdateInvoice,
)
from tests.bookkeeping.rules.factories import SETTINGS, inspection, payment

DESIRED = desired_documents(inspection(payments=(payment("425.00", reference="ch_1"),)), SETTINGS)
INVOICE = Known("Invoice", "1042", "145", 1, "f", "71", Decimal("425.00"), Decimal("0.00"))
PAID = Known("Payment", "p1", "150", 1, "p", "71", Decimal("425.00"), Decimal("425.00"))
CREATE, UPDATE, DELETE = (
    CreateInvoice(DESIRED.invoice, 1),
    UpdateInvoice(DESIRED.invoice, INVOICE),
    DeleteInvoice(INVOICE),
)
JANUARY = Standing("Invoice SP-1042", Decimal("425.00"), date(2026, 1, 31))
ASK = Hindrance("customer-inactive", "", "customer:c1")


def _around(standing: Standing = JANUARY, **values) -> Hindrances:
    return Hindrances(standing={("Invoice", "145"): standing}, **values)


def test_nothing_is_in_the_way_of_what_quickbooks_takes():
    for action in (CREATE, UPDATE, DELETE):
        assert Hindrances()(action) is None is _around(closed_through=date(2026, 1, 30))(action)


@pytest.mark.parametrize(
    ("action", "closed_through", "hindered"),
    [
        (CREATE, date(2026, 3, 1), False),
        (CREATE, date(2026, 3, 2), True),  # The day it would have.
        (UPDATE, date(2026, 1, 31), True),  # The day it has.
        (UPDATE, date(2026, 1, 30), False),
        (DELETE, date(2026, 1, 31), True),
        (DELETE, date(2026, 1, 30), False),
    ],
)
def test_closed_books_take_neither_the_old_day_nor_the_new(action, closed_through, hindered):
    found = _around(closed_through=closed_through)(action)
    assert (found is not None) is hindered
    if found is not None:
        said = f"The books are closed through {closed_through:%B} {closed_through.day}, 2026."
        assert (found.code, found.detail) == ("closed-books", said)


def test_what_lies_in_a_deposit_is_left_and_its_deposit_named():
    lying = _around(replace(JANUARY, deposit_id="77"), closed_through=date(2026, 12, 31))
    assert lying(UPDATE) == lying(DELETE) == Hindrance("deposited", "It is part of Deposit 77.")
    assert lying(CREATE).code == "closed-books", "What is made lies in none."


def test_an_entry_that_was_made_inactive_holds_what_names_it_and_says_its_name():
    settings = replace(SETTINGS, classes=(("", "5"),), class_on="invoice")
    named = CreateInvoice(desired_documents(inspection(), settings).invoice, 1)
    away = _around(inactive={("Class", "5"): "Denver"})
    assert away(named) == Hindrance(
        "inactive-reference", 'The Class "Denver" was made inactive.', "list:Class:5"
    )
    assert away(CREATE) is away(DELETE) is _around(inactive={("Class", "6"): "Boulder"})(named) is None


def test_an_open_question_about_the_customer_holds_everything_but_a_deletion():
    asked = _around(customer=ASK)
    assert (asked(CREATE), asked(UPDATE), asked(DELETE)) == (ASK, ASK, None)
    assert _around(customer=ASK, closed_through=date(2026, 12, 31))(UPDATE).code == "closed-books"


def test_what_was_refused_in_this_slice_is_not_sent_again_in_it_and_nothing_else_is_held():
    around = Hindrances()
    around.refuse(CREATE, PermanentError("Too long.", code="qbo-2050"), "customer:c1")
    assert around(UPDATE) == Hindrance("qbo-2050", "Too long.", "customer:c1"), "It is the same document."
    assert around(CreatePayment(DESIRED.payments[0], 1)) is None


def test_a_document_is_known_by_what_stands_and_a_creation_by_nothing():
    assert (_around().known(UPDATE), _around().known(CREATE)) == (JANUARY, None)
    assert _around().known(DeletePayment(PAID)) is None


def test_a_write_is_described_as_it_stands_or_as_it_would_be_made():
    assert describe(UPDATE, JANUARY) == ("Invoice SP-1042", Decimal("425.00"), date(2026, 1, 31))
    assert describe(CREATE, None) == ("Invoice SP-1042", Decimal("425.00"), date(2026, 3, 2))
    made = CreatePayment(DESIRED.payments[0], 1)
    assert describe(made, None) == ("Payment ch_1", Decimal("425.00"), date(2026, 3, 2))
    bare = CreatePayment(replace(DESIRED.payments[0], reference=""), 1)
    assert describe(bare, None)[0] == "Payment"
    with pytest.raises(LookupError, match="Payment 150 is not on record"):
        describe(DeletePayment(PAID), None)


REFUND = DesiredRefund(
    "1042-R1", "p1", "SP-1042-R1", date(2026, 4, 1), "7", Decimal("75.00"), (), "35", "", "", ""
)
BY_HAND = Others("88", date(2026, 4, 3), Decimal("75.00"), Decimal("75.00"), "R-17", kind="RefundReceipt")
ASKED = Wait(
    ("RefundReceipt", "1042-R1"),
    "same-money",
    "QuickBooks has RefundReceipt R-17 of $75.00 to this Customer, entered on April 3, 2026.",
)


@pytest.mark.parametrize(
    ("theirs", "waits"),
    [
        (BY_HAND, (ASKED,)),
        (replace(BY_HAND, txn_date=date(2026, 3, 22)), None),  # Ten days before.
        (replace(BY_HAND, txn_date=date(2026, 3, 21)), ()),
        (replace(BY_HAND, txn_date=date(2026, 4, 12)), ()),
        (replace(BY_HAND, total=Decimal("75.01"), applied=Decimal("75.01")), ()),
        (replace(BY_HAND, total=Decimal("0.00"), applied=Decimal("0.00")), ()),  # Voided.
        (replace(BY_HAND, not_same_as=frozenset({"1042-R1"})), ()),
        (replace(BY_HAND, stands_for="1043-R1"), ()),  # Another inspection's of the same client.
    ],
)
def test_a_refund_that_somebody_entered_may_be_the_same_within_ten_days(theirs, waits):
    settled = beside_others(AfterDeposit(DESIRED, (REFUND,)), [theirs], [])
    assert settled.refunds == (REFUND,)
    assert settled.waits == waits if waits is not None else len(settled.waits) == 1


def test_a_refund_for_which_theirs_stands_is_not_ours_to_book_and_one_that_is_booked_asks_nothing():
    settled = AfterDeposit(DESIRED, (REFUND,))
    assert beside_others(settled, [replace(BY_HAND, stands_for="1042-R1")], []).refunds == ()
    assert beside_others(settled, [BY_HAND], ["1042-R1"]).waits == ()


def test_who_books_refunds_by_hand_is_asked_about_the_one_that_was_entered():
    by_hand = Wait(("RefundReceipt", "1042-R1"), "refund-by-hand", "$75.00 of Payment 9 was given back.")
    other = Wait(("Payment", "p2"), "deposited", "It is in a bank deposit.")
    settled = AfterDeposit(DESIRED, (REFUND,), waits=(by_hand, other))
    assert beside_others(settled, [BY_HAND], []).waits == (other, ASKED)
    assert beside_others(settled, [replace(BY_HAND, stands_for="1042-R1")], []).waits == (other,)


def test_one_refund_by_hand_beside_two_of_that_amount_is_one_question():
    second = replace(REFUND, source_key="1042-R2", doc_number="SP-1042-R2")
    settled = beside_others(AfterDeposit(DESIRED, (REFUND, second)), [BY_HAND], [])
    assert [wait.place[1] for wait in settled.waits] == ["1042-R1"]
