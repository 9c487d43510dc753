"""Guards over one walk through the pages of a feed, so that no inspection is left out in silence. Reading a page is `feed`'s business.

A walk is whole when every page came in the order of `updated_at`, none held what lies before the moment asked for, and as many rows
were read as the answers say there are. What says nothing of its total and ends on a full page has to prove that it names next pages;
behind a shorter one, which may be as many rows as the platform ever gives, one more look is taken.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from bookkeeping.errors import FeedForeignError

_TOTALS = ("total", "total_count", "record_count")
_NESTED = ("pagination", "page")
_IN_PAGES = ("total", "total_count", "total_entries", "count")
SLACK = timedelta(seconds=1)
"""Platforms cut fractions of a second; a row may seem so much older than it is."""

FEWEST = 10
"""No platform is known to give fewer rows a page than this, whatever it is asked for."""

Row = tuple[str, datetime | None]
"""A row's id, and its `updated_at` where that could be read."""


class Walk:
    """One walk. `since`: the moment asked for, None for all there is. `page_size`: how many rows a page may have."""

    def __init__(self, since: datetime | None, page_size: int) -> None:
        self._since = since
        self._page_size = page_size
        self._newest: datetime | None = None
        self._read = 0
        self._there_were: int | None = None
        self._names_next = self._looked_behind = False
        self._keys: set[str] = set()

    def take(self, rows: list[Row], body: Mapping[str, Any], *, more: bool) -> None:
        """Check a page before anything of it is kept; `more`: the answer names a next page.

        Raises:
            FeedForeignError: the page shows that the platform does not speak our feed; its detail says by what.
        """
        self._names_next |= more
        for key, updated_at in rows:
            if updated_at is None:
                continue
            if self._since is not None and updated_at < self._since - SLACK:
                raise FeedForeignError(
                    f"Inspection {key} was changed at {updated_at.isoformat()}, before the moment asked for."
                )
            if self._newest is not None and updated_at < self._newest - SLACK:
                raise FeedForeignError(
                    f"Inspection {key} is out of order: the rows do not come with the oldest change first."
                )
            self._newest = max(self._newest or updated_at, updated_at)
        self._read += len(rows)
        # What is committed late, behind the page that we are on, counts in later answers and comes with the next walk.
        stated = [total for total in (self._there_were, stated_total(body)) if total is not None]
        self._there_were = min(stated, default=None)
        if not more and self._there_were is not None and self._read < self._there_were:
            raise FeedForeignError(
                f"The answer says that there are {self._there_were} inspections, names no next page, and gave {self._read}."
            )

    def doubts(self, rows: list[Row], body: Mapping[str, Any], *, more: bool) -> bool:
        """Whether a last page is full and says nothing of a total: then it may be one of several that this server pages otherwise.

        So may one that cannot be looked behind, since all its rows were changed at one moment.
        """
        full = len(rows) >= self._page_size and len(rows) > 1
        at_once = self._may_be_short(rows, body) and len({updated_at for _, updated_at in rows}) == 1
        return (full or at_once) and not more and stated_total(body) is None

    def look_behind(self, rows: list[Row], body: Mapping[str, Any], *, more: bool) -> datetime | None:
        """Return from which moment to ask for rows behind a last page that may be all this server gives at once; None where there is no need."""
        if more or not self._may_be_short(rows, body):
            return None
        self._keys |= {key for key, _ in rows}
        self._looked_behind = True
        return self._newest

    def brings_nothing_new(self, rows: list[Row]) -> bool:
        """Whether a look behind the last page found only rows that were read already."""
        return self._looked_behind and {key for key, _ in rows} <= self._keys

    def _may_be_short(self, rows: list[Row], body: Mapping[str, Any]) -> bool:
        proven = self._names_next or stated_total(body) is not None
        return not proven and FEWEST <= len(rows) < self._page_size


def stated_total(body: Mapping[str, Any]) -> int | None:
    """Return how many rows the answer says there are, by any of the names in use, or None."""
    found = [number for number in _totals(body) if isinstance(number, int) and not isinstance(number, bool)]
    return max(found, default=None)


def _totals(body: Mapping[str, Any]) -> Iterator[Any]:
    meta = body.get("meta")
    if not isinstance(meta, Mapping):
        return
    for name in _TOTALS:
        yield meta.get(name)
    for nested in _NESTED:
        inner = meta.get(nested)
        if isinstance(inner, Mapping):
            for name in _IN_PAGES:
                yield inner.get(name)
