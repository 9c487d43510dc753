"""Drift: a document of ours that a person changed in QuickBooks. Noted, never overwritten silently (decision 8)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.documents import Document, Drift


def note_drift(
    document: Document,
    kind: str,
    fields: list[tuple[str, str, str]],
    theirs: dict[str, Any],
    found_at: datetime | None = None,
) -> Drift:
    """Note in the current transaction that a person changed this document; one open drift a document, kept current.

    `kind`: edited, voided, deleted or deposited. `fields`: (label, ours, theirs).
    """
    open_one = select(Drift).where(Drift.document_id == document.id, Drift.settled_at.is_(None))
    drift = db.session.scalars(open_one).first()
    if drift is None:
        drift = Drift(company_id=document.company_id, document_id=document.id, found_at=found_at or utcnow())
        db.session.add(drift)
    drift.kind = kind
    drift.fields = [[str(part) for part in field] for field in fields]
    drift.theirs = _plain(theirs)
    changed = (theirs.get("MetaData") or {}).get("LastUpdatedTime")
    drift.theirs_changed_at = datetime.fromisoformat(changed) if changed else None
    document.hands_off = "drift"
    return drift


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)
