"""One row of a dropped table, cell by cell: each value is what its column promises, or a problem that says where it stands and what to do."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from bookkeeping.inspection_source.dropped.columns import Headed
from bookkeeping.rules.money import cents

LONGEST_KEY = 30
"""Letters of an inspection's and of a payment's number: both together name the payment in our records, of 64."""

_YEARS = range(2000, 2101)
_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p", "%I %p", "%I%p")
_AMOUNT = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?|-?[0-9]{1,11}(\.[0-9]{1,2})?")
_YES = {"yes", "y", "true", "1", "x", "✓"}
_NO = {"no", "n", "false", "0", "-"}
_METHODS = {
    "card": "card", "credit card": "card", "debit card": "card", "credit": "card", "debit": "card", "cc": "card",
    "ach": "ach", "bank": "ach", "bank transfer": "ach", "eft": "ach", "echeck": "ach", "wire": "ach",
    "check": "check", "cheque": "check", "cash": "cash", "other": "other", "": "other",
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell: in which table, line and column it stands (line 0: the table as a whole), and what to do.

    `key` is the inspection whose line it is; empty where that cannot be told.
    """

    table: str
    line: int
    column: str
    says: str
    key: str = ""


class CellError(ValueError):
    """A cell is not what its column promises; noted already."""


@dataclass
class Line:
    """One row. Every reader notes a problem and raises CellError; `field` is the column's name in `columns`."""

    headed: Headed
    number: int
    values: tuple[str, ...]
    key: str = ""
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str, longest: int = 200) -> str:
        """Return the text, empty where there is none or no such column."""
        place = self.headed.places.get(name)
        text = "" if place is None else " ".join(self.values[place].split())
        if len(text) > longest:
            raise self.bad(name, f"is longer than {longest} letters. Shorten it")
        return text

    def needed(self, name: str, longest: int = 200) -> str:
        """Return the text, which must be there."""
        text = self.text(name, longest)
        if not text:
            raise self.bad(name, "is empty. Fill it in")
        return text

    def number_of(self, name: str) -> str:
        """Return the number by which an inspection or a payment is known."""
        text = self.needed(name)
        if len(text) > LONGEST_KEY or not text.isascii() or not text.isprintable():
            raise self.bad(name, f"must be at most {LONGEST_KEY} plain letters, digits and signs")
        return text

    def money(self, name: str, *, otherwise: Decimal | None = None) -> Decimal:
        """Return dollars to the cent."""
        text = self.text(name).replace("$", "").replace(" ", "")
        if not text and otherwise is not None:
            return otherwise
        if text.startswith("(") and text.endswith(")"):
            text = f"-{text[1:-1]}"
        if not _AMOUNT.fullmatch(text):
            raise self.bad(name, "must be dollars such as 425.00")
        return cents(text.replace(",", ""))

    def day(self, name: str) -> tuple[date, time | None]:
        """Return the day, and the time where the cell has one as well."""
        text = self.needed(name)
        head, _, rest = text.replace("T", " ", 1).partition(" ")
        found = _first(_DAYS, head)
        clock = _first(_CLOCKS, rest.upper()[:11].split("+")[0].removesuffix("Z")) if rest else None
        if found is None or found.year not in _YEARS or (rest and clock is None):
            raise self.bad(name, "must be a day such as 2026-03-02 or 3/2/2026")
        return found.date(), clock.time() if clock else None

    def clock(self, name: str) -> time | None:
        """Return the time, None where there is none."""
        text = self.text(name).upper()
        found = _first(_CLOCKS, text)
        if text and found is None:
            raise self.bad(name, "must be a time such as 9:00 AM or 14:30")
        return found.time() if found else None

    def whether(self, name: str, *, otherwise: bool) -> bool:
        """Return yes or no; a day counts as yes, since it says when."""
        text = self.text(name).lower()
        if not text:
            return otherwise
        if text in _YES or text in _NO:
            return text in _YES
        if _first(_DAYS, text.split(" ")[0].upper()) is not None:
            return True
        raise self.bad(name, "must be yes or no")

    def one_of(self, name: str, known: tuple[str, ...], *, otherwise: str) -> str:
        """Return one of the known words."""
        text = self.text(name).lower() or otherwise
        if text not in known:
            raise self.bad(name, f"must be one of {', '.join(known)}")
        return text

    def method(self, name: str) -> str:
        """Return how it was paid."""
        text = self.text(name).lower()
        if text not in _METHODS:
            raise self.bad(name, "must be card, ach, check, cash or other")
        return _METHODS[text]

    def bad(self, name: str, problem: str) -> CellError:
        """Note what is wrong with a cell; return the error to raise. `problem` goes on after the column's heading."""
        place = self.headed.places.get(name)
        heading = self.headed.names.get(name, name)
        said = f"; it is “{self.values[place][:60]}”" if place is not None and self.values[place] else ""
        self.problems.append(
            Problem(self.headed.table.name, self.number, heading, f"{heading} {problem}{said}.", self.key)
        )
        return CellError(problem)


def _first(shapes: tuple[str, ...], text: str) -> datetime | None:
    for shape in shapes:
        try:
            return datetime.strptime(text, shape)
        except ValueError:
            continue
    return None
