"""Refunds of payments that no Deposit holds: taken off their Payments, asked about beside what somebody entered, or left to that."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.actions import DeletePayment, Known, UpdatePayment
from bookkeeping.rules.documents import desired_documents
from bookkeeping.rules.hindering import Hindrances, Others, beside_taken_off, differing
from bookkeeping.rules.planning import Hindrance
from bookkeeping.rules.refunds import RefundSeen, as_if_kept, taken_off
from tests.bookkeeping.rules.factories import NOON, SETTINGS, inspection, line, payment

FEES = (line("425.00"), line("-75.00", "fee", "Refund", "l2"))
ONE = inspection(lines=FEES, payments=(payment("425.00", refunded="75.00"),))
STEP = RefundSeen("p1", 1, Decimal("75.00"), NOON)
BY_HAND = Others("88", date(2026, 3, 4), Decimal("75.00"), Decimal("75.00"), "R-17", kind="RefundReceipt")
USED = replace(BY_HAND, stands_for="1042-R1")
ZONE = "America/Denver"


def beside(others, booked, *, in_books=True, one=ONE, seen=(STEP,)):
    told = desired_documents(one, SETTINGS)
    there = {"p1": Decimal(booked) if booked else None}
    return beside_taken_off(one, SETTINGS, told, seen, there, others, in_books=in_books)


def said(found):
    """Return (Invoice total, what the Payment comes to)."""
    assert found.told.invoice is not None
    return f"{found.told.invoice.total:.2f}", [f"{one.amount:.2f}" for one in found.told.payments]


@pytest.mark.parametrize(
    ("booked", "used", "expected"),
    [
        (Decimal("425.00"), (), [False]),
        (Decimal("350.00"), (), [True]),
        (None, (), [False]),
        (Decimal("425.00"), ("1042-R1",), []),
    ],
)
def test_a_refund_is_taken_off_once_its_payment_leaves_it_out(booked, used, expected):
    found = taken_off(ONE, [STEP], {"p1": booked}, used, ZONE)
    assert [one.done for one in found] == expected
    assert all(
        (one.source_key, one.txn_date, one.amount) == ("1042-R1", date(2026, 3, 2), 75) for one in found
    )


def test_history_and_what_was_pulled_back_or_taken_back_takes_nothing_off():
    assert taken_off(ONE, [STEP], {}, (), ZONE) == ()
    voided = replace(ONE, payments=(replace(ONE.payments[0], voided_at=NOON),))
    assert taken_off(voided, [STEP], {"p1": None}, (), ZONE) == ()
    kept = inspection(payments=(payment("425.00"),))
    assert taken_off(kept, [STEP], {"p1": Decimal("425.00")}, (), ZONE) == ()


def test_of_two_refunds_the_one_that_theirs_stands_for_is_not_what_the_payment_leaves_out():
    two = replace(ONE, payments=(payment("425.00", refunded="175.00"),))
    seen = [STEP, RefundSeen("p1", 2, Decimal("100.00"), NOON)]
    [rest] = taken_off(two, seen, {"p1": Decimal("325.00")}, ("1042-R1",), ZONE)
    assert (rest.source_key, rest.done) == ("1042-R2", True)


def test_one_that_may_be_the_same_keeps_the_payment_from_being_lowered_until_the_answer():
    found = beside([BY_HAND], "425.00")
    assert found.waits["p1"].code == "same-money" and said(found) == ("425.00", ["425.00"])
    hinders = Hindrances(taking_off=found.waits)
    known = Known("Payment", "p1", "150", 1, "f", "7", Decimal("425.00"), Decimal("425.00"))
    wanted = found.told.payments[0]
    assert hinders(UpdatePayment(wanted, known)) == hinders(DeletePayment(known)) == found.waits["p1"]
    assert Hindrances()(DeletePayment(known)) is None
    assert beside([replace(BY_HAND, not_same_as=frozenset({"1042-R1"}))], "425.00").waits == {}
    assert beside([BY_HAND], "350.00").waits == {}, "Ours was taken off before."


def test_where_theirs_stands_the_payment_is_whole_and_so_is_the_invoice():
    assert said(beside([USED], "425.00")) == said(beside([USED], "350.00")) == ("425.00", ["425.00"])
    assert said(beside([], "425.00")) == ("350.00", ["350.00"])


def test_a_payment_that_is_not_made_yet_is_made_whole_before_theirs_is_asked_about():
    assert said(beside([BY_HAND], None)) == ("425.00", ["425.00"])


def test_of_one_that_is_not_in_the_books_nothing_is_made_whole():
    assert beside([USED], "350.00", in_books=False).inspection == ONE


def test_payments_made_whole_go_where_they_would_have_gone():
    told = desired_documents(ONE, SETTINGS)
    told = replace(told, payments=tuple(replace(one, deposit_account_id="35") for one in told.payments))
    found = beside_taken_off(ONE, SETTINGS, told, [STEP], {"p1": None}, [USED], in_books=True)
    assert [one.deposit_account_id for one in found.told.payments] == ["35"]


@pytest.mark.parametrize(
    ("fees", "left"),
    [
        ([("-75.00", "fee")], []),
        ([("-50.00", "fee"), ("-25.00", "fee")], []),  # All that is negative is all that was refunded.
        ([("-50.00", "fee")], ["-50.00"]),  # A reduction of another reason stays.
        ([("-75.00", "fee"), ("-50.00", "fee")], ["-50.00"]),
        ([("-75.00", "discount")], ["-75.00"]),
    ],
)
def test_what_a_refund_was_for_goes_with_it_and_other_reductions_stay(fees, left):
    lines = (line("425.00"), *(line(amount, kind, key=f"f{n}") for n, (amount, kind) in enumerate(fees)))
    kept = as_if_kept(replace(ONE, lines=lines), [STEP])
    assert [f"{one.amount:.2f}" for one in kept.lines] == ["425.00", *left]
    assert kept.payments[0].refunded_amount == 0


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ([], ["-25.00"]),  # More was taken off the fees than given back: the rest stays on the Invoice.
        ([("Refund", Decimal("-25.00"))], ["-25.00"]),  # And so it is written the next time.
        ([("Refund", Decimal("-100.00"))], ["-100.00"]),  # It was there when it was paid.
    ],
)
def test_beside_a_payment_that_stands_whole_lines_pair_as_after_a_deposit(written, left):
    lines = (line("425.00"), line("-100.00", "fee", "Refund", "l2"))
    kept = as_if_kept(replace(ONE, lines=lines), [STEP], written)
    assert [f"{one.amount:.2f}" for one in kept.lines[1:]] == left
    found = beside_taken_off(
        replace(ONE, lines=lines),
        SETTINGS,
        desired_documents(ONE, SETTINGS),
        [STEP],
        {"p1": Decimal("425.00")},
        [USED],
        written=written,
        in_books=True,
    )
    assert [f"{one.amount:.2f}" for one in found.inspection.lines[1:]] == left


@given(st.lists(st.integers(1, 9000), max_size=4), st.lists(st.integers(1, 9000), max_size=4))
def test_whatever_is_kept_no_line_goes_above_zero_and_no_refund_below(fees, refunds):
    lines = (line("425.00"), *(line(f"-{one}", "fee", key=f"f{one}") for one in fees))
    paid = payment("40000.00", refunded=f"{sum(refunds)}.00")
    seen = [RefundSeen("p1", number, Decimal(one), NOON) for number, one in enumerate(refunds, 1)]
    kept = as_if_kept(inspection(lines=lines, payments=(paid,)), seen)
    assert all(one.amount < 0 for one in kept.lines[1:]) and kept.payments[0].refunded_amount == 0
    given_for = sum((one.amount for one in kept.lines), Decimal(0)) - sum(
        (one.amount for one in lines), Decimal(0)
    )
    assert 0 <= given_for <= sum(refunds)


@pytest.mark.parametrize(
    ("amount", "voided", "says"),
    [
        ("75.00", False, None),
        ("60.00", False, "$60.00 was given back"),
        ("0.00", False, "nothing of it was given back"),
        ("75.00", True, "nothing of it was given back"),
    ],
)
def test_theirs_that_gives_back_another_amount_than_the_platform_says_waits_for_a_person(
    amount, voided, says
):
    received = replace(ONE.payments[0], voided_at=NOON + timedelta(days=1) if voided else None)
    one = replace(ONE, payments=(received,))
    found = differing(one, [replace(STEP, amount=Decimal(amount))], [USED])
    detail = f"RefundReceipt R-17 of $75.00 is used for a refund of it, but the inspection says that {says}."
    assert found == ({"p1": Hindrance("refund-differs", detail)} if says else {})


def test_theirs_of_a_payment_that_the_platform_no_longer_has_waits_for_a_person_and_of_no_refund_does_not():
    gone = replace(ONE, payments=())
    assert set(differing(gone, [STEP], [USED])) == {"p1"}
    assert differing(gone, [STEP], [BY_HAND]) == {}
    assert differing(ONE, [STEP], [replace(USED, stands_for="1043-R1")]) == {}
