"""Why the platform and QuickBooks can differ, in words; which of the causes applies to an inspection as it stands; and the one
word that a statement comes to. The figures are summed in `tieout`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from bookkeeping.rules.eligibility import Eligibility, eligibility
from bookkeeping.rules.inspection import BookSettings
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.tieout import Mirrored, OnRecord


class Cause(NamedTuple):
    """`expected`: it is so by the rules or settles itself; otherwise somebody should look."""

    title: str
    meaning: str
    expected: bool


CAUSES = {
    "missing": Cause("Missing in QuickBooks", "It should be in QuickBooks and is not there.", False),
    "doubled": Cause("Twice in QuickBooks", "A second document stands for the same thing.", False),
    "wrong-amount": Cause("Another amount", "QuickBooks has another amount than the inspection says.", False),
    "wrong-month": Cause("In another month", "QuickBooks has it on another date.", False),
    "unapplied": Cause("Not applied", "The money is there, but not applied to the inspection's Invoice.", False),
    "applied-elsewhere": Cause("Applied elsewhere", "A Payment is applied to another Invoice than its own.", False),
    "credited": Cause("Credited in QuickBooks", "A credit or journal entry lowers what the Invoice is open for.", False),
    "voided": Cause("Voided in QuickBooks", "The document was voided there.", False),
    "left-over": Cause("Left over", "It is in QuickBooks, but the inspection no longer has it.", False),
    "foreign": Cause("Not ours", "A document in QuickBooks that Tieout did not make.", True),
    "refunded": Cause("Given back after the deposit", "The Payment stays as deposited; a RefundReceipt gives back of it on its own day.", True),
    "after-deposit": Cause("Cancelled after the deposit", "Its money was deposited, so Invoice and Payment stay; what was given back is a RefundReceipt.", True),
    "drift": Cause("Changed in QuickBooks", "A person changed it there; you are asked what to do.", False),
    "kept": Cause("Left as in QuickBooks", "You chose to leave it as QuickBooks has it; the inspection says something else.", True),
    "refused": Cause("Needs you", "QuickBooks refused it, or a person has to settle something first.", False),
    "waiting": Cause("Waiting", "It is on its way; we try again by ourselves.", True),
    "changed-since": Cause("Changed since", "The inspection changed; the next sync carries it over.", True),
    "no-start-date": Cause("No sync start date", "No day is set from which inspections are booked.", True),
    "before-start": Cause("Before the start", "It lies before the sync start date.", True),
    "before-cutoff": Cause("Before the cutoff", "It lies before the migration cutoff and stays as it was.", True),
    "has-receipt": Cause("Booked by SalesReceipt", "The earlier integration booked it by a SalesReceipt.", True),
}  # fmt: skip


CARRIES_OUR_NUMBER = "carries-our-number"
"""The reason of a foreign document that looks like one of ours: somebody should look at that one."""


THEIRS_DIFFER = "payment-differs"
"""The reason of an inspection for which a Payment of somebody else is used that comes to another amount than it says."""


def needs_a_look(cause: str, reason: str = "") -> bool:
    """Return whether somebody should look at a difference of this cause."""
    return reason == CARRIES_OUR_NUMBER or cause not in CAUSES or not CAUSES[cause].expected


def cause_of(
    one: Mirrored, settings: BookSettings, fallback: str, record: OnRecord | None = None
) -> tuple[str, str]:
    """Return (cause, catalogue code or "") of a difference in this inspection; `record` is that of the document, if there is one.

    `fallback` is what the difference looks like, for when nothing known about the inspection accounts for it.
    """
    if record is None and one.standing and one.receipt_gone:
        return "missing", "receipt-missing"
    if record is None and one.standing:
        answer = _answer(one, settings)
        if not answer.in_books:
            return answer.reason, ""
    if record is not None and record.hands_off == "theirs" and one.reason == THEIRS_DIFFER:
        return "refused", one.reason
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


class Verdict(NamedTuple):
    """What a statement comes to: `word` is Agrees, Explained or Unexplained, `tone` the status word whose colour it wears, `money` how many US
    dollars of it are to be settled or are not explained, `number` how many that is, for where it is no money.
    """

    word: str
    tone: str
    money: Decimal = ZERO
    number: int = 0

    @property
    def said(self) -> str:
        """As people read it: `Agrees`, `Explained, $1,194.95 to settle`, `Unexplained $12.00`."""
        if self.word == "Unexplained":
            return (
                f"{self.word} {dollars(self.money)}"
                if self.money
                else f"{self.word}, {self.number} in number"
            )
        if self.word == "Agrees":
            return self.word
        left = (
            dollars(self.money)
            if self.money
            else f"{self.number} difference{'' if self.number == 1 else 's'}"
        )
        return f"{self.word}, {left if self.money or self.number else 'nothing'} to settle"

    @property
    def unexplained(self) -> bool:
        """Whether something in the statement has no explanation."""
        return self.word == "Unexplained"

    @property
    def open(self) -> bool:
        """Whether somebody has something to do about it."""
        return self.unexplained or bool(self.number)


def verdict(
    explained: int, to_look_at: int, to_settle: Decimal, unexplained: Decimal, unexplained_count: int
) -> Verdict:
    """Return what a statement comes to, from how many differences are explained and how many of those somebody should look at, the dollars
    of the latter, and what nothing explains in dollars and in number.

    What is explained and asks nothing of anybody wears no alarm's colour, though it is not said to agree.
    """
    if unexplained or unexplained_count:
        return Verdict("Unexplained", "needs-you", abs(unexplained), abs(unexplained_count))
    if to_look_at:
        return Verdict("Explained", "waiting", to_settle, to_look_at)
    return Verdict("Explained", "not-in-books") if explained else Verdict("Agrees", "in-sync")


def verdict_of(content: Mapping[str, Any]) -> Verdict:
    """Return what the kept statement with this JSON `content` comes to."""
    explained = content["explained"]
    return verdict(
        len(explained),
        content["to_look_at"],
        dollars_to_settle(explained),
        Decimal(content["unexplained"]),
        content["unexplained_count"],
    )


def dollars_to_settle(explained: Iterable[Mapping[str, Any]]) -> Decimal:
    """Return how many US dollars the explained differences are about that somebody should look at, the same money once.

    An Invoice that is missing is missing in what is booked, invoiced and open, and its Payment in what is received; one that stands in
    another month is too much in one and too little in the other. Of each inspection, or document of nobody's, the largest of these counts.
    """
    sums: dict[tuple[str, str], dict[tuple[str, bool], Decimal]] = defaultdict(
        lambda: defaultdict(lambda: ZERO)
    )
    for one in explained:
        if not needs_a_look(one["cause"], one["reason"]):
            continue
        document = one["document"] or {}
        about = (
            one["inspection"],
            "" if one["inspection"] else f"{document.get('kind')} {document.get('id')}",
        )
        for effect in one["effects"]:
            amount = Decimal(effect["dollars"])
            sums[about][effect["measure"], amount > 0] += abs(amount)
    return sum((max(cells.values()) for cells in sums.values()), ZERO)
