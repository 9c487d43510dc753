"""`/_standin/`: companies, tokens, faults, settings, clock and logs for tests and seeding. `README.md` lists it.

No login, and answered to this machine only.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, g, jsonify, request

from standins.intuit import wire
from standins.intuit.realm import Realm
from standins.intuit.world import World

bp = Blueprint("admin", __name__, url_prefix="/_standin")


@bp.before_request
def loopback_only() -> None:
    """Refuse other machines."""
    if request.remote_addr not in ("127.0.0.1", "::1"):
        abort(403)


@bp.errorhandler(ValueError)
def nonsense(error: ValueError) -> tuple[Response, int]:
    """Say what is wrong with the request."""
    return jsonify(error=str(error)), 400


def world_here() -> World:
    """Return the stand-in this request is about."""
    return current_app.extensions["world"]


def realm_named(realm_id: str) -> Realm:
    """Return a company or answer 404."""
    if realm_id not in world_here().realms:
        abort(404, "There is no such company.")
    return world_here().realms[realm_id]


def given_json() -> dict[str, Any]:
    """Return the request's JSON object; none is an empty one. Raises ValueError on anything else."""
    given = request.get_json(silent=True) if request.data else {}
    if not isinstance(given, dict):
        raise ValueError("The body must be a JSON object.")
    return given


def as_json(content: Any) -> Response:
    """Return an answer in which a Decimal is a number."""
    return Response(wire.dumps(content), content_type=wire.JSON_TYPE)


@bp.route("/faults", methods=["GET", "POST", "DELETE"])
def fault_rules() -> Response:
    """List, add or drop rules that make requests fail."""
    rules = world_here().faults
    if request.method == "POST":
        return as_json(rules.add(given_json()))
    if request.method == "DELETE":
        rules.forget(request.args.get("id", type=int))
    return as_json({"faults": rules.all()})


@bp.route("/settings", methods=["GET", "POST"])
def settings() -> Response:
    """Return or switch settings."""
    return as_json(world_here().change_settings(given_json() if request.method == "POST" else {}))


@bp.post("/tokens/<what>")
def tokens(what: str) -> Response:
    """Expire the access tokens of a company (`realm_id`), or revoke its grants."""
    world, realm = world_here(), realm_named(str(given_json().get("realm_id")))
    with world.lock:
        if what == "expire":
            return as_json({"expired": world.grants.expire_access(realm.id)})
        if what == "revoke":
            return as_json({"revoked": world.grants.revoke_realm(realm.id)})
    return abort(404)


@bp.route("/clock", methods=["GET", "POST"])
def clock() -> Response:
    """Return or move the clock (`offset` in seconds from the real one)."""
    world = world_here()
    if request.method == "POST":
        world.set_clock(float(given_json().get("offset", 0)))
    return as_json({"offset": world.clock_offset, "now": world.now().isoformat()})


@bp.post("/limits/forget")
def forget_limits() -> Response:
    """Empty the windows of the limits."""
    world_here().limits.forget()
    return as_json({})


@bp.post("/reset")
def reset() -> Response:
    """Forget everything."""
    world_here().reset()
    return as_json({"tid": g.tid})
