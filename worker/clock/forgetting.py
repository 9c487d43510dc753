"""What is about people and no longer needed is forgotten, hour by hour: ended logins, used invitations and links, personal mails, old archives.

How long each is kept is told in docs/privacy.md; a test holds the two together.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import aliased

from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, rows_changed
from bookkeeping.storage.company.callbacks import CallbackEvent
from bookkeeping.storage.company.connections import ConsentState
from bookkeeping.storage.company.received import ReceivedEvent
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import Invitation, LoginSession, ResetLink
from bookkeeping.storage.people.sessions import SESSION_HOURS

logger = logging.getLogger(__name__)

BATCH = 500
KEPT_DAYS = {
    "sessions": 90,
    "invitations": 90,
    "links": 30,
    "consents": 30,
    "personal notices": 365,
    "callbacks": 30,
    "payment events": 90,
}
ARCHIVE_DAYS = 2557
"""Seven years, as long as books are kept in the United States."""


def forget_old(values: Settings, now: datetime) -> dict[str, int]:
    """Delete what is older than KEPT_DAYS, at most a batch of each kind a transaction and call; return how many rows and files went."""
    gone = {}
    for kind, (table, key, condition) in _old(now).items():
        ids = list(db.session.scalars(select(key).where(condition).limit(BATCH)))
        gone[kind] = rows_changed(delete(table).where(key.in_(ids))) if ids else 0
        db.session.commit()
    gone["archives"] = _forget_archives(Path(values.archive_folder), now)
    if any(gone.values()):
        logger.info("Old personal data forgotten", extra={"gone": gone})
    return gone


def _old(now: datetime) -> dict[str, tuple[Any, Any, ColumnElement[bool]]]:
    before = {kind: now - timedelta(days=days) for kind, days in KEPT_DAYS.items()}
    newer = aliased(LoginSession)
    # The newest of each person stays: by it a login from a new browser is known for one.
    later = exists().where(newer.user_id == LoginSession.user_id, newer.created_at > LoginSession.created_at)
    long_over = LoginSession.created_at < before["sessions"] - timedelta(hours=SESSION_HOURS)
    invited = or_(Invitation.used_at < before["invitations"], Invitation.expires_at < before["invitations"])
    linked = or_(ResetLink.used_at < before["links"], ResetLink.expires_at < before["links"])
    personal = (
        (Notice.address != "")
        & Notice.sent_at.is_not(None)
        & (Notice.created_at < before["personal notices"])
    )
    return {
        "sessions": (LoginSession, LoginSession.digest, long_over & later),
        "invitations": (Invitation, Invitation.digest, invited),
        "links": (ResetLink, ResetLink.digest, linked),
        "consents": (ConsentState, ConsentState.digest, ConsentState.created_at < before["consents"]),
        "personal notices": (Notice, Notice.id, personal),
        "payment events": (
            ReceivedEvent,
            ReceivedEvent.id,
            ReceivedEvent.taken_at < before["payment events"],
        ),
        "callbacks": (CallbackEvent, CallbackEvent.id, CallbackEvent.ended_at < before["callbacks"]),
    }


def _forget_archives(folder: Path, now: datetime) -> int:
    """Remove the files that nothing was added to for ARCHIVE_DAYS."""
    count, before = 0, (now - timedelta(days=ARCHIVE_DAYS)).timestamp()
    for path in folder.glob("*.jsonl.gz"):
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            count += 1
    return count
