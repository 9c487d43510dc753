"""What people changed in QuickBooks since we last looked: change data capture, or everything compared by id where that is not enough.

Documents become drift or stop being it, Deposits freeze what they hold, names and lists are kept fresh. The cursor moves with what it
covers. What follows for linked Customers is `customer_links`; whether a document still says what we wrote is `drift`.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from bookkeeping.errors import PermanentError
from bookkeeping.faults import ENDED_BY_DEPOSIT, ended_by
from bookkeeping.quickbooks_gateway.changes import Changes, moment
from bookkeeping.quickbooks_gateway.reading import seen
from bookkeeping.rules.customers import PEOPLE
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import NamedThing, named_things
from bookkeeping.storage.records.customer_links import follow_customers
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, FROZEN_BY_DEPOSITS, Document
from bookkeeping.storage.records.due import held_up_by, make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.list_waits import follow_lists
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.reading.company import LISTS, default_accounts, keep_listed, read_lists
from worker.reading.drift import judge, note_gone
from worker.reading.merges import follow_merges
from worker.reading.others import (
    forget_others,
    note_others,
    note_others_refunds,
    reread_used_refunds,
)
from worker.reading.quiet import note_movement

logger = logging.getLogger(__name__)

ENTITIES = (*DOCUMENT_KINDS, "Deposit", *PEOPLE, *LISTS)
OVERLAP = timedelta(minutes=10)
"""A change may be booked a moment before it can be seen; looking at one twice is harmless."""

FURTHEST = timedelta(days=29)
COMPARED_AT_ONCE = 500


def check_changes(work: Work) -> bool:
    """Take over what changed in QuickBooks since the cursor; True when all of it is.

    More than QuickBooks tells at once, or more than 30 days away: every living document of ours is compared by id, a few hundred a
    slice, and the lists are read again; only then does the cursor move.

    Raises:
        NotConnectedError, TemporaryError: QuickBooks cannot be read now; the cursor stays, so nothing is missed.
    """
    standing = work.run.parameters.get("comparing")
    if standing is not None:
        return _compare(work, standing)
    since = work.connection.changes_since if work.connection else None
    tell(work, "Looking for changes in QuickBooks")
    work.commit()
    work.before_call()
    changes, complete = _captured(work, since)
    note_movement(work.existing_connection, changes, complete)
    _take_over(work, changes)
    if complete:
        work.existing_connection.changes_since = changes.server_time
        work.run.parameters = {**work.run.parameters, "told_refunds": True}
        work.commit()
        return True
    work.commit()
    _read_all_again(work)
    return _compare(work, {"after": 0, "until": changes.server_time.isoformat()})


def _captured(work: Work, since: datetime | None) -> tuple[Changes, bool]:
    """Return the changes, and whether they are all there are."""
    furthest = utcnow() - FURTHEST
    try:
        if since is not None:
            changes = work.gateway.changes(ENTITIES, since - OVERLAP)
            return changes, not changes.truncated
    except PermanentError as error:
        if error.code != "changes-too-old":
            raise
        logger.warning("Changes too old", extra={"company_id": work.company_id, "since": since})
    return work.gateway.changes(ENTITIES, furthest), False


def _take_over(work: Work, changes: Changes) -> None:
    """Take over all changes in the current transaction."""
    accounts_edited = _any_edited(work.company_id, "Account", changes.by_entity.get("Account", []))
    for kind in (*PEOPLE, *LISTS):
        for row in changes.by_entity.get(kind, []):
            _keep_name(work.company_id, kind, row)
    _follow(work, changes)
    changed: list[Document] = []
    moved: set[str] = set()
    for kind in DOCUMENT_KINDS:
        rows = {row["Id"]: row for row in changes.by_entity.get(kind, [])}
        for document in _ours(work.company_id, kind, rows):
            row = rows[document.qbo_id]
            moved |= _judge(document, None if row.get("status") == "Deleted" else row, row)
            changed.append(document)
    moved |= note_others(work.company_id, changes.by_entity.get("Payment", []))
    moved |= note_others_refunds(work.company_id, changes.by_entity.get("RefundReceipt", []))
    _mark_inspections(work, changed)
    make_due(work.company_id, "look-again", InspectionRow.key.in_(moved))
    _note_deposits(work, changes.by_entity.get("Deposit", []))
    follow_lists(work.company_id)
    follow_customers(work.company_id, [row["Id"] for row in changes.by_entity.get("Customer", [])])
    if accounts_edited:
        _refresh_accounts(work)


def _follow(work: Work, changes: Changes) -> None:
    """Follow what was merged before anything is judged: the documents of a merge have changed all at once."""
    shown, gone = [], set()
    for kind in DOCUMENT_KINDS:
        rows = {row["Id"]: row for row in changes.by_entity.get(kind, [])}
        for document in _ours(work.company_id, kind, rows):
            row = rows[document.qbo_id]
            if row.get("status") == "Deleted":
                gone.add(document.id)
            else:
                shown.append((document, row))
    follow_merges(work, shown, ask=False, gone=gone)


def _judge(
    document: Document, row: dict[str, Any] | None, tombstone: dict[str, Any] | None = None
) -> set[str]:
    """Judge a document of ours (None: gone); return its inspection when something else is open on its Invoice now, else nothing."""
    before = (document.balance, document.links)
    if row is None:
        note_gone(document, tombstone)
    else:
        judge(document, row)
    if document.kind != "Invoice" or (document.balance, document.links) == before:
        return set()
    forget_others(document)
    return {document.inspection_key}


def _ours(company_id: int, kind: str, qbo_ids: Iterable[str]) -> list[Document]:
    """Return our living documents of these ids as they are now: a person may have settled one's drift meanwhile."""
    found: list[Document] = []
    for chunk in _chunks(qbo_ids):
        rows = select(Document).where(
            Document.company_id == company_id,
            Document.kind == kind,
            Document.qbo_id.in_(chunk),
            Document.status == "live",
        )
        found += db.session.scalars(rows.with_for_update().execution_options(populate_existing=True))
    return found


