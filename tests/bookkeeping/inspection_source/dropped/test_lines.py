"""Dropped lines, checked: what they tell, and for each thing that can be wrong where it stands and what to do."""

from datetime import time
from decimal import Decimal

import pytest

from bookkeeping.inspection_source.dropped.columns import TABLES, headed, template
from bookkeeping.inspection_source.dropped.lines import check_tables, payment_key
from bookkeeping.inspection_source.dropped.sheets import read_tables
from tests.bookkeeping.inspection_source.dropped.factories import (
    DENVER,
    HEAD,
    ONE,
    PAID,
    TWO,
    checked,
    csv_file,
)


def test_an_inspection_is_read_with_its_client_place_and_fee():
    found = checked(HEAD, ONE, TWO)
    assert found.problems == [] and found.rows == 2
    one, two = found.inspections["1001"], found.inspections["1002"]
    assert (one.starts_at.isoformat(), one.confirmed, one.canceled) == (
        "2026-03-02T12:00:00-07:00",
        True,
        False,
    )
    assert (one.client.name, one.client.email, one.address.full) == (
        "Ada Reyes",
        "ada@example.com",
        "12 Oak St",
    )
    assert [(line.name, line.amount, line.kind) for line in two.lines] == [
        ("Radon test", Decimal("1150.00"), "service")
    ]


def test_more_rows_of_one_inspection_are_more_of_its_fees():
    more = ("1001", "", "", "", "", "Discount", "(50.00)")
    [one] = checked(HEAD, ONE, more).inspections.values()
    assert [(line.key, line.amount) for line in one.lines] == [
        ("1001.1", Decimal("425.00")),
        ("1001.2", Decimal("-50.00")),
    ]


@pytest.mark.parametrize("kind", TABLES)
def test_the_template_is_read_without_a_problem(kind):
    found = check_tables(read_tables("t.csv", csv_file(*template(kind))), DENVER)
    assert found.problems == [] and found.unread == {}
    assert [*found.inspections, *found.payments] == ["1001"]


@pytest.mark.parametrize("kind", TABLES)
def test_every_other_name_of_a_column_is_that_column_and_no_two_share_one(kind):
    names = [name for one in TABLES[kind] for name in (one.name, *one.others)]
    assert len({name.lower() for name in names}) == len(names)
    for one in TABLES[kind]:
        others = [each.name for each in TABLES[kind] if each is not one]
        for name in one.others:
            [table] = read_tables("t.csv", csv_file([f" {name.upper()}# ".replace("#", ""), *others]))
            found = headed(table)
            assert (found.kind, one.field in found.places, found.unread) == (kind, True, ()), name


def test_headings_may_follow_empty_rows_and_unread_columns_are_named():
    found = checked(("",), (*HEAD, "Mood"), (*ONE, "good"))
    assert found.unread == {"march.csv": ("Mood",)} and list(found.inspections) == ["1001"]


def changed(row: tuple[str, ...], head: tuple[str, ...] = HEAD, **values: str) -> tuple[str, ...]:
    return tuple(values.get(name.replace(" ", "_"), value) for name, value in zip(head, row, strict=True))


