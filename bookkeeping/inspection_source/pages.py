"""A platform that pages by number and tells no changes: a window of days is read whole each time, and what it says is compared with what we know.

JSON:API with `page[number]`, `page[size]` and `meta.pagination`; money is a resource of its own, or what events told (`Received`). An inspection has no moment of change, so it has
that of the reading which first found it so. Nobody says what was deleted: one that is missing from the window, and not found by itself, twice and
`OVERLAP` apart, was.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from bookkeeping.errors import FeedForeignError, FeedOtherCompanyError, FeedUnavailableError, RuleError
from bookkeeping.inspection_source.fields import BadRecordError, key_of
from bookkeeping.inspection_source.platform import Platform, date_of, nonsense
from bookkeeping.inspection_source.records import Included, index_included, read_record
from bookkeeping.inspection_source.source import OVERLAP, BadRecord, Known, Page, Reach, Received
from bookkeeping.rules.inspection import Inspection

SIZE = 50
"""Rows a page: their ids go into one question for their payments, which servers take up to some 8 kB."""

WALKS = 3
"""So often is a window read before we say that it does not hold still."""

MOST_PAGES = 10_000
MOST_ASKED = 50
"""How many that are missing are asked for in one reading; the others wait for the next."""

_ALL = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_INCLUDE = "buyer,line_items"
Row = dict[str, Any]
Span = tuple[datetime, datetime]


@dataclass
class _Walk:
    """One walk through a window: which inspections it showed, and whether it showed all that the platform counts."""

    keys: set[str] = field(default_factory=set)
    nameless: int = 0
    total: int = 0

    def take(self, read: list[Inspection | BadRecord], total: int) -> None:
        self.keys |= {one.key for one in read if one.key}
        self.nameless += sum(not one.key for one in read)
        self.total = total

    @property
    def is_whole(self) -> bool:
        return len(self.keys) + self.nameless >= self.total


class Pages(Platform):
    """One company's platform. `known` is what we keep of it; the window goes from `days_back` before now to `days_ahead` after.

    `received`: its payments were told by events, and no resource is asked for them.
    """

    def __init__(
        self,
        url: str,
        key: str,
        known: Known,
        *,
        days_back: int = 60,
        days_ahead: int = 400,
        received: Received | None = None,
        timeout: tuple[float, float] = (5, 30),
        public_only: bool = False,
    ) -> None:
        super().__init__(url, key, timeout=timeout, public_only=public_only)
        self._known, self._received = known, received
        self._back, self._ahead = timedelta(days=days_back), timedelta(days=days_ahead)

    def changed(self, cursor: str | None, *, everything: bool = False) -> Iterator[Page]:
        """Yield the window, or all there is, with what is missing from it on the last page; see `Source`.

        The cursor is JSON: {scanned_at, missing: {id: since when}, told: [ids]}. It moves with the last page, so that a walk that breaks off begins anew.
        Raises as `company` does, and:
            FeedOtherCompanyError: nothing that it lists is known, and what is known is not listed.
        """
        window = self._window(cursor, everything)
        for _ in range(WALKS):
            walk = _Walk()
            for body, at, total in self._pages("inspections", {"include": _INCLUDE, **_asked(window)}):
                read = self._read(body, at)
                walk.take(read, total)
                yield _page(read, at, cursor)
            if walk.is_whole:
                break
        else:
            # A row that moves while pages are turned pushes another one over the edge between two of them.
            raise FeedUnavailableError(
                f"It counts {walk.total} inspections and showed {len(walk.keys)}: they moved while they were read."
            )
        yield self._missing(walk, window or _ALL, cursor)

    def reach(self, cursor: str | None, *, everything: bool = False) -> Reach:
        """Return that what begins within the window, and was not deleted, has to come."""
        return Reach(starts=self._window(cursor, everything) or _ALL, deleted_too=False)

    def one(self, key: str) -> Inspection | None:
        """Return one inspection as it is now; None where the platform does not find it. Raises as `Source.one` does."""
        address = f"{self._base}/v2/inspections/{quote(key, safe='')}"
        found = self._get(address, {"include": _INCLUDE}, missing_is_none=True)
        if found is None:
            return None
        response, body = found
        at = date_of(response.headers.get("Date")) or datetime.now(UTC)
        [record] = self._read({**body, "data": [body.get("data")]}, at)
        if record.key != key:
            raise nonsense("The platform answered with another inspection than the one asked for.")
        if isinstance(record, BadRecord):
            raise RuleError(record.reason, code="bad-record")
        return record

    def _window(self, cursor: str | None, everything: bool) -> Span | None:
        """Return from when until when inspections begin that are read; None for all there are."""
        now = datetime.now(UTC)
        return None if everything or cursor is None else (now - self._back, now + self._ahead)

    def _missing(self, walk: _Walk, window: Span, cursor: str | None) -> Page:
        """Return the last page: what should have been listed and was moved elsewhere or deleted, and the new cursor.

        Raises:
            FeedOtherCompanyError, FeedUnavailableError: none of what we know was listed, so that these may be another company's.
        """
        now = datetime.now(UTC)
        expected = self._known.starting(*window)
        absent = sorted(expected - walk.keys)
        if absent and len(absent) == len(expected):
            if walk.keys:
                raise FeedOtherCompanyError(
                    f"Of {len(walk.keys)} inspections that it lists we know none, and inspection {absent[0]} does not come."
                )
            raise nonsense(
                f"It lists no inspection at all, and inspection {absent[0]} would have to be there."
            )
        before: Mapping[str, str] = json.loads(cursor)["missing"] if cursor else {}
        # Those that wait longest first, so that each is asked for again.
        absent.sort(key=lambda key: before.get(key, "9"))
        found: list[Inspection] = []
        missing = {key: before[key] for key in absent[MOST_ASKED:] if key in before}
        for key in absent[:MOST_ASKED]:
            elsewhere, is_there = self._elsewhere(key)
            if is_there:
                found += [elsewhere] if elsewhere else []
                continue
            since = before.get(key)
            known = self._known.inspection(key)
            if since is None or known is None or datetime.fromisoformat(since) > now - OVERLAP:
                missing[key] = since or now.isoformat()
            else:
                found.append(replace(known, deleted_at=now, updated_at=now))
        told = self._told_of(cursor, {*walk.keys, *absent})
        found += [one for key in told[:MOST_ASKED] if (one := self._elsewhere(key)[0]) is not None]
        reached = {"scanned_at": now.isoformat(), "missing": missing, "told": told[MOST_ASKED:]}
        return Page(inspections=tuple(found), bad=(), cursor=json.dumps(reached))

    def _told_of(self, cursor: str | None, read: set[str]) -> list[str]:
        """Return the inspections outside of what was read of whose money events told since the reading before."""
        if self._received is None or cursor is None:
            return []
        before = json.loads(cursor)
        since = datetime.fromisoformat(before["scanned_at"]) - OVERLAP
        return sorted({*before.get("told", ()), *self._received.touched(since)} - read)

    def _elsewhere(self, key: str) -> tuple[Inspection | None, bool]:
        """Return one that the window does not list, and whether it is there at all: moved, or unreadable."""
        try:
            one = self.one(key)
        except RuleError:
            return None, True
        return one, one is not None

    def _read(self, body: Row, at: datetime) -> list[Inspection | BadRecord]:
        """Read one page's records with their payments, each with when it was first found to be so."""
        records = body["data"]
        included = index_included(body.get("included"))
        keys = [key for record in records if (key := _key(record))]
        paid = self._payments(keys) if self._received is None else self._received.payments(keys)
        read = [_one(record, included, paid, at) for record in records]
        stamps = self._known.stamps([one.key for one in read if isinstance(one, Inspection)])
        return [_stamped(one, stamps) if isinstance(one, Inspection) else one for one in read]

    def _payments(self, keys: list[str]) -> dict[str, list[Row]]:
        """Return the payments of these inspections."""
        found: dict[str, list[Row]] = {}
        seen: set[str] = set()
        if not keys:
            return found
        for body, _, total in self._pages(  # noqa: B007  # The last page says it.
            "payments", {"filter[inspection_id]": ",".join(keys)}
        ):
            for payment in body["data"]:
                seen.add(_key(payment))
                found.setdefault(_inspection_of(payment), []).append(payment)
        if len(seen) < total:
            raise FeedUnavailableError(f"It counts {total} payments and showed {len(seen)}: they moved.")
        return found

    def _pages(self, what: str, question: Mapping[str, str]) -> Iterator[tuple[Row, datetime, int]]:
        """Yield (body, the platform's time, how many rows there are in all) of each page of a resource.

        Raises:
            FeedForeignError: it does not page by number, or does not say how many there are.
        """
        for number in range(1, MOST_PAGES):
            turning = {"sort": "id", "page[number]": str(number), "page[size]": str(SIZE)}
            response, body = self._get(f"{self._base}/v2/{what}", {**question, **turning})
            if not isinstance(body.get("data"), list):
                raise nonsense(f"A page of {what} has no data.")
            page, pages, total = _pagination(body)
            if page != number:
                raise FeedForeignError(f"It was asked for page {number} of the {what}, and gave page {page}.")
            yield body, date_of(response.headers.get("Date")) or datetime.now(UTC), total
            if number >= pages:
                return


