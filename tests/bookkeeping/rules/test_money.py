from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.money import cents, dollars
from tests.bookkeeping.rules.factories import money


@given(money)
def test_cents_read_back_what_is_written(amount):
    assert cents(str(amount)) == amount
    assert cents(str(amount)).as_tuple().exponent == -2


@pytest.mark.parametrize(("text", "amount"), [("425", "425.00"), ("425.5", "425.50"), ("-0.01", "-0.01")])
def test_fewer_places_are_allowed(text, amount):
    assert str(cents(text)) == amount


def test_minus_zero_is_zero():
    assert str(cents("-0.00")) == "0.00"


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1.", ".5", "1.234", "1e2", "NaN", "Infinity", "1,000.00", "$5", "+5", "٥", "1\n", "9" * 12]
    + [5, 5.0, Decimal("5.00"), None, True, ["5.00"]],
)
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="is not an amount"):
        cents(text)


@given(st.text())
def test_text_is_an_amount_or_refused(text):
    try:
        amount = cents(text)
    except ValueError:
        return
    assert amount == Decimal(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234.5", "$1,234.50"),
        ("-5", "-$5.00"),
        ("0", "$0.00"),
        ("-0.00", "$0.00"),
        ("1000000", "$1,000,000.00"),
    ],
)
def test_dollars(amount, text):
    assert dollars(Decimal(amount)) == text


@given(money)
def test_dollars_keep_every_cent(amount):
    assert Decimal(dollars(amount).replace("$", "").replace(",", "")) == amount
