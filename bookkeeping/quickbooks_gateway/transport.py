"""The session object under python-quickbooks: one pooled HTTP session with timeouts, limits, metering and typed errors.

python-quickbooks calls `request` and reads `access_token`; everything else it would do with a bad answer never happens, because a bad
answer is raised here first. Tokens come from the TokenKeeper, whatever the library puts into the header.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from bookkeeping.errors import (
    BookkeepingError,
    MisconfiguredError,
    NotConnectedError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.fetching.bounded import BoundedAdapter
from bookkeeping.quickbooks_gateway import answers
from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.quickbooks_gateway.limits import Limiter

logger = logging.getLogger(__name__)

_KINDS = {"batch": "batch", "query": "query", "cdc": "cdc", "reports": "report"}
WRITES = {"batch", "write"}
ANSWER_LENGTH = 20_000
"""How many characters of an unusable answer an error carries."""


@dataclass(frozen=True)
class CallFacts:
    """One HTTP call to QuickBooks, as the meter sees it.

    `kind`: batch, write, read, query, cdc or report. `operation`: delete, void … for writes, else the kind. `path` is below the
    company. `metered`: counts against Intuit's monthly quota (a successful read). `status` is None when no answer arrived; `tid` is
    Intuit's reference; `seconds` how long it took.
    """

    kind: str
    method: str
    path: str
    operation: str
    metered: bool
    status: int | None
    tid: str | None
    seconds: float
    request_id: str | None


Meter = Callable[[CallFacts], None]


class Tokens(Protocol):
    """What the transport needs of `tokens.TokenKeeper`."""

    def access_token(self) -> str: ...
    def force_refresh(self, stale_access_token: str) -> str: ...
    def refused(self, access_token: str, code: str) -> None: ...


class Transport:
    """A stand-in for the library's OAuth2Session, for one realm. Threads may share it."""

    access_token = "set-by-transport"  # The library insists on a header; `_Bearer` puts the real token there.  # noqa: S105

    def __init__(
        self,
        config: IntuitConfig,
        realm_id: str,
        tokens: Tokens,
        limiter: Limiter,
        meter: Meter,
        clock: Callable[[], datetime],
    ) -> None:
        self._config, self._realm_id, self._tokens = config, realm_id, tokens
        self._limiter, self._meter, self._clock = limiter, meter, clock
        self._answered = threading.local()
        self._http = requests.Session()
        adapter = BoundedAdapter(pool_connections=1, pool_maxsize=config.concurrency, pool_block=True)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)
        self._http.headers["Accept-Encoding"] = "gzip"

    def request(
        self, method: str, url: str, headers: Any = None, params: Any = None, data: Any = None
    ) -> requests.Response:
        """Send one request and return its answer, which is usable JSON without a fault.

        A refused access token is renewed once and the same bytes go again.

        Raises:
            ThrottledError, TemporaryError, NotConnectedError, PermanentError, MisconfiguredError: see `answers.check`.
        """
        body = data.encode() if isinstance(data, str) else data or None
        call = _Call(method, url, dict(headers or {}), dict(params or {}), body)
        token = self._tokens.access_token()
        try:
            return self._send(call, token)
        except answers.UnauthorizedAnswer:
            token = self._tokens.force_refresh(token)
        try:
            return self._send(call, token)
        except answers.UnauthorizedAnswer as refusal:
            code = f"qbo-{refusal.code}" if refusal.code else "reconnect-needed"
            self._tokens.refused(token, code)
            error = NotConnectedError(refusal.detail, code=code, reference=refusal.tid)
            error.status, error.answer = refusal.status, refusal.answer
            raise error from None

    def sign_in(self) -> None:
        """Renew the access token now if it will not last."""
        self._tokens.access_token()

    def renew_sign_in(self) -> None:
        """Renew the access token now, whether or not it would last."""
        self._tokens.force_refresh(self._tokens.access_token())

    @property
    def reference(self) -> str | None:
        """Intuit's reference of the last answer that this thread got: the library drops it on the way."""
        return getattr(self._answered, "tid", None)

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def _send(self, call: "_Call", token: str) -> requests.Response:
        with self._limiter.acquire(self._realm_id, batch=call.kind == "batch"):
            response = self._exchange(call, token)
        try:
            self._check(call, response, token)
        except ThrottledError as error:
            if error.not_before is not None:
                self._limiter.pause(self._realm_id, (error.not_before - self._clock()).total_seconds())
            logger.warning(
                "QuickBooks throttles us", extra={"realm_id": self._realm_id, "intuit_tid": error.reference}
            )
            raise
        return response

    def _check(self, call: "_Call", response: requests.Response, token: str) -> None:
        """Raise what the answer means, with the answer itself: what QuickBooks said can be read word by word later."""
        text = response.text
        try:
            answers.check(response.status_code, response.headers, text, writes=call.writes, now=self._clock())
        except (BookkeepingError, answers.UnauthorizedAnswer) as error:
            error.status, error.detail = response.status_code, answers.scrubbed(error.detail, token)
            error.args = (answers.scrubbed(str(error), token),)
            error.answer = answers.scrubbed(text[: 2 * ANSWER_LENGTH], token)[:ANSWER_LENGTH]
            raise

    def _exchange(self, call: "_Call", token: str) -> requests.Response:
        started, response = time.monotonic(), None
        try:
            response = self._http.request(
                call.method,
                call.url,
                headers=call.headers,
                params=call.params,
                data=call.body,
                auth=_Bearer(token),
                timeout=self._config.timeout,
                allow_redirects=False,
            )
            response.encoding = "utf-8"  # JSON is UTF-8 whatever the header forgets to say.
            return response
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema) as error:
            raise MisconfiguredError(f"INTUIT_API_URL is not a usable address: {call.url}") from error
        except requests.RequestException as error:
            raise TemporaryError(
                f"No answer from QuickBooks ({type(error).__name__}).",
                outcome_unknown=call.writes and _sent(error),
            ) from error
        finally:
            self._report(call, response, time.monotonic() - started)

    def _report(self, call: "_Call", response: requests.Response | None, seconds: float) -> None:
        status = response.status_code if response is not None else None
        tid = response.headers.get("intuit_tid") if response is not None else None
        self._answered.tid = tid
        facts = CallFacts(
            kind=call.kind,
            method=call.method,
            path=call.path,
            operation=call.params.get("operation") or call.kind,
            metered=status == 200 and not call.writes,
            status=status,
            tid=tid,
            seconds=seconds,
            request_id=call.params.get("requestid"),
        )
        self._meter(facts)
        logger.debug(
            "QuickBooks called",
            extra={"realm_id": self._realm_id, "intuit_tid": tid, "call": call.path, "status": status},
        )


@dataclass(frozen=True)
class _Call:
    method: str
    url: str
    headers: dict[str, str]
    params: dict[str, Any]
    body: bytes | None

    @property
    def path(self) -> str:
        return urlsplit(self.url).path.split("/company/", 1)[-1].partition("/")[2]

    @property
    def kind(self) -> str:
        first = self.path.partition("/")[0].lower()
        return _KINDS.get(first) or ("read" if self.method == "GET" else "write")

    @property
    def writes(self) -> bool:
        return self.kind in WRITES


class _Bearer(requests.auth.AuthBase):
    """Puts the token into the header last, so that neither the library nor a .netrc file can."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _sent(error: requests.RequestException) -> bool:
    """Whether the request may have reached QuickBooks: only a connection that never came about says no."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return False
    cause = error.args[0] if error.args else None
    return not isinstance(getattr(cause, "reason", cause), NewConnectionError)
