"""Faults on request: what goes wrong with the next feed calls, and how it looks on the wire."""

import json
import socket
import sqlite3
import time
from typing import Any

from flask import Response, g, jsonify, request

from standins.platform.fields import Refused

TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip
# other_company: the list and the company are those of `as_company`, as behind a cache that knows no keys. past: the list is as it was kept.
# moves: once a page is served, its first inspection changes, so that it comes again at the end of the walk.
TROUBLE = ("other_company", "past", "moves")
# slow: answers after `seconds`. cut: closes without a byte. cut_body: closes half-way through the body.
# truncated: a whole HTTP answer with half of the JSON. html: a proxy's page with `status`.
SHAPES = ("slow", "cut", "cut_body", "truncated", "html")
KINDS = tuple(str(status) for status in TITLES if status not in (400, 405)) + SHAPES + TROUBLE
OPTIONS = {"seconds", "retry_after", "status", "as_company"}


def error_response(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return the feed's documented error body."""
    body = {"errors": [{"status": str(status), "title": TITLES.get(status, "Error"), "detail": detail}]}
    response = jsonify(body)
    response.status_code = status
    response.headers["Content-Type"] = "application/vnd.api+json"
    response.headers.extend(headers or {})
    return response


def add(db: sqlite3.Connection, values: dict[str, Any]) -> int:
    """Store a fault {kind, times, skip, path, company_id, seconds, retry_after, status, as_company} and return its id.

    `times` null lasts until cleared; `skip` lets that many matching calls through first; `path` is a prefix.
    """
    kind = str(values.get("kind"))
    if kind not in KINDS:
        raise Refused(f"kind must be one of {', '.join(KINDS)}")
    if kind == "other_company" and "as_company" not in values:
        raise Refused("other_company wants as_company")
    if unknown := set(values) - OPTIONS - {"kind", "times", "skip", "path", "company_id"}:
        raise Refused(f"unknown field {min(unknown)}")
    options = json.dumps({name: values[name] for name in OPTIONS if name in values})
    row = (
        kind,
        values.get("times", 1),
        values.get("skip", 0),
        values.get("path", "/v2/"),
        values.get("company_id"),
        options,
    )
    return db.execute(
        "INSERT INTO faults (kind, times, skip, path, company_id, options) VALUES (?, ?, ?, ?, ?, ?)", row
    ).lastrowid


def take(db: sqlite3.Connection, path: str, company_id: int | None) -> dict[str, Any] | None:
    """Use up the oldest fault that matches this call and return it, or None."""
    for row in db.execute("SELECT * FROM faults WHERE times IS NULL OR times > 0 ORDER BY id").fetchall():
        if not path.startswith(row["path"]) or row["company_id"] not in (None, company_id):
            continue
        if row["skip"] > 0:
            db.execute("UPDATE faults SET skip = skip - 1 WHERE id = ?", (row["id"],))
            continue
        db.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
        return {"kind": row["kind"]} | json.loads(row["options"])
    return None


def before(fault: dict[str, Any]) -> Response | None:
    """Return the faulty answer, or None when the call goes on (late, or to be damaged in `after`)."""
    kind = fault["kind"]
    if kind.isdecimal():
        headers = (
            {"Retry-After": str(fault.get("retry_after", 30))}
            if kind == "429" or "retry_after" in fault
            else {}
        )
        return error_response(int(kind), "This answer was asked for through the stand-in's faults.", headers)
    if kind == "slow":
        time.sleep(float(fault.get("seconds", 5)))
    if kind == "html":
        page = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
        return Response(page, status=int(fault.get("status", 502)), content_type="text/html")
    if kind == "cut":
        _hang_up()
        return Response(status=500)
    return None


def after(response: Response) -> Response:
    """Damage the answer when this call's fault says so."""
    kind = (g.get("fault") or {}).get("kind")
    if kind == "truncated":
        body = response.get_data()
        response.set_data(body[: len(body) // 2])
    if kind == "cut_body":
        body = response.get_data()
        length = str(len(body))
        response.response = _half_then_hang_up(body, request.environ["gunicorn.socket"])
        response.headers["Content-Length"] = length
    return response


def source(fault: dict[str, Any] | None, company_id: int) -> tuple[str, int]:
    """Return from which table, and of which company, a list is answered."""
    kind = (fault or {}).get("kind")
    if fault and kind == "other_company":
        return "feed", int(fault["as_company"])
    return ("kept_feed" if kind == "past" else "feed"), company_id


def _half_then_hang_up(body: bytes, connection: socket.socket):
    yield body[: len(body) // 2]
    connection.shutdown(socket.SHUT_RDWR)


def _hang_up() -> None:
    request.environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
