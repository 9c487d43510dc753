"""Dialects: how platforms read the same questions otherwise, for tests. A company speaks one of them; `ours` is the documented feed.

Only what differs is said here; the feed itself is in `feed`.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from standins.platform import store
from standins.platform.fields import Refused


@dataclass(frozen=True)
class Dialect:
    """What a platform does otherwise.

    `by_number`: it pages by `page[number]` and knows no `page[after]` and no `links.next`. `says_total`: its `meta.pagination` says how many
    rows there are. `most`: how many rows a page has at most, whatever it is asked for. `newest_first`: whatever `sort` asks for. `filters`: whether it heeds `filter[updated_since]`. `refuses`: the
    parameters that it answers with 400.
    """

    by_number: bool = False
    says_total: bool = False
    most: int = 100
    newest_first: bool = False
    filters: bool = True
    refuses: frozenset[str] = frozenset()

    @property
    def order(self) -> str:
        """The order of its rows, for SQL."""
        way = "DESC" if self.newest_first else "ASC"
        return f"updated_at {way}, inspection_id {way}"

    def meta(self, number: int, size: int, total: int) -> dict[str, Any]:
        """Return what a page says about all pages, if anything."""
        if not (self.by_number and self.says_total):
            return {}
        pages = -(-total // size)
        return {"meta": {"pagination": {"page": number, "per_page": size, "pages": pages, "total": total}}}


DIALECTS = {
    "ours": Dialect(),
    "page-number": Dialect(by_number=True, says_total=True),
    "page-number-silent": Dialect(by_number=True),
    "small-pages": Dialect(most=3),
    "newest-first": Dialect(newest_first=True),
    "ignores-filters": Dialect(filters=False),
    "refuses-parameters": Dialect(refuses=frozenset({"filter[updated_since]", "sort"})),
}


def of(db: sqlite3.Connection, company_id: int) -> Dialect:
    """Return the dialect that a company's platform speaks."""
    return DIALECTS[store.setting(db, f"dialect:{company_id}", "ours")]


def choose(db: sqlite3.Connection, company_id: int, name: object) -> None:
    """Let a company's platform speak a dialect from now on."""
    if name not in DIALECTS:
        raise Refused(f"dialect must be one of {', '.join(DIALECTS)}")
    store.set_setting(db, f"dialect:{company_id}", str(name))
