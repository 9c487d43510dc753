"""Text as QuickBooks takes it: its character set (ISO-8859-1) and its length limits. Money never passes through here."""

import re
import unicodedata

DISPLAY_NAME_LIMIT = 500
PERSON_NAME_LIMIT = 100
ITEM_NAME_LIMIT = 100
METHOD_NAME_LIMIT = 31
EMAIL_LIMIT = 100
PHONE_LIMIT = 21
DOC_NUMBER_LIMIT = 21
REFERENCE_LIMIT = 21
DESCRIPTION_LIMIT = 4000
PRIVATE_NOTE_LIMIT = 4000
MEMO_LIMIT = 1000

ELLIPSIS = "..."  # The one-character ellipsis is not in ISO-8859-1.

# What decomposition does not give. Pictures and invisible marks are left out; a letter we cannot write becomes "?".
_SPELLINGS = {
    **dict.fromkeys("‘’‚‛′ʼ", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("•‣●", "*"),
    **dict.fromkeys("\u2028\u2029", "\n"),
    **dict(zip("œŒłŁđĐıħĦŧŦ", ("oe", "OE", "l", "L", "d", "D", "i", "h", "H", "t", "T"), strict=True)),
    **dict(zip("…⁄€≤≥≠", (ELLIPSIS, "/", "EUR", "<=", ">=", "!="), strict=True)),
}
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_LETTERS_AND_SIGNS = ("L", "N", "P", "Sm", "Sc")
_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_WORD}(?:\.{_WORD})*@{_LABEL}(?:\.{_LABEL})+")
"""Dots part words and never stand first, last or doubled; a label neither begins nor ends with a hyphen: else Intuit answers 2210."""


def transliterate(text: str) -> str:
    """Return the text in QuickBooks' character set; what it can already hold stays as it is. Doing it twice changes nothing."""
    return "".join(_writable(letter) for letter in unicodedata.normalize("NFC", text))


def one_line(text: str) -> str:
    """Return the transliterated text on one line, trimmed and single spaced."""
    return " ".join(transliterate(text).split())


def name_typed(text: str | None) -> str:
    """Return a name as it was typed, on one line, without what nobody sees: controls, formats (they turn text around) and blank letters; "" for a field that was not sent."""
    seen = (letter if letter.isspace() or _is_seen(letter) else "" for letter in text or "")
    return " ".join("".join(seen).split())


def cut(text: str, limit: int) -> str:
    """Return the text in at most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - len(ELLIPSIS)].rstrip() + ELLIPSIS


def emails(text: str) -> tuple[str, ...]:
    """Return the well-formed addresses of a comma or semicolon separated list, in order."""
    parts = (part.strip() for part in re.split(r"[,;]", text))
    return tuple(part for part in parts if _ADDRESS.fullmatch(part))


def email_field(text: str) -> str:
    """Return the well-formed addresses that fit QuickBooks' email field, comma separated; a cut address would be wrong."""
    field = ""
    for address in emails(text):
        longer = f"{field},{address}" if field else address
        field = longer if len(longer) <= EMAIL_LIMIT else field
    return field


def _is_seen(letter: str) -> bool:
    return letter not in _BLANK_LETTERS and unicodedata.category(letter) not in ("Cc", "Cf", "Cs")


def _writable(letter: str) -> str:
    if letter in "\n\t" or " " <= letter <= "~" or ("\xa0" <= letter <= "\xff" and letter != "\xad"):
        return letter
    if letter in _SPELLINGS:
        return _SPELLINGS[letter]
    category = unicodedata.category(letter)
    if category == "Zs":
        return " "
    parts = unicodedata.normalize("NFKD", letter)
    if parts != letter:
        return "".join(_writable(part) for part in parts)
    return "?" if category.startswith(_LETTERS_AND_SIGNS) else ""
