"""QuickBooks' own reports as plain rows: Profit and Loss by month, and Aged Receivables.

A report is believed only when its header names the dates that were asked for: QuickBooks answers an aging report without
`report_date` as of today, silently. Whether there is anything to report is said by its option `NoReportData`: an empty report still
has sections, and may lack any of the columns.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Protocol

from bookkeeping.errors import PermanentError
from bookkeeping.quickbooks_gateway.answers import readable

Basis = Literal["Accrual", "Cash"]
ZERO = Decimal("0.00")
_MONTHS_PER_REQUEST = 6  # Intuit's advice.


class Reports(Protocol):
    """What is needed of the gateway."""

    def report(self, name: str, params: dict[str, str]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class AccountMonth:
    """One account's amount in one calendar month (its first day), US dollars. `section` is Income, COGS, OtherIncome …

    `account` is its name after those of the accounts above it: `Testing:Radon`.
    """

    section: str
    account_id: str
    account: str
    month: date
    amount: Decimal


@dataclass(frozen=True)
class ReportRow:
    """One row of a report. `group` is the outermost section's (Income, GrandTotal …, empty without one), `name` with those above it."""

    group: str
    qbo_id: str
    name: str
    is_total: bool
    cells: tuple[str, ...]

    def amount(self, column: int) -> Decimal:
        """Return the amount in a column, US dollars; a blank or missing cell is nothing.

        Raises:
            PermanentError: there is something else than an amount (code report-mismatch).
        """
        text = self.cells[column].replace(",", "").strip() if column < len(self.cells) else ""
        try:
            return Decimal(text or "0").quantize(ZERO)
        except InvalidOperation as error:
            raise _mismatch(f"{text!r} is not an amount.") from error


@dataclass(frozen=True)
class ProfitAndLoss:
    """Profit and Loss by month: accounts with activity, and each section's total by (section, month) as QuickBooks gives it.

    `answered_at` (aware UTC) is QuickBooks' clock at the first answer, None if it did not say.
    """

    basis: Basis
    first_day: date
    last_day: date
    accounts: tuple[AccountMonth, ...]
    totals: dict[tuple[str, date], Decimal]
    answered_at: datetime | None = None


@dataclass(frozen=True)
class CustomerAging:
    """What one Customer owes, US dollars, by age in the report's columns, and in all. A sub-customer is named after its parents."""

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


@readable
def profit_and_loss(
    reports: Reports, first_day: date, last_day: date, basis: Basis = "Accrual"
) -> ProfitAndLoss:
    """Return Profit and Loss by month for these days, both included, asked for half a year at a time.

    Raises:
        PermanentError: QuickBooks answered for other dates, another basis or in an unknown form (code report-mismatch).
    """
    accounts: list[AccountMonth] = []
    totals: dict[tuple[str, date], Decimal] = {}
    answered: list[datetime | None] = []
    for start, end in _spans(first_day, last_day):
        asked = {
            "start_date": start.isoformat(),
            "end_date": end.isoformat(),
            "accounting_method": basis,
            "summarize_column_by": "Month",
        }
        raw = reports.report("ProfitAndLoss", asked)
        _expect(raw, StartPeriod=start.isoformat(), EndPeriod=end.isoformat(), ReportBasis=basis)
        answered.append(_answered_at(raw))
        if not has_data(raw):
            continue
        months = _months(raw)
        for row in report_rows(raw):
            for column, month in months.items():
                amount = row.amount(column)
                if row.is_total:
                    totals[row.group, month] = totals.get((row.group, month), ZERO) + amount
                elif amount:
                    accounts.append(AccountMonth(row.group, row.qbo_id, row.name, month, amount))
    return ProfitAndLoss(basis, first_day, last_day, tuple(accounts), totals, answered[0])


def _answered_at(raw: dict[str, Any]) -> datetime | None:
    """Return when QuickBooks says that it made the report. A time without a zone is of no use."""
    try:
        at = datetime.fromisoformat(str(_header(raw).get("Time", "")))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


