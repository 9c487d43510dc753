"""What the tick does once a night for the audit log: looks whether it still has the heads that were noted, then notes the new ones."""

import hashlib
import logging
from pathlib import Path

from redis import Redis

from bookkeeping import metrics
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, reading
from bookkeeping.storage.people.audit import chains
from bookkeeping.storage.people.audit_heads import changed_since_noted, note_heads

logger = logging.getLogger(__name__)


def note_audit_heads(values: Settings, redis: Redis) -> int:
    """Check and note the heads, and log one digest over all of them: a second place where they stand. Return how many were noted.

    A disk that cannot be written to is said and ends nothing.
    """
    file = Path(values.audit_heads_file)
    with reading():
        for problem in changed_since_noted(file):
            logger.error("Audit log changed", extra={"problem": problem})
            metrics.count(redis, "tieout_security_events", "audit-log-changed")
        found = chains()
        everything = hashlib.sha256(repr(found).encode()).hexdigest()
        try:
            noted = note_heads(file)
        except OSError as error:
            logger.error("Audit heads could not be noted", extra={"error": type(error).__name__})
            noted = 0
        db.session.rollback()
    facts = {"chains": len(found), "entries": sum(count for _, count, _ in found), "digest": everything}
    logger.info("Audit heads noted", extra={**facts, "noted": noted})
    return noted
