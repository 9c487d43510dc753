"""The reports endpoint: which reports there are, their dates, header and columns; the sums are in `profit` and `aging`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from standins.intuit import aging, errors, profit, views
from standins.intuit.realm import Realm

REPORTS = {
    "profitandloss": ("ProfitAndLoss", profit.profit_and_loss),
    "balancesheet": ("BalanceSheet", profit.balance_sheet),
    "agedreceivables": ("AgedReceivables", aging.aged_receivables),
    "customerbalance": ("CustomerBalance", aging.customer_balance),
    "transactionlist": ("TransactionList", aging.transaction_list),
}
BY_REPORT_DATE = ("BalanceSheet", "AgedReceivables", "CustomerBalance")


def run(realm: Realm, name: str, options: dict[str, str]) -> dict[str, Any]:
    """Return a report. Raises a fault for one that does not exist or an option of the wrong form; unknown options are ignored."""
    if name.lower() not in REPORTS:
        raise errors.QuickBooksFault(
            5020, "Permission Denied Error", f"Permission Denied Error : There is no report {name}."
        )
    proper, build = REPORTS[name.lower()]
    start, end = _period(realm, proper, options)
    header: dict[str, Any] = {
        "Time": views.moment(realm, int(realm.now().timestamp())),
        "ReportName": proper,
        "Currency": realm.preference("CurrencyPrefs", "HomeCurrency")["value"],
    }
    basis = options.get("accounting_method") or realm.preference("ReportPrefs", "ReportBasis")
    if basis not in ("Accrual", "Cash"):
        raise errors.invalid(2170, "Enumeration", "accounting_method", basis)
    columns, rows = build(realm, start, end, basis, options)
    if proper in ("ProfitAndLoss", "TransactionList", "BalanceSheet"):
        header["DateMacro"] = options.get("date_macro", "")
        header["ReportBasis"] = basis
        header["StartPeriod"] = start.isoformat()
    header["EndPeriod"] = end.isoformat()
    if proper == "ProfitAndLoss":
        header["SummarizeColumnsBy"] = options.get("summarize_column_by", "Total")
    facts = (
        [("report_date", end.isoformat())] if proper in BY_REPORT_DATE else [("AccountingStandard", "GAAP")]
    )
    facts.append(
        ("NoReportData", "false" if any("ColData" in row or "Rows" in row for row in rows) else "true")
    )
    header["Option"] = [{"Name": key, "Value": value} for key, value in facts]
    return {"Header": header, "Columns": {"Column": columns}, "Rows": {"Row": rows} if rows else {}}


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise errors.invalid(2060, "Date", name, value) from None


def _period(realm: Realm, name: str, options: dict[str, str]) -> tuple[date, date]:
    """Return the first and last day. Balance reports look at `report_date` only and are as of today without it."""
    today = realm.today()
    if name in BY_REPORT_DATE:
        given = options.get("report_date")
        end = _day("report_date", given) if given else today
        return date(end.year, 1, 1), end
    macro = options.get("date_macro", "").lower()
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    macros = {
        "": (date(today.year, 1, 1), today),
        "today": (today, today),
        "this month": (month, _month_end(month)),
        "this month-to-date": (month, today),
        "last month": (last_month, _month_end(last_month)),
        "this calendar year": (date(today.year, 1, 1), date(today.year, 12, 31)),
        "this calendar year-to-date": (date(today.year, 1, 1), today),
        "last calendar year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }
    macros |= {key.replace("calendar", "fiscal"): value for key, value in macros.items() if "calendar" in key}
    if macro not in macros:
        raise errors.invalid(2170, "Enumeration", "date_macro", options["date_macro"])
    start, end = macros[macro]
    if options.get("start_date"):
        start = _day("start_date", options["start_date"])
    if options.get("end_date"):
        end = _day("end_date", options["end_date"])
    if start > end:
        raise errors.invalid(2060, "Date", "start_date", start)
    return start, end


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
