"""How names are written where they are looked for: small letters without accents, so that *Nguyen* finds *Nguyễn*. Pure."""

import unicodedata

_WITHOUT_PARTS = str.maketrans(
    {"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "’": "'"}
)
"""Letters that Unicode takes for whole ones, not for a letter and its accent."""


def fold(text: str) -> str:
    """Return the text as it is looked for: `Nguyễn Đức` → `nguyen duc`; spaces are single ones."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(bare.translate(_WITHOUT_PARTS).split())


def words_of(text: str) -> list[str]:
    """Return the words of what somebody typed, folded; amounts without their signs: `$24,106.35` → `24106.35`."""
    return [_bare_amount(word) for word in fold(text).split()]


def _bare_amount(word: str) -> str:
    bare = word.replace("$", "").replace(",", "")
    return bare if bare.replace(".", "", 1).isdigit() else word