def _mark_inspections(work: Work, documents: list[Document]) -> None:
    """Say on the inspections' rows which have drift now, and make those due whose last drift, or other wait for a document, is over."""
    db.session.flush()
    drifted = {document.inspection_key for document in documents if document.hands_off == "drift"}
    for keys in _chunks(drifted):
        rows = update(InspectionRow).where(
            InspectionRow.company_id == work.company_id,
            InspectionRow.key.in_(keys),
            InspectionRow.state != "needs-you",
        )
        db.session.execute(rows.values(state="drift", reason="drift", detail=""))
    closed = {document.inspection_key for document in documents} - drifted
    for keys in _chunks(closed):
        still = select(Document.inspection_key).where(
            Document.company_id == work.company_id,
            Document.inspection_key.in_(keys),
            Document.status == "live",
            Document.hands_off == "drift",
        )
        make_due(
            work.company_id,
            "cause-gone",
            or_(InspectionRow.state == "drift", held_up_by(*ended_by("document"))),
            InspectionRow.key.in_(keys),
            InspectionRow.key.not_in(still),
        )


def _note_deposits(work: Work, rows: Iterable[dict[str, Any]]) -> None:
    """Note in the current transaction what these Deposits hold, and let be tried again what waited for one to come or to go."""
    held: set[str] = set()
    freed: set[str] = set()
    for row in rows:
        came, went = note_deposit(work.company_id, row)
        held, freed = held | came, freed | went
    waited = held_up_by(*ENDED_BY_DEPOSIT)
    make_due(work.company_id, "cause-gone", waited, InspectionRow.key.in_(held | freed))
    make_due(work.company_id, "look-again", InspectionRow.key.in_(freed))