@readable
def aged_receivables(reports: Reports, on: date) -> AgedReceivables:
    """Return what every Customer owed at the end of that day.

    Raises:
        PermanentError: QuickBooks answered for another day or in an unknown form (code report-mismatch).
    """
    raw = reports.report("AgedReceivables", {"report_date": on.isoformat(), "aging_method": "Report_Date"})
    header = _header(raw)
    options = {option.get("Name"): option.get("Value") for option in header.get("Option") or []}
    if on.isoformat() not in {header.get("EndPeriod"), options.get("report_date")}:
        raise _mismatch(f"Aged Receivables of {on.isoformat()} came back as of {header.get('EndPeriod')}.")
    if not has_data(raw):
        return AgedReceivables(on, (), (), ZERO)
    titles = [column.get("ColTitle", "") for column in _columns(raw)]
    if len(titles) < 2:
        raise _mismatch("The report has no columns of amounts.")
    last = len(titles) - 1
    customers, total = [], ZERO
    for row in report_rows(raw):
        by_age = tuple(row.amount(column) for column in range(1, last))
        if row.is_total and row.group == "GrandTotal":
            total = row.amount(last)
        elif not row.is_total and any((*by_age, row.amount(last))):
            customers.append(CustomerAging(row.qbo_id, row.name, by_age, row.amount(last)))
    return AgedReceivables(on, tuple(titles[1:last]), tuple(customers), total)


def has_data(raw: dict[str, Any]) -> bool:
    """Return whether the report reports anything, by its option `NoReportData`; without that option, by its having rows."""
    options = {option.get("Name"): option.get("Value") for option in _header(raw).get("Option") or []}
    empty = str(options.get("NoReportData", not (raw.get("Rows") or {}).get("Row")))
    return empty.lower() != "true"


def report_rows(raw: dict[str, Any]) -> Iterator[ReportRow]:
    """Yield every row of amounts from the top: accounts or Customers, and the total of each outermost section.

    A parent with figures of its own is a row too. Rows may have more cells than there are columns, or fewer.
    """
    yield from _rows(raw.get("Rows") or {}, None, "")


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
    if not found:
        raise _mismatch("The report's columns do not name their months.")
    return found


def _rows(rows: dict[str, Any], group: str | None, above: str) -> Iterator[ReportRow]:
    """The rows of one level, and those below; a nested section belongs to the outermost group."""
    for row in rows.get("Row") or []:
        own = row.get("group") or "" if group is None else group
        if row.get("ColData"):
            yield _row(own, row["ColData"], above)
        header = (row.get("Header") or {}).get("ColData") or []
        parent = bool(header and header[0].get("id"))
        if parent:
            yield _row(own, header, above)
        inner = _row(own, header, above).name if parent else above
        yield from _rows(row.get("Rows") or {}, own, inner)
        summary = (row.get("Summary") or {}).get("ColData")
        if summary and group is None:
            yield _row(own, summary, "", is_total=True)


def _row(group: str, cells: list[dict[str, Any]], above: str, *, is_total: bool = False) -> ReportRow:
    title = cells[0].get("value") or ""
    name = f"{above}:{title}" if above else title
    values = tuple(str(cell.get("value") or "") for cell in cells)
    return ReportRow(group, cells[0].get("id") or "", name, is_total, values)


def _expect(raw: dict[str, Any], **values: str) -> None:
    header = _header(raw)
    for name, wanted in values.items():
        if header.get(name) != wanted:
            raise _mismatch(f"{name} is {header.get(name)}, not {wanted}.")


def _header(raw: dict[str, Any]) -> dict[str, Any]:
    return raw.get("Header") or {}


def _columns(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return (raw.get("Columns") or {}).get("Column") or []


def _mismatch(detail: str) -> PermanentError:
    return PermanentError(detail, code="report-mismatch")
