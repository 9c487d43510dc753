"""The preview of a migration: every receipt read and judged, the sums before and after, and the manifest that is confirmed.

It writes nothing to QuickBooks (decision 13).
"""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bookkeeping.errors import BookkeepingError, LeaseLostError, RuleError, ThrottledError
from bookkeeping.rules import forecast
from bookkeeping.rules.documents import desired_documents
from bookkeeping.rules.eligibility import eligibility
from bookkeeping.rules.migration import (
    Entry,
    Recorded,
    Replacement,
    entry_facts,
    manifest_text,
    replacement_of,
    sha256_of,
)
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import Document, LegacyReceipt, open_credits
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migration_basis import basis_of
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.migration.accounts import Accounts
from worker.migration.judging import Judged, judge_all, settings_with, sides_for
from worker.migration.receipts import read_all
from worker.reading.company import read_facts

AT_THE_BOUNDARY = 3


def preview(work: Work) -> bool:
    """Make the preview that the run's parameters name; always finishes.

    Raises:
        NotConnectedError, TemporaryError, MisconfiguredError: QuickBooks cannot be read; the preview is noted as failed.
    """
    migration = _asked_for(work)
    if migration is None:
        return True
    try:
        read_facts(work)
        recorded = recorded_receipts(work.company_id)
        work.commit()
        raws = read_all(work, [one.receipt_id for one in recorded], phase="Reading SalesReceipts")
        accounts = Accounts.read(work)
    except BookkeepingError as error:
        waited_out = isinstance(error, ThrottledError) and work.patience > 0
        if not waited_out and not isinstance(error, LeaseLostError):
            _note_failure(work, error)
        raise
    tell(work, "Comparing")
    work.commit()
    migration = _asked_for(work)
    if migration is not None:
        _keep(work, migration, recorded, raws, accounts)
    return True


def recorded_receipts(company_id: int) -> list[Recorded]:
    """Return the receipts on record that no migration has replaced yet."""
    rows = select(LegacyReceipt).where(
        LegacyReceipt.company_id == company_id, LegacyReceipt.replaced_at.is_(None)
    )
    return [
        Recorded(row.receipt_id, row.inspection_key, row.amount)
        for row in db.session.scalars(rows.order_by(LegacyReceipt.id))
    ]


def _asked_for(work: Work) -> Migration | None:
    migration = db.session.get(Migration, work.run.parameters.get("migration") or 0)
    return migration if migration is not None and migration.state == "previewing" else None


def _note_failure(work: Work, error: BookkeepingError) -> None:
    db.session.rollback()
    migration = _asked_for(work)
    if migration is not None:
        migration.state, migration.code, migration.detail = "failed", error.code, error.detail
        work.commit()


def _keep(
    work: Work, migration: Migration, recorded: list[Recorded], raws: dict[str, Any], accounts: Accounts
) -> None:
    company = work.company
    judged = sorted(judge_all(work, migration, recorded, raws), key=_order)
    entries = [one.entry for one in judged]
    others, bookings = _others(work, migration, {one.inspection_key for one in recorded})
    changes = [*map(forecast.change_of, entries), *bookings]
    migration.forecast = {
        basis: {
            "months": [_period(one) for one in forecast.by_month(changes, basis)],
            "years": [_period(one) for one in forecast.by_tax_year(changes, basis)],
        }
        for basis in forecast.BASES
    }
    migration.boundary = _boundary(work, migration)
    migration.others = others
    billed = {one.receipt.customer_id for one in entries if one.place == "change" and one.receipt}
    credit = sum(open_credits(company.id, billed).values(), ZERO)
    placed = [_account(one) for one in forecast.by_account(entries, accounts.place_of)]
    migration.numbers = _numbers(entries, others) | {"credit": f"{credit:.2f}", "accounts": placed}
    facts = {
        "company": company.name,
        "company_id": company.id,
        "time_zone": company.time_zone,
        "cutoff": migration.cutoff,
        "typed_cutoff": migration.typed_cutoff,
        "invoice_date": company.invoice_date,
        "forecast": migration.forecast,
        "accounts": placed,
    }
    migration.manifest = manifest_text(facts, entries, others)
    migration.sha256 = sha256_of(migration.manifest)
    migration.basis = basis_of(company, migration.cutoff)
    for position, one in enumerate(judged, start=1):
        db.session.add(_row(migration, position, one))
    migration.state, migration.previewed_at = "preview", utcnow()
    tell(work, "Preview is ready", done=len(recorded), total=len(recorded))
    work.commit()


def _order(one: Judged) -> tuple[bool, Any, str, str]:
    """Receipts whose inspection is not known come last."""
    starts_at = one.entry.starts_at
    recorded = one.entry.recorded
    return starts_at is None, starts_at, recorded.inspection_key, recorded.receipt_id