def _asked(window: Span | None) -> dict[str, str]:
    if window is None:
        return {}
    first, last = (moment.isoformat(timespec="seconds").replace("+00:00", "Z") for moment in window)
    return {"filter[starts_from]": first, "filter[starts_until]": last}


def _page(read: list[Inspection | BadRecord], at: datetime, cursor: str | None) -> Page:
    return Page(
        inspections=tuple(one for one in read if isinstance(one, Inspection)),
        bad=tuple(one for one in read if isinstance(one, BadRecord)),
        source_time=at,
        cursor=cursor,
    )


def _pagination(body: Row) -> tuple[int, int, int]:
    """Return (this page, how many pages, how many rows)."""
    meta = body.get("meta")
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    numbers = [
        pagination.get(name) if isinstance(pagination, dict) else None for name in ("page", "pages", "total")
    ]
    if any(type(number) is not int or number < 0 for number in numbers):
        raise FeedForeignError(
            "Its answer has no meta.pagination with page, pages and total: whether there are more inspections cannot be told."
        )
    page, pages, total = numbers
    return page, pages, total  # type: ignore[return-value]  # Each was looked at.


def _key(record: Any) -> str:
    try:
        return key_of(record) if isinstance(record, dict) else ""
    except BadRecordError:
        return ""


