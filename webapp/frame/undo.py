"""*Undo* for ten seconds after an act of `bookkeeping.undoing`: kept with the session, so that it outlives a reload; a plain form."""

from datetime import datetime
from typing import NamedTuple

from flask import session, url_for

from bookkeeping.storage.base import utcnow
from bookkeeping.storage.work.undos import GRACE
from bookkeeping.storage.work.undos import Undo as UndoRow
from webapp.access.roles import may_send

_KEPT = "undo"


class Undo(NamedTuple):
    """What can still be taken back: the sentence, the form that does it, and for how many seconds more."""

    sentence: str
    action: str
    seconds: int


def offer_undo(sentence: str, back: UndoRow | str | None) -> None:
    """Offer to take back what was just done; nothing where there is no way back.

    `back` may be the address of a form of ours that takes it back whole, whoever sends it: for what no worker ever sees.
    """
    if back is None:
        return
    if isinstance(back, str):
        action, until = back, utcnow() + GRACE
    else:
        action, until = url_for("undo.take_back", undo_id=back.id), back.until
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


def forget_undo() -> None:
    """Offer nothing any more."""
    session.pop(_KEPT, None)