def _row(migration: Migration, position: int, one: Judged) -> MigrationReceipt:
    entry = one.entry
    state = {"change": "planned", "stay": "stay", "blocked": "blocked"}[entry.place]
    first = entry.blockers[0] if entry.blockers else None
    return MigrationReceipt(
        migration_id=migration.id,
        company_id=migration.company_id,
        position=position,
        receipt_id=entry.recorded.receipt_id,
        inspection_key=entry.recorded.inspection_key,
        client_name=one.row.client_name if one.row else "",
        starts_at=entry.starts_at,
        recorded=entry.recorded.amount,
        total=entry.receipt.total if entry.receipt else ZERO,
        facts=as_json(entry_facts(entry)),
        state=state,
        code=first.code if first else "",
        detail=first.detail if first else "",
    )


def as_json(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts as JSON columns take them: amounts and times as text."""
    return {name: _part(value) for name, value in facts.items()}


def _part(value: Any) -> Any:
    if isinstance(value, dict):
        return as_json(value)
    if isinstance(value, (list, tuple)):
        return [_part(part) for part in value]
    return value if isinstance(value, (str, int, bool)) or value is None else _text(value)


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else f"{value:.2f}"


def _period(period: forecast.Period) -> dict[str, Any]:
    facts = asdict(period) | {"difference": period.difference}
    return as_json(facts)


def _account(account: forecast.Account) -> dict[str, Any]:
    return as_json(asdict(account) | {"difference": account.difference})


def _others(
    work: Work, migration: Migration, with_receipt: set[str]
) -> tuple[list[dict[str, Any]], list[forecast.Change]]:
    """Return what becomes of the inspections without a receipt: `new` are booked, `never` lie before, `kept` keep their documents."""
    company = work.company
    settings = settings_with(company.book_settings(), migration.cutoff)
    every = db.session.scalars(
        select(InspectionRow)
        .where(InspectionRow.company_id == company.id)
        .order_by(InspectionRow.starts_at, InspectionRow.id)
    )
    rows = [row for row in every if row.key not in with_receipt]
    live = select(Document.inspection_key).where(Document.company_id == company.id, Document.status == "live")
    booked = set(db.session.scalars(live.distinct()))
    sides = sides_for(work, migration, [row.key for row in rows])
    others, bookings = [], []
    for row in rows:
        inspection, side = row.inspection(), sides[row.key]
        in_books = eligibility(inspection, settings, side="new").in_books
        if not in_books or (side == "new" and row.key in booked):
            continue
        about: dict[str, Any] = {
            "inspection_id": row.key,
            "client": row.client_name,
            "starts_at": row.starts_at,
        }
        if side == "old":
            what = "kept" if row.key in booked else "never"
            others.append(as_json(about | {"what": what, "total": row.total}))
            continue
        try:
            replacement = replacement_of(desired_documents(inspection, settings))
        except RuleError as error:
            others.append(as_json(about | {"what": "new", "total": row.total, "problem": error.code}))
            continue
        bookings.append(forecast.new_booking(row.key, replacement))
        others.append(as_json(about | {"what": "new", "total": row.total} | _booked(replacement)))
    return others, bookings


def _booked(replacement: Replacement) -> dict[str, Any]:
    return {
        "invoice": {
            "number": replacement.doc_number,
            "date": replacement.txn_date,
            "total": replacement.total,
        },
        "payments": [list(payment) for payment in replacement.payments],
    }


def _boundary(work: Work, migration: Migration) -> list[dict[str, Any]]:
    """Return the last inspections before the cutoff and the first on or after it, in order of their start."""
    mine = select(InspectionRow).where(InspectionRow.company_id == work.company_id)
    before = mine.where(InspectionRow.starts_at < migration.cutoff).order_by(InspectionRow.starts_at.desc())
    after = mine.where(InspectionRow.starts_at >= migration.cutoff).order_by(InspectionRow.starts_at)
    last = list(db.session.scalars(before.limit(AT_THE_BOUNDARY)))[::-1]
    first = list(db.session.scalars(after.limit(AT_THE_BOUNDARY)))
    return [_at_boundary(row, "old") for row in last] + [_at_boundary(row, "new") for row in first]


def _at_boundary(row: InspectionRow, side: str) -> dict[str, Any]:
    starts_at: datetime = row.starts_at
    about = {"inspection_id": row.key, "client": row.client_name, "total": row.total}
    return as_json(about | {"side": side, "starts_at": starts_at})


def _numbers(entries: list[Entry], others: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the counts and dollars for the screen."""
    numbers: dict[str, Any] = {}
    for place in ("change", "stay", "blocked"):
        chosen = [entry for entry in entries if entry.place == place]
        amounts = (entry.receipt.total if entry.receipt else entry.recorded.amount for entry in chosen)
        numbers[place] = {"count": len(chosen), "total": sum(amounts, ZERO)}
    for what in ("new", "never", "kept"):
        without = [other for other in others if other["what"] == what]
        numbers[what] = {
            "count": len(without),
            "total": sum((Decimal(other["total"]) for other in without), ZERO),
        }
    replacements = [entry.replacement for entry in entries if entry.place == "change" and entry.replacement]
    numbers["invoices"] = len(replacements)
    numbers["payments"] = sum(len(replacement.payments) for replacement in replacements)
    numbers["open"] = sum((replacement.open for replacement in replacements), ZERO)
    return as_json(numbers)
