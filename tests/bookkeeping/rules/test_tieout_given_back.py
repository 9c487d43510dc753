"""Money given back after its deposit, in the statement: it moves to the month it was given back in, and its RefundReceipt says so."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.references import mark, note, refund_key, refund_number
from bookkeeping.rules.tieout import BookDocument, Mirrored, OnRecord
from bookkeeping.rules.tieout_causes import needs_a_look
from tests.bookkeeping.rules.factories import NOON, inspection, line, payment
from tests.bookkeeping.rules.test_tieout import (
    accounted_for,
    causes,
    difference,
    invoice,
    paid,
    records,
    statement,
)

APRIL = date(2026, 4, 2)


def refunded(amount="75.00", *, with_line=True, paid="425.00", **row):
    """An inspection of $425.00 of which so much was given back, as the platform tells it."""
    lines = (line("425.00"), line(f"-{amount}", "fee", "Refund", "l2")) if with_line else (line("425.00"),)
    one = inspection(lines=lines, payments=(payment(paid, "p1042", refunded=amount),))
    return Mirrored(one, **row)


def receipt(amount="75.00", number=1, day=APRIL, **fields):
    """The RefundReceipt of it."""
    values = {
        "kind": "RefundReceipt",
        "qbo_id": f"30{number}",
        "txn_date": day,
        "total": Decimal(amount),
        "doc_number": refund_number("1042", number),
        "private_note": note(mark("refund", refund_key("1042", number))),
    }
    return BookDocument(**{**values, **fields})


def on_record(*numbers, **more):
    """Our records with RefundReceipts of these numbers and a deposited Payment."""
    found = records()
    found["Payment", "21042"] = OnRecord("1042", "p1042", deposited=True)
    return found | {("RefundReceipt", f"30{number}"): OnRecord("1042", "p1042", **more) for number in numbers}


def cells(made, measure):
    """Return {month: difference} of a measure, without the months that agree."""
    months = {month["month"]: month[measure]["difference"]["dollars"] for month in made.as_json()["months"]}
    return {month: dollars for month, dollars in months.items() if dollars != "0.00"}


def test_a_refund_moves_to_its_month_and_is_named():
    made = statement([refunded()], [invoice(), paid(), receipt()], on_record(1))
    assert causes(made) == [("refunded", "1042", "RefundReceipt", "301")] and accounted_for(made)
    assert cells(made, "received") == {"2026-03": "75.00", "2026-04": "-75.00"}
    assert cells(made, "refunded") == {"2026-03": "-75.00", "2026-04": "75.00"}
    assert cells(made, "invoiced") == {"2026-03": "75.00"}
    assert difference(made, "open") == (0, "0.00")
    assert "SP-1042-R1" in made.differences[0].sentence and not needs_a_look("refunded")


def test_a_refund_without_its_line_leaves_the_invoice_paid_and_says_what_is_open_on_the_platform():
    made = statement([refunded(with_line=False)], [invoice(), paid(), receipt()], on_record(1))
    assert accounted_for(made) and cells(made, "invoiced") == {}
    assert difference(made, "open") == (-1, "-75.00")


def test_what_was_booked_before_the_deposit_stays_where_it_was():
    one = refunded("100.00")
    lowered = replace(
        one,
        inspection=replace(
            one.inspection, lines=(line("425.00"), line("-25.00", "fee"), line("-75.00", "fee"))
        ),
    )
    books = [invoice(total="400.00", paid="400.00"), paid(amount="400.00"), receipt()]
    made = statement([lowered], books, on_record(1))
    assert accounted_for(made)
    assert cells(made, "refunded") == {"2026-03": "-75.00", "2026-04": "75.00"}


def test_a_refund_that_waits_is_explained_by_what_it_waits_for():
    one = refunded(state="needs-you", reason="closed-books")
    made = statement([one], [invoice(), paid()], on_record())
    assert accounted_for(made)
    assert {(found.cause, found.reason) for found in made.differences} == {("refused", "closed-books")}


@pytest.mark.parametrize("kept", ["425.00", "350.00"])
def test_a_cancelled_inspection_stays_in_the_books_and_nobody_need_look(kept):
    given_back = Decimal("425.00") - Decimal(kept)
    one = inspection(canceled_at=NOON, payments=(payment("425.00", "p1042", refunded=f"{given_back:.2f}"),))
    books = [invoice(), paid(), *([receipt(f"{given_back:.2f}")] if given_back else [])]
    made = statement([Mirrored(one, "in-sync")], books, on_record(1))
    assert accounted_for(made)
    assert {found.cause for found in made.differences} == {"after-deposit"}
    assert not needs_a_look("after-deposit")


def test_one_that_the_platform_no_longer_has_and_one_twice_are_named():
    one = Mirrored(inspection(payments=(payment("425.00", "p1042"),)))
    made = statement([one], [invoice(), paid(), receipt()], on_record(1))
    assert accounted_for(made)
    twice = statement([refunded()], [invoice(), paid(), receipt(), receipt(qbo_id="999")], on_record(1))
    assert accounted_for(twice) and ("doubled", "1042", "RefundReceipt", "999") in causes(twice)


def test_a_refund_receipt_of_somebody_else_is_foreign():
    foreign = receipt(qbo_id="999", doc_number="17", private_note="")
    made = statement([refunded()], [invoice(), paid(), receipt(), foreign], on_record(1))
    assert accounted_for(made) and ("foreign", "", "RefundReceipt", "999") in causes(made)


def test_a_changed_one_is_said_to_be_changed():
    made = statement([refunded()], [invoice(), paid(), receipt("80.00")], on_record(1, hands_off="drift"))
    assert accounted_for(made) and ("drift", "1042", "RefundReceipt", "301") in causes(made)


cents = st.integers(1, 424_99).map(lambda amount: Decimal(amount).scaleb(-2))


@given(
    amount=cents,
    there=st.lists(cents, max_size=3),
    billed=cents,
    received=cents,
    applied=st.integers(0, 100),
    days=st.lists(st.dates(date(2025, 11, 1), date(2027, 2, 1)), min_size=5, max_size=5),
    with_line=st.booleans(),
)
def test_whatever_the_books_say_every_cent_is_accounted_for(
    amount, there, billed, received, applied, days, with_line
):
    one = refunded(f"{amount:.2f}", with_line=with_line)
    pays = (min(received, billed) * applied / 100).quantize(Decimal("0.01"))
    books = [
        invoice(total=f"{billed:.2f}", txn_date=days[0], balance=billed - pays),
        paid(amount=f"{received:.2f}", applied=f"{pays:.2f}", txn_date=days[1]),
        *[receipt(f"{back:.2f}", number, days[number + 1]) for number, back in enumerate(there, 1)],
    ]
    made = statement([one], books, on_record(*range(1, len(there) + 1)))
    assert accounted_for(made), made.as_json()
