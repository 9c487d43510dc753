"""What can be downloaded of a migration: the manifest, its CSV, the copies of the receipts, the report. Text only; nothing is decided here."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bookkeeping.cells import cell
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.receipts import COPY_COLUMNS, copy_lines
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from webapp.frame.words import MST, local_time

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
    "part",
    "inspection_id",
    "client",
    "starts_at_company",
    "starts_at_mst",
    "starts_at_utc",
    "receipt_id",
    "receipt_number",
    "receipt_date",
    "receipt_total",
    "recorded_amount",
    "what_happens",
    "invoice_number",
    "invoice_date",
    "invoice_total",
    "payments",
    "cause",
    "remedy",
    "to_look_at",
)
STEP_COLUMNS = (
    "receipt_id",
    "inspection_id",
    "client",
    "receipt_number",
    "receipt_date",
    "receipt_total",
    "outcome",
    "cause",
    "invoice_id",
    "invoice_number",
    "payment_ids",
    "archived_at",
    "invoiced_at",
    "paid_at",
    "compared_at",
    "deleted_at",
    "confirmed_gone_at",
    "taken_back_at",
)


def preview_csv(migration: Migration, company: Company, rows: Iterable[MigrationReceipt]) -> str:
    """Return everything that the preview says: its fingerprint first, then receipts, inspections without one, and the sums."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("manifest_sha256", migration.sha256))
    writer.writerow(("company", cell(company.name)))
    for name, zone in (("company", company.time_zone), ("mst", MST), ("utc", "UTC")):
        writer.writerow((f"cutoff_{name}", local_time(migration.cutoff, zone)))
    writer.writerow(())
    writer.writerow(RECEIPT_COLUMNS)
    for row in rows:
        writer.writerow(_receipt_line(row, company))
    for other in migration.others:
        writer.writerow(_other_line(other, company))
    for basis, sums in migration.forecast.items():
        writer.writerow(())
        writer.writerow(("basis", "period", "before", "after", "difference", "causes"))
        for period in [*sums["months"], *sums["years"]]:
            amounts = (period["before"], period["after"], period["difference"])
            writer.writerow((basis, period["name"], *amounts, cell(_causes(period))))
    writer.writerow(())
    writer.writerow(("kind", "account", "before", "after", "difference", "causes"))
    for account in (migration.numbers or {}).get("accounts", ()):
        amounts = (account["before"], account["after"], account["difference"])
        writer.writerow((account["kind"], cell(account["name"]), *amounts, cell(_causes(account))))
    return out.getvalue()


def _causes(sums: dict[str, Any]) -> str:
    return "; ".join(f"{name} (inspection {key}) {amount}" for name, key, amount in sums["causes"])


def report_csv(rows: Iterable[MigrationReceipt]) -> str:
    """Return one line a receipt that was to be replaced, with every step and its moment (UTC)."""
    return _table(STEP_COLUMNS, (_step_line(row) for row in rows if row.state not in ("stay",)))


def copies_csv(rows: Iterable[MigrationReceipt]) -> str:
    """Return the kept copies line by line: enough to enter each receipt by hand again."""
    kept = ((row.inspection_key, json.loads(row.archive)) for row in rows if row.archive)
    lines = (line for key, copy in kept for line in copy_lines(key, copy))
    return _table(COPY_COLUMNS, ([line.get(name, "") for name in COPY_COLUMNS] for line in lines))


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


def _table(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in line] for line in lines)
    return out.getvalue()


def _receipt_line(row: MigrationReceipt, company: Company) -> list[str]:
    facts = row.facts
    receipt, invoice = facts.get("receipt") or {}, facts.get("invoice") or {}
    payments = "; ".join(f"{one['date']} {one['amount']}" for one in facts.get("payments") or [])
    blockers, notes = facts.get("blockers") or [], facts.get("notes") or []
    line = [
        "receipt",
        row.inspection_key,
        row.client_name,
        *_moments(row.starts_at, company),
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
    ]
    return [cell(value) for value in line]


def _other_line(other: dict[str, Any], company: Company) -> list[str]:
    what = {"new": "is booked newly", "never": "is never booked", "kept": "keeps its documents"}[
        other["what"]
    ]
    invoice = other.get("invoice") or {}
    payments = "; ".join(f"{day} {amount}" for _, day, amount, _ in other.get("payments") or [])
    moments = _moments(datetime.fromisoformat(other["starts_at"]), company)
    line = [
        "inspection without receipt",
        other["inspection_id"],
        other["client"],
        *moments,
        "",
        "",
        "",
        "",
        "",
        what,
    ]
    line += [
        invoice.get("number", ""),
        invoice.get("date", ""),
        invoice.get("total", other["total"]),
        payments,
    ]
    cause = fault(other["problem"]).title if other.get("problem") else ""
    return [cell(value) for value in [*line, cause, "", ""]]


def _step_line(row: MigrationReceipt) -> list[str]:
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
    return [
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
        *(moment.isoformat(timespec="seconds") if moment else "" for moment in moments),
    ]


def _moments(at: datetime | None, company: Company) -> list[str]:
    return [local_time(at, zone) if at else "" for zone in (company.time_zone, MST, "UTC")]


def _said(flag: Sequence[str]) -> str:
    code, detail = flag
    return f"{fault(code).title}. {detail}".strip()
