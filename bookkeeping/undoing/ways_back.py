"""Acts that a person can take back for ten seconds: settling what was changed in QuickBooks, bringing in, removing a person.

Each act is done at once, beside a row that says how to take it back. What would be sent to QuickBooks waits for those seconds
(`storage.work.undos`), so that taking back needs nothing of QuickBooks. All in the current transaction; the caller commits and rings.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from bookkeeping.acts import inviting, questions, syncing
from bookkeeping.acts.questions import Choice
from bookkeeping.acts.telling import tell_owners
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.memberships import Membership, membership_in
from bookkeeping.storage.people.people import Invitation, User
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Operation
from bookkeeping.storage.work.undos import SPARE, Undo, remember

_DOCUMENT = ("hands_off", "status", "fingerprint", "token_stale", "as_read", "customer_id")
_PLACE = ("role", "topics", "owner_since", "created_at", "chosen_at", "notices_read_to")
_CHANGED = "Something changed meanwhile, so that this cannot be taken back any more."


class TakenBack(NamedTuple):
    """Whether an act was taken back, and what to tell the person."""

    done: bool
    sentence: str


def settle(
    company_id: int, drift_ids: Sequence[int], choice: Choice, who: str, address: str = ""
) -> tuple[list[Drift], Undo | None]:
    """Settle these drifts as `questions.settle_drifts` does; return those that were open, and how it is taken back."""
    before = _as_they_are(company_id, drift_ids)
    settled = questions.settle_drifts(company_id, drift_ids, choice, who, address)
    if not settled:
        return settled, None
    facts = [before[drift.id] for drift in settled]
    return settled, remember(company_id, who, choice, holds=choice == "restore", drifts=facts)


def bring_in(company: Company, day: date, who: str) -> Undo:
    """Move the start date back to this day, as `syncing.change_dates` does; return how that is taken back."""
    before = company.start_date.isoformat() if company.start_date else ""
    syncing.change_dates(company, day, company.invoice_date, who)
    return remember(company.id, who, "bring-in", holds=True, before=before, after=day.isoformat())


def remove(company_id: int, user_id: int, who: str, address: str = "") -> tuple[User, Undo] | None:
    """Put a person out as `inviting.remove` does; return them and how that is taken back, None when there is no such person.

    Raises:
        ValueError: as there.
    """
    place = membership_in(company_id, user_id)
    if place is None:
        return None
    facts = {name: _as_text(getattr(place, name)) for name in _PLACE}
    theirs = [one for one in inviting.open_invitations(company_id) if one.created_by == place.email]
    invitations = {one.digest: one.expires_at.isoformat() for one in theirs}
    person = inviting.remove(company_id, user_id, who, address)
    if person is None:
        return None
    return person, remember(
        company_id, who, "remove", holds=False, user_id=user_id, place=facts, invitations=invitations
    )


def take_back(undo: Undo, who: str, address: str = "") -> TakenBack:
    """Take back what `who` did, once and in time; say why not otherwise."""
    if undo.who != who:
        return TakenBack(False, f"Only {undo.who} can take that back, who did it.")
    if undo.taken_back_at is not None:
        return TakenBack(False, "That was taken back already.")
    if utcnow() > undo.until + SPARE / 2:
        return TakenBack(False, "The ten seconds to take that back are over.")
    said = WAYS_BACK[undo.kind](undo, address)
    if not said:
        return TakenBack(False, _CHANGED)
    undo.taken_back_at = utcnow()
    return TakenBack(True, said)


def _as_they_are(company_id: int, drift_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return, by drift, what of its document and inspection an act may change."""
    found = {}
    for drift in _locked(company_id, drift_ids):
        document = drift.document
        kept = {name: getattr(document, name) for name in _DOCUMENT}
        mine = (InspectionRow.company_id == company_id, InspectionRow.key == document.inspection_key)
        state = db.session.scalar(select(InspectionRow.state).where(*mine)) or "drift"
        found[drift.id] = {"drift": drift.id, "document": kept, "state": state}
    return found


