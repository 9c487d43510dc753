"""The source of a company whose inspections come in files: what earlier files told, kept, and read here as a feed is.

Its cursor is the place of the last change that was read, in the order in which they were taken.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from bookkeeping.errors import RuleError
from bookkeeping.inspection_source.source import BadRecord, Page, SourceCompany
from bookkeeping.rules.inspection import Inspection

PAGE = 100


class Kept(Protocol):
    """What of the dropped files is kept: of each inspection what was told last."""

    def after(self, cursor: str | None, most: int) -> Sequence[tuple[str, Inspection | BadRecord]]:
        """Return (cursor, what was told) of those that were told after the cursor, in that order; of all without one."""

    def one(self, key: str) -> Inspection | BadRecord | None:
        """Return what was told last of one."""


class Files:
    """The dropped files of one company, which is as we know it: no platform says anything of it."""

    def __init__(self, kept: Kept, company: SourceCompany) -> None:
        self._kept, self._company = kept, company

    def company(self) -> SourceCompany:
        """Return the company as we know it."""
        return self._company

    def changed(self, cursor: str | None, *, everything: bool = False) -> Iterator[Page]:
        """Yield what was told after the cursor; see `Source`."""
        place, reached = (None if everything else cursor), cursor
        while rows := self._kept.after(place, PAGE):
            place = rows[-1][0]
            # While all is read again, the place lies before where reading had come.
            reached = place if reached is None or self._is_later(place, reached) else reached
            read = [one for _, one in rows]
            yield Page(
                inspections=tuple(one for one in read if isinstance(one, Inspection)),
                bad=tuple(one for one in read if isinstance(one, BadRecord)),
                cursor=reached,
            )

    @staticmethod
    def _is_later(place: str, reached: str) -> bool:
        turn, key = place.split(":", 1)
        other, reached_key = reached.split(":", 1)
        return (int(turn), key) > (int(other), reached_key)

    def one(self, key: str) -> Inspection | None:
        """Return what was told last of one."""
        found = self._kept.one(key)
        if isinstance(found, BadRecord):
            raise RuleError(found.reason, code="bad-record")
        return found

    def reach(self, cursor: str | None, *, everything: bool = False) -> None:
        """Return nothing: what people dropped for this company is nobody else's."""
        return None
