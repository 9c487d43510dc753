"""Names as QuickBooks keeps them: unique over Customers, Vendors and Employees, without colon, tab or newline."""

import re
from collections.abc import Container

from bookkeeping.rules.text import DISPLAY_NAME_LIMIT, cut, one_line

_DELETED = re.compile(r"\s+\(deleted(-\d+)?\)$", re.IGNORECASE)
"""QuickBooks appends this to the name of whatever is made inactive, with a number where that name is taken, too."""


def clean_name(text: str, limit: int = DISPLAY_NAME_LIMIT) -> str:
    """Return the text as a legal name of at most `limit` characters, or "" when nothing is left of it."""
    return cut(one_line(text).replace(":", "-"), limit)  # Some signs are spelled out with a colon.


def name_key(display_name: str) -> str:
    """Return the form in which two names collide: trimmed, case-folded, without the mark of an inactive name."""
    key = " ".join(display_name.split()).casefold()
    while key != (bare := without_deleted(key)):
        key = bare
    return key


def without_deleted(name: str) -> str:
    """Return the name without the mark that QuickBooks put behind it when it was made inactive."""
    return _DELETED.sub("", name)


def free_name(base: str, taken: Container[str], *, prefer_client: bool = False) -> str:
    """Return `base`, or `base` with the first suffix that makes it free; `taken` holds `name_key`s.

    Suffixes are " (2)", " (3)"…; with `prefer_client` (a Vendor or Employee has the name) " (client)", " (client 2)"….
    """
    number, suffix = 1, ""
    while name_key(name := _with_suffix(base, suffix)) in taken:
        number += 1
        if prefer_client:
            suffix = " (client)" if number == 2 else f" (client {number - 1})"
        else:
            suffix = f" ({number})"
    return name


def _with_suffix(base: str, suffix: str) -> str:
    return cut(base, DISPLAY_NAME_LIMIT - len(suffix)) + suffix
