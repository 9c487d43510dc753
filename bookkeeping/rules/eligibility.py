"""Whether an inspection belongs in the books, and why; and whether a company's country is served. Which documents it has is in `documents`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bookkeeping.rules.cutoff import Side, side_of
from bookkeeping.rules.inspection import BookSettings, Inspection
from bookkeeping.rules.local_time import local_day, say_day, say_moment

_US = frozenset(
    {"us", "usa", "united states", "united states of america"}
    | {"pr", "gu", "vi", "as", "mp"}  # The territories keep US books in US dollars.
)


def is_us(country: str) -> bool:
    """Whether a country, as a name or code in anybody's spelling, is the United States. An unnamed one is not.

    Source: bookkeeping decision 10 (US companies only).
    """
    return " ".join(country.replace(".", "").casefold().split()).removeprefix("the ") in _US


@dataclass(frozen=True)
class RuleStep:
    """One rule with its inputs, as the inspection's page shows it under *Why*."""

    rule: str
    passed: bool
    because: str


@dataclass(frozen=True)
class Eligibility:
    """The answer: `reason` is "in-books" or the code of the first rule that failed; `sentence` says it to the owner.

    Codes: deleted, cancelled, not-confirmed, no-start-date, before-start, before-cutoff, has-receipt.
    """

    in_books: bool
    reason: str
    sentence: str
    steps: tuple[RuleStep, ...]


def eligibility(
    inspection: Inspection,
    settings: BookSettings,
    *,
    has_receipt: bool = False,
    migrating: bool = False,
    side: Side | None = None,
    booked: bool = False,
) -> Eligibility:
    """Return whether the inspection should have documents. Every rule is evaluated; the first that fails is the reason.

    `has_receipt`: a SalesReceipt of the earlier integration still stands for this inspection. `migrating`: the question
    comes from the migration of that very receipt, so the receipt is not in the way. `side`: the side of the cutoff on which
    a confirmed migration froze this inspection. `booked`: documents of ours stand for it, which is how one that was booked after
    the cutoff stays there; without either the scheduled start decides.

    Source: bookkeeping decisions 1 ("In the books"), 11, 12 and 14 (frozen membership).
    """
    answers = tuple(
        _answers(inspection, settings, has_receipt=has_receipt and not migrating, side=side, booked=booked)
    )
    steps = tuple(step for _, step in answers)
    for reason, step in answers:
        if not step.passed:
            return Eligibility(False, reason, f"Not in the books: {_lower_first(step.because)}", steps)
    when = say_moment(inspection.starts_at, settings.time_zone)
    return Eligibility(True, "in-books", f"In the books: confirmed, and scheduled for {when}.", steps)


def _answers(
    inspection: Inspection, settings: BookSettings, *, has_receipt: bool, side: Side | None, booked: bool
) -> Iterator[tuple[str, RuleStep]]:
    zone = settings.time_zone

    def on(moment: datetime) -> str:
        return say_moment(moment, zone)

    deleted, canceled, confirmed = inspection.deleted_at, inspection.canceled_at, inspection.confirmed_at
    yield (
        "deleted",
        RuleStep(
            "Not deleted",
            deleted is None,
            f"It was deleted on {on(deleted)}." if deleted else "It is not deleted.",
        ),
    )
    why = f": {inspection.cancel_reason.strip()}" if inspection.cancel_reason.strip() else ""
    yield (
        "cancelled",
        RuleStep(
            "Not cancelled",
            canceled is None,
            f"It was cancelled on {on(canceled)}{why.rstrip('.')}." if canceled else "It is not cancelled.",
        ),
    )
    yield (
        "not-confirmed",
        RuleStep(
            "Confirmed",
            confirmed is not None,
            f"It was confirmed on {on(confirmed)}." if confirmed else "It is not confirmed yet.",
        ),
    )
    yield _start(inspection, settings, side, booked)
    yield (
        "has-receipt",
        RuleStep(
            "No SalesReceipt stands for it",
            not has_receipt,
            "A SalesReceipt of the earlier integration stands for it, and is left alone until its migration is done."
            if has_receipt
            else "No SalesReceipt of the earlier integration is in the way.",
        ),
    )


def _start(
    inspection: Inspection, settings: BookSettings, side: Side | None, booked: bool
) -> tuple[str, RuleStep]:
    """Return the rule of the start date, or of the cutoff where there is one."""
    zone, start, cutoff = settings.time_zone, settings.start_date, settings.cutoff
    when = say_moment(inspection.starts_at, zone)
    if cutoff is not None:
        new = side_of(inspection.starts_at, cutoff, frozen=side, booked=booked) == "new"
        place = "on or after" if new else "before"
        limit = f"{place} the cutoff {say_moment(cutoff, zone)}"
        because = f"It is scheduled for {when}, {limit}."
        if side is not None:
            because = f"It was {limit} when the migration was confirmed, which a later reschedule (to {when}) does not change."
        elif new and inspection.starts_at < cutoff:
            because = f"It was booked {limit}, which a later reschedule (to {when}) does not change."
        return "before-cutoff", RuleStep("On or after the migration cutoff", new, because)
    if start is None:
        because = "No sync start date is set. Choose one in the QuickBooks settings."
        return "no-start-date", RuleStep("On or after the sync start date", False, because)
    passed = local_day(inspection.starts_at, zone) >= start
    place = "on or after" if passed else "before"
    because = f"It is scheduled for {when}, {place} the sync start date {say_day(start)}."
    return "before-start", RuleStep("On or after the sync start date", passed, because)


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
