"""The same inspections as another platform serves them, under /paged/v2/: numbered pages that count their rows, no moment of change, no tombstones,
and payments as a resource of their own. Keys, faults and the call log are the feed's.
"""

import json
import sqlite3
from typing import Any

from flask import Blueprint, Response, current_app, g

from standins.platform import changes, faults, resources
from standins.platform.feed import (
    BadParameter,
    admit,
    as_json,
    bad_parameter,
    moment_asked,
    page_number,
    page_size,
    parameters,
    record,
)

bp = Blueprint("paged", __name__, url_prefix="/paged/v2")
bp.before_request(admit)
bp.after_request(record)
bp.register_error_handler(BadParameter, bad_parameter)

INCLUDES = ("buyer", "line_items")
TURNING = {"page[number]", "page[size]", "sort"}
NEVER_TOLD = ("updated_at", "deleted_at")
MOST_IDS = 100


@bp.get("/company")
def company() -> Response:
    """Serve the company that the key belongs to."""
    parameters(set())
    with current_app.config["STORE"].reading() as db:
        _, company_id = faults.source(g.fault, g.company_id)
        return as_json({"data": resources.company_resource(changes.company(db, company_id))})


@bp.get("/inspections")
def inspections() -> Response:
    """Serve the inspections that begin within a span, by id, a numbered page at a time."""
    given = parameters(TURNING | {"filter[starts_from]", "filter[starts_until]", "include"})
    include = _include(given)
    first = _moment(given, "filter[starts_from]", "")
    last = _moment(given, "filter[starts_until]", "9999")
    with current_app.config["STORE"].reading() as db:
        _, company_id = faults.source(g.fault, g.company_id)
        where = """FROM feed JOIN inspections i ON i.id = feed.inspection_id
                   WHERE feed.company_id = ? AND i.deleted_at IS NULL AND i.datetime >= ? AND i.datetime < ?"""
        rows, meta = _turned(db, "feed.document", where, (company_id, first, last), "i.id", given)
    return as_json(_body([json.loads(row["document"]) for row in rows], include) | meta)


@bp.get("/inspections/<inspection_id>")
def inspection(inspection_id: str) -> Response:
    """Serve one inspection of this company; 404 for any other id, and for one that was deleted."""
    include = _include(parameters({"include"}))
    number = int(inspection_id) if inspection_id.isdecimal() and len(inspection_id) < 16 else -1
    with current_app.config["STORE"].reading() as db:
        row = db.execute(
            """SELECT feed.document FROM feed JOIN inspections i ON i.id = feed.inspection_id
               WHERE feed.company_id = ? AND i.id = ? AND i.deleted_at IS NULL""",
            (g.company_id, number),
        ).fetchone()
    if row is None:
        return faults.error_response(404, f"There is no inspection {inspection_id} for this key.")
    body = _body([json.loads(row["document"])], include)
    return as_json(body | {"data": body["data"][0]})


@bp.get("/payments")
def payments() -> Response:
    """Serve the payments of some inspections, by id, a numbered page at a time."""
    given = parameters(TURNING | {"filter[inspection_id]"})
    ids = given.get("filter[inspection_id]", "").split(",")
    if len(ids) > MOST_IDS or not all(one.isdecimal() and len(one) < 16 for one in ids):
        raise BadParameter(f"filter[inspection_id] must name up to {MOST_IDS} ids, parted by commas")
    marks = ",".join("?" * len(ids))
    with current_app.config["STORE"].reading() as db:
        _, company_id = faults.source(g.fault, g.company_id)
        where = f"""FROM payments p JOIN inspections i ON i.id = p.inspection_id
                    WHERE i.company_id = ? AND i.deleted_at IS NULL AND i.id IN ({marks})"""
        values = (company_id, *(int(one) for one in ids))
        rows, meta = _turned(db, "p.*", where, values, "p.id", given)
    return as_json({"data": [_payment(row) for row in rows]} | meta)


def _turned(
    db: sqlite3.Connection,
    columns: str,
    where: str,
    values: tuple[Any, ...],
    order: str,
    given: dict[str, str],
) -> tuple[list[sqlite3.Row], dict[str, Any]]:
    """Return the rows of the page that was asked for, and what it says of all pages."""
    if given.get("sort", "id") != "id":
        raise BadParameter("sort must be id")
    size, number = page_size(given), page_number(given.get("page[number]", "1"))
    total = db.execute(f"SELECT COUNT(*) {where}", values).fetchone()[0]
    sql = f"SELECT {columns} {where} ORDER BY {order} LIMIT ? OFFSET ?"
    rows = db.execute(sql, (*values, size, (number - 1) * size)).fetchall()
    pages = max(1, -(-total // size))
    return rows, {"meta": {"pagination": {"page": number, "per_page": size, "pages": pages, "total": total}}}


def _body(documents: list[dict[str, Any]], include: list[str]) -> dict[str, Any]:
    """Return the inspections without what this platform does not tell, with what was asked for beside them."""
    unique = {}
    for resource in (each for document in documents for name in include for each in document[name]):
        named = (resource.get("type"), resource.get("id")) if isinstance(resource, dict) else None
        unique[json.dumps(named or resource)] = resource
    return {
        "data": [_told(document["resource"]) for document in documents],
        "included": list(unique.values()),
    }


def _told(resource: Any) -> Any:
    if not isinstance(resource, dict) or "attributes" not in resource:
        return resource
    attributes = {name: value for name, value in resource["attributes"].items() if name not in NEVER_TOLD}
    related = {name: one for name, one in resource["relationships"].items() if name != "payments"}
    return resource | {"attributes": attributes, "relationships": related}


def _payment(row: sqlite3.Row) -> dict[str, Any]:
    whose = {"inspection": {"data": {"type": "inspection", "id": str(row["inspection_id"])}}}
    resource = resources.resource("payment", row, resources.PAYMENT_ATTRIBUTES)["overridden"]
    return resource | {"relationships": whose} if isinstance(resource, dict) else resource


def _include(given: dict[str, str]) -> list[str]:
    names = given["include"].split(",") if given.get("include") else []
    for name in names:
        if name not in INCLUDES:
            raise BadParameter(f"include {name!r} is unknown; known are {', '.join(INCLUDES)}")
    return names


def _moment(given: dict[str, str], name: str, otherwise: str) -> str:
    return moment_asked(given[name]) if name in given else otherwise
