"""A server that gives real companies' recorded answers again, with their status and headers. The recordings are in `tests/recorded`.

It keeps no books and judges nothing: a route either has a recording or is answered with status 501, which no reader may take for one.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.harness import ROOT
from tests.harness.processes import LOOPBACK

FOLDER = ROOT / "tests" / "recorded"
REALM = "9130347596842021"
ANYWHERE = "(any)"
_OF_THE_CONNECTION = {"connection", "content-length", "date", "server", "transfer-encoding"}


@dataclass(frozen=True)
class Recording:
    """One answer. `path` is where it was asked for, without the query; `content` is a dict, or text for one that is not JSON."""

    name: str
    method: str
    path: str
    asked: Any
    status: int
    headers: dict[str, str]
    content: dict[str, Any] | str

    @property
    def text(self) -> str:
        """The body as it goes over the wire."""
        if isinstance(self.content, str):
            return self.content
        return json.dumps(self.content, default=float)

    def edited(self, edit: Callable[[dict[str, Any]], None]) -> "Recording":
        """Return a copy whose content was put through `edit`, which changes it in place."""
        content = json.loads(self.text)
        edit(content)
        return replace(self, content=content)

    def in_a_batch(self, b_id: str) -> "Recording":
        """Return the answer to a single write as a batch of this one item gives it: its content beside the `bId`, with status 200."""
        item = {"bId": b_id, **json.loads(self.text)}
        return replace(
            self,
            path=f"/v3/company/{REALM}/batch",
            status=200,
            content={"BatchItemResponse": [item], "time": item.pop("time", "")},
        )


def recordings() -> list[str]:
    """Return the names of all recordings."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def recording(name: str) -> Recording:
    """Return one recording, for the realm that this server speaks of."""
    kept = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)
    asked = kept["request"]
    path = asked["path"] if asked["path"] == ANYWHERE else urlsplit(asked["path"]).path
    path = path.replace("{realmId}", REALM)
    return Recording(
        name, asked["method"], path, asked["body"], kept["status"], kept["headers"], kept["body"]
    )


class Replaying:
    """The server. `play` says which recordings it gives from now on; `asked` are the (method, path) it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._played: dict[str, Recording] = {}
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def play(self, *played: Recording) -> None:
        """Give these answers at their routes, whatever the method: queries were recorded by GET and are asked for by POST."""
        self._played = {each.path: each for each in played}

    def stop(self) -> None:
        """Close the server."""
        self._server.shutdown()
        self._server.server_close()

    def answer_to(self, method: str, target: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers and body for a request."""
        path = urlsplit(target).path
        self.asked.append((method, path))
        if path == "/.well-known/openid_configuration":
            return 200, {"Content-Type": "application/json"}, json.dumps(self._discovery())
        found = self._played.get(path) or self._played.get(ANYWHERE)
        if found is None:
            return 501, {}, f"There is no recording of {path}."
        kept = {
            name: value for name, value in found.headers.items() if name.lower() not in _OF_THE_CONNECTION
        }
        return found.status, kept, found.text

    def _discovery(self) -> dict[str, str]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/connect/oauth2",
            "token_endpoint": f"{self.url}/oauth2/v1/tokens/bearer",
            "revocation_endpoint": f"{self.url}/v2/oauth2/tokens/revoke",
            "jwks_uri": f"{self.url}/op/v1/jwks",
            "userinfo_endpoint": f"{self.url}/v1/openid_connect/userinfo",
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        replaying = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, text = replaying.answer_to(self.command, self.path)
                content = text.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def log_message(self, *_: Any) -> None:
                return

        return Handler
