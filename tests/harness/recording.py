"""A server in a thread of this process that keeps what is sent to it and answers as it is told: somebody whom we call."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorder:
    """The server: where it is, and what came so far."""

    url: str
    requests: list[Received] = field(default_factory=list)


@contextmanager
def recording(status: Callable[[Received], int]) -> Iterator[Recorder]:
    """Run a server that takes POSTs until the block ends; `status` says with what each is answered."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received = Received(self.path, dict(self.headers), body)
            recorder.requests.append(received)
            self.send_response(status(received))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder = Recorder(f"http://127.0.0.1:{http.server_port}/back")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield recorder
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