def _locked(company_id: int, drift_ids: Sequence[int]) -> list[Drift]:
    rows = select(Drift).where(Drift.company_id == company_id, Drift.id.in_(drift_ids))
    return list(
        db.session.scalars(rows.options(selectinload(Drift.document)).order_by(Drift.id).with_for_update())
    )


def _unkeep(undo: Undo, address: str) -> str:
    back = [
        questions.manage_again(undo.company_id, fact["drift"], undo.who, address)
        for fact in undo.facts["drifts"]
    ]
    return "Taken back: choose again below. Nothing is written before." if any(back) else ""


def _unrestore(undo: Undo, address: str) -> str:
    """Ask again about each document that is still as the restoring left it, if nothing was written for any of them."""
    facts = {fact["drift"]: fact for fact in undo.facts["drifts"]}
    drifts = _locked(undo.company_id, list(facts))
    keys = {drift.document.inspection_key for drift in drifts}
    if any(drift.choice != "restore" for drift in drifts) or _written_since(undo, keys):
        return ""
    for drift in drifts:
        document, fact = drift.document, facts[drift.id]
        for name, value in fact["document"].items():
            setattr(document, name, value)
        document.deleted_at = None if document.status == "live" else document.deleted_at
        drift.settled_at, drift.settled_by, drift.choice = None, "", ""
        subject = questions.called(document)
        record_act(undo.company_id, undo.who, "took back restoring ours", subject=subject, address=address)
        mine = InspectionRow.key == document.inspection_key
        make_due(undo.company_id, "look-again", mine, state=fact["state"])
    return "Taken back: nothing was written. Choose again below."


def _written_since(undo: Undo, keys: set[str]) -> bool:
    mine = (Operation.company_id == undo.company_id, Operation.inspection_key.in_(keys))
    rows = select(Operation.id).where(*mine, Operation.created_at >= undo.made_at)
    return db.session.scalar(rows.limit(1)) is not None


def _leave_out(undo: Undo, _: str) -> str:
    """Set the start date back. What a command had sent meanwhile goes again with the next sync, as with any later start date."""
    company = db.session.get_one(Company, undo.company_id)
    before, after = undo.facts["before"], date.fromisoformat(undo.facts["after"])
    if company.start_date != after:
        return ""
    back = date.fromisoformat(before) if before else None
    syncing.change_dates(company, back, company.invoice_date, undo.who)
    return "Taken back: the earlier inspections stay out of the books."


def _put_back(undo: Undo, address: str) -> str:
    """Let the person in again as what they were; they log in anew."""
    company_id, person = undo.company_id, db.session.get(User, undo.facts["user_id"])
    if person is None or membership_in(company_id, person.id) is not None:
        return ""
    place = {name: _from_text(name, value) for name, value in undo.facts["place"].items()}
    db.session.add(Membership(user_id=person.id, company_id=company_id, user=person, **place))
    person.removed_at = None
    for digest, until in undo.facts["invitations"].items():
        invitation = db.session.get(Invitation, digest)
        if invitation is not None and invitation.used_at is None:
            invitation.expires_at = datetime.fromisoformat(until)
    db.session.flush()
    after = {"role": place["role"]}
    record_act(company_id, undo.who, "took back removing", subject=person.email, after=after, address=address)
    sentence = f"{undo.who} took back at once that {person.email} was removed."
    tell_owners(company_id, f"{person.email} is back", sentence, address=address, also=person.email)
    return f"{person.name or person.email} is back, and logs in again."


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _from_text(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if value and name.endswith(("_at", "_since")) else value


WAYS_BACK: dict[str, Callable[[Undo, str], str]] = {
    "keep": _unkeep,
    "restore": _unrestore,
    "bring-in": _leave_out,
    "remove": _put_back,
}
"""By kind: takes the act back and returns what to say, "" where something changed meanwhile."""
