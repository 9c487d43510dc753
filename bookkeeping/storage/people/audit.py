"""The audit log: every act of a person or of ops, append-only and hash-chained, written in the transaction of the act itself.

The database itself refuses to change or delete an entry (triggers, in the migrations), and to give one entry two successors. Each entry's
digest covers the one before it, and is sealed under a key derived from TOKEN_KEYS: whoever has the database alone can compute the digests
of another history, but no seal. A good seal vouches for everything before it, so old entries stay proven when their key is long gone.
What is cut off at the end shows against the heads that are noted outside the database (`audit_heads.py`).
"""

import hashlib
import json
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Select, String, event, func, or_, select
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow
from bookkeeping.storage.company.vault import Vault, vault

acting_from: ContextVar[str] = ContextVar("acting_from", default="")
"""The address that the present request comes from; entries that name none carry it."""

SEAL, AMENDMENT = "audit entry", "audit amendment"
LONGEST_SUBJECT = 200
_TO_WRITE = "acts to write"
_CHAIN_LOCKS = 0x71E0
"""The first half of the advisory locks by which PostgreSQL lets one transaction at a time lengthen a company's chain."""


class AuditEntry(Base):
    """One act. `digest` covers the row and the digest before it in the same company's chain (company None = the house's own).

    `seal` is the mark on that digest; empty in entries from before there were seals. `amended` is the mark on what the entry says since
    a person's data was erased from it: its digest stays that of the words it had.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_log", "company_id", "id"),
        Index("ix_audit_entries_subject", "company_id", "subject"),
        Index("uq_audit_entries_chain", "company_id", "previous", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    who: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(64), default="")
    act: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(LONGEST_SUBJECT), default="")
    before: Mapped[Any] = mapped_column(JSON)
    after: Mapped[Any] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64), default="", unique=False)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    seal: Mapped[str] = mapped_column(String(80), default="", server_default="")
    amended: Mapped[str] = mapped_column(String(80), default="", server_default="")


def record_act(
    company_id: int | None,
    who: str,
    act: str,
    *,
    subject: str = "",
    before: Any = None,
    after: Any = None,
    address: str = "",
) -> None:
    """Add the entry to the current transaction; it is written with the act, as the last thing before the commit. Never pass secrets.

    A subject that is longer than its column, such as the names of several files, is cut.
    """
    facts = {"who": who, "act": act, "subject": subject[:LONGEST_SUBJECT], "before": before, "after": after}
    facts |= {"company_id": company_id, "at": utcnow(), "address": (address or acting_from.get())[:64]}
    db.session.connection()  # Begins the transaction: what was never begun cannot be rolled back either.
    db.session.info.setdefault(_TO_WRITE, []).append(facts)


@event.listens_for(db.session, "before_commit")
def _lengthen_chains(session: Session) -> None:
    """Write the acts of this transaction.

    Only now, because from here on no other transaction can lengthen these companies' chains: whoever held a chain and then waited for
    a row, while the row's holder waited for the chain, would wait for ever.
    """
    if session.in_nested_transaction():
        return
    to_write = session.info.pop(_TO_WRITE, [])
    if not to_write:
        return
    session.flush()
    newest: dict[int | None, str] = {}
    for company_id in sorted({facts["company_id"] for facts in to_write}, key=lambda one: one or 0):
        _lock_chain(company_id)
        last = select(AuditEntry.digest).where(_chain(company_id)).order_by(AuditEntry.id.desc()).limit(1)
        newest[company_id] = session.scalar(last) or ""
    for facts in to_write:
        entry = AuditEntry(**facts, previous=newest[facts["company_id"]])
        entry.digest = newest[facts["company_id"]] = _digest(entry)
        entry.seal = vault().sign(SEAL, entry.digest)
        session.add(entry)
        session.flush()  # One by one: ids follow the chain.


@event.listens_for(db.session, "after_soft_rollback")
def _forget_acts(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:  # A savepoint takes back no act.
        session.info.pop(_TO_WRITE, None)


def broken_entries(company_id: int | None) -> list[int]:
    """Return the ids of entries whose digest does not fit their content or their predecessor, or whose seal is not ours.

    Empty when the chain is whole. A seal under a key that is gone, or none, is as good as the next good one after it; so the last entry
    counts as broken when it has no good seal.
    """
    broken, previous, keys = [], "", vault()
    sealed, last = True, 0
    rows = select(AuditEntry).where(_chain(company_id)).order_by(AuditEntry.id)
    for entry in db.session.scalars(rows.execution_options(yield_per=1000)):
        seal = keys.is_signed(SEAL, entry.digest, entry.seal)
        if entry.previous != previous or not _says_what_it_said(entry, keys) or seal is False:
            broken.append(entry.id)
        previous, last, sealed = entry.digest, entry.id, bool(seal)
    return broken if sealed or last in broken else [*broken, last]


def end_is_sealed(company_id: int | None) -> bool:
    """Return whether the newest entry of a chain has a good seal. An empty chain needs none."""
    newest = select(AuditEntry).where(_chain(company_id)).order_by(AuditEntry.id.desc()).limit(1)
    entry = db.session.scalar(newest)
    return entry is None or bool(vault().is_signed(SEAL, entry.digest, entry.seal))


def amend(entry: AuditEntry, **words: Any) -> None:
    """Replace what an entry says of a person, in the current transaction: who, address, subject, before, after. Its place in the chain stays."""
    for name in words:
        if name not in ("who", "address", "subject", "before", "after"):
            raise ValueError(f"{name} of an entry cannot be amended")
        setattr(entry, name, words[name])
    entry.amended = vault().sign(AMENDMENT, _amendment(entry))


def sign_amendments_again(company_id: int | None) -> int:
    """Mark the amended entries of a chain under the newest key, in the current transaction; return how many. Forged ones stay as they are."""
    keys, changed = vault(), 0
    rows = select(AuditEntry).where(_chain(company_id), AuditEntry.amended != "")
    for entry in db.session.scalars(rows):
        if keys.is_signed(AMENDMENT, _amendment(entry), entry.amended) and not entry.amended.startswith(
            f"{keys.newest}."
        ):
            entry.amended = keys.sign(AMENDMENT, _amendment(entry))
            changed += 1
    return changed


def chains() -> list[tuple[int | None, int, str]]:
    """Return (company id or None for the house's own, entries, newest digest) of every chain.

    A chain whose end was cut off is whole in itself: that shows only against a digest that was written down elsewhere.
    """
    rows = select(AuditEntry.company_id, func.count(), func.max(AuditEntry.id)).group_by(
        AuditEntry.company_id
    )
    found = db.session.execute(rows.order_by(AuditEntry.company_id)).all()
    return [
        (company_id, count, db.session.get_one(AuditEntry, last).digest) for company_id, count, last in found
    ]


def acts_of(
    company_id: int, since: datetime | None = None, until: datetime | None = None, text: str = ""
) -> Select[AuditEntry]:
    """Return the query for a company's entries, narrowed to a span of time and to a text in who, what or about what."""
    rows = select(AuditEntry).where(AuditEntry.company_id == company_id)
    rows = rows.where(AuditEntry.at >= since) if since else rows
    rows = rows.where(AuditEntry.at < until) if until else rows
    if text:
        fields = (AuditEntry.who, AuditEntry.act, AuditEntry.subject)
        rows = rows.where(or_(*(field.icontains(text, autoescape=True) for field in fields)))
    return rows


def every_act(company_id: int) -> Iterator[AuditEntry]:
    """Yield all of a company's entries, the oldest first."""
    rows = acts_of(company_id).order_by(AuditEntry.id)
    yield from db.session.scalars(rows.execution_options(yield_per=1000))


def _chain(company_id: int | None) -> ColumnElement[bool]:
    return AuditEntry.company_id == company_id if company_id is not None else AuditEntry.company_id.is_(None)


def _lock_chain(company_id: int | None) -> None:
    if db.engine.dialect.name == "postgresql":  # On SQLite the transaction is the only writer anyway.
        db.session.execute(select(func.pg_advisory_xact_lock(_CHAIN_LOCKS, company_id or 0)))


def _says_what_it_said(entry: AuditEntry, keys: Vault) -> bool:
    if entry.amended:
        return bool(keys.is_signed(AMENDMENT, _amendment(entry), entry.amended))
    return entry.digest == _digest(entry)


def _amendment(entry: AuditEntry) -> str:
    return f"{entry.digest} {_digest(entry)}"


def _digest(entry: AuditEntry) -> str:
    facts = [entry.company_id, entry.at.isoformat(), entry.who, entry.address, entry.act, entry.subject]
    content = json.dumps([*facts, entry.before, entry.after, entry.previous], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()
