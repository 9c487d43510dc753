"""The fault catalogue: every code that can stop something, in plain words, with the remedy and who can apply it.

The words are in `faults.toml`; Intuit's numbers are keyed `qbo-<number>`. `error_for` turns an Intuit number into the error whose
class decides what happens next (`errors.py`). How an answer is taken apart is the gateway's business.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from bookkeeping.errors import (
    BookkeepingError,
    DuplicateNameError,
    GoneError,
    NotConnectedError,
    PermanentError,
    StaleSyncTokenError,
    TemporaryError,
    ThrottledError,
)

Who = Literal["owner", "bookkeeper", "ops", "nobody"]
Handling = Literal["temporary", "stale", "reconnect", "refused", "bug", "done"]
Scope = Literal["inspection", "company"]
OutcomeUnknown = Literal["", "document", "call"]
End = Literal["time", "inspection", "setting", "list", "document", "preference", "night", "person"]

UNTIED = "does-not-tie-out"
"""The catalogue's code of a statement that leaves something unexplained."""


@dataclass(frozen=True)
class Fault:
    """One catalogue entry. `who` can apply the remedy; `link` is the page of ours where, or None.

    `handling`: temporary (tried again), stale (read and planned again), reconnect (the company waits), refused (this one waits for
    a change), bug (ours: for ops), done (nothing is owed).

    What follows beyond that:
    scope            company: every other write of the company would meet it too, so the others are not sent
    ends_with        what ends the wait of an inspection that it holds up; empty where it holds up none (see below)
    rechecked        a person removes it inside QuickBooks, where nobody tells us, document by document: each is looked at again every
                     night and when asked. Of other refusals one of each cause is
    waits            goes away without anybody touching this very inspection
    ended_by_deposit may go away when a Deposit is read that was not known, or that holds something no more
    outcome_unknown  the write may have been carried out although it was refused: looked up, never just repeated. `document`: this one;
                     `call`: all that went with it, since the request id is the call's
    token_refused    the access token was not taken: it is renewed once before anybody is asked to reconnect
    held_by_person   only a person lets it go, with a button of its own
    quotes_intuit    what is noted beside it are Intuit's own words (of every `qbo-…` they are): they stand under Details
    of_files         title, cause, remedy or link that are others where the company's inspections come in files that people drop

    `ends_with`, beside a *Retry*:
    time        a while, by itself: tried again on a back-off
    inspection  a change of the inspection on the platform
    setting     another choice in our settings
    list        an entry of QuickBooks' lists that is active again, or there
    document    a change of the document, or of the Deposit that it is in, in QuickBooks
    preference  another preference or closing date in QuickBooks
    night       the nightly run or *Check QuickBooks now*: what was not sent is looked at again, of what was refused the oldest of each
                cause is sent; where it goes through, so do the others
    person      an answer to a question, with a button of its own
    """

    code: str
    title: str
    cause: str
    remedy: str
    who: Who
    handling: Handling
    link: str | None = None
    scope: Scope = "inspection"
    rechecked: bool = False
    waits: bool = False
    ended_by_deposit: bool = False
    outcome_unknown: OutcomeUnknown = ""
    token_refused: bool = False
    held_by_person: bool = False
    quotes_intuit: bool = False
    ends_with: tuple[End, ...] = ()
    of_files: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def blocks_writes(self) -> bool:
        """Whether QuickBooks lets us in, but takes no write of the company until a person acts."""
        return self.scope == "company" and self.handling != "temporary"


_CONTACT = "ontact support"  # At the beginning of a sentence or within.
_support = ""

# Intuit's codes that can only mean that what we sent was malformed: one text for all; the title says first whose
# mistake it is, then Intuit's own name for it.
_OUR_MISTAKES = {
    400: "Malformed request",
    413: "Request too large",
    500: "Unsupported operation",
    700: "Parent object is invalid",
    900: "Parent object is itself a child",
    1040: "Too many items in one batch",
    2000: "Invalid object name",
    2010: "Invalid or unsupported property",
    2020: "Required value missing",
    2030: "Invalid id",
    2060: "Invalid date",
    2070: "Invalid date range",
    2080: "Invalid number",
    2090: "Number out of range",
    2100: "Invalid decimal",
    2110: "Decimal out of range",
    2120: "Invalid type",
    2130: "Invalid request id",
    2140: "Invalid amount",
    2150: "Invalid percentage",
    2160: "Invalid quantity",
    2170: "Invalid choice",
    2230: "Invalid yes or no",
    2250: "Lines missing",
    2290: "Negative amount not allowed",
    2600: "Values that exclude each other",
    3000: "Invalid custom field",
    4000: "Query could not be read",
    4001: "Invalid query",
    4002: "Query could not be carried out",
    5000: "Field no longer supported",
    6070: "Amount is not quantity times rate",
    6080: "Name missing",
    6090: "Discount line incomplete",
    6100: "Line tax code not allowed",
    6420: "Email address required",
    6440: "Details missing",
    10100: "Answer too large",
}

_OWN_CLASS: dict[str, type[BookkeepingError]] = {
    "qbo-610": GoneError,
    "qbo-3001": ThrottledError,
    "qbo-6240": DuplicateNameError,
}


def fault(code: str, source: str = "") -> Fault:
    """Return the entry of `code`, in the words for a company whose inspections come from this kind of source.

    An unknown code gets the words of a plain refusal and keeps its code.
    """
    found = CATALOGUE.get(code) or replace(CATALOGUE["refused"], code=code)
    if source == "files" and found.of_files:
        found = replace(found, **found.of_files)  # type: ignore[arg-type]  # Texts, which a test holds.
    remedy = with_support(found.remedy)
    return found if remedy is found.remedy else replace(found, remedy=remedy)


def name_support(address: str) -> None:
    """Say this address, in this process, wherever a text says *contact support*; empty for none."""
    global _support
    _support = address


def with_support(text: str) -> str:
    """Return the text with support's address behind *contact support*; the very text where it says nothing of it, or nobody named one."""
    if not _support or _CONTACT not in text:
        return text
    return text.replace(_CONTACT, f"{_CONTACT} ({_support})")


def error_for(number: str | int, detail: str = "", tid: str | None = None) -> BookkeepingError:
    """Return the error for Intuit's fault `number` (such as 6240), carrying its text and `intuit_tid`. Raises nothing.

    A number that is not in the catalogue becomes a PermanentError that keeps it: it is never retried blindly.
    """
    code = f"qbo-{number}"
    own = _OWN_CLASS.get(code)
    if own:
        return own(detail, code=code, reference=tid)
    known = fault(code)
    match known.handling:
        case "temporary":
            return TemporaryError(
                detail,
                code=code,
                reference=tid,
                whole_realm=known.scope == "company",
                outcome_unknown=known.outcome_unknown == "call",
            )
        case "stale":
            return StaleSyncTokenError(detail, code=code, reference=tid, whole_realm=False)
        case "reconnect":
            return NotConnectedError(detail, code=code, reference=tid)
    return PermanentError(detail, code=code, reference=tid)


def _catalogue() -> dict[str, Fault]:
    written = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    entries = {
        code: Fault(
            code=code,
            **{
                "quotes_intuit": code.startswith("qbo-"),
                **words,
                "ends_with": tuple(words.get("ends_with", ())),
            },
        )
        for code, words in written.items()
    }
    for number, title in _OUR_MISTAKES.items():
        entries[f"qbo-{number}"] = Fault(
            code=f"qbo-{number}",
            title=f"Our mistake: {title[0].lower()}{title[1:]}",
            cause="We sent something that QuickBooks does not accept. This is our mistake, not yours.",
            remedy="Our staff sees it. If it is urgent, contact support with the reference under Details.",
            who="ops",
            handling="bug",
            quotes_intuit=True,
            ends_with=("inspection", "night"),
        )
    return entries


CATALOGUE: dict[str, Fault] = _catalogue()

RECHECKED = tuple(sorted(code for code, entry in CATALOGUE.items() if entry.rechecked))
ENDED_BY_DEPOSIT = tuple(sorted(code for code, entry in CATALOGUE.items() if entry.ended_by_deposit))
TRIED_ONE_OF = tuple(
    sorted(
        code
        for code, entry in CATALOGUE.items()
        if "night" in entry.ends_with and not entry.rechecked and not entry.waits
    )
)
"""Refusals of which the night tries one of each cause."""
HELD_BY_A_PERSON = tuple(sorted(code for code, entry in CATALOGUE.items() if entry.held_by_person))


def ended_by(end: End) -> tuple[str, ...]:
    """Return the codes whose wait this ends."""
    return tuple(sorted(code for code, entry in CATALOGUE.items() if end in entry.ends_with))