def _inspection_of(payment: Any) -> str:
    """Return whose payment it is. One that does not say could be anybody's, so nothing is read past it.

    Raises:
        FeedForeignError: it does not say.
    """
    relationships = payment.get("relationships") if isinstance(payment, dict) else None
    relationship = relationships.get("inspection") if isinstance(relationships, dict) else None
    key = _key(relationship.get("data")) if isinstance(relationship, dict) else ""
    if not key:
        raise FeedForeignError("A payment does not say of which inspection it is.")
    return key


def _one(
    record: Any, included: Included, paid: Mapping[str, list[Row]], at: datetime
) -> Inspection | BadRecord:
    """Read one record as one of the feed, with what that would say: no tombstone, its payments, and the moment of this reading."""
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict):
        return read_record(record, included)
    payments = paid.get(_key(record), [])
    related = record.get("relationships")
    own = related if isinstance(related, dict) else {}
    links = {"data": [{"type": "payment", "id": payment.get("id")} for payment in payments]}
    whole = {
        **record,
        "attributes": {**attributes, "updated_at": at.isoformat(), "deleted_at": None},
        "relationships": {**own, "payments": links},
    }
    one = read_record(whole, {**included, **index_included(payments)})
    if isinstance(one, BadRecord):
        return replace(one, updated_at=None)
    number = attributes.get("number")
    return replace(one, number=str(number)[:30]) if isinstance(number, str | int) else one


def _stamped(one: Inspection, stamps: Mapping[str, tuple[str, datetime, str]]) -> Inspection:
    """Return it with the moment from which we know it to be as it is, and with the number that it was first read with."""
    content, since, number = stamps.get(one.key, ("", one.updated_at, one.number))
    one = replace(one, number=number)
    return replace(one, updated_at=since) if one.content_hash() == content else one
