"""Whether a night is quiet: since the numbers and the statement were read whole, nobody wrote in QuickBooks and nothing changed here.

Then both stand as they are, and nothing is read for them: Intuit meters reads. What counts as news in QuickBooks is decided here, from
what change capture shows anyway; any posting moves its Accounts there, whoever made it and with whatever document. Sources: Intuit's
answers to change capture (Accounts and Customers move with their balances, without a new SyncToken), bookkeeping decision 18.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from bookkeeping.quickbooks_gateway.changes import Changes, changed_at
from bookkeeping.rules.customers import PEOPLE
from bookkeeping.rules.tieout import Period
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.names import named_things
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, Document
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.numbers import TieoutStatement
from bookkeeping.storage.work.journal import Operation

SETTLING = timedelta(minutes=10)
"""A report may lack what was booked a moment before it. Of these minutes only what we wrote ourselves is known to be in it."""

MOVED_BY_POSTINGS = (*PEOPLE, "Account")
"""Lists whose entries show up with their balance, without an edit."""

Row = dict[str, Any]


def note_movement(connection: Connection, changes: Changes, complete: bool) -> None:
    """Note in the current transaction whether these changes, not yet taken over, hold something that the numbers were read without."""
    through = connection.numbers_through
    if through is not None and (not complete or _news(connection.company_id, changes, through)):
        connection.books_moved_at = utcnow()


def nothing_moved(connection: Connection, days: str, period: Period) -> bool:
    """Whether the numbers of these days (as `PulledNumbers.period` names them) and the statement of that period stand as they are."""
    since, through = connection.numbers_read_at, connection.numbers_through
    if since is None or through is None or connection.numbers_days != days:
        return False
    if connection.books_moved_at is not None and connection.books_moved_at >= since:
        return False
    statement = select(func.max(TieoutStatement.made_at)).where(
        TieoutStatement.company_id == connection.company_id,
        TieoutStatement.asked_by == "",
        TieoutStatement.first_day == period.first,
        TieoutStatement.last_day == period.last,
    )
    made = db.session.scalar(statement)
    return made is not None and made >= since and not _changed_here(connection.company_id, since)


def _changed_here(company_id: int, since: datetime) -> bool:
    """Whether we wrote in QuickBooks, an inspection changed or was looked at, or somebody acted for this company since then."""
    places = (
        (Operation, Operation.settled_at >= since),
        (InspectionRow, or_(InspectionRow.polled_at >= since, InspectionRow.last_synced_at >= since)),
        (BadRecord, BadRecord.first_seen_at >= since),
        (AuditEntry, AuditEntry.at >= since),
    )
    return any(
        db.session.scalar(select(table).where(table.company_id == company_id, which).limit(1)) is not None
        for table, which in places
    )


def _news(company_id: int, changes: Changes, through: datetime) -> bool:
    """Whether something changed since `through`, or so shortly before that the numbers may lack it and it is not our own doing."""
    shown = [(kind, row, changed_at(row)) for kind, row in _rows(changes)]
    shown = [one for one in shown if not _before(one[2], through - SETTLING)]
    second = timedelta(seconds=1)  # QuickBooks' clock has no smaller steps.
    if any(not _before(at, through + second) for _, _, at in shown):
        return True
    ours = [one for one in shown if one[0] in DOCUMENT_KINDS and _is_ours(company_id, one[0], one[1])]
    until = max((at for _, _, at in ours if at is not None), default=None)
    rest = [one for one in shown if one not in ours]
    known = {kind: _tokens(company_id, kind) for kind in {kind for kind, _, _ in rest}}
    for kind, row, at in rest:
        if known[kind].get(str(row["Id"])) != str(row.get("SyncToken", "0")):
            return True  # A document of somebody else's, or an entry of a list that is new or edited.
        moved_by_ours = until is not None and _before(at, until + second)
        if kind in MOVED_BY_POSTINGS and not moved_by_ours:
            return True
    return False


def _rows(changes: Changes) -> Iterator[tuple[str, Row]]:
    for kind, rows in changes.by_entity.items():
        for row in rows:
            yield kind, row


def _before(at: datetime | None, moment: datetime) -> bool:
    """Whether it is known to have changed before that moment."""
    return at is not None and at < moment


def _is_ours(company_id: int, kind: str, row: Row) -> bool:
    """Whether it is a document of ours just as we left it: our own doing."""
    known = db.session.scalar(
        select(Document).where(
            Document.company_id == company_id, Document.kind == kind, Document.qbo_id == str(row["Id"])
        )
    )
    if known is None:
        return False
    if row.get("status") == "Deleted":
        return known.status != "live"
    return known.status == "live" and known.sync_token == str(row.get("SyncToken"))


def _tokens(company_id: int, kind: str) -> dict[str, str]:
    return {thing.qbo_id: thing.sync_token for thing in named_things(company_id, kind)}
