"""The pulled numbers as tables: months, accounts, ages, methods. Values in, values out."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bookkeeping.storage.records.numbers import PulledNumbers
from webapp.numbers.figures import (
    accounts_of,
    age_names,
    age_sums,
    aging_chart,
    by_method,
    days_late,
    method_chart,
    months_between,
    profit_chart,
    profit_months,
    pulled_at,
    total_of,
)

NOON = datetime(2026, 3, 2, 19, tzinfo=UTC)


def _profit(basis: str, income: str, net: str) -> PulledNumbers:
    totals = [
        {"section": "Income", "month": "2026-02", "amount": income},
        {"section": "NetIncome", "month": "2026-02", "amount": net},
    ]
    content = {"totals": totals, "accounts": []}
    return PulledNumbers(
        kind="profit-and-loss", basis=basis, period="2026-01-01 2026-03-31", content=content, pulled_at=NOON
    )


def test_months_stand_side_by_side_on_both_bases_and_none_is_left_out():
    pulled = {
        ("profit-and-loss", "Accrual"): _profit("Accrual", "100.00", "60.00"),
        ("profit-and-loss", "Cash"): _profit("Cash", "80.00", "-5.00"),
    }
    january, february, march = profit_months(pulled)
    assert (january.month, january.first, january.last) == ("2026-01", "2026-01-01", "2026-01-31")
    assert (february.last, march.last) == ("2026-02-28", "2026-03-31")
    assert february.income == {"Accrual": Decimal("100.00"), "Cash": Decimal("80.00")}
    assert february.net == {"Accrual": Decimal("60.00"), "Cash": Decimal("-5.00")}
    assert january.income == march.net == {"Accrual": Decimal("0.00"), "Cash": Decimal("0.00")}
    drawn = str(profit_chart([february]))
    assert "Income, accrual" in drawn and "Income, cash" in drawn and "$100.00" in drawn


def test_before_the_first_pull_there_are_no_months():
    assert (profit_months({}), pulled_at({}), accounts_of(None)) == ([], None, [])


@pytest.mark.parametrize(
    ("period", "months"),
    [
        ("2026-03-01 2026-03-31", ["2026-03"]),
        ("2025-11-01 2026-02-28", ["2025-11", "2025-12", "2026-01", "2026-02"]),
    ],
)
def test_a_period_has_all_of_its_months_across_the_year(period, months):
    assert months_between(period) == months


def test_accounts_add_up_over_the_months_in_the_order_of_a_profit_and_loss():
    lines = [
        ("Expenses", "Fuel", "5.00"),
        ("Income", "Services", "100.00"),
        ("Other", "Odd", "1.00"),
        ("Income", "Fees", "20.00"),
        ("Income", "Services", "50.50"),
    ]
    content = {
        "accounts": [
            {"section": section, "account": name, "amount": amount} for section, name, amount in lines
        ]
    }
    assert accounts_of(PulledNumbers(content=content)) == [
        ("Income", "Fees", Decimal("20.00")),
        ("Income", "Services", Decimal("150.50")),
        ("Expenses", "Fuel", Decimal("5.00")),
        ("Other", "Odd", Decimal("1.00")),
    ]


def test_what_is_owed_adds_up_by_age_under_words():
    content = {
        "ages": ["Current", "1 - 30", "91 and over"],
        "customers": [{"by_age": ["10.00", "0", "2.50"]}, {"by_age": ["1.00", "3.00", "0"]}],
    }
    assert age_sums(content) == [Decimal("11.00"), Decimal("3.00"), Decimal("2.50")]
    assert age_names([*content["ages"], "Total"]) == [
        "Not due yet",
        "1–30 days late",
        "91 and over days late",
        "Total",
    ]
    assert "1–30 days late" in str(aging_chart(content))


def test_payments_are_summed_by_method_the_largest_first():
    payments = [
        {"method": "Check", "total": "100.00"},
        {"method": "", "total": "250.00"},
        {"method": "Check", "total": "50.00"},
        {"method": "ACH", "total": "150.00"},
    ]
    methods = by_method(payments)
    assert [(one.name, one.count, one.total) for one in methods] == [
        ("No method", 1, Decimal("250.00")),
        ("ACH", 1, Decimal("150.00")),
        ("Check", 2, Decimal("150.00")),
    ]
    assert "Received by payment method" in str(method_chart(methods))
    assert total_of(payments) == Decimal("550.00")
    assert total_of([], "balance") == 0


def test_the_page_is_as_old_as_its_oldest_figure():
    old, new = (PulledNumbers(pulled_at=at) for at in (NOON - timedelta(hours=3), NOON))
    assert pulled_at({("a", ""): new, ("b", ""): old}) == NOON - timedelta(hours=3)


def test_an_invoice_is_late_from_the_day_after_it_was_due():
    due = date(2026, 3, 2)
    days = [days_late("2026-03-02", due + timedelta(days=number)) for number in (-1, 0, 1, 30)]
    assert days == [0, 0, 1, 30] and days_late("", due) == 0
