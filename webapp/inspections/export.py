"""The list of inspections as a file: each with its documents in QuickBooks, and why it stands as it does."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.paging import every_row
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import STATES, InspectionRow
from webapp.frame.spreadsheets import Column, Table

A_TIME = 500
COLUMNS = (
    Column("Inspection"),
    Column("Client"),
    Column("Address"),
    Column("Start", "moment"),
    Column("Inspector"),
    Column("Total", "money"),
    Column("State"),
    Column("Why"),
    Column("Invoice"),
    Column("Invoice date", "day"),
    Column("Invoice total", "money"),
    Column("Payments", "number"),
    Column("Paid in QuickBooks", "money"),
    Column("Last synced", "moment"),
)
Reasons = Callable[[list[InspectionRow], dict[str, list[Document]]], dict[str, str]]


def inspections_table(company: Company, wanted: logbook.InspectionFilter, reasons: Reasons) -> Table:
    """Return the inspections of the filter, latest start first. `reasons` says why each of some rows stands as it does."""
    return Table("inspections", COLUMNS, _rows(company, wanted, reasons), company.time_zone)


def _rows(company: Company, wanted: logbook.InspectionFilter, reasons: Reasons) -> Iterator[tuple[Any, ...]]:
    pages = every_row(lambda position: logbook.inspections_page(company.id, wanted, position, A_TIME))
    for rows in pages:
        documents = logbook.documents_by_inspection(company.id, [row.key for row in rows])
        said = reasons(rows, documents)
        for row in rows:
            yield _line(row, documents[row.key], said.get(row.key, ""))


def _line(row: InspectionRow, documents: list[Document], why: str) -> tuple[Any, ...]:
    invoice = next((one for one in documents if one.kind == "Invoice"), None)
    payments = [one for one in documents if one.kind == "Payment"]
    booked = (invoice.doc_number, invoice.txn_date, invoice.total) if invoice else (None, None, None)
    return (
        *(row.key, row.client_name, row.address, row.starts_at, row.inspector, row.total),
        *(STATES.get(row.state, row.state), why, *booked),
        len(payments) or None,
        sum((one.total for one in payments), Decimal("0.00")) if payments else None,
        row.last_synced_at,
    )