PAYMENT = ("1001", "P-1", "2026-03-02", "575.00", "card")
BAD = {
    "no number": (HEAD, changed(ONE, Inspection=""), "Inspection", "is empty. Fill it in"),
    "a number too long": (HEAD, changed(ONE, Inspection="1" * 31), "Inspection", "at most 30"),
    "no day": (HEAD, changed(ONE, Date=""), "Date", "is empty"),
    "day first": (HEAD, changed(ONE, Date="13/02/2026"), "Date", "such as 2026-03-02 or 3/2/2026"),
    "no such day": (HEAD, changed(ONE, Date="2026-02-30"), "Date", "must be a day"),
    "a year of old": (HEAD, changed(ONE, Date="1026-03-02"), "Date", "must be a day"),
    "no service": (HEAD, changed(ONE, Service=""), "Service", "is empty"),
    "no fee": (HEAD, changed(ONE, Fee=""), "Fee", "must be dollars"),
    "a fee in words": (HEAD, changed(ONE, Fee="free"), "Fee", "it is “free”"),
    "a comma for a point": (HEAD, changed(ONE, Fee="425,00"), "Fee", "must be dollars"),
    "thirds of cents": (HEAD, changed(ONE, Fee="1.333"), "Fee", "must be dollars"),
    "no address of mail": (HEAD, changed(ONE, Email="ada"), "Email", "must be an address"),
    "no time": ((*HEAD, "Time"), (*ONE, "noon"), "Time", "such as 9:00 AM"),
    "no kind": ((*HEAD, "Kind"), (*ONE, "gift"), "Kind", "one of service, fee, discount, tax"),
    "a discount above zero": ((*HEAD, "Kind"), (*ONE, "discount"), "Fee", "must be below zero"),
    "perhaps": ((*HEAD, "Confirmed"), (*ONE, "maybe"), "Confirmed", "must be yes or no"),
    "no payment number": (PAID, changed(PAYMENT, PAID, Payment=""), "Payment", "is empty"),
    "nothing paid": (PAID, changed(PAYMENT, PAID, Amount="0"), "Amount", "must be above zero"),
    "paid in sheep": (PAID, changed(PAYMENT, PAID, Method="sheep"), "Method", "must be card, ach"),
    "refunded more": ((*PAID, "Refunded"), (*PAYMENT, "600"), "Refunded", "to the amount, 575.00"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_each_problem_says_where_it_stands_and_what_to_do(kind):
    head, row, column, says = BAD[kind]
    found = checked(head, row)
    [problem] = found.problems
    assert (problem.table, problem.line, problem.column) == ("march.csv", 2, column)
    assert says in problem.says and problem.says.endswith(".")
    assert found.inspections == {} and found.payments == {}, "Nothing of it is believed in part."
    keyed = column != "Inspection"
    assert (problem.key == "1001", found.blocking == []) == (keyed, keyed)


def test_one_bad_line_sets_its_own_inspection_aside_and_no_other():
    found = checked(HEAD, ONE, ("1001", "", "", "", "", "Radon", "x"), TWO)
    assert list(found.inspections) == ["1002"] and list(found.bad) == ["1001"]
    more = checked(HEAD, changed(ONE, Date="x"), ("1001", "", "", "", "", "Radon", "5"))
    assert [one.line for one in more.problems] == [2], "A fee of it is not told that a day is missing."


def test_two_rows_of_one_inspection_may_not_say_two_things_of_it():
    found = checked(HEAD, ONE, changed(ONE, Date="2026-03-03"))
    [problem] = found.problems
    assert (problem.line, problem.column) == (3, "Date") and "another than in line 2" in problem.says


def test_a_payment_is_listed_once():
    found = checked(PAID, PAYMENT, PAYMENT)
    assert [one.line for one in found.problems] == [3] and found.payments == {}


def test_missing_and_doubled_headings_stop_the_table():
    missing = checked(("Inspection", "Service"), ("1", "x"))
    assert [one.column for one in missing.blocking] == ["Date, Fee"] and missing.rows == 0
    doubled = checked((*HEAD, "Price"), (*ONE, "1"))
    assert [one.column for one in doubled.blocking] == ["Price"]


def test_days_and_times_are_read_in_the_shapes_people_write():
    head = (*HEAD, "Time")
    for day, clock, expected in (
        ("3/2/26", "9am", time(9)),
        ("2026-03-02 14:30", "", time(14, 30)),
        ("03/02/2026", "2:05 PM", time(14, 5)),
        ("2026-03-02", "", time(12)),
    ):
        [one] = checked(head, (*changed(ONE, Date=day), clock)).inspections.values()
        assert (one.starts_at.date().isoformat(), one.starts_at.time()) == ("2026-03-02", expected)


def test_one_client_is_known_by_the_address_of_mail_and_else_by_name_and_phone():
    def key(**values: str) -> str:
        [one] = checked(
            (*HEAD, "Phone"), (*changed(ONE, **values), values.get("Phone", ""))
        ).inspections.values()
        return one.client.key if one.client else ""

    assert key() == key(Email="ADA@example.com", Client="A. Reyes") != key(Email="bo@example.com")
    assert key(Email="", Phone="303 555") == key(Email="", Phone="(303) 555") != key(Email="", Phone="1")
    assert key(Email="", Client="") == ""


def test_payment_numbers_are_each_inspections_own():
    assert payment_key("1", "2") == "1.2" != payment_key("1", "3")
    assert payment_key("1", "2.3") != payment_key("1.2", "3") and len(payment_key("1" * 30, "#" * 30)) <= 64
