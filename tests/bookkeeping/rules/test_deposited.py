"""What an inspection should have once money of it lies in a Deposit: the cases of decision 19, and that no cent is lost in any."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.actions import (
    CreateRefundReceipt,
    DeletePayment,
    DeleteRefundReceipt,
    Known,
    UpdateInvoice,
    UpdatePayment,
    UpdateRefundReceipt,
)
from bookkeeping.rules.deposited import Books, Deposited, StandingInvoice, after_deposit, waiting_documents
from bookkeeping.rules.documents import desired_documents
from bookkeeping.rules.planning import Hindrance, Plan, Waiting
from bookkeeping.rules.refunds import (
    follow_refunds,
    plan_refunds,
    refund_fingerprint,
    with_refunds,
)
from tests.bookkeeping.rules.factories import NOON, SETTINGS, inspection, line, payment

LATER = datetime(2026, 4, 2, 4, tzinfo=UTC)  # April 1 in Denver.
FEE = line("425.00")


def refund_line(amount="-75.00", key="l2", name="Refund", kind="fee"):
    return line(amount, kind, name, key)


def deposited(total="425.00", applied=None, key="p1", **more):
    return Deposited(key, f"9{key[1:]}", "7", Decimal(total), Decimal(applied or total), "35", **more)


def books(*history, invoice="425.00", negative=(), accounts=None, customer="7"):
    """What stands: these deposited Payments, and an Invoice of this total with these lines below zero."""
    standing = StandingInvoice(
        Decimal(invoice), tuple((text, Decimal(amount)) for text, amount in negative), True
    )
    return Books({one.payment_key: one for one in history}, standing, accounts or {}, customer)


def settle(one, standing, *, settings=SETTINGS, seen=(), in_books=True):
    return after_deposit(one, settings, desired_documents(one, settings), standing, seen, in_books=in_books)


def told(refunds):
    return [
        (one.doc_number, one.txn_date, [(part.item, str(part.amount)) for part in one.lines], one.account_id)
        for one in refunds
    ]


def codes(flags):
    return [flag.code for flag in flags]


def test_without_deposited_money_nothing_is_different():
    one = inspection(lines=(FEE, refund_line()), payments=(payment("425.00", refunded="75.00"),))
    desired = desired_documents(one, SETTINGS)
    settled = after_deposit(one, SETTINGS, desired, Books({}, None, {}, "7"), (), in_books=True)
    assert settled.desired == desired and not settled.refunds and not settled.waits


def test_part_given_back_is_a_refund_receipt_with_the_item_of_its_line_and_the_invoice_stays():
    one = inspection(
        lines=(FEE, refund_line()), payments=(payment("425.00", refunded="75.00"),), updated_at=LATER
    )
    settled = settle(one, books(deposited()))
    assert told(settled.refunds) == [("SP-1042-R1", date(2026, 4, 1), [("Refund", "75.00")], "35")]
    [refund] = settled.refunds
    assert (refund.customer_id, refund.amount, refund.method) == ("7", Decimal("75.00"), "Credit Card")
    assert refund.private_note.endswith("Tieout refund 1042-R1")
    assert settled.desired.invoice == desired_documents(inspection(lines=(FEE,)), SETTINGS).invoice
    assert settled.desired.payments == () and not settled.waits and not settled.desired.flags


def test_several_refunds_have_their_own_days_and_lines():
    lines = (FEE, refund_line("-50.00", "l2", "Late"), refund_line("-75.00", "l3", "No radon"))
    first = inspection(lines=lines[:2], payments=(payment("425.00", refunded="50.00"),))
    seen = follow_refunds(first, ())
    both = inspection(lines=lines, payments=(payment("425.00", refunded="125.00"),), updated_at=LATER)
    settled = settle(both, books(deposited()), seen=follow_refunds(both, seen))
    assert told(settled.refunds) == [
        ("SP-1042-R1", date(2026, 3, 2), [("Late", "50.00")], "35"),
        ("SP-1042-R2", date(2026, 4, 1), [("No radon", "75.00")], "35"),
    ]
    assert settled.desired.invoice.total == Decimal("425.00")


def test_a_refund_without_its_line_is_booked_on_the_discount_item_and_flagged():
    for refunded in ("75.00", "425.00"):
        one = inspection(payments=(payment("425.00", refunded=refunded),))
        settled = settle(one, books(deposited()))
        assert told(settled.refunds)[0][2] == [("Discount", refunded)]
        assert settled.desired.invoice.total == Decimal("425.00")
        assert codes(settled.desired.flags) == ["refund-without-line"]


def test_a_line_without_refund_waits_for_it_and_the_invoice_stays_as_it_was_paid():
    one = inspection(lines=(FEE, refund_line()), payments=(payment("425.00"),))
    settled = settle(one, books(deposited()))
    assert settled.invoice_stays and not settled.refunds
    assert codes(settled.waits) == ["deposited"] and "line-without-refund" in codes(settled.desired.flags)


def test_a_fee_lowered_instead_of_a_line_leaves_the_invoice_once_the_refund_is_there():
    one = inspection(lines=(line("350.00"),), payments=(payment("425.00", refunded="75.00"),))
    settled = settle(one, books(deposited()))
    assert settled.invoice_stays and not settled.waits
    assert told(settled.refunds)[0][2] == [("Discount", "75.00")]


def test_a_line_that_was_on_the_invoice_when_it_was_paid_stays_there():
    goodwill = refund_line("-50.00", "l2", "Goodwill")
    one = inspection(lines=(FEE, goodwill), payments=(payment("375.00", refunded="75.00"),))
    settled = settle(one, books(deposited("375.00"), invoice="375.00", negative=[("Goodwill", "-50.00")]))
    assert settled.desired.invoice.total == Decimal("375.00")
    assert told(settled.refunds)[0][2] == [("Discount", "75.00")]


def test_a_part_payment_given_back_leaves_open_what_the_platform_says_is_open():
    one = inspection(lines=(FEE, refund_line()), payments=(payment("200.00", refunded="75.00"),))
    settled = settle(one, books(deposited("200.00")))
    assert settled.desired.invoice.total - Decimal("200.00") == one.total - Decimal("125.00")


def test_a_line_larger_than_the_refund_leaves_its_rest_on_the_invoice():
    one = inspection(lines=(FEE, refund_line("-100.00")), payments=(payment("200.00", refunded="75.00"),))
    settled = settle(one, books(deposited("200.00")))
    assert [str(part.amount) for part in settled.desired.invoice.lines] == ["425.00", "-25.00"]
    assert told(settled.refunds)[0][2] == [("Refund", "75.00")]


def test_what_was_booked_before_the_deposit_is_not_booked_again():
    lowered = inspection(lines=(FEE, refund_line()), payments=(payment("425.00", refunded="75.00"),))
    standing = books(deposited("350.00"), invoice="350.00", negative=[("Refund", "-75.00")])
    settled = settle(lowered, standing)
    assert not settled.refunds and not settled.waits
    assert settled.desired.invoice.total == Decimal("350.00")
    more = replace(
        lowered,
        lines=(*lowered.lines, refund_line("-20.00", "l3")),
        payments=(payment("425.00", refunded="95.00"),),
    )
    settled = settle(more, standing, seen=())
    assert [(one.doc_number, str(one.amount)) for one in settled.refunds] == [("SP-1042-R1", "20.00")]
    assert settled.desired.invoice.total == Decimal("350.00")


def test_given_back_and_paid_again_is_charged_again_on_the_invoice():
    paid_again = payment("425.00", "p2", method="check", received_at=NOON + timedelta(days=3))
    one = inspection(payments=(payment("425.00", refunded="425.00"), paid_again))
    settled = settle(one, books(deposited()))
    assert [(part.description, str(part.amount)) for part in settled.desired.invoice.lines][1:] == [
        ("Charged again after a refund", "425.00")
    ]
    [second] = settled.desired.payments
    assert (second.source_key, second.applied) == ("p2", Decimal("425.00"))


def test_an_extra_service_after_the_refund_goes_on_the_invoice():
    lines = (FEE, refund_line(), line("150.00", "service", "Radon", "l3"))
    one = inspection(lines=lines, payments=(payment("425.00", refunded="75.00"),))
    settled = settle(one, books(deposited()))
    assert settled.desired.invoice.total == Decimal("575.00")


def cancelled(**fields):
    return inspection(canceled_at=LATER, **fields)


def test_cancelled_and_given_back_keeps_invoice_and_payment():
    one = cancelled(payments=(payment("425.00", refunded="425.00"),), updated_at=LATER)
    settled = settle(one, books(deposited()), in_books=False)
    assert settled.desired.invoice.total == Decimal("425.00")
    assert told(settled.refunds) == [("SP-1042-R1", date(2026, 4, 1), [("Discount", "425.00")], "35")]
    assert codes(settled.desired.flags) == ["cancelled-after-deposit"]


def test_cancelled_with_money_kept_stays_income():
    settled = settle(cancelled(payments=(payment("425.00"),)), books(deposited()), in_books=False)
    assert settled.desired.invoice.total == Decimal("425.00") and not settled.refunds and not settled.waits
    assert "$425.00" in settled.desired.flags[0].detail


def test_of_a_cancelled_inspection_nobody_owes_what_was_not_paid():
    settled = settle(cancelled(payments=(payment("200.00"),)), books(deposited("200.00")), in_books=False)
    assert settled.desired.invoice.total == Decimal("200.00")
    assert settled.desired.invoice.lines[-1].description == "Cancelled"


def test_a_cancelled_inspection_keeps_its_other_payment_while_the_money_is_there():
    second = payment("225.00", "p2", received_at=NOON + timedelta(days=1))
    one = cancelled(payments=(payment("200.00"), second))
    settled = settle(one, books(deposited("200.00")), in_books=False)
    assert [(each.source_key, each.applied) for each in settled.desired.payments] == [
        ("p2", Decimal("225.00"))
    ]
    given_back = cancelled(payments=(payment("200.00"), replace(second, refunded_amount=Decimal("225.00"))))
    settled = settle(given_back, books(deposited("200.00")), in_books=False)
    assert settled.desired.payments == () and settled.desired.invoice.total == Decimal("200.00")
    assert not settled.refunds  # It was given back before its deposit.


@pytest.mark.parametrize(
    ("paid", "words"),
    [
        ((), "no longer has it"),
        ((payment("425.00", voided_at=LATER),), "pulled back"),
        ((payment("450.00"),), "$450.00 now"),
        ((payment("400.00"),), "$400.00 now"),
    ],
)
def test_what_no_refund_explains_waits_for_a_person(paid, words):
    settled = settle(inspection(payments=paid), books(deposited()))
    assert "deposited" in codes(settled.waits) and words in settled.waits[0].detail
    assert settled.waits[0].place == ("Payment", "p1")
    assert not settled.refunds and settled.desired.payments == ()


def test_another_client_waits_and_the_refund_goes_to_the_same_customer():
    one = inspection(lines=(FEE, refund_line()), payments=(payment("425.00", refunded="75.00"),))
    settled = settle(one, books(deposited(), customer="8"))
    assert codes(settled.waits) == ["deposited"] and settled.refunds[0].customer_id == "7"


def test_the_account_is_the_one_it_stands_with_else_the_chosen_one_else_where_it_was_deposited():
    one = inspection(payments=(payment("425.00", refunded="75.00"),))
    chosen = replace(SETTINGS, refund_account_id="41")
    assert settle(one, books(deposited()), settings=chosen).refunds[0].account_id == "41"
    standing = books(deposited(), accounts={"1042-R1": "35"})
    assert settle(one, standing, settings=chosen).refunds[0].account_id == "35"
    unknown = settle(one, books(replace(deposited(), account_id="")))
    assert [(wait.place, wait.code) for wait in unknown.waits] == [
        (("RefundReceipt", "1042-R1"), "no-refund-account")
    ]


def test_a_company_can_have_refunds_wait_and_one_that_stands_is_not_taken_away():
    one = inspection(lines=(FEE, refund_line()), payments=(payment("425.00", refunded="75.00"),))
    waiting = replace(SETTINGS, refunds="wait")
    settled = settle(one, books(deposited()), settings=waiting)
    assert [wait.place for wait in settled.waits] == [("RefundReceipt", "1042-R1")]
    assert codes(settled.waits) == ["refund-by-hand"]
    assert "$75.00" in settled.waits[0].detail
    assert settled.desired.invoice.total == Decimal("425.00")
    settled = settle(one, books(deposited(), accounts={"1042-R1": "35"}), settings=waiting)
    assert len(settled.refunds) == 1 and not settled.waits


def test_while_a_person_has_the_payment_in_hand_no_refund_is_added():
    one = inspection(payments=(payment("425.00", refunded="75.00"),))
    [wait] = settle(one, books(deposited(in_hand=True))).waits
    assert (wait.place, wait.code) == (("RefundReceipt", "1042-R1"), "drift")


def test_ours_cannot_be_put_back_while_a_deposit_holds_it():
    [wait] = settle(inspection(payments=(payment("425.00"),)), books(deposited(to_restore=True))).waits
    assert (wait.place, wait.code) == (("Payment", "p1"), "deposited")
    assert wait.detail.endswith("is in a bank deposit, so ours cannot be put back.")


def test_what_waits_says_which_write_it_holds_back():
    one = inspection(lines=(FEE, refund_line()), payments=(payment("450.00"),))
    plain = desired_documents(one, SETTINGS)
    there = [
        Known("Payment", "p1", "91", 1, "old", "7", Decimal("425.00"), Decimal("425.00")),
        Known("Invoice", "1042", "90", 1, "old", "7", Decimal("425.00"), Decimal(0)),
    ]
    settled = settle(one, books(deposited()))
    writes = [waiting.action for waiting in waiting_documents(settled, plain, there, ())]
    assert writes == [UpdatePayment(plain.payments[0], there[0]), UpdateInvoice(plain.invoice, there[1])]
    unpaid = inspection()
    settled = settle(unpaid, books(deposited()))
    [waiting] = waiting_documents(settled, desired_documents(unpaid, SETTINGS), there, ())
    assert waiting.action == DeletePayment(there[0]) and waiting.because.code == "deposited"


def test_other_money_pays_what_the_deposited_payment_leaves_open_and_no_more():
    second = payment("300.00", "p2", received_at=NOON + timedelta(days=1))
    one = inspection(payments=(payment("200.00"), second))
    [other] = settle(one, books(deposited("200.00"))).desired.payments
    assert (other.amount, other.applied) == (Decimal("300.00"), Decimal("225.00"))


def test_a_fee_of_some_cents_is_not_what_was_given_back():
    one = inspection(
        lines=(FEE, line("0.50", "fee", "Rounding", "l2")), payments=(payment("425.00", refunded="75.00"),)
    )
    settled = settle(one, books(deposited()))
    assert told(settled.refunds)[0][2] == [("Discount", "75.00")]
    assert settled.desired.invoice.total == Decimal("425.50")


def test_of_a_cancelled_inspection_what_was_kept_is_what_was_not_given_back():
    one = cancelled(payments=(payment("425.00", refunded="75.00"),))
    settled = settle(one, books(deposited()), in_books=False)
    assert settled.desired.flags[-1].detail == "$350.00 of it was kept."


def test_a_refund_carries_the_payments_reference_and_the_invoices_class_and_location():
    one = inspection(payments=(payment("425.00", refunded="75.00", reference="ch_9"),))
    chosen = replace(SETTINGS, classes=(("", "5"),), locations=(("", "6"),), class_on="invoice")
    [refund] = settle(one, books(deposited()), settings=chosen).refunds
    assert (refund.reference, refund.class_id, refund.location_id) == ("ch_9", "5", "6")
    assert "Reference: ch_9" in refund.private_note


def known(refund, **more):
    plain = Known(
        "RefundReceipt",
        refund.source_key,
        "55",
        1,
        refund_fingerprint(refund),
        "7",
        refund.amount,
        Decimal(0),
    )
    return replace(plain, **more)


def test_refund_receipts_are_made_changed_and_deleted_and_then_rest():
    one = inspection(lines=(FEE, refund_line()), payments=(payment("425.00", refunded="75.00"),))
    [refund] = settle(one, books(deposited())).refunds
    [made] = plan_refunds([refund], [], {("RefundReceipt", "1042-R1"): 2})
    assert isinstance(made, CreateRefundReceipt) and made.generation == 3
    assert plan_refunds([refund], [known(refund)], {}) == ()
    [changed] = plan_refunds([refund], [known(refund, fingerprint="old")], {})
    assert isinstance(changed, UpdateRefundReceipt)
    [gone] = plan_refunds([], [known(refund)], {})
    assert isinstance(gone, DeleteRefundReceipt)
    in_hand = known(refund, fingerprint="old", hands_off=True)
    assert plan_refunds([refund], [in_hand], {}) == plan_refunds([], [in_hand], {}) == ()


def test_a_refund_that_quickbooks_is_known_to_refuse_waits_and_the_others_go():
    one = inspection(
        lines=(FEE, refund_line("-50.00", "l2"), refund_line("-75.00", "l3")),
        payments=(payment("425.00", refunded="125.00"),),
    )
    first = follow_refunds(
        inspection(lines=one.lines[:2], payments=(payment("425.00", refunded="50.00"),)), ()
    )
    refunds = settle(one, books(deposited()), seen=follow_refunds(one, first)).refunds
    made = plan_refunds(refunds, [], {})
    closed = Hindrance("closed-books", "The books are closed.")
    plan = with_refunds(Plan(), made, [], lambda action: closed if action is made[0] else None)
    assert plan.refunds == (made[1],)
    assert plan.waits == (Waiting(made[0], closed),)
    nothing_in_the_way = with_refunds(Plan(), made, [Waiting(made[1], closed)], lambda action: None)
    assert (nothing_in_the_way.refunds, nothing_in_the_way.waits) == ((made[0],), (Waiting(made[1], closed),))


cents = st.integers(1, 400_00).map(lambda amount: Decimal(amount).scaleb(-2))


@given(
    given_back=cents,
    with_line=st.booleans(),
    paid=st.integers(40_000, 42_500).map(lambda a: Decimal(a).scaleb(-2)),
)
def test_invoice_less_refunds_is_what_the_platform_says_to_the_cent(given_back, with_line, paid):
    lines = (FEE, refund_line(str(-given_back))) if with_line else (FEE,)
    one = inspection(lines=lines, payments=(payment(str(paid), refunded=str(given_back)),))
    settled = settle(one, books(deposited(str(paid))))
    refunded = sum(refund.amount for refund in settled.refunds)
    assert refunded == given_back == sum(part.amount for refund in settled.refunds for part in refund.lines)
    assert not settled.invoice_stays and settled.desired.invoice.total == Decimal("425.00")
    assert settled.desired.invoice.total == sum(part.amount for part in settled.desired.invoice.lines)
    if with_line:
        assert settled.desired.invoice.total - refunded == one.total
