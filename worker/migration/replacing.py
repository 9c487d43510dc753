"""The way of a few receipts through the migration: archived, replaced, read back, deleted, confirmed gone; or taken back.

Level-triggered like the reconciler: what exists is looked at anew each time, so a crash anywhere is carried on from. Nothing is
deleted that was not proven a moment before, and what cannot be finished is undone, so that no income is left doubled.
"""

import json
import logging
from dataclasses import dataclass, replace

from sqlalchemy import update

from bookkeeping.case import Case, build_cases
from bookkeeping.errors import BookkeepingError, StaleSyncTokenError, TemporaryError
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.bodies import delete_body
from bookkeeping.quickbooks_gateway.receipts import copy_of, receipt_of
from bookkeeping.rules.documents import NOTHING, Flag
from bookkeeping.rules.migration import Receipt, Recorded
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.choices import keep_deposit_account
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.journal.writing import Write, carry_out
from worker.migration.customers import bill
from worker.migration.judging import Judged, judge_all, rows_by_key
from worker.migration.proof import booked, read_back, why_wrong
from worker.migration.receipts import read_all, read_one
from worker.reconciling.customers import resolve_customers
from worker.reconciling.items import ensure_names
from worker.reconciling.rounds import change_and_create, delete_first

logger = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often passing trouble with one receipt is tried again before what was made for it is taken back."""


class PauseMigration(Exception):
    """Stop here until a person has looked: something is not as it must be. `flag` says what."""

    def __init__(self, flag: Flag) -> None:
        super().__init__(flag.code)
        self.flag = flag


@dataclass
class Task:
    """One receipt on its way, as last read."""

    row: MigrationReceipt
    case: Case
    receipt: Receipt

    @property
    def on_its_way(self) -> bool:
        """False once it was parked, taken back or finished."""
        return self.row.state == "working" and self.case.parked is None


def replace_receipts(work: Work, migration: Migration, rows: list[MigrationReceipt]) -> None:
    """Carry these receipts as far as they go now.

    Raises:
        PauseMigration: a wrong result, or a cause that every other receipt would meet too; all is noted.
        TemporaryError, NotConnectedError: QuickBooks as a whole cannot be worked with; carried on from here later.
    """
    take_back(work, [row for row in rows if row.state == "taking-back"])
    tasks = _begin(work, migration, [row for row in rows if row.state in ("planned", "working")])
    if not tasks:
        return
    cases = [task.case for task in tasks]
    resolve_customers(work, cases)
    ensure_names(work, cases)
    change_and_create(work, cases)
    _note_made(work, tasks)
    wrong = _prove(work, migration, tasks)
    _delete(work, tasks)
    _confirm_gone(work, tasks)
    take_back(work, [task.row for task in tasks if task.row.state == "taking-back"])
    if wrong is not None:
        raise PauseMigration(wrong)


def take_back(work: Work, rows: list[MigrationReceipt]) -> None:
    """Delete the Payments and then the Invoice that were made for these receipts, which stay.

    Raises:
        PauseMigration: they cannot be taken away; the income stands twice until a person has looked.
    """
    if not rows:
        return
    inspections = rows_by_key(work.company_id, [row.inspection_key for row in rows])
    cases = {case.key: case for case in build_cases(work.company, list(inspections.values()), migrating=True)}
    for case in cases.values():
        case.told, case.parked = NOTHING, None
        case.make_plan()
    work.commit()
    delete_first(work, list(cases.values()))
    for row in rows:
        made = cases.get(row.inspection_key)
        if made is not None and made.live:
            row.attempts += 1
            why = made.parked or BookkeepingError(code="unexpected")
            if row.attempts > ATTEMPTS * 2 or fault(why.code).blocks_writes:
                detail = f"What was made for SalesReceipt {row.receipt_id} cannot be taken away. {why.detail}".strip()
                work.commit()
                raise PauseMigration(Flag(why.code, detail))
            continue
        row.state, row.taken_back_at = "left", utcnow()
        row.invoice_id, row.payment_ids, row.booked = "", [], {}
        row.invoiced_at = row.paid_at = row.compared_at = None
        facts = {"company_id": work.company_id, "inspection_id": row.inspection_key, "code": row.code}
        logger.error("Receipt not replaced", extra=facts | {"qbo_id": row.receipt_id})
    work.commit()


def _begin(work: Work, migration: Migration, rows: list[MigrationReceipt]) -> list[Task]:
    """Look at each receipt again, leave what is no longer as confirmed, keep a copy of the others, and plan their documents."""
    raws = read_all(work, [row.receipt_id for row in rows])
    judged: dict[str, Judged] = {}
    for begun in (False, True):
        some = [row for row in rows if (row.state == "working") is begun]
        recorded = [Recorded(row.receipt_id, row.inspection_key, row.recorded) for row in some]
        for one in judge_all(work, migration, recorded, raws, begun=begun):
            judged[one.entry.recorded.receipt_id] = one
    ready, inspections = [], []
    for row in rows:
        one, raw = judged[row.receipt_id], raws.get(row.receipt_id)
        if row.state == "working" and raw is None:
            _done(work, row)  # From here on only forward: the reconciler completes what it may still lack.
            continue
        objection = _objection(row, one)
        if objection is not None:
            _leave(row, objection)
        elif one.row is not None and one.entry.receipt is not None and raw is not None:
            if row.state == "planned":
                row.archive, row.archived_at, row.state = copy_of(raw), utcnow(), "working"
            inspections.append(one.row)
            ready.append((row, one, one.entry.receipt))
    work.commit()
    cases = {case.key: case for case in build_cases(work.company, inspections, migrating=True)}
    tasks = []
    for row, one, receipt in ready:
        task = Task(row, cases[row.inspection_key], receipt)
        task.case.replaces = json.loads(row.archive or "{}")
        _address(work, task, one)
        tasks.append(task)
    work.commit()
    return tasks


def _objection(row: MigrationReceipt, one: Judged) -> Flag | None:
    """Return why this receipt must not be replaced now. One that is gone after its replacement began is no objection."""
    now, shown = one.entry.receipt, row.facts.get("receipt") or {}
    if now is None:
        return Flag("receipt-missing", "It was there when the preview was made.")
    if one.entry.side == "old":
        return Flag("before-cutoff")
    changed = now.content_hash != shown.get("content")
    if changed and not (row.again and row.state == "planned"):
        detail = f"It came to ${shown.get('total')}, and comes to ${now.total:,.2f} now."
        return Flag("changed-since-preview", detail)
    return one.entry.blockers[0] if one.entry.blockers else None


def _leave(row: MigrationReceipt, objection: Flag) -> None:
    """Note that this receipt stays, and why; what was made for it goes."""
    row.state = "left" if row.state == "planned" else "taking-back"
    row.code, row.detail, row.again = objection.code, objection.detail, False


def _address(work: Work, task: Task, one: Judged) -> None:
    """Say whom the documents bill and where the money of the receipt lies."""
    case, account_id = task.case, task.receipt.account_id
    if account_id:
        payments = (replace(one, deposit_account_id=account_id) for one in case.told.payments)
        case.told = replace(case.told, payments=tuple(payments))
    if case.customer_id is None and case.desired.customer is not None:
        customer_id = task.row.facts.get("customer_id") or one.entry.customer.customer_id
        if customer_id:
            bill(work, case.desired.customer, customer_id, task.row.receipt_id)
            case.customer_id = customer_id
    case.make_plan()


def _note_made(work: Work, tasks: list[Task]) -> None:
    """Note what stands now, and what to do with those that did not go through."""
    blocked: Flag | None = None
    for task in tasks:
        row, case = task.row, task.case
        payments = [document for document in case.live if document.kind == "Payment"]
        if case.invoice is not None:
            row.invoice_id, row.invoiced_at = case.invoice.qbo_id, row.invoiced_at or utcnow()
        row.payment_ids = [document.qbo_id for document in payments]
        if case.parked is None:
            row.paid_at = row.paid_at or utcnow()
        elif fault(case.parked.code).blocks_writes:
            blocked = Flag(case.parked.code, case.parked.detail)
        else:
            _not_through(row, case.parked)
    work.commit()
    if blocked is not None:
        raise PauseMigration(blocked)


def _not_through(row: MigrationReceipt, error: BookkeepingError) -> None:
    """Try again what passes; take back what QuickBooks refuses."""
    row.attempts += 1
    passing = isinstance(error, TemporaryError) or (
        fault(error.code).waits and not fault(error.code).held_by_person
    )
    if not passing or row.attempts >= ATTEMPTS:
        _leave(row, Flag(error.code, error.detail))


def _prove(work: Work, migration: Migration, tasks: list[Task]) -> Flag | None:
    """Read back documents and receipts; what is wrong is to be taken back, and the first wrong result is returned."""
    ready = [task for task in tasks if task.on_its_way]
    if not ready:
        return None
    rows = read_back(work, [task.case for task in ready], by_id=migration.canary_at is None)
    raws = read_all(work, [task.row.receipt_id for task in ready])
    first_wrong = None
    for task in ready:
        raw = raws.get(task.row.receipt_id)
        wrong = why_wrong(task.case, rows)
        if raw is None:  # Somebody deleted it meanwhile.
            task.row.booked = {} if wrong else booked(task.case, rows)
            _done(work, task.row)
            continue
        if wrong:
            flag = Flag("read-back-differs", wrong)
            first_wrong = first_wrong or flag
            _leave(task.row, flag)
            continue
        task.receipt = receipt_of(raw)
        problem = _receipt_problem(task.row, task.receipt)
        if problem is not None:
            _leave(task.row, problem)
            continue
        task.row.booked, task.row.compared_at = booked(task.case, rows), utcnow()
    work.commit()
    return first_wrong


def _receipt_problem(row: MigrationReceipt, receipt: Receipt) -> Flag | None:
    """Return why this receipt, read just now, must not be deleted."""
    if receipt.deposit_id:
        return Flag("receipt-deposited", f"It is part of Deposit {receipt.deposit_id}.")
    if row.archive and receipt.content_hash != _archived(row.archive).content_hash:
        return Flag("changed-since-preview", "It was changed while its replacement was made.")
    return None


def _archived(archive: str) -> Receipt:
    return receipt_of(json.loads(archive))


def _delete(work: Work, tasks: list[Task]) -> None:
    """Delete the receipts that are proven replaced; one whose token moved meanwhile is read and tried once more."""
    stale = _send_deletes(work, [task for task in tasks if task.on_its_way])
    for task in stale:
        raw = read_one(work, task.row.receipt_id)
        if raw is None:
            _done(work, task.row)
            continue
        task.receipt = receipt_of(raw)
        problem = _receipt_problem(task.row, task.receipt)
        if problem is not None:
            _leave(task.row, problem)
    work.commit()
    for task in _send_deletes(work, [task for task in stale if task.on_its_way]):
        _not_through(task.row, StaleSyncTokenError(whole_realm=False))
    work.commit()


def _send_deletes(work: Work, tasks: list[Task]) -> list[Task]:
    """Send the deletions; return those that met a stale token."""
    if not tasks:
        return []
    tell(work, f"Deleting SalesReceipts: {len(tasks)}")
    writes = [
        Write(
            kind="SalesReceipt",
            action="delete",
            source_key=task.row.receipt_id,
            body=delete_body(task.row.receipt_id, task.receipt.sync_token),
            inspection_key=task.row.inspection_key,
            doc_number=task.receipt.doc_number,
            subject=task.case.subject,
            amount=task.receipt.total,
            qbo_id=task.row.receipt_id,
        )
        for task in tasks
    ]
    work.commit()
    carry_out(work, writes)
    blocked: Flag | None = None
    stale = []
    for task, write in zip(tasks, writes, strict=True):
        error = write.error
        if error is None:
            task.row.deleted_at = utcnow()
        elif isinstance(error, StaleSyncTokenError):
            stale.append(task)
        elif fault(error.code).blocks_writes:
            blocked = Flag(error.code, error.detail)
        else:
            _not_through(task.row, error)
    work.commit()
    if blocked is not None:
        raise PauseMigration(blocked)
    return stale


def _confirm_gone(work: Work, tasks: list[Task]) -> None:
    """Ask for each deleted receipt by Id; only QuickBooks' word that it does not exist finishes it."""
    still_there: Flag | None = None
    for task in tasks:
        if not task.on_its_way or task.row.deleted_at is None:
            continue
        if read_one(work, task.row.receipt_id) is not None:
            still_there = Flag("still-there", f"SalesReceipt {task.row.receipt_id}.")
            continue
        _done(work, task.row)
    work.commit()
    if still_there is not None:
        raise PauseMigration(still_there)


def _done(work: Work, row: MigrationReceipt) -> None:
    now = utcnow()
    row.state, row.code, row.detail, row.again = "done", "", "", False
    row.deleted_at, row.gone_at = row.deleted_at or now, now
    # A twin on record that is gone from QuickBooks stands no longer for the inspection either.
    receipts = update(LegacyReceipt).where(
        LegacyReceipt.company_id == work.company_id,
        LegacyReceipt.inspection_key == row.inspection_key,
        LegacyReceipt.replaced_at.is_(None),
    )
    db.session.execute(receipts.values(replaced_at=now))
    make_due(work.company_id, "look-again", InspectionRow.key == row.inspection_key)
    if row.archive:  # It was kept before anything was made for the receipt.
        keep_deposit_account(work.company, row.inspection_key, _archived(row.archive).account_id)
    logger.info(
        "Receipt replaced",
        extra={"company_id": work.company_id, "inspection_id": row.inspection_key, "qbo_id": row.receipt_id},
    )
