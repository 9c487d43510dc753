"""The stand-ins within this process: asked as over HTTP, by WSGI, so that no socket and no thread is needed."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from werkzeug.datastructures import Headers

from standins.intuit.app import create_app as create_intuit
from standins.intuit.storage import Storage
from standins.intuit.world import World
from standins.platform.app import create_app as create_platform


@dataclass
class Answer:
    """What came back: all of it, or not (`cut`: nothing arrives, `truncated`: half of the body)."""

    status: int
    headers: Headers
    body: bytes
    cut: bool = False
    truncated: bool = False


@dataclass
class _Hangup:
    """Stands where gunicorn's connection is: a stand-in that hangs up says so here."""

    happened: bool = field(default=False)

    def shutdown(self, _how: int) -> None:
        self.happened = True


class Inside:
    """A stand-in in this process: `get`, `post` and `request` as `tests.harness.standins.StandIn` has them."""

    def __init__(self, app: Any, base_url: str):
        self.app, self.base_url = app, base_url

    def get(self, path: str, **options: Any) -> Any:
        """Return the JSON answer of a GET; an error status raises requests.HTTPError."""
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None) -> Any:
        """Return the JSON answer of a POST of this JSON body; an error status raises requests.HTTPError."""
        return self.request("POST", path, json=body)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON answer, None when it is empty; an error status raises requests.HTTPError with the body."""
        prepared = requests.Request(method, self.base_url + path, **options).prepare()
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
        answer = self.answer(method, prepared.path_url, dict(prepared.headers), body)
        if answer.status >= 400:
            raise requests.HTTPError(f"{answer.status} for {method} {path}: {answer.body[:2000]!r}")
        return json.loads(answer.body) if answer.body else None

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Let the app answer one request."""
        begun: dict[str, Any] = {}
        environ = self._environ(method, target, headers, body)

        def start(status: str, found: list[tuple[str, str]], _exc: Any = None) -> None:
            begun.update(status=int(status.split()[0]), headers=Headers(found))

        chunks: Iterable[bytes] = self.app(environ, start)
        try:
            content = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        hung_up, length = (
            environ["gunicorn.socket"].happened,
            int(begun["headers"].get("Content-Length") or 0),
        )
        return Answer(
            begun["status"],
            begun["headers"],
            content,
            cut=bool(environ.get("standins.cut")) or (hung_up and len(content) >= length),
            truncated=bool(environ.get("standins.truncate")) or (hung_up and len(content) < length),
        )

    def _environ(self, method: str, target: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        where, parts = urlsplit(self.base_url), urlsplit(target)
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": requests.utils.unquote(parts.path),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": where.hostname,
            "SERVER_PORT": str(where.port),
            "HTTP_HOST": where.netloc,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": where.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "gunicorn.socket": _Hangup(),
        }
        for name, value in headers.items():
            plain = name.upper().replace("-", "_")
            environ["CONTENT_TYPE" if plain == "CONTENT_TYPE" else f"HTTP_{plain}"] = value
        return environ


def intuit_inside(base_url: str = "http://127.0.0.1:8010") -> Inside:
    """Return an Intuit with empty state, kept in memory."""
    world = World(Storage(":memory:"), {"standin-client": "standin-secret"}, [], "")
    return Inside(create_intuit(world), base_url)


def platform_inside(folder: Path, base_url: str = "http://127.0.0.1:8020") -> Inside:
    """Return an inspection platform with empty state, kept in a file of this folder."""
    return Inside(create_platform(folder / "platform.sqlite"), base_url)
