"""Why the platform and QuickBooks can differ, in words; and which of the causes applies to an inspection as it stands."""

from typing import NamedTuple

from bookkeeping.rules.eligibility import Eligibility, eligibility
from bookkeeping.rules.inspection import BookSettings
from bookkeeping.rules.tieout import Mirrored, OnRecord


class Cause(NamedTuple):
    """`expected`: it is so by the rules or settles itself; otherwise somebody should look."""

    title: str
    meaning: str
    expected: bool


CAUSES = {
    "missing": Cause("Missing in QuickBooks", "It should be in QuickBooks and is not there.", False),
    "doubled": Cause("Twice in QuickBooks", "A second document stands for the same thing.", False),
    "wrong-amount": Cause("Another amount", "QuickBooks has another amount than the platform.", False),
    "wrong-month": Cause("In another month", "QuickBooks has it on another date.", False),
    "unapplied": Cause("Not applied", "The money is there, but not applied to the inspection's Invoice.", False),
    "applied-elsewhere": Cause("Applied elsewhere", "A Payment is applied to another Invoice than its own.", False),
    "credited": Cause("Credited in QuickBooks", "A credit or journal entry lowers what the Invoice is open for.", False),
    "voided": Cause("Voided in QuickBooks", "The document was voided there.", False),
    "left-over": Cause("Left over", "It is in QuickBooks, but the platform no longer has it.", False),
    "foreign": Cause("Not ours", "A document in QuickBooks that Tieout did not make.", True),
    "refunded": Cause("Given back after the deposit", "The Payment stays as deposited; a RefundReceipt gives back of it on its own day.", True),
    "after-deposit": Cause("Cancelled after the deposit", "Its money was deposited, so Invoice and Payment stay; what was given back is a RefundReceipt.", True),
    "drift": Cause("Changed in QuickBooks", "A person changed it there; you are asked what to do.", False),
    "kept": Cause("Kept as in QuickBooks", "You chose to keep what QuickBooks has.", True),
    "refused": Cause("Needs you", "QuickBooks refused it, or a person has to settle something first.", False),
    "waiting": Cause("Waiting", "It is on its way; we try again by ourselves.", True),
    "changed-since": Cause("Changed since", "The platform changed it; the next sync carries it over.", True),
    "no-start-date": Cause("No sync start date", "No day is set from which inspections are booked.", True),
    "before-start": Cause("Before the start", "It lies before the sync start date.", True),
    "before-cutoff": Cause("Before the cutoff", "It lies before the migration cutoff and stays as it was.", True),
    "has-receipt": Cause("Booked by SalesReceipt", "The earlier integration booked it by a SalesReceipt.", True),
}  # fmt: skip


CARRIES_OUR_NUMBER = "carries-our-number"
"""The reason of a foreign document that looks like one of ours: somebody should look at that one."""


def needs_a_look(cause: str, reason: str = "") -> bool:
    """Return whether somebody should look at a difference of this cause."""
    return reason == CARRIES_OUR_NUMBER or cause not in CAUSES or not CAUSES[cause].expected


def cause_of(
    one: Mirrored, settings: BookSettings, fallback: str, record: OnRecord | None = None
) -> tuple[str, str]:
    """Return (cause, catalogue code or "") of a difference in this inspection; `record` is that of the document, if there is one.

    `fallback` is what the difference looks like, for when nothing known about the inspection accounts for it.
    """
    if record is None and one.standing:
        answer = _answer(one, settings)
        if not answer.in_books:
            return answer.reason, ""
    if record is not None and record.hands_off in ("kept", "theirs"):
        return "kept", ""
    if one.state == "drift" or (record is not None and record.hands_off):
        return "drift", ""
    if one.state == "needs-you":
        return "refused", one.reason
    if one.state == "waiting":
        return "waiting", one.reason
    if one.due:
        return ("changed-since" if record is not None else "waiting"), ""
    answer = _answer(one, settings)
    if one.standing and not answer.in_books:
        return answer.reason, ""
    return fallback, ""


def _answer(one: Mirrored, settings: BookSettings) -> Eligibility:
    return eligibility(
        one.inspection, settings, has_receipt=one.has_receipt, side=one.side, booked=one.booked
    )
