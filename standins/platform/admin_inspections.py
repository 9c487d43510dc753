"""The admin API under /_standin/ for inspections, their client, line items and payments. README.md lists it."""

import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify, request

from standins.platform import changes, publishing, wakeup
from standins.platform.admin_requests import json_object, opened, the_store
from standins.platform.fields import Refused

bp = Blueprint("admin_inspections", __name__, url_prefix="/_standin")


@bp.get("/companies/<int:company_id>/inspections")
def list_inspections(company_id: int) -> Response:
    """Return the truth, late and malformed records included: `?after=<id>&limit=<n>` pages by id."""
    after, limit = request.args.get("after", 0, int), request.args.get("limit", 1000, int)
    with the_store().reading() as db:
        changes.company(db, company_id)
        sql = "SELECT id FROM inspections WHERE company_id = ? AND id > ? ORDER BY id LIMIT ?"
        ids = [row["id"] for row in db.execute(sql, (company_id, after, limit))]
        return jsonify([_inspection(db, inspection_id) for inspection_id in ids])


@bp.post("/companies/<int:company_id>/inspections")
def create_inspections(company_id: int) -> tuple[Response, int]:
    """Create one inspection or a list of them, all or none; returns them in order."""
    given = request.get_json()
    with the_store().writing() as db:
        changes.company(db, company_id)
        ids = [
            _told(index, changes.create_inspection, db, company_id, each)
            for index, each in enumerate(_list(given))
        ]
        created = [_inspection(db, inspection_id) for inspection_id in ids]
    wakeup.ring(company_id)
    return jsonify(created if isinstance(given, list) else created[0]), 201


@bp.patch("/companies/<int:company_id>/inspections")
def update_inspections(company_id: int) -> Response:
    """Change many inspections, all or none: a list of {id, …}; returns them in order."""
    given = [dict(each) for each in _list(request.get_json())]
    with the_store().writing() as db:
        ids = [int(each.pop("id")) for each in given]
        for index, (inspection_id, values) in enumerate(zip(ids, given, strict=True)):
            if changes.inspection(db, inspection_id)["company_id"] != company_id:
                raise LookupError(f"inspection {inspection_id} belongs to another company")
            _told(index, changes.update_inspection, db, inspection_id, values)
        updated = [_inspection(db, inspection_id) for inspection_id in ids]
    wakeup.ring(company_id)
    return jsonify(updated)


@bp.get("/inspections/<int:inspection_id>")
def read_inspection(inspection_id: int) -> Response:
    with the_store().reading() as db:
        return jsonify(_inspection(db, inspection_id))


@bp.patch("/inspections/<int:inspection_id>")
def update_inspection(inspection_id: int) -> Response:
    """Change any attribute, the buyer, the whole list of line items or payments, or the raw override."""
    with the_store().writing() as db:
        changes.update_inspection(db, inspection_id, json_object())
    return _answer(inspection_id)


@bp.post("/inspections/<int:inspection_id>/line_items")
@bp.patch("/inspections/<int:inspection_id>/line_items/<int:row_id>", endpoint="update_line_item")
def save_line_item(inspection_id: int, row_id: int | None = None) -> Response:
    """Add or change one line item."""
    with the_store().writing() as db:
        changes.inspection(db, inspection_id)
        changes.save_line_item(db, inspection_id, row_id, json_object())
        publishing.touch(db, inspection_id)
    return _answer(inspection_id)


@bp.post("/inspections/<int:inspection_id>/payments")
@bp.patch("/inspections/<int:inspection_id>/payments/<int:row_id>", endpoint="update_payment")
def save_payment(inspection_id: int, row_id: int | None = None) -> Response:
    """Add or change one payment; `refunded_amount` and `voided_at` refund and void it."""
    with the_store().writing() as db:
        changes.save_payment(db, inspection_id, row_id, json_object())
        publishing.touch(db, inspection_id)
    return _answer(inspection_id)


@bp.delete("/inspections/<int:inspection_id>/<any(line_items, payments):table>/<int:row_id>")
def remove(inspection_id: int, table: str, row_id: int) -> Response:
    """Remove a line item or payment for good."""
    with the_store().writing() as db:
        changes.remove(db, table, row_id)
    return _answer(inspection_id)


@bp.patch("/contacts/<int:contact_id>")
def update_contact(contact_id: int) -> Response:
    """Change a client; every inspection of that client moves."""
    with the_store().writing() as db:
        changes.update_contact(db, contact_id, json_object())
        row = db.execute("SELECT * FROM contacts WHERE id = ?", (contact_id,)).fetchone()
    wakeup.ring(row["company_id"])
    return jsonify(opened(row))


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _told(index: int, change: Any, *arguments: Any) -> Any:
    """Carry out one change of many and, if it is refused, say which one it was."""
    try:
        return change(*arguments)
    except Refused as error:
        raise Refused(f"number {index + 1} of the list: {error}") from error


def _answer(inspection_id: int) -> Response:
    with the_store().reading() as db:
        found = _inspection(db, inspection_id)
    wakeup.ring(found["company_id"])
    return jsonify(found)


def _inspection(db: sqlite3.Connection, inspection_id: int) -> dict[str, Any]:
    row = changes.inspection(db, inspection_id)
    buyer = db.execute("SELECT * FROM contacts WHERE id = ?", (row["buyer_id"],)).fetchone()
    lists = {
        table: [
            opened(each)
            for each in db.execute(f"SELECT * FROM {table} WHERE inspection_id = ? ORDER BY id", (row["id"],))
        ]
        for table in ("line_items", "payments")
    }
    return opened(row) | {"buyer": opened(buyer) if buyer else None} | lists
