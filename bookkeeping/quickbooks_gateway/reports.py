"""QuickBooks' own reports as plain rows: Profit and Loss by month, and Aged Receivables.

A report is believed only when its header names the dates that were asked for: QuickBooks answers an aging report without
`report_date` as of today, silently.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Protocol

from bookkeeping.errors import PermanentError

Basis = Literal["Accrual", "Cash"]
_MONTHS_PER_REQUEST = 6  # Intuit's advice.


class Reports(Protocol):
    """What is needed of the gateway."""

    def report(self, name: str, params: dict[str, str]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class AccountMonth:
    """One account's amount in one calendar month (its first day), US dollars. `section` is Income, COGS, Expenses …"""

    section: str
    account_id: str
    account: str
    month: date
    amount: Decimal


@dataclass(frozen=True)
class ProfitAndLoss:
    """Profit and Loss by month: accounts with activity, and each section's total by (section, month) as QuickBooks gives it."""

    basis: Basis
    first_day: date
    last_day: date
    accounts: tuple[AccountMonth, ...]
    totals: dict[tuple[str, date], Decimal]


@dataclass(frozen=True)
class CustomerAging:
    """What one Customer owes, US dollars, by age in the report's columns, and in all."""

    customer_id: str
    customer: str
    by_age: tuple[Decimal, ...]
    total: Decimal


@dataclass(frozen=True)
class AgedReceivables:
    """Who owes what on `report_date`. `ages` are the column titles, such as "1 - 30" days overdue."""

    report_date: date
    ages: tuple[str, ...]
    customers: tuple[CustomerAging, ...]
    total: Decimal


def profit_and_loss(
    reports: Reports, first_day: date, last_day: date, basis: Basis = "Accrual"
) -> ProfitAndLoss:
    """Return Profit and Loss by month for these days, both included, asked for half a year at a time.

    Raises:
        PermanentError: QuickBooks answered for other dates, another basis or in an unknown form (code report-mismatch).
    """
    accounts: list[AccountMonth] = []
    totals: dict[tuple[str, date], Decimal] = {}
    for start, end in _spans(first_day, last_day):
        asked = {
            "start_date": start.isoformat(),
            "end_date": end.isoformat(),
            "accounting_method": basis,
            "summarize_column_by": "Month",
        }
        raw = reports.report("ProfitAndLoss", asked)
        _expect(raw, StartPeriod=start.isoformat(), EndPeriod=end.isoformat(), ReportBasis=basis)
        if _is_empty(raw):
            continue  # No data is nothing. What stands in the rows then are shells, and columns may be missing.
        months = _months(raw)
        for section, cells, is_total in _sections(raw.get("Rows") or {}, ""):
            for column, month in months.items():
                amount = _amount(cells, column)
                if is_total:
                    totals[section, month] = totals.get((section, month), Decimal("0.00")) + amount
                elif amount:
                    accounts.append(AccountMonth(section, _id(cells), _title(cells), month, amount))
    return ProfitAndLoss(basis, first_day, last_day, tuple(accounts), totals)


def aged_receivables(reports: Reports, on: date) -> AgedReceivables:
    """Return what every Customer owed at the end of that day.

    Raises:
        PermanentError: QuickBooks answered for another day or in an unknown form (code report-mismatch).
    """
    raw = reports.report("AgedReceivables", {"report_date": on.isoformat(), "aging_method": "Report_Date"})
    header = raw.get("Header") or {}
    options = {option.get("Name"): option.get("Value") for option in header.get("Option") or []}
    if on.isoformat() not in {header.get("EndPeriod"), options.get("report_date")}:
        raise _mismatch(f"Aged Receivables of {on.isoformat()} came back as of {header.get('EndPeriod')}.")
    titles = [column.get("ColTitle", "") for column in _columns(raw)]
    if _is_empty(raw) or len(titles) < 2:
        return AgedReceivables(on, (), (), Decimal("0.00"))
    last = len(titles) - 1
    customers, total = [], Decimal("0.00")
    for section, cells, is_total in _sections(raw.get("Rows") or {}, ""):
        if is_total and section == "GrandTotal":
            total = _amount(cells, last)
        elif not is_total:
            by_age = tuple(_amount(cells, column) for column in range(1, last))
            if not any(by_age) and not _amount(cells, last):
                continue  # The header of a Customer who owes nothing, above sub-customers who do.
            customers.append(CustomerAging(_id(cells), _title(cells), by_age, _amount(cells, last)))
    return AgedReceivables(on, tuple(titles[1:last]), tuple(customers), total)


def _spans(first_day: date, last_day: date) -> Iterator[tuple[date, date]]:
    """Spans of at most six calendar months that together cover the days."""
    start = first_day
    while start <= last_day:
        month = start.year * 12 + start.month - 1 + _MONTHS_PER_REQUEST - 1
        year, number = month // 12, month % 12 + 1
        end = min(last_day, date(year, number, monthrange(year, number)[1]))
        yield start, end
        start = end + timedelta(days=1)


def _months(raw: dict[str, Any]) -> dict[int, date]:
    """The first day of the month of each money column, by column; the Total column is left out."""
    found = {}
    for position, column in enumerate(_columns(raw)):
        about = {each.get("Name"): each.get("Value") for each in column.get("MetaData") or []}
        start = about.get("StartDate")
        if column.get("ColType") == "Money" and start and about.get("ColKey") != "total":
            found[position] = date.fromisoformat(start).replace(day=1)
    if not found and raw.get("Rows"):
        raise _mismatch("The report's columns do not name their months.")
    return found


def _sections(rows: dict[str, Any], section: str) -> Iterator[tuple[str, list[dict[str, Any]], bool]]:
    """(group, cells, is total) of every row, from the top; a nested section belongs to the outermost group."""
    for row in rows.get("Row") or []:
        group = section or row.get("group", "")
        if row.get("ColData"):
            yield group, row["ColData"], False
        header = (row.get("Header") or {}).get("ColData") or []
        if header and header[0].get("id"):
            yield group, header, False  # A parent account with amounts of its own.
        yield from _sections(row.get("Rows") or {}, group)
        summary = (row.get("Summary") or {}).get("ColData")
        if summary and not section:
            yield group, summary, True


def _expect(raw: dict[str, Any], **values: str) -> None:
    header = raw.get("Header") or {}
    for name, wanted in values.items():
        if header.get(name) != wanted:
            raise _mismatch(f"{name} is {header.get(name)}, not {wanted}.")


def _is_empty(raw: dict[str, Any]) -> bool:
    """Whether QuickBooks says that nothing was booked: believe the option, whatever rows and columns came with it."""
    options = (raw.get("Header") or {}).get("Option") or []
    return any(
        one.get("Name") == "NoReportData" and str(one.get("Value")).lower() == "true" for one in options
    )


def _columns(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return (raw.get("Columns") or {}).get("Column") or []


def _amount(cells: list[dict[str, Any]], column: int) -> Decimal:
    text = str(cells[column].get("value") or "0") if column < len(cells) else "0"
    try:
        return Decimal(text.replace(",", "")).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise _mismatch(f"{text!r} is not an amount.") from error


def _id(cells: list[dict[str, Any]]) -> str:
    return cells[0].get("id") or ""


def _title(cells: list[dict[str, Any]]) -> str:
    return cells[0].get("value") or ""


def _mismatch(detail: str) -> PermanentError:
    return PermanentError(detail, code="report-mismatch")