def note_deposit(company_id: int, row: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Note in the current transaction what of ours this Deposit holds and where it put it.

    Return the inspections of what it holds, and of what it holds no more.
    """
    deposit = seen("Deposit", row)
    held = set() if deposit.deleted else set(deposit.swept)
    before = select(Document).where(Document.company_id == company_id, Document.deposit_id == deposit.qbo_id)
    came, went = set(), set()
    for document in db.session.scalars(before):
        if (document.kind, document.qbo_id) not in held:
            document.deposit_id = ""  # The account stays: the money did go there.
            went.add(document.inspection_key)
    for kind in FROZEN_BY_DEPOSITS:
        for document in _ours(company_id, kind, [qbo_id for each, qbo_id in held if each == kind]):
            document.deposit_id, document.deposit_account_id = deposit.qbo_id, deposit.deposit_account_id
            came.add(document.inspection_key)
    return came, went


def _any_edited(company_id: int, kind: str, rows: list[dict[str, Any]]) -> bool:
    """Whether one of these list entries is new or edited. Change data capture also brings those of which only the balance moved."""
    known = {thing.qbo_id: thing.sync_token for thing in named_things(company_id, kind)} if rows else {}
    return any(known.get(str(row["Id"])) != str(row.get("SyncToken", "0")) for row in rows)


def _keep_name(company_id: int, kind: str, row: dict[str, Any]) -> None:
    if row.get("status") != "Deleted":
        keep_listed(company_id, kind, row)
        return
    gone = update(NamedThing).where(
        NamedThing.company_id == company_id, NamedThing.kind == kind, NamedThing.qbo_id == str(row["Id"])
    )
    db.session.execute(gone.values(active=False))


def _refresh_accounts(work: Work) -> None:
    work.commit()
    work.before_call()
    accounts = list(work.gateway.query_all("Account"))
    connection = work.existing_connection
    connection.facts = {**connection.facts, **default_accounts(connection.facts, accounts)}


def _read_all_again(work: Work) -> None:
    """Read the lists and every Deposit that can hold something of ours anew."""
    read_lists(work)
    follow_customers(work.company_id)
    make_due(work.company_id, "look-again", InspectionRow.key.in_(reread_used_refunds(work)))
    oldest = select(func.min(Document.txn_date)).where(
        Document.company_id == work.company_id,
        Document.kind.in_(FROZEN_BY_DEPOSITS),
        Document.status == "live",
    )
    first_day = db.session.scalar(oldest)
    work.commit()
    if first_day is None:
        return
    work.before_call()
    deposits = list(work.gateway.query_all("Deposit", f"TxnDate >= '{first_day.isoformat()}'"))
    standing = {str(row["Id"]) for row in deposits}
    vanished = select(Document.deposit_id).where(
        Document.company_id == work.company_id, Document.deposit_id != "", Document.status == "live"
    )
    gone = set(db.session.scalars(vanished.distinct())) - standing
    _note_deposits(work, [*deposits, *({"Id": qbo_id, "status": "Deleted"} for qbo_id in sorted(gone))])
    work.commit()


def _compare(work: Work, standing: dict[str, Any]) -> bool:
    """Compare the next documents by id. `standing` is {after: document id, until: the cursor once all are compared}."""
    mine = (Document.company_id == work.company_id, Document.status == "live")
    whole = or_(*(Document.kind == kind for kind in DOCUMENT_KINDS))
    while True:
        rows = select(Document).where(*mine, whole, Document.id > standing["after"]).order_by(Document.id)
        documents = list(db.session.scalars(rows.limit(COMPARED_AT_ONCE)))
        if not documents:
            break
        tell(work, "Comparing documents with QuickBooks")
        work.commit()
        _compare_some(work, documents)
        standing = {**standing, "after": documents[-1].id}
        work.run.parameters = {**work.run.parameters, "comparing": standing}
        work.commit()
        if work.slice_over:
            return False
    work.run.parameters = {name: value for name, value in work.run.parameters.items() if name != "comparing"}
    work.existing_connection.changes_since = moment(standing["until"])
    work.commit()
    return True


def _compare_some(work: Work, documents: list[Document]) -> None:
    """One query for fifty; what it leaves out is read by Id, since absence in a query proves nothing."""
    for kind in DOCUMENT_KINDS:
        ids = [document.qbo_id for document in documents if document.kind == kind]
        for chunk in _chunks(ids, 50):
            work.before_call()
            rows: dict[str, dict[str, Any] | None] = {**work.gateway.read_many(kind, chunk)}
            for qbo_id in chunk:
                if qbo_id not in rows:
                    work.before_call()
                    rows[qbo_id] = work.gateway.read(kind, qbo_id)
            alive = [(one, row) for one in documents if one.kind == kind and (row := rows.get(one.qbo_id))]
            follow_merges(work, alive, ask=True)
            compared = _ours(work.company_id, kind, chunk)
            moved: set[str] = set()
            for document in compared:
                moved |= _judge(document, rows[document.qbo_id])
            _mark_inspections(work, compared)
            make_due(work.company_id, "look-again", InspectionRow.key.in_(moved))
            work.commit()


def _chunks(keys: Iterable[str], size: int = 500) -> list[list[str]]:
    wanted = list(keys)
    return [wanted[start : start + size] for start in range(0, len(wanted), size)]
