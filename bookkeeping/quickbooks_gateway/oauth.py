"""Signing in to Intuit: consent address, code exchange, refresh and revocation, through intuit-oauth.

The library gets what it lacks: timeouts, one cached discovery document per process, the hard expiry of refresh tokens, and typed errors.
Keeping tokens fresh between processes is `tokens.py`; storing them is `bookkeeping.storage`.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from bookkeeping.errors import BookkeepingError, MisconfiguredError, NotConnectedError, TemporaryError
from bookkeeping.fetching.bounded import BoundedAdapter
from bookkeeping.quickbooks_gateway.config import IntuitConfig

_DISCOVERY_SECONDS = 24 * 3600
_ACCESS_SECONDS, _REFRESH_SECONDS = 3600, 100 * 24 * 3600  # Intuit's lifetimes, should an answer not tell.
_HARD_EXPIRY_HEADER = "x-include-refresh-token-hard-expires-in"
_DEAD_TOKEN = {"invalid_grant", "invalid_token"}
_OTHER_APP = re.compile(r"client[\s_-]?id|token[\s_-]?type", re.IGNORECASE)
"""Words with which Intuit refuses a token under `invalid_grant` because of who asks; the token itself lives (recorded)."""
_NOT_A_LIVING_TOKEN = {*_DEAD_TOKEN, "invalid_request"}
_OUR_FAULT = {
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    "unsupported_grant_type",
    "invalid_request",
}


@dataclass(frozen=True)
class TokenSet:
    """The tokens of one connection; times are aware UTC. `hard_expires_at` is when even refreshing ends, or None if untold."""

    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    hard_expires_at: datetime | None = None


Answer = TypeVar("Answer")


class OAuth:
    """Intuit's OAuth 2 for our app. Holds no tokens; threads may share it. Nothing is fetched before the first call."""

    def __init__(self, config: IntuitConfig) -> None:
        self._config = config

    def authorize_url(self, state: str) -> str:
        """Return the address of Intuit's consent page; `state` comes back in the callback.

        Raises:
            TemporaryError, MisconfiguredError: the discovery document cannot be had.
        """
        return self._ask(
            lambda client: str(client.get_authorization_url([Scopes.ACCOUNTING], state_token=state))
        )

    def exchange(self, code: str) -> TokenSet:
        """Return the tokens for the callback's `code`.

        Raises:
            NotConnectedError: the code is wrong, used or too old.
            MisconfiguredError: Intuit refuses our app keys or redirect address.
            TemporaryError: no proper answer; the code may be used up, so start again from Enable.
        """
        return self._tokens(lambda client: client.get_bearer_token(code))

    def refresh(self, refresh_token: str) -> TokenSet:
        """Return new tokens. The new refresh token must be stored before the access token is used.

        Raises:
            NotConnectedError: the refresh token is no longer valid (code reconnect-needed).
            MisconfiguredError: Intuit refuses our app keys, or they are not those to which the token was given: it lives on.
            TemporaryError: no proper answer; with `outcome_unknown` the old refresh token may be used up.
        """
        return self._tokens(lambda client: client.refresh(refresh_token=refresh_token))

    def revoke(self, token: str) -> None:
        """End the grant that `token` (refresh or access) belongs to. A token that is already dead counts as done.

        Raises:
            MisconfiguredError, TemporaryError: as for `refresh`.
        """

        def end(client: AuthClient) -> None:
            try:
                client.revoke(token=token)
            except AuthClientError as error:
                reason, text = _reason(error)
                if reason not in _NOT_A_LIVING_TOKEN or _OTHER_APP.search(text):
                    raise

        self._ask(end)

    def _tokens(self, call: Callable[[AuthClient], object]) -> TokenSet:
        asked_at = datetime.now(UTC)

        def exchange(client: AuthClient) -> TokenSet:
            call(client)
            hard = getattr(client, "x_refresh_token_hard_expires_in", None)
            idle = client.x_refresh_token_expires_in or _REFRESH_SECONDS
            return TokenSet(
                access_token=_text(client.access_token),
                access_expires_at=asked_at + timedelta(seconds=int(client.expires_in or _ACCESS_SECONDS)),
                refresh_token=_text(client.refresh_token),
                refresh_expires_at=asked_at + timedelta(seconds=int(idle)),
                hard_expires_at=asked_at + timedelta(seconds=int(hard)) if hard else None,
            )

        return self._ask(exchange)

    def _ask(self, call: Callable[[AuthClient], Answer]) -> Answer:
        try:
            return call(_TimedAuthClient(self._config))
        except AuthClientError as error:
            raise _refusal(error) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema) as error:
            raise MisconfiguredError("INTUIT_DISCOVERY_URL is not a usable address.") from error
        except requests.RequestException as error:
            raise TemporaryError(
                f"No answer from Intuit's sign-in ({type(error).__name__}).", outcome_unknown=True
            ) from error
        except (ValueError, TypeError, KeyError) as error:
            # Half an answer, or a page instead of one: intuit-oauth stumbles over it in these ways.
            raise TemporaryError("Intuit's sign-in answered with nonsense.", outcome_unknown=True) from error


