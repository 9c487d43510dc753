"""The feed: changed inspections page by page, oldest change first, and one inspection. Reading one record is in `records`, asking in `platform`.

Its cursor is a moment (ISO 8601): the newest change that was read, and never ahead of the platform's own clock.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from bookkeeping.errors import FeedForeignError, RuleError
from bookkeeping.inspection_source.platform import Platform, date_of, nonsense
from bookkeeping.inspection_source.records import index_included, read_record
from bookkeeping.inspection_source.source import OVERLAP, BadRecord, Page, Reach
from bookkeeping.inspection_source.walk import Row, Walk
from bookkeeping.rules.inspection import Inspection

_INCLUDE = "buyer,line_items,payments"
EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)
"""No inspection was changed before."""


class Feed(Platform):
    """One company's feed."""

    def changed(self, cursor: str | None, *, everything: bool = False) -> Iterator[Page]:
        """Yield what changed since the cursor, less the overlap; see `Source`. The page that shows a fault of the platform is not yielded."""
        reached = cursor
        for page in self.changed_since(_since(cursor, everything)):
            reached = _reached(page, reached)
            yield replace(page, cursor=reached)

    def reach(self, cursor: str | None, *, everything: bool = False) -> Reach:
        """Return that what was changed since the cursor, less the overlap, has to come."""
        return Reach(changed_since=_since(cursor, everything))

    def changed_since(self, since: datetime | None, *, page_size: int = 100) -> Iterator[Page]:
        """Yield the inspections changed since then (aware; None for all there are), a page at a time, until the last.

        A record that cannot be read is in its page's `bad` and stops nothing. Raises as `company` does, and:
            FeedForeignError: the pages show that inspections would be left out (`walk`); the page that shows it is not yielded.
        """
        walk, start = Walk(since, page_size), f"{self._base}/v2/inspections"
        url: str | None = start
        params: dict[str, str] | None = _question(since, page_size)
        seen: set[str] = set()
        while url is not None:
            response, body = self._get(url, params)
            if not isinstance(body.get("data"), list):
                raise nonsense("A page of inspections has no data.")
            url, params = self._next(response.url, body), None
            if url in seen:
                raise nonsense("The pages of the feed lead in a circle.")
            seen.update({url} if url else ())
            included = index_included(body.get("included"))
            read = [read_record(record, included) for record in body["data"]]
            # What cannot be read proves nothing by its stamp either.
            rows = [(one.key, one.updated_at if isinstance(one, Inspection) else None) for one in read]
            walk.take(rows, body, more=url is not None)
            if walk.brings_nothing_new(rows):
                return
            if walk.doubts(rows, body, more=url is not None):
                self._prove_pages(rows, since)
            yield Page(
                inspections=tuple(record for record in read if isinstance(record, Inspection)),
                bad=tuple(record for record in read if isinstance(record, BadRecord)),
                source_time=date_of(response.headers.get("Date")),
            )
            behind = walk.look_behind(rows, body, more=url is not None)
            if behind is not None:
                url, params = start, _question(behind, page_size)

    def _prove_pages(self, rows: list[Row], since: datetime | None) -> None:
        """Ask for these rows again, one fewer at a time: a server that names next pages must name one now.

        Raises:
            FeedForeignError: it names none, so there may be rows behind every full page that nobody would ever see.
        """
        first = next((updated_at for _, updated_at in rows if updated_at is not None), since)
        response, body = self._get(f"{self._base}/v2/inspections", _question(first, len(rows) - 1))
        if self._next(response.url, body) is None:
            raise FeedForeignError(
                f"A full page of {len(rows)} names no next page, and neither does one of {len(rows) - 1}: "
                "whether there are more inspections cannot be told."
            )

    def one(self, key: str) -> Inspection | None:
        """Return one inspection as it is now; None where the platform does not find it, which never means deleted.

        Raises as `company` does, and:
            RuleError: the record cannot be read (`bad-record`).
        """
        found = self._get(
            f"{self._base}/v2/inspections/{quote(key, safe='')}", {"include": _INCLUDE}, missing_is_none=True
        )
        if found is None:
            return None
        record = read_record(found[1].get("data"), index_included(found[1].get("included")))
        if record.key != key:
            raise nonsense("The feed answered with another inspection than the one asked for.")
        if isinstance(record, BadRecord):
            raise RuleError(record.reason, code="bad-record")
        return record

    def _next(self, url: str, body: dict[str, Any]) -> str | None:
        """Return the address of the next page, which must be on the same host: the key goes nowhere else."""
        links = body.get("links")
        link = links.get("next") if isinstance(links, dict) else None
        link = link.get("href") if isinstance(link, dict) else link
        if link is None:
            return None
        try:
            target = str(urljoin(url, link))
            same_host = urlsplit(target)[:2] == urlsplit(url)[:2]
        except (ValueError, TypeError, AttributeError) as error:
            raise nonsense("The address of the next page cannot be read.") from error
        if not same_host:
            raise nonsense("The next page is on another host, where the API key must not go.")
        return target


def _question(since: datetime | None, page_size: int) -> dict[str, str]:
    params = {"sort": "updated_at", "page[size]": str(page_size), "include": _INCLUDE}
    if since is not None:
        params["filter[updated_since]"] = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return params


def _since(cursor: str | None, everything: bool) -> datetime:
    return EVERYTHING if everything or cursor is None else datetime.fromisoformat(cursor) - OVERLAP


def _reached(page: Page, cursor: str | None) -> str | None:
    """Return the newest change up to this page. A row from the future must not hide what changes until then."""
    moments = [one.updated_at for one in page.inspections]
    moments += [one.updated_at for one in page.bad if one.updated_at]
    if not moments:
        return cursor
    reached = min(max(moments), page.source_time or datetime.now(UTC))
    return (max(datetime.fromisoformat(cursor), reached) if cursor else reached).isoformat()
