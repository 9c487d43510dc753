"""*Undo* for ten seconds after an act that another form of ours takes back whole: kept with the session, so that it outlives a reload.

Only for acts that wait for nobody: what a worker may already be sending to QuickBooks is not offered here.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from flask import session

from bookkeeping.storage.base import utcnow
from webapp.access.roles import may_send

GRACE = timedelta(seconds=10)
_KEPT = "undo"


class Undo(NamedTuple):
    """What can still be taken back: the sentence, the form that does it, and for how many seconds more."""

    sentence: str
    action: str
    seconds: int


def offer_undo(sentence: str, action: str) -> None:
    """Offer to take back what was just done by sending a form to `action`."""
    until = utcnow() + GRACE
    session[_KEPT] = {"sentence": sentence, "action": action, "until": until.isoformat()}


def undo_offered() -> Undo | None:
    """Return what is offered still to who may send that form."""
    kept = session.get(_KEPT)
    if not kept:
        return None
    left = (datetime.fromisoformat(kept["until"]) - utcnow()).total_seconds()
    if left <= 0 or not may_send(kept["action"]):
        return None
    return Undo(kept["sentence"], kept["action"], max(round(left), 1))
