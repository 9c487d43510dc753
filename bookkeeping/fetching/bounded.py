"""How answers of other people's servers are taken in: piece by piece, up to a size and a depth. What an answer means is for the room that asked."""

import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bookkeeping.fetching.addresses import is_public
from bookkeeping.tracing.spans import span

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of a body, after any compression is undone: some sixty times the largest page that QuickBooks or a platform sends."""

DEEPEST = 100
"""Levels of JSON within one another. QuickBooks' deepest object has seven."""

_PIECE = 16 * 1024


class AnswerTooLargeError(requests.RequestException):
    """The answer is larger than is taken in; the rest of it was not read."""


class PrivateAddressError(requests.RequestException):
    """The name leads to an address within our own network, or to the machine's own services. Nothing was sent there."""


class BoundedAdapter(HTTPAdapter):
    """Reads each body whole but never more than `largest` bytes of it; with `public_only` connects to public addresses alone."""

    def __init__(self, *, public_only: bool = False, largest: int = LARGEST_ANSWER, **options: Any) -> None:
        self._public_only, self._largest = public_only, largest
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pool, of connections that look where they lead."""
        super().init_poolmanager(*args, **options)
        if self._public_only:
            self.poolmanager.pool_classes_by_scheme = {"http": _PublicPool, "https": _PublicTlsPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send it and take the body in, as a span of the present trace that names the host and no path.

        Raises:
            AnswerTooLargeError, PrivateAddressError, and what requests raises.
        """
        host = urlsplit(request.url or "").hostname or ""
        with span(f"HTTP {request.method}", **{"server.address": host}) as note:
            response = self._take_in(request, *args, **options)
            note(**{"http.response.status_code": response.status_code})
            return response

    def _take_in(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        try:
            response = super().send(request, *args, **{**options, "stream": True})
        except _NotPublic as error:
            raise PrivateAddressError(str(error)) from error
        said = response.headers.get("Content-Length", "")
        if said.isdigit() and int(said[:18]) > self._largest:
            response.close()
            raise AnswerTooLargeError(f"more than {self._largest} bytes")
        pieces, size = [], 0
        for piece in response.iter_content(_PIECE):
            size += len(piece)
            if size > self._largest:
                response.close()
                raise AnswerTooLargeError(f"more than {self._largest} bytes")
            pieces.append(piece)
        response._content = b"".join(
            pieces
        )  # As requests itself keeps it; `content`, `text` and `json()` read from there.
        return response


def too_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Return whether lists and objects lie within one another more than `deepest` times; walks without recursion."""
    level = [value]
    for _ in range(deepest):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [each for each in one.values() if isinstance(each, (dict, list))]
            elif isinstance(one, list):
                inner += [each for each in one if isinstance(each, (dict, list))]
        if not inner:
            return False
        level = inner
    return True


class _NotPublic(Exception):
    """No OSError, which urllib3 would take for a broken connection."""


class _PublicOnly:
    """Mixed into a connection: looks at the addresses that the name leads to, and once it is connected at the one that it led to then.

    Before, so that nobody learns from how a connection fails what there is in our network; after, since a name may lead elsewhere a moment
    later. Nothing is sent in between.
    """

    _dns_host: str
    port: int

    def _new_conn(self) -> socket.socket:
        with suppress(OSError, UnicodeError):  # A name that leads nowhere is the connection's own business.
            for found in socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM):
                _refuse_private(str(found[4][0]))
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]  # A connection's, into which this is mixed.
        try:
            _refuse_private(str(sock.getpeername()[0]))
        except _NotPublic:
            sock.close()
            raise
        return sock


def _refuse_private(address: str) -> None:
    if not is_public(address):
        raise _NotPublic(f"{address} is not a public address")


class _PublicConnection(_PublicOnly, HTTPConnection):
    pass


class _PublicTlsConnection(_PublicOnly, HTTPSConnection):
    pass


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection
