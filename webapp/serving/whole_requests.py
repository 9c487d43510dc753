"""A gunicorn worker whose threads see whole requests alone.

gunicorn's threaded worker gives a connection to a thread with its first byte, and the thread then waits for the rest: as many half-sent
requests as there are threads, and nobody else is answered. Here the worker's one loop takes the bytes in, without waiting, until a request has
arrived whole; what takes longer than ARRIVES_IN is closed, however it drips. A thread that sends an answer waits SENDS_IN for each piece.

Buffering proxies do the same (`docs/ops/nginx.conf`). This keeps it so where one is forgotten.
"""

import re
import socket
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from webapp.access.security import MAX_BODY

ARRIVES_IN = 20.0
"""Seconds for a request, from the connection or the answer before it to its last byte."""

SENDS_IN = 30.0
LONGEST_HEAD = 64 * 1024
"""Bytes of request line and fields; gunicorn's own limits, which say more, are below it."""

MOST_CHUNKS = 1000
_PIECE = 64 * 1024
_LONGEST_LINE = 128
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;|$)")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)


class TooManyPiecesError(Exception):
    """A body comes in more chunks than anybody needs who does not want to be slow."""


def is_whole(taken: bytes) -> bool:
    """Return whether a request has arrived whole, or what there is suffices to refuse it.

    Raises:
        TooManyPiecesError: it comes in more than MOST_CHUNKS; each piece that arrives looks through all before it.
    """
    head, end, body = taken.partition(b"\r\n\r\n")
    if not end:
        return len(taken) > LONGEST_HEAD
    fields = b"\r\n" + head.partition(b"\r\n")[2] + b"\r\n"
    if _CHUNKED.search(fields):
        return len(body) > MAX_BODY or _last_chunk_came(body)
    length = _LENGTH.search(fields)
    return length is None or len(body) >= min(int(length[1]), MAX_BODY + 1)


def _last_chunk_came(body: bytes) -> bool:
    """Walk from chunk to chunk, for what looks like the last one may stand within another; true also for what is no chunk at all."""
    at = 0
    for _ in range(MOST_CHUNKS):
        line, end, _ = body[at : at + _LONGEST_LINE].partition(b"\r\n")
        if not end:
            return len(line) == _LONGEST_LINE
        size = _SIZE.match(line)
        if size is None:
            return True
        if not int(size[1], 16):
            return b"\r\n\r\n" in body[at:]  # After the fields, if any, that follow the last chunk.
        at += len(line) + 2 + int(size[1], 16) + 2
        if at > len(body):
            return False
    raise TooManyPiecesError


class _Impatient(socket.socket):
    """A socket that waits for nothing for ever, whatever gunicorn sets."""

    def setblocking(self, flag: bool) -> None:
        self.settimeout(SENDS_IN if flag else 0)


class WholeRequests(ThreadWorker):
    """The threaded worker, with the taking in of requests moved from its threads into its loop."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._arriving: dict[TConn, tuple[bytearray, float]] = {}

    def enqueue_req(self, conn: TConn) -> None:
        """Begin to take in what a new or a kept connection sends."""
        if self.cfg.is_ssl:  # Its bytes are not the request's. TLS is the proxy's business.
            super().enqueue_req(conn)
            return
        if not isinstance(conn.sock, _Impatient):
            conn.sock = _Impatient(fileno=conn.sock.detach())
        conn.sock.setblocking(False)
        taken = bytearray(conn.parser.unreader.take_buffered() if conn.parser is not None else b"")
        self._arriving[conn] = (taken, time.monotonic() + ARRIVES_IN)
        self.poller.register(conn.sock, EVENT_READ, partial(self._take, conn))
        if taken:
            self._take(conn, conn.sock)

    def murder_pending(self) -> None:
        """Close what did not arrive in time; in the loop, once a second."""
        now = time.monotonic()
        late = [
            conn
            for conn, (taken, until) in self._arriving.items()
            if until <= now or not (taken or self.alive)  # A worker that stops waits for no first byte.
        ]
        for conn in late:
            self._give_up(conn)
        super().murder_pending()

    def _take(self, conn: TConn, sock: socket.socket) -> None:
        taken, _ = self._arriving[conn]
        try:
            piece = sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            piece = None
        except OSError:
            self._give_up(conn)
            return
        if piece:
            taken += piece
        try:
            whole = is_whole(bytes(taken))
        except TooManyPiecesError:
            whole, piece = False, b""
        if whole:
            self._hand_over(conn, bytes(taken))
        elif piece == b"":
            self._give_up(conn)

    def _hand_over(self, conn: TConn, taken: bytes) -> None:
        self.poller.unregister(conn.sock)
        del self._arriving[conn]
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(taken)
        conn.initialized = conn.data_ready = True
        super().enqueue_req(conn)

    def _give_up(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        del self._arriving[conn]
        self.nr_conns -= 1
        conn.close()
