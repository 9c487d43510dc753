"""The audit log: every act of a person or of ops, append-only and hash-chained, written in the transaction of the act itself."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow


class AuditEntry(Base):
    """One act. `digest` covers the row and the digest before it in the same company's chain (company None = the house's own)."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_log", "company_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    who: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(64), default="")
    act: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200), default="")
    before: Mapped[Any] = mapped_column(JSON)
    after: Mapped[Any] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64), default="", unique=False)
    digest: Mapped[str] = mapped_column(String(64), unique=True)


def record_act(
    company_id: int | None,
    who: str,
    act: str,
    *,
    subject: str = "",
    before: Any = None,
    after: Any = None,
    address: str = "",
) -> AuditEntry:
    """Add the entry to the current transaction; the caller commits it together with the act. Never pass secrets."""
    chain = AuditEntry.company_id == company_id if company_id is not None else AuditEntry.company_id.is_(None)
    newest = select(AuditEntry).where(chain).order_by(AuditEntry.id.desc()).limit(1).with_for_update()
    last = db.session.scalars(newest).first()
    entry = AuditEntry(
        company_id=company_id,
        at=utcnow(),
        who=who,
        address=address,
        act=act,
        subject=subject,
        before=before,
        after=after,
        previous=last.digest if last else "",
    )
    entry.digest = _digest(entry)
    db.session.add(entry)
    db.session.flush()
    return entry


def broken_entries(company_id: int | None) -> list[int]:
    """Return the ids of entries whose digest does not fit their content or their predecessor; empty when the chain is whole."""
    chain = AuditEntry.company_id == company_id if company_id is not None else AuditEntry.company_id.is_(None)
    broken, previous = [], ""
    for entry in db.session.scalars(select(AuditEntry).where(chain).order_by(AuditEntry.id)):
        if entry.previous != previous or entry.digest != _digest(entry):
            broken.append(entry.id)
        previous = entry.digest
    return broken


def _digest(entry: AuditEntry) -> str:
    facts = [entry.company_id, entry.at.isoformat(), entry.who, entry.address, entry.act, entry.subject]
    content = json.dumps([*facts, entry.before, entry.after, entry.previous], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()
