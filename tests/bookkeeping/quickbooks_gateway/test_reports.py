"""Reports in the shapes QuickBooks gives them: nested, empty, or for other dates than were asked for."""

import json
from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.errors import PermanentError
from bookkeeping.quickbooks_gateway.reports import aged_receivables, profit_and_loss
from tests.harness import ROOT


class Answers:
    """A gateway that gives one report, or one made from the question, and remembers the questions."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def report(self, name, params):
        self.asked.append((name, params))
        return self.answer(params) if callable(self.answer) else self.answer


def cells(*values, account=""):
    first = {"value": values[0], "id": account} if account else {"value": values[0]}
    return [first, *({"value": value} for value in values[1:])]


def months_report(params):
    """Two months: income with a sub-account, and expenses, for whatever dates are asked for."""
    month = {"ColType": "Money", "MetaData": [{"Name": "StartDate", "Value": params["start_date"]}]}
    income = {
        "Header": {"ColData": cells("Income", "", "")},
        "Rows": {
            "Row": [
                {"ColData": cells("Services", "900.00", "900.00", account="1"), "type": "Data"},
                {
                    "Header": {"ColData": cells("Testing", "10.00", "10.00", account="7")},
                    "Rows": {
                        "Row": [
                            {"ColData": cells("Radon", "1,250.50", "1250.50", account="8"), "type": "Data"}
                        ]
                    },
                    "Summary": {"ColData": cells("Total Testing", "1260.50", "1260.50")},
                    "type": "Section",
                },
            ]
        },
        "Summary": {"ColData": cells("Total Income", "2160.50", "2160.50")},
        "type": "Section",
        "group": "Income",
    }
    net = {
        "Summary": {"ColData": cells("Net Income", "2160.50", "2160.50")},
        "type": "Section",
        "group": "NetIncome",
    }
    return {
        "Header": {
            "StartPeriod": params["start_date"],
            "EndPeriod": params["end_date"],
            "ReportBasis": params["accounting_method"],
        },
        "Columns": {
            "Column": [
                {"ColTitle": "", "ColType": "Account"},
                month,
                {"ColTitle": "Total", "ColType": "Money"},
            ]
        },
        "Rows": {"Row": [income, net]},
    }


def test_accounts_and_section_totals_are_read_whatever_the_nesting():
    found = profit_and_loss(Answers(months_report), date(2026, 3, 1), date(2026, 3, 31), "Cash")
    month = date(2026, 3, 1)
    assert {(row.section, row.account_id): row.amount for row in found.accounts} == {
        ("Income", "1"): Decimal("900.00"),
        ("Income", "7"): Decimal("10.00"),
        ("Income", "8"): Decimal("1250.50"),
    }
    assert [row.account for row in found.accounts] == ["Services", "Testing", "Testing:Radon"]
    assert found.totals == {("Income", month): Decimal("2160.50"), ("NetIncome", month): Decimal("2160.50")}
    assert sum(row.amount for row in found.accounts) == found.totals["Income", month]


@pytest.mark.parametrize(
    ("first", "last", "spans"),
    [
        ("2026-03-01", "2026-03-31", [("2026-03-01", "2026-03-31")]),
        ("2025-09-15", "2026-02-28", [("2025-09-15", "2026-02-28")]),
        ("2025-08-31", "2026-02-03", [("2025-08-31", "2026-01-31"), ("2026-02-01", "2026-02-03")]),
        ("2025-01-01", "2025-12-31", [("2025-01-01", "2025-06-30"), ("2025-07-01", "2025-12-31")]),
    ],
)
def test_long_times_are_asked_for_half_a_year_at_a_time(first, last, spans):
    books = Answers(months_report)
    profit_and_loss(books, date.fromisoformat(first), date.fromisoformat(last))
    assert [(asked["start_date"], asked["end_date"]) for _, asked in books.asked] == spans


@pytest.mark.parametrize(
    "changed", [{"EndPeriod": "2026-03-30"}, {"StartPeriod": None}, {"ReportBasis": "Cash"}]
)
def test_a_report_for_something_else_is_not_believed(changed):
    def answer(params):
        report = months_report(params)
        return {**report, "Header": {**report["Header"], **changed}}

    with pytest.raises(PermanentError) as caught:
        profit_and_loss(Answers(answer), date(2026, 3, 1), date(2026, 3, 31))
    assert caught.value.code == "report-mismatch"


def test_columns_without_months_and_amounts_without_numbers_are_not_guessed_at():
    def nameless(params):
        return {
            **months_report(params),
            "Columns": {"Column": [{"ColType": "Account"}, {"ColType": "Money"}]},
        }

    def garbled(params):
        report = months_report(params)
        report["Rows"]["Row"][0]["Rows"]["Row"][0]["ColData"][1]["value"] = "n/a"
        return report

    for answer in (nameless, garbled):
        with pytest.raises(PermanentError):
            profit_and_loss(Answers(answer), date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.parametrize("said", [None, "true", "True"])
def test_an_empty_report_is_all_zero(said):
    def empty(params):
        report = {**months_report(params), "Rows": {}}
        if said:
            report["Header"]["Option"] = [{"Name": "NoReportData", "Value": said}]
        return report

    found = profit_and_loss(Answers(empty), date(2026, 3, 1), date(2026, 3, 31))
    assert (found.accounts, found.totals) == ((), {})


AGING = {
    "Header": {"EndPeriod": "2026-03-31", "Option": [{"Name": "report_date", "Value": "2026-03-31"}]},
    "Columns": {
        "Column": [
            {"ColTitle": title, "ColType": "Money"}
            for title in ("", "Current", "1 - 30", "31 - 60", "61 - 90", "91 and over", "Total")
        ]
    },
    "Rows": {
        "Row": [
            {"ColData": cells("Ada Reyes", "350.00", "", "", "", "", "350.00", account="71")},
            {"ColData": cells("Bo", "", "", "12.34", "", "-2.34", "10.00", account="72")},
            {
                "Summary": {"ColData": cells("TOTAL", "350.00", "", "12.34", "", "-2.34", "360.00")},
                "type": "Section",
                "group": "GrandTotal",
            },
        ]
    },
}


def test_aged_receivables_name_every_customer_and_add_up():
    books = Answers(AGING)
    found = aged_receivables(books, date(2026, 3, 31))
    assert books.asked[0][1]["report_date"] == "2026-03-31"
    assert found.ages == ("Current", "1 - 30", "31 - 60", "61 - 90", "91 and over")
    assert [(row.customer_id, row.customer, row.total) for row in found.customers] == [
        ("71", "Ada Reyes", Decimal("350.00")),
        ("72", "Bo", Decimal("10.00")),
    ]
    assert found.total == sum(row.total for row in found.customers) == Decimal("360.00")
    assert found.customers[1].by_age[4] == Decimal("-2.34")


def test_aged_receivables_as_of_today_are_not_taken_for_those_of_another_day():
    with pytest.raises(PermanentError) as caught:
        aged_receivables(Answers(AGING), date(2026, 2, 28))
    assert caught.value.code == "report-mismatch"


def recorded(name):
    """An answer that a real company's QuickBooks gave."""
    return json.loads((ROOT / "tests" / "recorded" / f"{name}.json").read_text())["body"]