class _TimedAuthClient(AuthClient):  # type: ignore[misc]  # The library has no types.
    """intuit-oauth's client (a requests.Session) with a timeout on every request and a shared discovery document."""

    _documents: ClassVar[dict[str, tuple[float, requests.Response]]] = {}
    _lock = threading.Lock()

    def __init__(self, config: IntuitConfig) -> None:
        self._timeout = config.timeout
        # Any other environment than the library's own words is taken as the discovery address itself.
        super().__init__(config.client_id, config.client_secret, config.redirect_uri, config.discovery_url)

    def mount(self, prefix: str, _adapter: requests.adapters.BaseAdapter) -> None:
        """Let every answer be taken in within bounds, whatever adapter a session is born with."""
        super().mount(prefix, BoundedAdapter())

    def get(self, url: str, **options: Any) -> requests.Response:
        """Only the discovery document is fetched this way; a good one is kept for a day."""
        with self._lock:
            kept = self._documents.get(url)
        if kept and time.monotonic() - kept[0] < _DISCOVERY_SECONDS:
            return kept[1]
        response: requests.Response = super().get(url, **options)
        if response.status_code == 200 and "token_endpoint" in response.json():
            with self._lock:
                self._documents[url] = (time.monotonic(), response)
        return response

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send with our timeout, ask for the hard expiry, and follow no redirects with our keys."""
        headers = {**(options.pop("headers", None) or {}), _HARD_EXPIRY_HEADER: "true"}
        options.setdefault("timeout", self._timeout)
        options["allow_redirects"] = False
        response: requests.Response = super().request(method, url, headers=headers, **options)
        return response


def _refusal(error: AuthClientError) -> BookkeepingError:
    """What Intuit's sign-in means by a status other than 200. The body's `error` decides, not the status."""
    reason, text = _reason(error)
    detail = f"{reason}: {text}".strip(": ") or f"HTTP {error.status_code}"
    if reason in _DEAD_TOKEN and _OTHER_APP.search(text):
        # The token lives; it is our process that has another app's keys. No owner can mend that by reconnecting.
        return MisconfiguredError(detail, reference=error.intuit_tid)
    if reason in _DEAD_TOKEN:
        return NotConnectedError(detail, code="reconnect-needed", reference=error.intuit_tid)
    if reason in _OUR_FAULT or error.status_code in {401, 403, 404}:
        return MisconfiguredError(detail, reference=error.intuit_tid)
    return TemporaryError(detail, reference=error.intuit_tid, outcome_unknown=error.status_code >= 500)


def _reason(error: AuthClientError) -> tuple[str, str]:
    """Intuit's `error` and `error_description`, both empty when the body is not what it should be."""
    try:
        said = error.response.json()
        return str(said.get("error", "")), str(said.get("error_description", ""))
    except (ValueError, AttributeError):
        return "", ""


def _text(value: Any) -> str:
    if not (isinstance(value, str) and value):
        raise ValueError("token missing")
    return value
