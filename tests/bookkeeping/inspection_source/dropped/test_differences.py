"""What dropped files change, laid over what earlier ones told: nothing is lost that a file leaves out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bookkeeping.inspection_source.dropped.differences import days_of, difference, taken_out
from tests.bookkeeping.inspection_source.dropped.factories import DENVER, HEAD, NOW, ONE, PAID, TWO, checked

LATER = NOW + timedelta(days=1)
FIRST = {one.key: one for one in difference(checked(HEAD, ONE, TWO), {}, NOW).new}
DEPOSIT = ("1001", "P-1", "2026-03-02", "100.00", "card")
REST = ("1001", "P-2", "2026-03-04", "325.00", "check")


def keys(inspections):
    return [one.key for one in inspections]


def test_what_was_never_told_is_new_and_the_same_told_again_is_nothing():
    assert sorted(FIRST) == ["1001", "1002"]
    again = difference(checked(HEAD, ONE, TWO), FIRST, LATER)
    assert (again.same, again.is_empty) == (["1001", "1002"], True)


def test_what_is_told_otherwise_changes_and_keeps_when_it_was_made():
    moved = (*ONE[:4], "15 Oak St", *ONE[5:])
    found = difference(checked(HEAD, moved), FIRST, LATER)
    [one] = found.changed
    assert (one.created_at, one.updated_at, one.confirmed_at) == (NOW, LATER, NOW)
    assert one.address.line1 == "15 Oak St" and found.new == []


def test_a_payment_that_a_later_file_does_not_list_stays():
    [paid] = difference(checked(PAID, DEPOSIT), FIRST, NOW).changed
    [more] = difference(checked(PAID, REST), {"1001": paid}, LATER).changed
    assert [one.key for one in more.payments] == ["1001.P-1", "1001.P-2"]
    again = difference(checked(HEAD, ONE), {"1001": more}, LATER)
    assert again.same == ["1001"], "A file of inspections alone takes no payment back."


def test_a_payment_is_corrected_and_voided_under_its_number():
    [paid] = difference(checked(PAID, DEPOSIT), FIRST, NOW).changed
    voided = checked((*PAID, "Voided"), (*DEPOSIT, "yes"))
    [gone] = difference(voided, {"1001": paid}, LATER).changed
    assert [one.voided_at for one in gone.payments] == [LATER]
    assert difference(voided, {"1001": gone}, LATER + timedelta(1)).same == ["1001"], "Since when, stays."


def test_a_payment_for_an_inspection_that_nobody_told_of_is_set_aside():
    found = difference(checked(PAID, DEPOSIT), {}, NOW)
    assert list(found.bad) == ["1001"] and "no inspection 1001" in found.bad["1001"][0].says
    assert found.new == found.changed == []


def test_what_is_missing_between_the_files_first_and_last_day_is_named_and_stays():
    found = difference(checked(HEAD, ONE), FIRST, LATER)
    assert keys(found.missing) == ["1002"]
    [gone] = taken_out(found.missing, LATER)
    assert (gone.deleted_at, gone.total) == (LATER, FIRST["1002"].total)
    back = difference(checked(HEAD, TWO), {"1002": gone}, LATER)
    assert [one.deleted_at for one in back.changed] == [None], "Listed again, it is there again."
    assert difference(checked(PAID, DEPOSIT), FIRST, LATER).missing == []


def test_one_with_a_bad_line_is_neither_missing_nor_changed():
    found = difference(checked(HEAD, (*ONE[:-1], "x"), TWO), FIRST, LATER)
    assert (list(found.bad), found.same, found.missing, found.changed) == (["1001"], ["1002"], [], [])


def test_the_days_of_a_file_are_whole_days_of_the_company():
    first, last = days_of(checked(HEAD, ONE, TWO), DENVER)
    assert (first, last) == (datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 5, 7, tzinfo=UTC))
    assert days_of(checked(PAID, DEPOSIT), DENVER) is None


def test_cancelled_and_unconfirmed_are_told_and_taken_back():
    head = (*HEAD, "Cancelled", "Confirmed")
    [off] = difference(checked(head, (*ONE, "yes", "no")), FIRST, LATER).changed
    assert (off.canceled_at, off.confirmed_at) == (LATER, None)
    [on] = difference(checked(head, (*ONE, "no", "")), {"1001": off}, LATER).changed
    assert (on.canceled_at, on.confirmed_at) == (None, LATER)
    assert replace(on, confirmed_at=NOW).content_hash() == FIRST["1001"].content_hash()
