"""The numbers pulled back from QuickBooks: each of them kept as it says, and one that fails keeps none of the others away."""

from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.errors import PermanentError
from bookkeeping.storage.records.numbers import pulled_numbers
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.numbers import months_back, pull_numbers


@pytest.mark.parametrize(
    ("today", "months", "span"),
    [
        (date(2026, 3, 15), 12, (date(2025, 4, 1), date(2026, 3, 31))),
        (date(2026, 12, 1), 12, (date(2026, 1, 1), date(2026, 12, 31))),
        (date(2026, 1, 31), 1, (date(2026, 1, 1), date(2026, 1, 31))),
        (date(2028, 2, 29), 3, (date(2027, 12, 1), date(2028, 2, 29))),
    ],
)
def test_the_months_end_with_the_current_one(today, months, span):
    assert months_back(today, months) == span


def _kept(desk: Desk) -> dict:
    with desk.shop.app.app_context():
        return {place: one.content for place, one in pulled_numbers(desk.id).items()}


def test_open_invoices_and_payments_are_kept_with_the_inspection_behind_them(desk: Desk):
    paid, unpaid = desk.book(inspection(1, days=0), inspection(2, days=0, payments=[]))
    desk.sync_until_quiet()
    assert desk.do(pull_numbers, "numbers") is True
    kept = _kept(desk)
    [row] = kept["open-invoices", ""]["invoices"]
    assert (row["inspection"], Decimal(row["balance"])) == (unpaid, Decimal(575))
    assert Decimal(kept["open-invoices", ""]["total"]) == 575
    [payment] = kept["payments", ""]["payments"]
    assert (payment["inspection"], payment["method"], payment["undeposited"]) == (paid, "Credit Card", True)
    assert (Decimal(payment["total"]), Decimal(payment["unapplied"])) == (575, 0)
    assert Decimal(kept["aged-receivables", ""]["total"]) == 575
    assert Decimal(kept["undeposited", ""]["balance"]) == 575
    income = [
        Decimal(one["amount"])
        for one in kept["profit-and-loss", "Accrual"]["totals"]
        if one["section"] == "Income"
    ]
    assert sum(income) == 1150


def test_one_report_that_is_refused_keeps_none_of_the_others_away(desk: Desk):
    desk.break_calls({"operation": "report", "kind": "fault", "status": 400, "code": "2050", "times": 1})
    with pytest.raises(PermanentError):
        desk.do(pull_numbers, "numbers")
    assert {kind for kind, _ in _kept(desk)} >= {"open-invoices", "payments", "undeposited"}
