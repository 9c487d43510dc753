"""A payment that the platform lists with two inspections, or moves from one to another: its money is in the books once, whatever comes first."""

from typing import Any

import pytest

from bookkeeping.rules.documents import desired_documents
from bookkeeping.rules.planning import listed_twice
from tests.bookkeeping.rules.factories import SETTINGS, payment
from tests.bookkeeping.rules.factories import inspection as told
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.reconciling.test_money_that_is_there import answer, book, by_hand, pay


def _list_payments(desk: Desk, key: str, *payments: str) -> None:
    """Let the feed list these payments, by id, with the inspection, whosever they are."""
    listed = [{"type": "payment", "id": one} for one in payments]
    desk.change(key, raw={"relationships": {"payments": {"data": listed}}})


def _payment_of(desk: Desk, key: str) -> str:
    [found] = desk.platform.get(f"/_standin/inspections/{key}")["payments"]
    return str(found["id"])


def _paid(desk: Desk) -> list[tuple[str, float]]:
    """Return the number of the Invoice that each Payment pays, and how much."""
    books = desk.books()
    numbers = {one["Id"]: one["DocNumber"] for one in books["Invoice"]}
    return sorted(
        (numbers[one["Line"][0]["LinkedTxn"][0]["TxnId"]], one["TotalAmt"]) for one in books["Payment"]
    )


def _state(desk: Desk, key: str) -> tuple[str, str]:
    row = desk.mirrored()[key]
    return row.state, row.reason


def _two(desk: Desk) -> tuple[str, str, str]:
    """Return two inspections in sync, the first one paid, and its payment."""
    first, second = desk.book(inspection(1), inspection(2, payments=[]))
    desk.sync_until_quiet()
    return first, second, _payment_of(desk, first)


def test_a_payment_that_moves_is_moved(desk: Desk):
    first, second, paid = _two(desk)
    _list_payments(desk, second, paid)
    _list_payments(desk, first)
    desk.run()
    assert _paid(desk) == [(f"SP-{second}", 575.0)]
    _list_payments(desk, first, paid)  # And back again.
    _list_payments(desk, second)
    desk.sync_until_quiet()
    assert _paid(desk) == [(f"SP-{first}", 575.0)]
    assert {_state(desk, key) for key in (first, second)} == {("in-sync", "")}


def test_a_payment_that_is_told_of_the_second_one_first_is_booked_once(desk: Desk):
    first, second, paid = _two(desk)
    _list_payments(desk, second, paid)
    desk.run()
    assert _paid(desk) == [(f"SP-{first}", 575.0)]
    assert _state(desk, second) == ("needs-you", "payment-elsewhere")
    assert f"Inspection {first} has it, too." in desk.mirrored()[second].detail
    desk.run("nightly")
    assert _paid(desk) == [(f"SP-{first}", 575.0)]
    _list_payments(desk, first)
    desk.run()
    assert _paid(desk) == [(f"SP-{second}", 575.0)]
    assert {_state(desk, key) for key in (first, second)} == {("in-sync", "")}


def test_new_inspections_that_list_one_payment_book_it_once(desk: Desk):
    first, second = desk.book(inspection(1), inspection(2, payments=[]))
    _list_payments(desk, second, _payment_of(desk, first))
    desk.sync_until_quiet()
    assert len(_paid(desk)) == 1
    assert sorted(_state(desk, key) for key in (first, second)) == [
        ("in-sync", ""),
        ("needs-you", "payment-elsewhere"),
    ]


def test_what_keeps_the_first_one_keeps_the_money_there_until_it_goes(desk: Desk):
    first, second, paid = _two(desk)
    bookkeeper = Bookkeeper(desk)
    deposit = bookkeeper.deposit(*desk.books()["Payment"])
    _list_payments(desk, second, paid)
    _list_payments(desk, first)
    desk.run("nightly")
    assert _paid(desk) == [(f"SP-{first}", 575.0)]
    assert _state(desk, second) == ("needs-you", "payment-elsewhere")
    bookkeeper.delete("Deposit", deposit)
    desk.run("nightly")
    assert _paid(desk) == [(f"SP-{second}", 575.0)]
    assert {_state(desk, key) for key in (first, second)} == {("in-sync", "")}


def test_a_payment_for_which_theirs_is_used_is_not_booked_with_another_inspection(desk: Desk):
    first = book(desk)
    theirs = by_hand(desk, first, "450.00", days_ago=3)
    pay(desk, first, "450.00", "ch_1")
    assert answer(desk, first, "use")
    [second] = desk.book(inspection(2, payments=[]))
    _list_payments(desk, second, _payment_of(desk, first))
    _list_payments(desk, first)
    desk.run()
    assert [one["Id"] for one in desk.books()["Payment"]] == [theirs["Id"]]
    assert _state(desk, second) == ("needs-you", "payment-elsewhere")
    assert _state(desk, first) == ("needs-you", "payment-differs")
    Bookkeeper(desk).delete("Payment", theirs["Id"])
    desk.run("nightly")
    assert _paid(desk) == [(f"SP-{second}", 450.0)]
    assert {_state(desk, key) for key in (first, second)} == {("in-sync", "")}


def _listing(key: str, *payments: str) -> tuple[str, list[Any]]:
    one = told(key=key, payments=tuple(payment("100.00", key=each) for each in payments))
    return key, list(desired_documents(one, SETTINGS).payments)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([("a", "p"), ("b", "q")], {}),
        ([("a", "p"), ("b", "p", "q"), ("c", "q", "p")], {"b": {"p": "a"}, "c": {"q": "b", "p": "a"}}),
    ],
)
def test_the_first_one_that_lists_it_has_it(listed, expected):
    assert listed_twice(_listing(*one) for one in listed) == expected
