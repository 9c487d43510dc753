"""Asking a platform over HTTP: the key, the answer's size and shape, and what each failure means. What is asked for is its sources' business.

These errors leave it: FeedRefusedError (the key is dead), FeedForeignError (this is no such platform) and FeedUnavailableError (try again later).
"""

import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import available_timezones

import requests
import urllib3

from bookkeeping.errors import FeedForeignError, FeedRefusedError, FeedUnavailableError
from bookkeeping.fetching.bounded import (
    LARGEST_ANSWER,
    AnswerTooLargeError,
    BoundedAdapter,
    PrivateAddressError,
)
from bookkeeping.inspection_source.source import SourceCompany
from bookkeeping.rules.eligibility import is_us

NEVER_OURS = frozenset({400, 404, 405, 406, 410, 415, 422, 501})
"""Answers that a later attempt will not change: the platform does not know what we ask for."""

_PAUSE = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(hours=1)


class Platform:
    """One company's platform: `url` is scheme and host, `key` its API key. `timeout` is (connect, read) in seconds.

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

    def company(self) -> SourceCompany:
        """Return the company.

        Raises:
            FeedRefusedError: the platform refuses the key.
            FeedUnavailableError: it cannot be reached, or answers nonsense.
        """
        _, body = self._get(f"{self._base}/v2/company")
        record = body.get("data")
        fields = record.get("attributes") if isinstance(record, dict) else None
        if not isinstance(fields, dict) or not isinstance(fields.get("us_based"), bool):
            raise nonsense("The company has no attributes, or us_based is neither true nor false.")
        zone, country = (str(fields.get(name) or "").strip() for name in ("time_zone", "country"))
        return SourceCompany(
            name=str(fields.get("name") or ""),
            country=country,
            us_based=fields["us_based"] and (not country or is_us(country)),
            time_zone=zone if zone in available_timezones() else "",
        )

    def _get(self, url: str, params: dict[str, str] | None = None, *, missing_is_none: bool = False) -> Any:
        """Return (response, body object) of one request, or None for a 404 that is allowed. The key never follows a redirect."""
        if not (self._key.isascii() and self._key.isprintable() and self._key):
            raise FeedRefusedError("The API key is empty or has characters that no key has. Enter it again.")
        try:
            response = self._session.get(
                url, params=params, auth=self._sign, timeout=self._timeout, allow_redirects=False
            )
        except AnswerTooLargeError as error:
            raise nonsense(f"The answer is larger than {LARGEST_ANSWER >> 20} MB.") from error
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
            raise nonsense("The answer is not a JSON:API document.")
        return response, body

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As an auth callable, so that a .netrc of the machine cannot put another key in its place.
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


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
        raise nonsense(
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
        raise nonsense("The answer is not JSON, or it is cut off.") from error


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
        until = date_of(text)
        pause = until - now if until else _PAUSE
    return now + max(min(pause, _LONGEST_PAUSE), timedelta(seconds=1))


def date_of(text: str | None) -> datetime | None:
    """Return the moment (aware UTC) that an HTTP date says, or None."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def nonsense(detail: str) -> FeedUnavailableError:
    """Return the error of an answer that no such platform gives."""
    return FeedUnavailableError(detail, code="feed-nonsense")
