"""Sends again, without it, what QuickBooks refused for a detail that is not money: nobody wants an Invoice missing for a comma.

Which details those are, and which refusals can be about them, is `quickbooks_gateway.details`. What was left out is kept with the
document or Customer, and flagged where its inspection is shown (decision 21).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bookkeeping.errors import GoneError, PermanentError
from bookkeeping.quickbooks_gateway.details import Detail, said, suspects, without
from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from worker.holding.work import Work
from worker.journal.writing import Write, carry_out


@dataclass
class _Refused:
    """One refused write: what it said, why it was refused, and what is still to be tried without."""

    write: Write
    body: dict[str, Any]
    ours: dict[str, Any] | None  # What of it is ours, where it carries over what others put on the document.
    error: PermanentError
    tries: list[tuple[Detail, ...]]


def send_without_refused(work: Work, writes: Sequence[Write]) -> None:
    """Send the refused ones of these writes again without the details that the refusal can be about; the others stay as they are.

    What is refused without them, too, keeps its first refusal.
    """
    open_still = [found for write in writes if (found := _refused(write)) is not None]
    while open_still:
        for one in open_still:
            left_out = one.tries.pop(0)
            one.write.body, one.write.error = without(one.body, left_out), None
            if one.ours is not None:
                one.write.note["ours"] = without(one.ours, left_out)
            one.write.note["left_out"] = [
                {"what": detail.label, "value": _value(work, one.body, detail), "code": one.error.code}
                for detail in left_out
            ]
        work.commit()
        carry_out(work, [one.write for one in open_still])
        open_still = [one for one in open_still if _goes_on(one)]


def _value(work: Work, body: dict[str, Any], detail: Detail) -> str:
    """Return what was left out as people call it: the name of what was chosen from a list, else the text itself."""
    value = said(body, detail)
    thing = db.session.get(NamedThing, (work.company_id, detail.listed, value)) if detail.listed else None
    return thing.name if thing is not None else value


def _refused(write: Write) -> _Refused | None:
    error = write.error
    if write.action == "delete" or not isinstance(error, PermanentError):
        return None
    if error.waits_for:
        return None  # A chosen entry that was made inactive, by name: a person chooses another, or makes it active again (decision 9).
    if write.action == "update" and isinstance(error, GoneError):
        return None  # Told apart already: it is gone.
    tries = suspects(write.body, error)
    return _Refused(write, write.body, write.note.get("ours"), error, tries) if tries else None


def _goes_on(one: _Refused) -> bool:
    """Whether another try is to be made; one that is at its end without success is as if nothing had been tried."""
    refused_again = isinstance(one.write.error, PermanentError)
    if refused_again and one.tries:
        return True
    if refused_again:
        one.write.body, one.write.error = one.body, one.error
    return False
