"""Receipts as QuickBooks has them beside their inspections as last polled: one judged entry each, for the preview and again that night."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bookkeeping.errors import RuleError
from bookkeeping.quickbooks_gateway.receipts import receipt_of
from bookkeeping.rules.cutoff import Side, side_of
from bookkeeping.rules.documents import desired_customer
from bookkeeping.rules.inspection import BookSettings
from bookkeeping.rules.migration import Around, CustomerFound, Entry, Receipt, Recorded, judge
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document, documents_of
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import Migration, ReceiptSeen, frozen_sides
from worker.holding.work import Work
from worker.migration.customers import Billed, find_customers


@dataclass(frozen=True)
class Judged:
    """One entry with the row of its inspection, None when the platform does not know it."""

    entry: Entry
    row: InspectionRow | None


def judge_all(
    work: Work,
    migration: Migration,
    recorded: list[Recorded],
    raws: dict[str, dict[str, Any]],
    *,
    begun: bool = False,
) -> list[Judged]:
    """Judge each receipt; what is seen unedited is remembered, in the current transaction.

    `begun`: their replacement has begun, so documents of ours that stand for them are no objection.
    """
    company, connection = work.company, work.connection
    keys = [one.inspection_key for one in recorded]
    rows = rows_by_key(company.id, keys)
    sides = sides_for(work, migration, keys)
    receipts = {receipt_id: receipt_of(raw) for receipt_id, raw in raws.items()}
    known = _known_hashes(company.id, receipts)
    booked = (
        set() if begun else {key for key, found in documents_of(company.id, keys).items() if _any_live(found)}
    )
    standing = Counter(one.inspection_key for one in recorded if one.receipt_id in receipts)
    base = Around(
        settings=settings_with(company.book_settings(), migration.cutoff),
        close_date=connection.closed_through if connection is not None else None,
    )
    found = _customers(
        work, [one for one in recorded if sides.get(one.inspection_key) == "new"], rows, receipts
    )
    judged = []
    for one in recorded:
        row, receipt = rows.get(one.inspection_key), receipts.get(one.receipt_id)
        around = replace(
            base,
            known_hash=known.get(one.receipt_id, ""),
            twins=max(standing[one.inspection_key] - 1, 0),
            has_documents=one.inspection_key in booked,
            customer=found.get(row.client_key, CustomerFound()) if row else CustomerFound(),
        )
        inspection = row.inspection() if row else None
        judged.append(Judged(judge(one, inspection, sides.get(one.inspection_key), receipt, around), row))
    return judged


def settings_with(settings: BookSettings, cutoff: datetime) -> BookSettings:
    """Return the company's settings as they are once this cutoff holds."""
    return replace(settings, cutoff=cutoff)


def sides_for(work: Work, migration: Migration, keys: list[str]) -> dict[str, Side]:
    """Return the side of each inspection that is known, as this migration sees or froze it.

    An inspection that an earlier migration put on the new side stays there; one that was on the old side may come over when the
    cutoff moves back.
    """
    company = work.company
    frozen = dict(frozen_sides(company, keys))
    if company.cutoff is not None and migration.cutoff < company.cutoff and migration.started_at is None:
        frozen = {key: side for key, side in frozen.items() if side == "new"}
    rows = rows_by_key(company.id, [key for key in keys if key not in frozen])
    for key, row in rows.items():
        frozen[key] = side_of(row.starts_at, migration.cutoff)
    return frozen


def rows_by_key(company_id: int, keys: list[str]) -> dict[str, InspectionRow]:
    """Return the mirror's rows of these inspections."""
    rows: dict[str, InspectionRow] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), 500):
        chosen = select(InspectionRow).where(
            InspectionRow.company_id == company_id, InspectionRow.key.in_(wanted[start : start + 500])
        )
        rows |= {row.key: row for row in db.session.scalars(chosen)}
    return rows


def _any_live(documents: list[Document]) -> bool:
    return any(document.status == "live" for document in documents)


def _known_hashes(company_id: int, receipts: dict[str, Receipt]) -> dict[str, str]:
    """Return the content known to be unchanged, by receipt; what was never edited is noted as such."""
    seen: dict[str, ReceiptSeen] = {}
    ids = list(receipts)
    for start in range(0, len(ids), 500):
        chosen = select(ReceiptSeen).where(
            ReceiptSeen.company_id == company_id, ReceiptSeen.receipt_id.in_(ids[start : start + 500])
        )
        seen |= {row.receipt_id: row for row in db.session.scalars(chosen)}
    for receipt_id, receipt in receipts.items():
        if receipt_id not in seen and receipt.edits <= 0:
            seen[receipt_id] = ReceiptSeen(
                company_id=company_id, receipt_id=receipt_id, content_hash=receipt.content_hash
            )
            db.session.add(seen[receipt_id])
    return {receipt_id: row.content_hash for receipt_id, row in seen.items()}


def _customers(
    work: Work, recorded: list[Recorded], rows: dict[str, InspectionRow], receipts: dict[str, Receipt]
) -> dict[str, CustomerFound]:
    billed = []
    for one in recorded:
        row, receipt = rows.get(one.inspection_key), receipts.get(one.receipt_id)
        inspection = row.inspection() if row else None
        if receipt is None or inspection is None or inspection.client is None:
            continue
        try:
            desired = desired_customer(inspection.client)
        except RuleError:
            continue  # Its entry says so.
        billed.append(Billed(desired, inspection.address.line1, receipt.customer_id))
    return find_customers(work, billed)
