"""How our documents are recognised in QuickBooks: document numbers, the mark in PrivateNote, payment references."""

import hashlib
import re
from typing import Literal

from bookkeeping.rules.text import DOC_NUMBER_LIMIT, PRIVATE_NOTE_LIMIT, REFERENCE_LIMIT, cut, one_line

_PREFIX = "SP-"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_MARK = re.compile(r"\bTieout (inspection|payment|refund) (\S+)[ \t]*$", re.MULTILINE)
_KEY_LIMIT = 64

Marked = Literal["inspection", "payment", "refund"]


def is_short_number(number: str) -> bool:
    """Whether a number for people fits into a DocNumber as it is; others are not used."""
    return 0 < len(number) <= DOC_NUMBER_LIMIT - len(_PREFIX) and _PLAIN_KEY.fullmatch(number) is not None


def doc_number(inspection_key: str) -> str:
    """Return the Invoice's DocNumber, `SP-<inspection id>`, or with what else it is known as; too long for QuickBooks, it gives the same hash every time."""
    room = DOC_NUMBER_LIMIT - len(_PREFIX)
    if len(inspection_key) <= room and _PLAIN_KEY.fullmatch(inspection_key):
        return _PREFIX + inspection_key
    return _PREFIX + _digest(inspection_key)[:room]


def refund_key(inspection_key: str, number: int) -> str:
    """Return our key of an inspection's refund of that number; an id too long for our records gives the same hash every time."""
    key = f"{inspection_key}-R{number}"
    return key if len(key) <= _KEY_LIMIT else _digest(key)[:_KEY_LIMIT]


def refund_number(inspection_key: str, number: int) -> str:
    """Return the RefundReceipt's DocNumber: the Invoice's and `-R1`, `-R2`…; what is too long is cut before that."""
    suffix = f"-R{number}"
    invoice = doc_number(inspection_key)
    room = DOC_NUMBER_LIMIT - len(suffix)
    if len(invoice) > room:  # A number that was cut must not be another inspection's.
        invoice = _PREFIX + _digest(inspection_key)[: room - len(_PREFIX)]
    return invoice + suffix


def mark(kind: Marked, key: str) -> str:
    """Return the line in a document's PrivateNote by which `marked` finds our key again."""
    return f"Tieout {kind} {key if len(key) <= 200 and _PLAIN_KEY.fullmatch(key) else _digest(key)}"


def marked(private_note: str) -> tuple[str, str] | None:
    """Return (kind, key) of our mark in a PrivateNote, or None; QuickBooks or a person may have written around it.

    The key is as `mark` wrote it: compare it with `mark` of a known key, since odd keys are written as a hash.
    """
    found = _MARK.findall(private_note.replace("\r", ""))
    return found[-1] if found else None  # Ours is written last.


def only_mark(private_note: str) -> str:
    """Return the line of a PrivateNote that is our mark, or "" when it has none."""
    found = marked(private_note)
    return f"Tieout {found[0]} {found[1]}" if found else ""


def note(mark_line: str, *lines: str) -> str:
    """Return a PrivateNote: the lines that say something, cut where needed, and our mark, which is never cut."""
    said = "\n".join(text for text in (one_line(line) for line in lines) if text)
    said = cut(said, PRIVATE_NOTE_LIMIT - len(mark_line) - 1)
    return f"{said}\n{mark_line}" if said else mark_line


def payment_reference(text: str | None) -> str:
    """Return the PaymentRefNum for a reference such as a check number: one line of at most 21 characters."""
    return cut(one_line(text or ""), REFERENCE_LIMIT)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
