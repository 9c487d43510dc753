"""Feed documents as the platform sends them, with any part laid over, and a tiny server that says what a test wants."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LINE = {"kind": "service", "name": "Radon", "amount": "425.00", "service_id": None, "position": 1}
PAYMENT = {
    "amount": "400.00",
    "method": "card",
    "received_at": "2026-03-02T12:00:00-07:00",
    "reference": "1187",
    "refunded_amount": "0.00",
    "voided_at": None,
}
BUYER = {
    "first_name": "Ada",
    "last_name": "Reyes",
    "email": "ada@example.com",
    "phone": "",
    "mobile_phone": None,
}


def record(key: Any = "1042", **attributes: Any) -> dict[str, Any]:
    """One inspection resource; it refers to contact c1, line_item l1 and payment p1."""
    plain = {
        "datetime": "2026-03-02T09:00:00-07:00",
        "created_at": "2026-02-20T10:00:00Z",
        "updated_at": "2026-03-01T10:00:00.123456Z",
        "confirmed_at": "2026-02-21T10:00:00Z",
        "canceled_at": None,
        "cancel_reason": None,
        "deleted_at": None,
        "published_at": None,
        "full_address": "12 Oak St, Denver, CO 80203",
        "inspector_name": "Bo Lind",
    }
    return {
        "type": "inspection",
        "id": key,
        "attributes": {**plain, **attributes},
        "relationships": {
            "buyer": {"data": {"type": "contact", "id": "c1"}},
            "line_items": {"data": [{"type": "line_item", "id": "l1"}]},
            "payments": {"data": [{"type": "payment", "id": "p1"}]},
        },
    }


def included(line: Any = None, payment: Any = None, buyer: Any = None) -> list[dict[str, Any]]:
    """The objects that `record` refers to, with attributes laid over."""
    return [
        {"type": "contact", "id": "c1", "attributes": {**BUYER, **(buyer or {})}},
        {"type": "line_item", "id": "l1", "attributes": {**LINE, **(line or {})}},
        {"type": "payment", "id": "p1", "attributes": {**PAYMENT, **(payment or {})}},
    ]


class Answer:
    """What the server says to one request: status, body (bytes, or anything that JSON takes), headers."""

    def __init__(self, body: Any = None, status: int = 200, headers: dict[str, str] | None = None):
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = headers or {}


class Server:
    """A running server. `requests` has (path with query, Authorization) of each request."""

    def __init__(self, url: str):
        self.url = url
        self.requests: list[tuple[str, str | None]] = []


@contextmanager
def serve(answer: Callable[[str], Answer]) -> Iterator[Server]:
    """Run a server that answers a request for a path with `answer(path)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append((self.path, self.headers.get("Authorization")))
            said = answer(self.path)
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
