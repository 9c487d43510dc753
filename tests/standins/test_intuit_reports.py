"""Reports follow from the ledger: Profit and Loss on both bases, aging as of a day, balances."""

from datetime import date, timedelta

import pytest

from tests.standins.conftest import current, sale_line


@pytest.fixture
def ada(company):
    return company.customer()


def report(company, name, **options):
    answer = company.send("GET", f"reports/{name}", params=options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def profit(company, start, end, method="Accrual", **options):
    """Return {account or summary: cells} of a Profit and Loss."""
    found = report(
        company, "ProfitAndLoss", start_date=start, end_date=end, accounting_method=method, **options
    )
    result = {}
    for section in found["Rows"].get("Row", []):
        for row in section.get("Rows", {}).get("Row", []):
            result[row["ColData"][0]["value"]] = [each["value"] for each in row["ColData"][1:]]
        cells = section["Summary"]["ColData"]
        result[cells[0]["value"]] = [each["value"] for each in cells[1:]]
    return result


def aging(company, **options):
    """Return {customer: cells} of an Aged Receivables."""
    rows = report(company, "AgedReceivables", **options)["Rows"].get("Row", [])
    cells = [row.get("ColData") or row["Summary"]["ColData"] for row in rows]
    return {row[0]["value"]: [each["value"] for each in row[1:]] for row in cells}


def test_profit_by_month_on_both_bases(company, ada):
    discount = {
        "Amount": 35,
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": False},
    }
    invoice = company.invoice(ada, 0, TxnDate="2026-01-20", Line=[sale_line(350), discount])
    company.payment(invoice, 215, TxnDate="2026-02-10")
    company.receipt(ada, 80, TxnDate="2026-02-11")
    refund = {
        "CustomerRef": {"value": ada["Id"]},
        "DepositToAccountRef": {"value": "35"},
        "Line": [sale_line(30)],
    }
    company.post("RefundReceipt", refund | {"TxnDate": "2026-03-01"})
    months = {"summarize_column_by": "Month"}
    accrual = profit(company, "2026-01-01", "2026-03-31", **months)
    assert accrual["Services"] == ["350.00", "80.00", "-30.00", "400.00"]
    assert accrual["Discounts given"] == ["-35.00", "", "", "-35.00"]
    assert accrual["Total Income"] == accrual["Net Income"] == ["315.00", "80.00", "-30.00", "365.00"]
    cash = profit(company, "2026-01-01", "2026-03-31", "Cash", **months)
    assert cash["Total Income"] == ["0.00", "295.00", "-30.00", "265.00"]
    assert cash["Services"] == ["", "318.89", "-30.00", "288.89"]


def test_cash_basis_comes_out_even_and_keeps_early_money_apart(company, ada):
    thirds = [sale_line(33.33), sale_line(33.33), sale_line(33.34)]
    invoice = company.invoice(ada, 0, TxnDate="2026-03-15", Line=thirds)
    for day in ("2026-02-01", "2026-03-20", "2026-04-01"):
        company.payment(company.read("Invoice", invoice["Id"]), 33.33, TxnDate=day)
    company.payment(company.read("Invoice", invoice["Id"]), TxnDate="2026-04-02")
    months = {"summarize_column_by": "Month"}
    cash = profit(company, "2026-02-01", "2026-04-30", "Cash", **months)
    assert cash["Unapplied Cash Payment Income"] == ["33.33", "-33.33", "", ""]
    assert cash["Services"] == ["", "66.66", "33.34", "100.00"]
    assert cash["Net Income"] == ["33.33", "33.33", "33.34", "100.00"]


def test_months_are_cut_at_the_ends_of_the_period(company, ada):
    company.receipt(ada, 10, TxnDate="2026-01-14")
    company.receipt(ada, 20, TxnDate="2026-01-15")
    found = report(
        company, "ProfitAndLoss", start_date="2026-01-15", end_date="2026-02-10", summarize_column_by="Month"
    )
    titles = [(column["ColTitle"], column["ColType"]) for column in found["Columns"]["Column"]]
    assert titles == [
        ("", "Account"),
        ("Jan 15 - 31 2026", "Money"),
        ("Feb 1 - 10 2026", "Money"),
        ("Total", "Money"),
    ]
    header = found["Header"]
    assert (header["StartPeriod"], header["EndPeriod"], header["ReportBasis"]) == (
        "2026-01-15",
        "2026-02-10",
        "Accrual",
    )
    assert found["Rows"]["Row"][0]["Summary"]["ColData"][-1]["value"] == "20.00"
    assert found["Rows"]["Row"][0]["Rows"]["Row"][0]["ColData"][0] == {"value": "Services", "id": "1"}


def test_no_data_has_no_rows(company):
    for name in ("ProfitAndLoss", "AgedReceivables", "BalanceSheet", "CustomerBalance", "TransactionList"):
        found = report(company, name)
        shells = found["Rows"].get("Row", [])
        assert not any("Rows" in row or "ColData" in row for row in shells), name
        # Recorded on real companies: the sections' shells stay, and the money columns go.
        assert bool(shells) == (name == "ProfitAndLoss"), name
        assert {"Name": "NoReportData", "Value": "true"} in found["Header"]["Option"]


def test_aging_as_of_a_day(company, ada):
    other = company.customer("Bo Li")
    first = company.invoice(ada, 100, TxnDate="2026-01-10", DueDate="2026-01-31")
    company.invoice(other, 50, TxnDate="2026-03-01", DueDate="2026-04-01")
    company.payment(first, 40, TxnDate="2026-03-10")
    company.post("Payment", {"CustomerRef": {"value": other["Id"]}, "TotalAmt": 5, "TxnDate": "2026-03-31"})
    assert aging(company, report_date="2026-03-02") == {
        "Ada Reyes": ["", "100.00", "", "", "", "100.00"],
        "Bo Li": ["50.00", "", "", "", "", "50.00"],
        "TOTAL": ["50.00", "100.00", "", "", "", "150.00"],
    }
    assert aging(company, report_date="2026-03-31") == {
        "Ada Reyes": ["", "", "60.00", "", "", "60.00"],
        "Bo Li": ["45.00", "", "", "", "", "45.00"],
        "TOTAL": ["45.00", "", "60.00", "", "", "105.00"],
    }
    assert aging(company, report_date="2026-03-31", customer=other["Id"])["TOTAL"][-1] == "45.00"
    assert aging(company, report_date="2025-12-31") == {}


def test_aging_with_a_period_answers_as_of_today(company, ada):
    today = date.fromisoformat(company.send("GET", "preferences").json()["time"][:10])
    company.invoice(ada, 100, TxnDate=(today - timedelta(days=100)).isoformat(), DueDate=today.isoformat())
    found = report(company, "AgedReceivables", start_date="2020-01-01", end_date="2020-01-31")
    assert found["Header"]["EndPeriod"] == today.isoformat()
    assert found["Rows"]["Row"][0]["ColData"][-1]["value"] == "100.00"


def test_voided_and_deleted_documents_leave_the_reports(company, ada):
    voided, gone = company.invoice(ada, 100), company.invoice(ada, 50)
    company.post("Invoice", current(voided), operation="void")
    company.post("Invoice", current(gone), operation="delete")
    assert aging(company) == {}
    assert not any(any(values) for values in profit(company, "2026-01-01", "2026-12-31").values())


def test_balance_sheet_balances_and_lists_agree(company, ada):
    payment = company.payment(company.invoice(ada, 300), 200)
    company.deposit(("Payment", payment))
    rows = report(company, "BalanceSheet", report_date="2026-12-31")["Rows"]["Row"]
    totals = {row["group"]: row["Summary"]["ColData"][1]["value"] for row in rows}
    assert totals == {"TotalAssets": "300.00", "TotalLiabilitiesAndEquity": "300.00"}
    assert report(company, "CustomerBalance")["Rows"]["Row"][0]["ColData"][1]["value"] == "100.00"
    listed = report(company, "TransactionList", start_date="2026-01-01", end_date="2026-12-31")["Rows"]["Row"]
    assert [row["ColData"][1]["value"] for row in listed] == ["Invoice", "Payment", "Deposit"]


def test_options_that_nobody_knows_are_ignored(company, ada):
    company.invoice(ada, TxnDate="2026-03-02")
    asked = {"start_date": "2026-03-01", "end_date": "2026-03-31"}
    plain = report(company, "ProfitAndLoss", **asked)
    assert report(company, "ProfitAndLoss", format="json", colour="red", **asked)["Rows"] == plain["Rows"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Weather", {}),
        ("ProfitAndLoss", {"start_date": "soon"}),
        ("ProfitAndLoss", {"start_date": "2026-02-01", "end_date": "2026-01-01"}),
        ("ProfitAndLoss", {"accounting_method": "Guess"}),
        ("AgedReceivables", {"report_date": "2026-13-01"}),
        ("AgedReceivables", {"num_periods": "x"}),
    ],
)
def test_report_is_refused(company, name, options):
    answer = company.send("GET", f"reports/{name}", params=options)
    assert answer.status_code == 400 and answer.json()["Fault"]["Error"][0]["code"]
