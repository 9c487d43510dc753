"""The feed client: the company, the changed inspections page by page, one inspection. Reading one record is in `records`.

These errors leave it: FeedRefusedError (the key is dead), FeedForeignError (this is not our feed) and FeedUnavailableError (try again later); asking for one
inspection can raise RuleError as well.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from zoneinfo import available_timezones

import requests
import urllib3

from bookkeeping.errors import FeedForeignError, FeedRefusedError, FeedUnavailableError, RuleError
from bookkeeping.fetching.bounded import (
    LARGEST_ANSWER,
    AnswerTooLargeError,
    BoundedAdapter,
    PrivateAddressError,
)
from bookkeeping.inspection_source.records import BadRecord, index_included, read_record
from bookkeeping.inspection_source.walk import Row, Walk
from bookkeeping.rules.eligibility import is_us
from bookkeeping.rules.inspection import Inspection

_INCLUDE = "buyer,line_items,payments"
NEVER_OURS = frozenset({400, 404, 405, 406, 410, 415, 422, 501})
"""Answers that a later attempt will not change: the platform does not know what we ask for."""

_PAUSE = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class FeedCompany:
    """The company as the platform knows it. `time_zone` is an IANA name, or empty when the platform's is not one.

    `us_based`: it says so itself, and names no other country beside it.
    """

    name: str
    country: str
    us_based: bool
    time_zone: str


@dataclass(frozen=True)
class FeedPage:
    """One page of changes, oldest first. `source_time` is the platform's own clock (aware UTC), if it told the time."""

    inspections: tuple[Inspection, ...]
    bad: tuple[BadRecord, ...]
    source_time: datetime | None


class Feed:
    """One company's feed: `url` is scheme and host, `key` its API key. `timeout` is (connect, read) in seconds.

    `public_only`: the address is typed by people, so it leads to no machine of our own network, whatever its name resolves to.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: tuple[float, float] = (5, 30),
        public_only: bool = False,
    ) -> None:
        self._base = url.strip().rstrip("/")
        self._key = key.strip()
        self._timeout = timeout
        self._session = _session(public_only)

    def company(self) -> FeedCompany:
        """Return the company.

        Raises:
            FeedRefusedError: the platform refuses the key.
            FeedUnavailableError: it cannot be reached, or answers nonsense.
        """
        _, body = self._get(f"{self._base}/v2/company")
        record = body.get("data")
        fields = record.get("attributes") if isinstance(record, dict) else None
        if not isinstance(fields, dict) or not isinstance(fields.get("us_based"), bool):
            raise _nonsense("The company has no attributes, or us_based is neither true nor false.")
        zone, country = (str(fields.get(name) or "").strip() for name in ("time_zone", "country"))
        return FeedCompany(
            name=str(fields.get("name") or ""),
            country=country,
            us_based=fields["us_based"] and (not country or is_us(country)),
            time_zone=zone if zone in available_timezones() else "",
        )

    def changed(self, since: datetime | None, *, page_size: int = 100) -> Iterator[FeedPage]:
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
                raise _nonsense("A page of inspections has no data.")
            url, params = self._next(response.url, body), None
            if url in seen:
                raise _nonsense("The pages of the feed lead in a circle.")
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
            yield FeedPage(
                inspections=tuple(record for record in read if isinstance(record, Inspection)),
                bad=tuple(record for record in read if isinstance(record, BadRecord)),
                source_time=_date(response.headers.get("Date")),
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
            raise _nonsense("The feed answered with another inspection than the one asked for.")
        if isinstance(record, BadRecord):
            raise RuleError(record.reason, code="bad-record")
        return record

    def _get(self, url: str, params: dict[str, str] | None = None, *, missing_is_none: bool = False) -> Any:
        """Return (response, body object) of one request, or None for a 404 that is allowed. The key never follows a redirect."""
        if not (self._key.isascii() and self._key.isprintable() and self._key):
            raise FeedRefusedError("The API key is empty or has characters that no key has. Enter it again.")
        try:
            response = self._session.get(
                url, params=params, auth=self._sign, timeout=self._timeout, allow_redirects=False
            )
        except AnswerTooLargeError as error:
            raise _nonsense(f"The answer is larger than {LARGEST_ANSWER >> 20} MB.") from error
        except PrivateAddressError as error:
            raise FeedForeignError(
                "The feed's address leads into our own network, where nothing is asked. Give the platform's public address."
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            raise FeedUnavailableError(
                f"The inspection platform did not answer: {type(error).__name__}."
            ) from error
        if missing_is_none and response.status_code == 404:
            return None
        _raise_for_status(response)
        body = _body(response)
        if not isinstance(body, dict):
            raise _nonsense("The answer is not a JSON:API document.")
        return response, body

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As an auth callable, so that a .netrc of the machine cannot put another key in its place.
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request

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
            raise _nonsense("The address of the next page cannot be read.") from error
        if not same_host:
            raise _nonsense("The next page is on another host, where the API key must not go.")
        return target


def _question(since: datetime | None, page_size: int) -> dict[str, str]:
    params = {"sort": "updated_at", "page[size]": str(page_size), "include": _INCLUDE}
    if since is not None:
        params["filter[updated_since]"] = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return params


def _session(public_only: bool) -> requests.Session:
    session = requests.Session()
    session.headers.update({"Accept": "application/vnd.api+json, application/json", "User-Agent": "Tieout"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter(public_only=public_only, max_retries=0))
    return session


def _raise_for_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    said = _said(response)
    if status in (401, 403):
        raise FeedRefusedError(f"The inspection platform answered {status}{said}.")
    if status == 429:
        raise FeedUnavailableError(
            f"The inspection platform asks us to slow down{said}.",
            code="feed-throttled",
            not_before=_not_before(response),
        )
    if 300 <= status < 400:
        raise _nonsense(
            "The feed redirects to another address, which is not followed. Check the feed's address."
        )
    if status in NEVER_OURS:
        raise FeedForeignError(f"The inspection platform answered {status}{said}.")
    not_before = _not_before(response) if "Retry-After" in response.headers else None
    raise FeedUnavailableError(f"The inspection platform answered {status}{said}.", not_before=not_before)


def _body(response: requests.Response) -> Any:
    try:
        return json.loads(response.content, parse_constant=str, parse_float=_float)
    except (ValueError, RecursionError) as error:
        raise _nonsense("The answer is not JSON, or it is cut off.") from error


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _said(response: requests.Response) -> str:
    """Return what the error document says, for Details panels, or nothing."""
    try:
        error = json.loads(response.content)["errors"][0]
        text = error.get("detail") or error.get("title")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return ""
    return f": {' '.join(text.split())[:200].rstrip('.')}" if isinstance(text, str) else ""


def _not_before(response: requests.Response) -> datetime:
    """Return when to ask again, by Retry-After in either of its forms: a minute by default, never more than an hour."""
    now = datetime.now(UTC)
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        pause = timedelta(seconds=min(int(text[:9]), _LONGEST_PAUSE.total_seconds()))
    else:
        until = _date(text)
        pause = until - now if until else _PAUSE
    return now + max(min(pause, _LONGEST_PAUSE), timedelta(seconds=1))


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _nonsense(detail: str) -> FeedUnavailableError:
    return FeedUnavailableError(detail, code="feed-nonsense")
