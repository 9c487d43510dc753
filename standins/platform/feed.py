"""The public feed under /v2/: keys, strict parameters, paging. Read only; what it shows is decided in `publishing`."""

import base64
import binascii
import json
import sqlite3
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, g, request

from standins.platform import changes, clock, dialects, faults, publishing, resources

bp = Blueprint("feed", __name__, url_prefix="/v2")

INCLUDES = ("buyer", "line_items", "payments")
LIST_PARAMETERS = {"filter[updated_since]", "sort", "page[size]", "include"}
MAX_PAGE = 100
KEPT_CALLS = 20_000


class BadParameter(Exception):
    """A query parameter that the feed refuses with 400."""


@bp.before_request
def admit() -> Response | None:
    """Apply faults, then check the key: 401 for none, an unknown or a revoked one, 403 for one without permission."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    with current_app.config["STORE"].writing() as db:
        row = db.execute("SELECT * FROM api_keys WHERE key = ?", (key.strip(),)).fetchone()
        known = row is not None and scheme.lower() == "bearer"
        g.key_ending, g.company_id = key[-4:], row["company_id"] if known else None
        g.fault = faults.take(db, request.path, g.company_id)
        if publishing.any_due(db):
            publishing.publish_due(db)
    if g.fault and (response := faults.before(g.fault)) is not None:
        return response
    if not known or row["state"] == "revoked":
        return faults.error_response(401, "The API key is missing, unknown or revoked.")
    if row["state"] == "forbidden":
        return faults.error_response(403, "This API key has no permission to read inspections.")
    return None


@bp.after_request
def record(response: Response) -> Response:
    """Damage the answer if a fault says so, and write the call into the log."""
    response = faults.after(response)
    with current_app.config["STORE"].writing() as db:
        values = {"at": clock.to_text(clock.now(db)), "method": request.method, "path": request.path}
        values |= {
            "query": request.query_string.decode(),
            "company_id": g.get("company_id"),
            "status": response.status_code,
        }
        fault = g.get("fault")
        values |= {"fault": fault["kind"] if fault else None, "key_ending": g.get("key_ending")}
        call_id = changes.insert(db, "calls", values)
        db.execute("DELETE FROM calls WHERE id <= ?", (call_id - KEPT_CALLS,))
    return response


@bp.errorhandler(BadParameter)
def bad_parameter(error: BadParameter) -> Response:
    return faults.error_response(400, str(error))


@bp.get("/company")
def company() -> Response:
    """Serve the company that the key belongs to."""
    parameters(set())
    with current_app.config["STORE"].reading() as db:
        _, company_id = faults.source(g.fault, g.company_id)
        return as_json({"data": resources.company_resource(changes.company(db, company_id))})


@bp.get("/inspections")
def inspections() -> Response:
    """Serve changed inspections in the order (`updated_at`, `id`), oldest change first, one page at a time."""
    with current_app.config["STORE"].reading() as db:
        dialect = dialects.of(db, g.company_id)
        turning = "page[number]" if dialect.by_number else "page[after]"
        given = parameters((LIST_PARAMETERS | {turning}) - dialect.refuses)
        if given.get("sort", "updated_at") != "updated_at":
            raise BadParameter("sort must be updated_at")
        include, size = _include(given), min(page_size(given), dialect.most)
        since = moment_asked(given["filter[updated_since]"]) if "filter[updated_since]" in given else ""
        number = page_number(given.get("page[number]", "1"))
        skipped = (number - 1) * size if dialect.by_number else given.get("page[after]")
        rows, total = _page(db, dialect, since if dialect.filters else "", skipped, size + 1)
    if rows and g.fault and g.fault["kind"] == "moves":
        with current_app.config["STORE"].writing() as db:
            publishing.touch(db, rows[0]["inspection_id"])
    body = _body([json.loads(row["document"]) for row in rows[:size]], include)
    body |= dialect.meta(number, size, total)
    links = {"self": request.url}
    if len(rows) > size and not dialect.by_number:
        cursor = _cursor(rows[size - 1]["updated_at"], rows[size - 1]["inspection_id"])
        links["next"] = f"{request.base_url}?{urlencode(given | {'page[after]': cursor})}"
    return as_json(body | {"links": links})


@bp.get("/inspections/<inspection_id>")
def inspection(inspection_id: str) -> Response:
    """Serve one inspection of this company, a tombstone too; 404 for any other id."""
    include = _include(parameters({"include"}))
    with current_app.config["STORE"].reading() as db:
        row = db.execute(
            "SELECT document FROM feed WHERE company_id = ? AND inspection_id = ?",
            (
                g.company_id,
                int(inspection_id) if inspection_id.isdecimal() and len(inspection_id) < 16 else -1,
            ),
        ).fetchone()
    if row is None:
        return faults.error_response(404, f"There is no inspection {inspection_id} for this key.")
    body = _body([json.loads(row["document"])], include)
    return as_json(body | {"data": body["data"][0]})


def _page(
    db: sqlite3.Connection, dialect: dialects.Dialect, since: str, skipped: int | str | None, limit: int
) -> tuple[list[sqlite3.Row], int]:
    """Return the rows after so many, or after a cursor, and how many there are in all."""
    table, company_id = faults.source(g.fault, g.company_id)
    where, values = "company_id = ? AND updated_at >= ?", [company_id, since]
    total = db.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}", values).fetchone()[0]
    if isinstance(skipped, str):
        where += f" AND (updated_at, inspection_id) {'<' if dialect.newest_first else '>'} (?, ?)"
        values += _after(skipped)
    offset = skipped if isinstance(skipped, int) else 0
    rows = db.execute(
        f"SELECT inspection_id, updated_at, document FROM {table} WHERE {where} ORDER BY {dialect.order} LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return rows.fetchall(), total


def page_number(text: str) -> int:
    """Return which page was asked for."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 100_000):
        raise BadParameter("page[number] must be a whole number from 1")
    return int(text)


