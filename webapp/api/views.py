"""The addresses below /api/v1: one inspection, a list, the company, a wake-up, and events of payments. JSON only; docs/api.md tells developers how to use them."""

from datetime import UTC, datetime
from typing import Any, NoReturn

from flask import Blueprint, Response, abort, current_app, jsonify, make_response, request
from sqlalchemy import select

from bookkeeping.answering.answers import answers
from bookkeeping.fetching.bounded import too_deep
from bookkeeping.inspection_source.fields import BadRecordError
from bookkeeping.inspection_source.received import read_event
from bookkeeping.settings import Settings
from bookkeeping.sources.receiving import take_event
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import make_poll_due
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.records.inspections import STATES, InspectionRow
from webapp.access.extensions import csrf
from webapp.access.roles import public
from webapp.api.authority import asking_company, with_key
from webapp.api.description import MOST, description
from webapp.frame.bell import commit_and_ring

bp = Blueprint("api", __name__)


@bp.get("/api/v1/openapi.json")
@public
def openapi() -> Response:
    """Describe the API, for programs that make clients of it."""
    return jsonify(description(_settings().public_url))


@bp.get("/api/v1/company")
@with_key("read")
def company() -> Response:
    """Say how the company stands."""
    asking = asking_company()
    connection = connection_of(asking.id)
    last = asking.last_sync_at
    return jsonify(
        data={
            "id": asking.id,
            "name": asking.name,
            "time_zone": asking.time_zone,
            "quickbooks": connection.state if connection is not None else "never-connected",
            "paused": asking.paused_at is not None,
            "last_sync_at": last.isoformat().replace("+00:00", "Z") if last else None,
        }
    )


@bp.get("/api/v1/inspections")
@with_key("read")
def inspections() -> Response:
    """List the answers of the company's inspections, a page at a time, in an order that does not change."""
    asking, limit = asking_company(), _number("limit", 100, MOST)
    rows = select(InspectionRow).where(
        InspectionRow.company_id == asking.id, InspectionRow.id > _number("after", 0, 2**62)
    )
    state, since = request.args.get("state"), request.args.get("synced_since")
    if state is not None:
        rows = rows.where(InspectionRow.state == (state if state in STATES else _wrong("state")))
    if since is not None:
        rows = rows.where(InspectionRow.last_synced_at >= _moment(since))
    found = db.session.scalars(rows.order_by(InspectionRow.id).limit(limit + 1)).all()
    page = found[:limit]
    following = str(page[-1].id) if len(found) > limit else None
    return jsonify(data=answers(asking, page, _settings()), next=following)


@bp.get("/api/v1/inspections/<path:key>")
@with_key("read")
def inspection(key: str) -> Response:
    """Answer about one inspection, by the platform's id."""
    asking = asking_company()
    mine = select(InspectionRow).where(InspectionRow.company_id == asking.id, InspectionRow.key == key)
    row = db.session.scalar(mine) or abort(404)
    return jsonify(data=answers(asking, [row], _settings())[0])


@bp.post("/api/v1/sync")
@with_key("sync")
def sync() -> tuple[Response, int]:
    """Have the platform's changes read at once, or when the wait is over that the platform asked for."""
    company_id = asking_company().id
    make_poll_due(company_id)
    commit_and_ring(company_id)
    return jsonify(data={"queued": True}), 202


@bp.post("/api/v1/payment-events")
@with_key("payments")
def payment_events() -> tuple[Response, int]:
    """Take one event that tells of a payment: read with the inspections, within a minute."""
    asking = asking_company()
    if asking.source_kind != "pages":
        _refuse(
            409, "Not of this company", "Its payments come with its inspections; none are taken by events."
        )
    try:
        event = read_event(_said())
    except BadRecordError as error:
        _refuse(400, "Not understood", str(error))
    outcome = take_event(asking, event)
    db.session.commit()
    return jsonify(data={"id": event.id, "outcome": outcome}), 202


csrf.exempt(sync)
csrf.exempt(payment_events)


def _said() -> Any:
    """Return the JSON that was sent; None for what is none, or is nested so deeply that reading it would break."""
    try:
        said = request.get_json(silent=True)
    except RecursionError:
        return None
    return None if too_deep(said) else said


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        _wrong(name)
    return max(int(text), 1 if name == "limit" else 0)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else _wrong("synced_since")
    except (ValueError, OverflowError):
        return _wrong("synced_since")


def _wrong(name: str) -> NoReturn:
    """Refuse the request for one of its parameters."""
    _refuse(400, "Not understood", f"{name} is not one of its values. See /api/v1/openapi.json.")


def _refuse(status: int, title: str, detail: str) -> NoReturn:
    answer = jsonify(errors=[{"status": str(status), "title": title, "detail": detail}])
    abort(make_response(answer, status))