def for_dates(body, params):
    """The recorded answer, as if these days had been asked for."""
    header = body["Header"] | {"StartPeriod": params["start_date"], "EndPeriod": params["end_date"]}
    return body | {"Header": header | {"ReportBasis": params["accounting_method"]}}


@pytest.mark.parametrize("columns", [2, 1, 0])
def test_a_recorded_report_without_data_is_nothing_and_no_error(columns):
    """Section shells stay in the rows, and money columns go; the option decides."""
    body = recorded("report-profit-and-loss-empty")
    body["Columns"]["Column"] = body["Columns"]["Column"][:columns]
    made = profit_and_loss(
        Answers(lambda params: for_dates(body, params)), date(2025, 1, 1), date(2025, 12, 31)
    )
    assert made.accounts == () and made.totals == {}


def test_half_a_year_without_data_leaves_the_other_half_as_it_is():
    body = recorded("report-profit-and-loss-empty")

    def answer(params):
        return for_dates(body, params) if params["start_date"] == "2025-01-01" else months_report(params)

    made = profit_and_loss(Answers(answer), date(2025, 1, 1), date(2025, 12, 31))
    assert {one.month for one in made.accounts} and all(
        one.month >= date(2025, 7, 1) for one in made.accounts
    )


def test_recorded_aging_names_sub_customers_and_no_parent_that_owes_nothing():
    body = recorded("report-aged-receivables-subcustomers")
    made = aged_receivables(Answers(body), date.fromisoformat(body["Header"]["EndPeriod"]))
    owed = {one.customer: str(one.total) for one in made.customers}
    parent = "Fairman Sports Goods"
    assert owed == {
        "Ann's Bird Rescue": "239.00",
        f"{parent}:12 Harbor View Road": "477.50",
        f"{parent}:7 Twin Pines": "85.00",
    }
    assert str(made.total) == "5481.52"  # The recording's rows are trimmed; the total is QuickBooks' own.