def _body(documents: list[dict[str, Any]], include: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = {"data": [document["resource"] for document in documents]}
    if include:
        unique = {}
        for document in documents:
            for resource in (each for name in include for each in document[name]):
                named = (resource.get("type"), resource.get("id")) if isinstance(resource, dict) else None
                unique[json.dumps(named or resource)] = resource
        body["included"] = list(unique.values())
    return body


def parameters(known: set[str]) -> dict[str, str]:
    """Return the query's parameters: each is known, and given once."""
    for name in request.args:
        if name not in known:
            raise BadParameter(f"unknown parameter {name}")
        if len(request.args.getlist(name)) > 1:
            raise BadParameter(f"{name} is given twice")
    return request.args.to_dict()


def _include(given: dict[str, str]) -> list[str]:
    names = given["include"].split(",") if given.get("include") else []
    for name in names:
        if name not in INCLUDES:
            raise BadParameter(f"include {name!r} is unknown; known are {', '.join(INCLUDES)}")
    return names


def page_size(given: dict[str, str]) -> int:
    """Return how many rows a page is to have."""
    text = given.get("page[size]", str(MAX_PAGE))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_PAGE):
        raise BadParameter(f"page[size] must be a whole number from 1 to {MAX_PAGE}")
    return int(text)


def moment_asked(text: str) -> str:
    """Return the moment of a filter as text that sorts."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return clock.to_text(moment)
    except (ValueError, OverflowError) as error:
        raise BadParameter(
            "filter[updated_since] must be ISO 8601 with offset; a + must be sent as %2B"
        ) from error
    raise BadParameter("filter[updated_since] must have an offset, such as Z or -05:00")


def _cursor(updated_at: str, inspection_id: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([updated_at, inspection_id]).encode()).decode().rstrip("=")


def _after(cursor: str) -> tuple[str, int]:
    try:
        updated_at, inspection_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        clock.from_text(updated_at)
        return updated_at, int(inspection_id)
    except (binascii.Error, TypeError, ValueError) as error:
        raise BadParameter("page[after] is not a cursor of this feed; start again without it") from error


def as_json(body: dict[str, Any]) -> Response:
    """Answer in JSON:API."""
    return Response(json.dumps(body), content_type="application/vnd.api+json")
