"""A server that answers what a test tells it to, byte for byte: for encodings that even the stand-in does not produce."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One answer. `cut` closes the connection without any; `missing` announces so many bytes more than come; `seconds` delays."""

    status: int = 200
    body: bytes | str = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    missing: int = 0
    seconds: float = 0


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Scripted:
    """Answers with `replies` in turn, then with `always` (a Reply, or a function of the request that makes one)."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.always: Reply | Callable[[Asked], Reply] = Reply(500, "nothing left to say")
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def say(self, status: int = 200, body: Any = b"", **options: Any) -> None:
        """Add one answer; a dict or list is sent as JSON."""
        if isinstance(body, dict | list):
            body = json.dumps(body)
        self.replies.append(Reply(status, body, **options))

    def stop(self) -> None:
        """Close the server."""
        self._server.shutdown()
        self._server.server_close()

    def next_reply(self, asked: Asked) -> Reply:
        """Note the request and return what to answer."""
        with self._lock:
            self.asked.append(asked)
            if self.replies:
                return self.replies.popleft()
        return self.always(asked) if callable(self.always) else self.always

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                reply = script.next_reply(Asked(self.command, self.path, dict(self.headers), body))
                if reply.seconds:
                    time.sleep(reply.seconds)
                if reply.cut:
                    self.close_connection = True
                    return
                content = reply.body.encode() if isinstance(reply.body, str) else reply.body
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content) + reply.missing))
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = self.close_connection or bool(reply.missing)

            do_GET = do_POST = answer

            def log_message(self, *_: Any) -> None:
                return

        return Handler
