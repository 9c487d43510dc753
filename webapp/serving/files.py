"""The files that pages load: those of `static/`, and what is used of Bootstrap. Read, cut and compressed once a process, kept in memory.

`url_for("static", filename="app.css")` gives an address that has the file's digest in it (`/static/app.3fa9c1d2e0.css`), so browsers keep it
for good. An address with another digest, from a page that is older than the release, gives the present file, which is then not kept.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import brotli
import flask_bootstrap
from flask import Flask, Response, abort, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from werkzeug.utils import cached_property

from tieout_files import place
from webapp.serving.cutting import cut_icons, cut_styles

BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5"
FOR_GOOD = "public, max-age=31536000, immutable"
_TEXT = (".css", ".js", ".svg", ".webmanifest")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True)
class File:
    """One file as it is sent; `body` as it is, `gzip` and `brotli` compressed as far as they go."""

    name: str
    body: bytes

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:10]

    @cached_property
    def address(self) -> str:
        """The name with the digest before its ending."""
        stem, _, ending = self.name.rpartition(".")
        return f"{stem}.{self.digest}.{ending}"

    @cached_property
    def gzip(self) -> bytes:
        return gzip.compress(self.body, 9, mtime=0)

    @cached_property
    def brotli(self) -> bytes:
        return bytes(brotli.compress(self.body))

    def sent(self, coding: str) -> bytes:
        """Return the bytes under this content coding ("" for none)."""
        return {"br": lambda: self.brotli, "gzip": lambda: self.gzip}.get(coding, lambda: self.body)()


@cache
def files() -> dict[str, File]:
    """Return every file by its plain name."""
    found = {
        path.relative_to(place("static")).as_posix(): path.read_bytes()
        for path in sorted(place("static").rglob("*"))
        if path.is_file()
    }
    templates, views = _texts(place("templates"), "*.html", "*.svg"), Path(__file__).parents[1]
    named = [*templates, *_texts(place("static"), "*.js"), *_texts(views, "*.py")]
    styles = (BOOTSTRAP / "css" / "bootstrap.min.css").read_text(encoding="utf-8")
    icons = (BOOTSTRAP / "icons" / "bootstrap-icons.svg").read_text(encoding="utf-8")
    found["bootstrap.css"] = cut_styles(styles, named).encode()
    found["icons.svg"] = cut_icons(icons, [*templates, *_texts(views / "frame", "navigation.py")]).encode()
    return {name: File(name, body) for name, body in found.items()}


def set_up_files(app: Flask) -> None:
    """Serve the files under Flask's own name for them, `static`, which templates then use as ever."""
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=_send)
    app.url_defaults(_put_digest)
    app.session_interface = _Sessions()


class _Sessions(SecureCookieSessionInterface):
    """A file is the same for everybody: it sets no cookie, and shared caches need not ask by cookie (Flask-Login looks at every session)."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint != "static":
            super().save_session(app, session, response)


def _put_digest(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and (file := files().get(values.get("filename", ""))):
        values["filename"] = file.address


def _send(filename: str) -> Response:
    file = _by_address(filename)
    if file is None:
        abort(404)
    packed = file.name.endswith(_TEXT)
    coding = request.accept_encodings.best_match(["br", "gzip"]) or "" if packed else ""
    response = Response(file.sent(coding), mimetype=mimetypes.guess_type(file.name)[0])
    if coding:
        response.headers["Content-Encoding"] = coding
    if packed:
        response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = FOR_GOOD if filename == file.address else "no-cache"
    response.set_etag(f"{file.digest}{coding}")
    response.make_conditional(request)
    return response


def _by_address(filename: str) -> File | None:
    """Return the file of this name, whatever digest it carries."""
    if found := files().get(filename):
        return found
    stem, _, ending = filename.rpartition(".")
    return files().get(f"{stem.rpartition('.')[0]}.{ending}")


def _texts(folder: Path, *patterns: str) -> list[str]:
    paths = sorted(path for pattern in patterns for path in folder.rglob(pattern))
    return [path.read_text(encoding="utf-8") for path in paths]
