"""The list of inspections as a file: each with its documents in QuickBooks, and why it stands as it does."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select

from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.paging import every_row
from bookkeeping.storage.records.documents import Document, Drift
from bookkeeping.storage.records.inspections import STATES, InspectionRow
from bookkeeping.storage.records.others_payments import others_payments_of
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
        used = others_payments_of(company.id, documents)
        theirs = _as_in_quickbooks([one for found in documents.values() for one in found if one.hands_off])
        for row in rows:
            standing = [theirs.get(one.id, Standing.of(one)) for one in documents[row.key]]
            paid = [one.applied for one in used[row.key] if one.stands_for]
            yield _line(row, [one for one in standing if one is not None], paid, said.get(row.key, ""))


class Standing(NamedTuple):
    """A document as QuickBooks has it, which a person may have changed."""

    kind: str
    doc_number: str
    txn_date: date
    total: Decimal

    @classmethod
    def of(cls, one: Document) -> "Standing":
        """Return it as QuickBooks last said."""
        return cls(one.kind, one.doc_number, one.txn_date, one.stands_at)


def _as_in_quickbooks(documents: list[Document]) -> dict[int, Standing | None]:
    """Return how these stand that a person has in hand, by id; None for one that was deleted there."""
    rows = select(Drift).where(Drift.document_id.in_([one.id for one in documents])).order_by(Drift.id)
    newest = {drift.document_id: drift for drift in db.session.scalars(rows)} if documents else {}
    found: dict[int, Standing | None] = {}
    for one in documents:
        drift, ours = newest.get(one.id), Standing.of(one)
        if drift is None:
            continue
        theirs = drift.theirs or {}
        day = date.fromisoformat(theirs["TxnDate"]) if theirs.get("TxnDate") else ours.txn_date
        total = Decimal(str(theirs.get("TotalAmt", ours.total)))
        found[one.id] = None if drift.kind == "deleted" else ours._replace(txn_date=day, total=total)
    return found


def _line(row: InspectionRow, standing: list[Standing], used: list[Decimal], why: str) -> tuple[Any, ...]:
    """`used`: what Payments of others pay that a person took for payments received."""
    invoice = next((one for one in standing if one.kind == "Invoice"), None)
    payments = [*(one.total for one in standing if one.kind == "Payment"), *used]
    booked = (invoice.doc_number, invoice.txn_date, invoice.total) if invoice else (None, None, None)
    return (
        *(row.key, row.client_name, row.address, row.starts_at, row.inspector, row.total),
        *(STATES.get(row.state, row.state), why, *booked),
        len(payments) or None,
        sum(payments, Decimal("0.00")) if payments else None,
        row.last_synced_at,
    )
