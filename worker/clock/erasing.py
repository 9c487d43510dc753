"""Taking everything of a company out of this installation, for good. QuickBooks and the platform keep what they have.

What is begun is noted first (`acts.companies.begin_erasing`) and goes on after a crash: the tick takes it up again. Rows go a batch a
transaction under the company's lease. What stays is the audit log, under pseudonyms, and a row that says when the company was erased. Copies of the database made earlier hold it still.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import ColumnElement, Table, delete, or_, select, tuple_

from bookkeeping.acts.connecting import end_connection
from bookkeeping.errors import LeaseTakenError
from bookkeeping.quickbooks_gateway.oauth import OAuth
from bookkeeping.storage.base import Base, db, rows_changed, utcnow, write_back
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import AuditEntry, amend, record_act
from bookkeeping.storage.people.factors import Factor, RecoveryCode
from bookkeeping.storage.people.memberships import Membership, members_of
from bookkeeping.storage.people.people import OPS_ROLES, LoginSession, ResetLink, User
from bookkeeping.storage.work.leases import Lease, LeaseRow, take_lease
from bookkeeping.storage.work.tokens import ConnectionTokens
from worker.app import intuit_config, settings
from worker.clock.erasing_people import pseudonym
from worker.clock.retention import take_out_of_files

BATCH = 500
KEPT = ("companies", "audit_entries")
HOUSE = "Tieout"


def revoke_grant(company_id: int) -> None:
    """Revoke the grant at Intuit and forget the tokens; nothing to do without a connection.

    Raises:
        TemporaryError, MisconfiguredError: Intuit could not be told, and the tokens stay, to be tried again.
    """
    if db.session.get(Connection, company_id) is None:
        return
    found = ConnectionTokens(company_id).load()
    db.session.commit()  # No transaction is open while Intuit is told.
    if found is not None:
        OAuth(intuit_config()).revoke(found[0]["refresh_token"])
    end_connection(company_id)
    db.session.commit()


def finish_erasing(company_id: int, who: str = HOUSE) -> dict[str, int]:
    """Take out what is left of a company whose erasure was begun; return how many rows of each table went.

    Raises:
        LeaseTakenError: a worker is still at it; within a minute and a half it is not.
    """
    lease = take_lease(f"company:{company_id}", f"erasing:{socket.gethostname()}:{os.getpid()}", 90)
    gone: dict[str, int] = {}
    try:
        gone |= {"users": count} if (count := _logins(company_id, lease)) else {}
        for table in reversed(Base.metadata.sorted_tables):
            condition = _belongs(table, company_id)
            if table.name not in KEPT and condition is not None:
                count = sum(_batches(table, condition, lease))
                gone |= {table.name: count} if count else {}
        gone["audit entries under pseudonyms"] = _hide_people(company_id, lease)
        gone["lines of archives"] = take_out_of_files(Path(settings().archive_folder), company_id)
        _leave_a_stone(company_id, who)
        lease.commit()
    finally:
        lease.release()
    db.session.execute(delete(LeaseRow).where(LeaseRow.name == lease.name))
    db.session.commit()
    write_back()
    return gone


def go_on_erasing() -> list[int]:
    """Finish the erasures that were begun and not ended, as far as nobody holds the company; return the companies."""
    begun = select(Company.id).where(Company.erasing_since.is_not(None), Company.erased_at.is_(None))
    done = []
    for company_id in db.session.scalars(begun).all():
        connection = db.session.get(Connection, company_id)
        if connection is not None and connection.tokens:
            continue  # Intuit is to be told first, by whoever runs the command again.
        try:
            finish_erasing(company_id)
        except LeaseTakenError:
            continue
        done.append(company_id)
    return done


def _logins(company_id: int, lease: Lease) -> int:
    """Delete the logins of those who belong to no other company, one a transaction, with all that hangs on them; return how many.

    Of those who were removed from it earlier, too: their rows stay as long as the company does, for its audit log.
    """
    count = 0
    for user_id in [*(place.user_id for place in members_of(company_id)), *_removed_from(company_id)]:
        elsewhere = (Membership.user_id == user_id, Membership.company_id != company_id)
        if db.session.scalar(select(Membership.id).where(*elsewhere).limit(1)) is None:
            for table in (LoginSession, ResetLink, Factor, RecoveryCode, Membership):
                db.session.execute(delete(table).where(table.user_id == user_id))
            count += rows_changed(delete(User).where(User.id == user_id))
            lease.commit()
    return count


def _removed_from(company_id: int) -> list[int]:
    """Return who belongs to no company any more and stands in this one's audit log."""
    mine = AuditEntry.company_id == company_id
    named = select(AuditEntry.who).where(mine).union(select(AuditEntry.subject).where(mine))
    rows = select(User.id).where(
        User.email.in_(named),
        User.removed_at.is_not(None),
        User.ops_role.not_in(OPS_ROLES),
        ~select(Membership.id).where(Membership.user_id == User.id).exists(),
    )
    return list(db.session.scalars(rows))


def _belongs(table: Table, company_id: int) -> ColumnElement[bool] | None:
    """Return the condition for the rows of a company: its own, or those of a row of its own; None for a table that has none."""
    if "company_id" in table.c:
        return table.c.company_id == company_id
    ways = []
    for key in table.foreign_keys:
        parent = key.column.table
        if "company_id" in parent.c:
            ways.append(key.parent.in_(select(key.column).where(parent.c.company_id == company_id)))
    return or_(*ways) if ways else None


def _batches(table: Table, condition: ColumnElement[bool], lease: Lease) -> Iterator[int]:
    """Delete the rows a batch a transaction; yield how many each time."""
    key = tuple(table.primary_key.columns)
    while True:
        found = [tuple(row) for row in db.session.execute(select(*key).where(condition).limit(BATCH))]
        if not found:
            return
        mine = key[0].in_([row[0] for row in found]) if len(key) == 1 else tuple_(*key).in_(found)
        yield rows_changed(delete(table).where(mine))
        lease.commit()


def _hide_people(company_id: int, lease: Lease) -> int:
    """Let the company's chain say what was done and when, and no longer by whom of the company and about what."""
    count, last = 0, 0
    while True:
        rows = select(AuditEntry).where(AuditEntry.company_id == company_id, AuditEntry.id > last)
        entries = db.session.scalars(rows.order_by(AuditEntry.id).limit(BATCH)).all()
        if not entries:
            return count
        ours = set(db.session.scalars(select(User.email).where(User.ops_role.in_(OPS_ROLES))))
        for entry in entries:
            last = entry.id
            who = entry.who if entry.who in ours or "@" not in entry.who else pseudonym(entry.who)
            if (
                entry.amended
                and entry.who == who
                and not entry.subject
                and entry.after is entry.before is None
            ):
                continue
            amend(entry, who=who, address="", subject="", before=None, after=None)
            count += 1
        lease.commit()
        db.session.expunge_all()


def _leave_a_stone(company_id: int, who: str) -> None:
    company = db.session.get_one(Company, company_id)
    fresh = {column.key: None for column in Company.__table__.columns if column.nullable}
    blank = {
        "name": f"Erased company {company_id}",
        "feed_url": "",
        "feed_key": "",
        "source_credentials": "",
        "feed_detail": "",
        "books": {},
    }
    since = company.erasing_since
    for name, value in {**fresh, **blank, "paused_by": "", "wait_code": "", "legacy": False}.items():
        setattr(company, name, value)
    company.erasing_since, company.erased_at = since, utcnow()
    record_act(None, who, "erased a company", subject=f"company {company_id}")
