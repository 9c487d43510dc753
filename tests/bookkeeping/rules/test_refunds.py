from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.refunds import (
    Part,
    RefundSeen,
    follow_refunds,
    negative_lines,
    not_on_invoice,
    pair_with_lines,
)
from tests.bookkeeping.rules.factories import NOON, inspection, payment

DAY = timedelta(days=1)


def refunded(*amounts, at=NOON, **more):
    """An inspection of which each payment was refunded by so much in all."""
    paid = tuple(payment("425.00", f"p{place}", refunded=amount) for place, amount in enumerate(amounts, 1))
    return inspection(payments=paid, updated_at=at, **more)


def told(steps):
    return [(step.payment_key, step.number, str(step.amount), step.seen_at) for step in steps]


def test_each_refund_is_a_step_with_the_moment_it_was_first_seen():
    first = follow_refunds(refunded("75.00"), ())
    assert told(first) == [("p1", 1, "75.00", NOON)]
    assert follow_refunds(refunded("75.00", at=NOON + DAY), first) == first
    second = follow_refunds(refunded("100.00", "10.00", at=NOON + DAY), first)
    assert told(second)[1:] == [("p1", 2, "25.00", NOON + DAY), ("p2", 3, "10.00", NOON + DAY)]


def test_what_is_taken_back_is_the_step_of_just_that_amount_else_the_latest():
    steps = (RefundSeen("p1", 1, Decimal("75.00"), NOON), RefundSeen("p1", 2, Decimal("25.00"), NOON + DAY))
    assert [step.amount for step in follow_refunds(refunded("25.00"), steps)] == [
        Decimal("0.00"),
        Decimal("25.00"),
    ]
    assert [step.amount for step in follow_refunds(refunded("60.00"), steps)] == [
        Decimal("60.00"),
        Decimal("0.00"),
    ]
    assert [step.amount for step in follow_refunds(refunded("0.00"), steps)] == [0, 0]


def test_a_number_is_never_used_twice():
    gone = follow_refunds(refunded("0.00"), follow_refunds(refunded("75.00"), ()))
    again = follow_refunds(refunded("75.00", at=NOON + DAY), gone)
    assert told(again) == [("p1", 1, "0.00", NOON), ("p1", 2, "75.00", NOON + DAY)]


def test_steps_of_a_payment_that_the_platform_no_longer_has_stay():
    steps = follow_refunds(refunded("75.00"), ())
    assert follow_refunds(inspection(payments=()), steps) == steps


cents = st.integers(0, 425_00).map(lambda amount: Decimal(amount).scaleb(-2))


@given(st.lists(cents, max_size=6))
def test_whatever_happens_the_steps_come_to_what_is_refunded_and_none_is_below_zero(story):
    steps = ()
    for amount in story:
        steps = follow_refunds(refunded(str(amount)), steps)
        assert sum(step.amount for step in steps) == amount
        assert all(step.amount >= 0 for step in steps)


def test_a_line_of_just_a_refunds_amount_is_that_refunds():
    paired = pair_with_lines({1: Decimal(50), 2: Decimal(75)}, {3: Decimal(75), 4: Decimal(50)})
    assert paired == {1: (Part(4, Decimal(50)),), 2: (Part(3, Decimal(75)),)}


def test_what_no_line_accounts_for_has_none():
    assert pair_with_lines({1: Decimal(75)}, {}) == {1: (Part(None, Decimal(75)),)}
    assert pair_with_lines({1: Decimal(75)}, {2: Decimal(50)}) == {
        1: (Part(2, Decimal(50)), Part(None, Decimal(25)))
    }
    assert pair_with_lines({1: Decimal(75)}, {2: Decimal(100)}) == {1: (Part(2, Decimal(75)),)}


@given(st.lists(cents.filter(bool), max_size=4), st.lists(cents.filter(bool), max_size=4))
def test_pairing_loses_no_cent_and_uses_none_twice(refunds, lines):
    wanted, there = dict(enumerate(refunds)), dict(enumerate(lines))
    paired = pair_with_lines(wanted, there)
    assert {number: sum(part.amount for part in parts) for number, parts in paired.items()} == wanted
    for place, amount in there.items():
        used = sum(part.amount for parts in paired.values() for part in parts if part.line == place)
        assert used <= amount
    on_lines = sum(part.amount for parts in paired.values() for part in parts if part.line is not None)
    assert on_lines == min(sum(refunds), sum(lines))


def test_a_line_that_is_on_the_invoice_is_no_refunds():
    lines = {1: ("Refund", Decimal(-75)), 2: ("Refund", Decimal(-75)), 3: ("Goodwill", Decimal(-20))}
    written = [("Refund", Decimal("-75.00")), ("Goodwill", Decimal("-20.00"))]
    assert not_on_invoice(lines, written) == {2: Decimal(75)}


def test_lines_below_zero_are_found_as_we_wrote_them_and_as_quickbooks_shows_them():
    ours = {
        "Line": [{"Amount": 425.0, "Description": "Inspection"}, {"Amount": -75.0, "Description": "Refund"}]
    }
    theirs = {
        "Line": [
            {"Amount": "-75", "Description": "Refund"},
            {"Amount": "350.00", "DetailType": "SubTotalLineDetail"},
        ]
    }
    assert negative_lines(ours) == negative_lines(theirs) == (("Refund", Decimal("-75.00")),)
