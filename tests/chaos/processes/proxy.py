"""A TCP proxy that stands between two processes: passes everything on, late, half, one way only or not at all."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from tests.harness.processes import LOOPBACK, free_port

CHUNK = 65536
AT_ONCE = struct.pack("ii", 1, 0)


@dataclass
class Way:
    """How a proxy passes things on. `delay` is in seconds for each piece; `away`: nobody gets through.

    `answers_lost`: what is asked arrives, the connection ends where the answer should come. `half`: of each answer's first piece half comes.
    """

    delay: float = 0.0
    away: bool = False
    answers_lost: bool = False
    half: bool = False


class Proxies:
    """The loop, in a thread of its own, in which all proxies of a story live."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def add(self, target: int, *, delay: float = 0.0) -> "Proxy":
        """Return a proxy before this port of the loopback."""
        proxy = Proxy(self, target, delay)
        self.do(proxy.listen())
        return proxy

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this in the loop and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def stop(self) -> None:
        """End the loop, and every connection with it."""
        self.do(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _break(writer: asyncio.StreamWriter) -> None:
    """End a connection without a farewell: the other side hears that it was reset."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()


class Proxy:
    """Listens on `port` and passes on to `target`, a port. `way` may be changed at any time; `mend` makes it as it was."""

    def __init__(self, proxies: Proxies, target: int, delay: float):
        self._proxies, self.target, self._delay = proxies, target, delay
        self._open: set[asyncio.StreamWriter] = set()
        self.port = free_port()
        self.way = Way(delay)
        self.cuts = 0

    def mend(self) -> None:
        """Pass everything on again."""
        self.way = Way(self._delay)

    def cut(self) -> None:
        """End every connection that is open now, as a broken line does: without a farewell."""
        self._proxies.do(self._cut())

    async def listen(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, backlog=200)

    async def _cut(self) -> None:
        for writer in list(self._open):
            self.cuts += 1
            _break(writer)

    async def _serve(self, asked: asyncio.StreamReader, answered: asyncio.StreamWriter) -> None:
        if self.way.away:
            _break(answered)
            return
        try:
            answers, on = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            _break(answered)
            return
        both = {answered, on}
        self._open |= both
        ways = [
            asyncio.ensure_future(self._pass(asked, on, back=False)),
            asyncio.ensure_future(self._pass(answers, answered, back=True)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        # Whoever ends its side ends both: HTTP with keep-alive, Valkey and PostgreSQL know no half-open connections.
        for way in ways:
            way.cancel()
        self._open -= both
        for writer in both:
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    async def _pass(self, source: asyncio.StreamReader, drain: asyncio.StreamWriter, *, back: bool) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            while piece := await source.read(CHUNK):
                way = self.way
                if way.delay and back:
                    await asyncio.sleep(way.delay)
                if way.away or (back and way.answers_lost):
                    self.cuts += 1
                    _break(drain)
                    return
                drain.write(piece[: len(piece) // 2] if back and way.half else piece)
                await drain.drain()
                if back and way.half:
                    self.cuts += 1
                    return
