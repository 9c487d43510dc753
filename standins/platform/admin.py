"""The admin API under /_standin/ for companies, keys, clock, late commits, faults and the call log. README.md lists it."""

import sqlite3
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from standins.platform import changes, clock, dialects, faults, publishing, store
from standins.platform.admin_requests import json_object, opened, the_store
from standins.platform.fields import Refused

bp = Blueprint("admin", __name__, url_prefix="/_standin")

TOMBSTONE_DAYS = 30


@bp.get("/health")
def health() -> Response:
    return jsonify({"standin": "platform"})


@bp.post("/reset")
def reset() -> Response:
    """Forget everything."""
    the_store().reset()
    return jsonify({})


@bp.get("/companies")
def list_companies() -> Response:
    with the_store().reading() as db:
        rows = db.execute("SELECT * FROM companies ORDER BY id").fetchall()
        return jsonify([_company(db, row) for row in rows])


@bp.post("/companies")
def create_company() -> tuple[Response, int]:
    """Create a company; returns {id, key}."""
    with the_store().writing() as db:
        created = changes.create_company(db, json_object())
    return jsonify(created), 201


@bp.get("/companies/<int:company_id>")
def read_company(company_id: int) -> Response:
    with the_store().reading() as db:
        return jsonify(_company(db, changes.company(db, company_id)))


@bp.patch("/companies/<int:company_id>")
def update_company(company_id: int) -> Response:
    """Change name, country, us_based, time_zone or hook_url."""
    with the_store().writing() as db:
        changes.update_company(db, company_id, json_object())
    return read_company(company_id)


@bp.delete("/companies/<int:company_id>")
def delete_company(company_id: int) -> Response:
    """Forget a company and everything of it."""
    with the_store().writing() as db:
        changes.company(db, company_id)
        db.execute("DELETE FROM inspections WHERE company_id = ?", (company_id,))
        db.execute("DELETE FROM companies WHERE id = ?", (company_id,))
    return jsonify({})


@bp.post("/companies/<int:company_id>/keys")
def add_key(company_id: int) -> tuple[Response, int]:
    """Give the company another key {key}."""
    with the_store().writing() as db:
        changes.company(db, company_id)
        changes.add_key(db, company_id, json_object()["key"])
    return read_company(company_id), 201


@bp.post("/companies/<int:company_id>/keys/state")
def set_key_state(company_id: int) -> Response:
    """Set {state: active | forbidden | revoked} for {key}, or for every key of the company."""
    given = json_object()
    if given.get("state") not in ("active", "forbidden", "revoked"):
        raise Refused("state must be active, forbidden or revoked")
    with the_store().writing() as db:
        sql = "UPDATE api_keys SET state = ? WHERE company_id = ? AND key = COALESCE(?, key)"
        if not db.execute(sql, (given["state"], company_id, given.get("key"))).rowcount:
            raise LookupError("the company has no such key")
    return read_company(company_id)


@bp.post("/companies/<int:company_id>/dialect")
def set_dialect(company_id: int) -> Response:
    """Let the company's feed be read as other platforms read it: {dialect}, one of `dialects.DIALECTS`."""
    with the_store().writing() as db:
        changes.company(db, company_id)
        dialects.choose(db, company_id, json_object().get("dialect"))
    return read_company(company_id)


@bp.post("/companies/<int:company_id>/feed/keep")
def keep_feed(company_id: int) -> Response:
    """Keep what the feed serves now, for the fault `past`; returns {kept}."""
    with the_store().writing() as db:
        changes.company(db, company_id)
        return jsonify({"kept": publishing.keep(db, company_id)})


@bp.post("/late-commits")
def set_late_commits() -> Response:
    """Hold every change back from the feed for {seconds} of the stand-in's clock; 0 publishes at once again."""
    seconds = _number(json_object().get("seconds"))
    if not 0 <= seconds <= publishing.MAX_LATE_SECONDS:
        raise Refused(f"seconds must be from 0 to {publishing.MAX_LATE_SECONDS}")
    with the_store().writing() as db:
        store.set_setting(db, "late_seconds", str(seconds))
    return jsonify({"seconds": seconds})


@bp.post("/late-commits/release")
def release_late_commits() -> Response:
    """Publish every change held back; returns {released}."""
    with the_store().writing() as db:
        return jsonify({"released": publishing.publish_due(db, everything=True)})


@bp.post("/clock")
def set_clock() -> Response:
    """Move the stand-in's clock {offset_seconds} from the machine's; returns {now}."""
    offset = _number(json_object().get("offset_seconds"))
    with the_store().writing() as db:
        store.set_setting(db, "clock_offset", str(offset))
        return jsonify({"now": clock.to_text(clock.now(db))})


@bp.post("/tombstones/purge")
def purge_tombstones() -> Response:
    """Drop what was deleted more than 30 days ago, as the platform may; returns {purged}."""
    with the_store().writing() as db:
        limit = clock.to_text(clock.now(db) - timedelta(days=TOMBSTONE_DAYS))
        return jsonify(
            {"purged": db.execute("DELETE FROM inspections WHERE deleted_at < ?", (limit,)).rowcount}
        )


@bp.get("/faults")
def list_faults() -> Response:
    with the_store().reading() as db:
        return jsonify([opened(row) for row in db.execute("SELECT * FROM faults ORDER BY id")])


@bp.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Add a fault {kind, times, skip, path, company_id, seconds, retry_after, status, as_company}; returns {id}."""
    with the_store().writing() as db:
        return jsonify({"id": faults.add(db, json_object())}), 201


@bp.delete("/faults")
def clear_faults() -> Response:
    with the_store().writing() as db:
        db.execute("DELETE FROM faults")
    return jsonify({})


@bp.get("/calls")
def list_calls() -> Response:
    """Return the feed calls so far, oldest first: `?after=<id>&company_id=<id>`."""
    after, company_id = request.args.get("after", 0, int), request.args.get("company_id", None, int)
    sql = "SELECT * FROM calls WHERE id > ? AND company_id IS COALESCE(?, company_id) ORDER BY id"
    with the_store().reading() as db:
        return jsonify([opened(row) for row in db.execute(sql, (after, company_id))])


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("must be a number of seconds")
    return float(value)


def _company(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    keys = db.execute(
        "SELECT key, state FROM api_keys WHERE company_id = ? ORDER BY rowid", (row["id"],)
    ).fetchall()
    return dict(row) | {"us_based": bool(row["us_based"]), "keys": [dict(key) for key in keys]}
