"""What a dropped file changes of an inspection, said in few words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bookkeeping.inspection_source.dropped.cells import Problem
from bookkeeping.inspection_source.dropped.differences import difference
from tests.bookkeeping.inspection_source.dropped.factories import HEAD, NOW, ONE, PAID, checked
from webapp.dropping.words import in_order, told

ZONE = "America/Denver"
[BEFORE] = difference(checked(HEAD, ONE), {}, NOW).new
PAYMENT = ("1001", "P-1", "2026-03-02", "100.00", "card")


def test_a_new_inspection_is_named_and_nothing_is_said_of_it():
    row = told(BEFORE, ZONE)
    assert (row.key, row.client, row.starts, row.total, row.says) == (
        "1001",
        "Ada Reyes",
        "Mar 2, 2026",
        Decimal("425.00"),
        (),
    )


def test_each_thing_that_is_other_is_said():
    [paid] = difference(checked(PAID, PAYMENT), {"1001": BEFORE}, NOW).changed
    cases = {
        "Day: Mar 2, 2026, 12:00 PM → Mar 3, 2026, 12:00 PM": replace(
            BEFORE, starts_at=BEFORE.starts_at + timedelta(1)
        ),
        "Address: 12 Oak St → none": replace(BEFORE, address=replace(BEFORE.address, full="")),
        "Client: Ada Reyes → none": replace(BEFORE, client=None),
        "Inspector: none → Bo": replace(BEFORE, inspector_name="Bo"),
        "Fees: $425.00 → $0.00": replace(BEFORE, lines=()),
        "Cancelled": replace(BEFORE, canceled_at=NOW),
        "No longer confirmed": replace(BEFORE, confirmed_at=None),
        "Payment of $100.00": paid,
        "Details": replace(BEFORE, slug="x"),
        "Can be read again": BEFORE,
    }
    assert {says: told(after, ZONE, BEFORE).says for says, after in cases.items()} == {
        says: (says,) for says in cases
    }
    payment = paid.payments[0]
    for says, other in (
        ("voided", replace(payment, voided_at=NOW)),
        ("changed", replace(payment, reference="7")),
    ):
        after = replace(paid, payments=(other,))
        assert told(after, ZONE, paid).says == (f"Payment of $100.00 {says}",)


def test_problems_stand_in_the_order_of_the_file():
    problems = [Problem("b", 1, "", ""), Problem("a", 9, "", ""), Problem("a", 2, "", "")]
    assert [(one.table, one.line) for one in in_order(problems)] == [("a", 2), ("a", 9), ("b", 1)]
