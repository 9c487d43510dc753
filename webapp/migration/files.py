"""What can be downloaded of a migration as tables: the preview, its sums, the report, the copies of the receipts. Nothing is decided here."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.receipts import COPY_COLUMNS, copy_lines
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from webapp.frame.spreadsheets import Column, Table
from webapp.frame.words import month

PLACES = {
    "stay": "stays",
    "blocked": "cannot change yet",
    "planned": "changes",
    "working": "under way",
    "taking-back": "being taken back",
    "left": "left as it was",
    "done": "replaced",
}
RECEIPT_COLUMNS = (
    Column("Part"),
    Column("Inspection"),
    Column("Client"),
    Column("Start", "moment"),
    Column("QuickBooks id"),
    Column("SalesReceipt"),
    Column("SalesReceipt date", "day"),
    Column("SalesReceipt total", "money"),
    Column("Recorded amount", "money"),
    Column("What happens"),
    Column("Invoice"),
    Column("Invoice date", "day"),
    Column("Invoice total", "money"),
    Column("Payments"),
    Column("Cause"),
    Column("What to do"),
    Column("To look at"),
    Column("Fingerprint of the preview"),
)
SUM_COLUMNS = (
    Column("Part"),
    Column("Period or account"),
    Column("Before", "money"),
    Column("After", "money"),
    Column("Difference", "money"),
    Column("Causes"),
)
STEP_COLUMNS = (
    Column("SalesReceipt's QuickBooks id"),
    Column("Inspection"),
    Column("Client"),
    Column("SalesReceipt"),
    Column("SalesReceipt date", "day"),
    Column("SalesReceipt total", "money"),
    Column("Outcome"),
    Column("Cause"),
    Column("Invoice's QuickBooks id"),
    Column("Invoice"),
    Column("Payments' QuickBooks ids"),
    Column("Copied", "moment"),
    Column("Invoice made", "moment"),
    Column("Payments made", "moment"),
    Column("Compared", "moment"),
    Column("Deleted", "moment"),
    Column("Confirmed gone", "moment"),
    Column("Taken back", "moment"),
)
_COPIES: dict[str, Column] = {
    "receipt_id": Column("QuickBooks id"),
    "inspection_id": Column("Inspection"),
    "number": Column("SalesReceipt"),
    "date": Column("Date", "day"),
    "customer_id": Column("Customer's QuickBooks id"),
    "quantity": Column("Quantity", "number"),
    "rate": Column("Rate", "number"),
    "amount": Column("Amount", "money"),
    "sales_tax": Column("Sales tax", "money"),
    "total": Column("Total", "money"),
}
COPIES_COLUMNS = tuple(
    _COPIES.get(name, Column(name.replace("_", " ").capitalize())) for name in COPY_COLUMNS
)


def preview_table(migration: Migration, company: Company, rows: Iterable[MigrationReceipt]) -> Table:
    """Return every receipt of the preview, then the inspections without one; each line with the fingerprint of what is confirmed."""
    lines = [
        *(_receipt_line(row) for row in rows),
        *(_other_line(other) for other in migration.others),
    ]
    whole = ((*line, migration.sha256) for line in lines)
    return Table(f"migration-{migration.id}-preview", RECEIPT_COLUMNS, whole, company.time_zone)


def sums_table(migration: Migration) -> Table:
    """Return what the preview forecasts: income by month and year on both bases, and the accounts."""
    lines = [
        (f"{part}, {basis}", name(period["name"]), *_sums(period))
        for basis, sums in migration.forecast.items()
        for part, name, periods in (("Month", month, sums["months"]), ("Year", str, sums["years"]))
        for period in periods
    ]
    accounts = (migration.numbers or {}).get("accounts", ())
    lines += [(f"Account, {one['kind']}", one["name"], *_sums(one)) for one in accounts]
    return Table(f"migration-{migration.id}-sums", SUM_COLUMNS, lines)


def _sums(found: dict[str, Any]) -> tuple[Any, ...]:
    causes = "; ".join(f"{name} (inspection {key}) {amount}" for name, key, amount in found["causes"])
    return found["before"], found["after"], found["difference"], causes


def report_table(migration: Migration, company: Company, rows: Iterable[MigrationReceipt]) -> Table:
    """Return one line a receipt that was to be replaced, with every step and its moment."""
    lines = (_step_line(row) for row in rows if row.state not in ("stay",))
    return Table(f"migration-{migration.id}-report", STEP_COLUMNS, lines, company.time_zone)


def copies_table(migration: Migration, rows: Iterable[MigrationReceipt]) -> Table:
    """Return the kept copies line by line: enough to enter each receipt by hand again."""
    kept = ((row.inspection_key, json.loads(row.archive)) for row in rows if row.archive)
    lines = (line for key, copy in kept for line in copy_lines(key, copy))
    cells = ([line.get(name, "") for name in COPY_COLUMNS] for line in lines)
    return Table(f"migration-{migration.id}-archive", COPIES_COLUMNS, cells)


def copies_json(migration: Migration, rows: Iterable[MigrationReceipt]) -> str:
    """Return the kept copies whole, as QuickBooks gave them."""
    copies = [
        {
            "receipt_id": row.receipt_id,
            "inspection_id": row.inspection_key,
            "copied_at": row.archived_at.isoformat() if row.archived_at else "",
            "outcome": PLACES[row.state],
            "receipt": json.loads(row.archive),
        }
        for row in rows
        if row.archive
    ]
    facts = {"manifest_sha256": migration.sha256, "cutoff": migration.cutoff.isoformat(), "copies": copies}
    return json.dumps(facts, indent=1) + "\n"


def _receipt_line(row: MigrationReceipt) -> tuple[Any, ...]:
    facts = row.facts
    receipt, invoice = facts.get("receipt") or {}, facts.get("invoice") or {}
    payments = "; ".join(f"{one['date']} {one['amount']}" for one in facts.get("payments") or [])
    blockers, notes = facts.get("blockers") or [], facts.get("notes") or []
    return (
        "SalesReceipt",
        row.inspection_key,
        row.client_name,
        row.starts_at,
        row.receipt_id,
        receipt.get("number", ""),
        receipt.get("date", ""),
        receipt.get("total", ""),
        facts["recorded_amount"],
        PLACES[row.state],
        invoice.get("number", ""),
        invoice.get("date", ""),
        invoice.get("total", ""),
        payments,
        "; ".join(_said(flag) for flag in blockers),
        " ".join(fault(code).remedy for code, _ in blockers),
        "; ".join(_said(flag) for flag in notes),
    )


def _other_line(other: dict[str, Any]) -> tuple[Any, ...]:
    what = {"new": "is booked newly", "never": "is never booked", "kept": "keeps its documents"}[
        other["what"]
    ]
    invoice = other.get("invoice") or {}
    payments = "; ".join(f"{day} {amount}" for _, day, amount, _ in other.get("payments") or [])
    booked = (invoice.get("number", ""), invoice.get("date", ""), invoice.get("total", other["total"]))
    cause = fault(other["problem"]).title if other.get("problem") else ""
    who = ("Inspection without SalesReceipt", other["inspection_id"], other["client"], other["starts_at"])
    return (*who, "", "", "", "", "", what, *booked, payments, cause, "", "")


def _step_line(row: MigrationReceipt) -> tuple[Any, ...]:
    receipt, invoice = row.facts.get("receipt") or {}, row.facts.get("invoice") or {}
    moments = (
        row.archived_at,
        row.invoiced_at,
        row.paid_at,
        row.compared_at,
        row.deleted_at,
        row.gone_at,
        row.taken_back_at,
    )
    return (
        row.receipt_id,
        row.inspection_key,
        row.client_name,
        receipt.get("number", ""),
        receipt.get("date", ""),
        receipt.get("total", ""),
        PLACES[row.state],
        _said((row.code, row.detail)) if row.code else "",
        row.invoice_id,
        invoice.get("number", "") if row.invoice_id else "",
        " ".join(row.payment_ids),
        *moments,
    )


def _said(flag: Sequence[str]) -> str:
    code, detail = flag
    return f"{fault(code).title}. {detail}".strip()
