"""Put the stand-in together: feed, admin API and pages over one state file."""

from pathlib import Path

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from standins.platform import admin, admin_inspections, faults, feed, page_actions, paged, pages
from standins.platform.fields import Refused
from standins.platform.store import Store


def create_app(state: str | Path) -> Flask:
    """Return the stand-in over the state file, which is made when absent."""
    app = Flask(__name__)
    app.config["STORE"] = Store(state)
    app.json.sort_keys = False
    for module in (feed, paged, admin, admin_inspections, pages, page_actions):
        app.register_blueprint(module.bp)
    app.register_error_handler(Refused, lambda error: _answer(400, str(error)))
    app.register_error_handler(LookupError, lambda error: _answer(404, str(error)))
    app.register_error_handler(
        HTTPException, lambda error: _answer(error.code or 500, error.description or "")
    )
    return app


def _answer(status: int, detail: str) -> Response | tuple[Response, int] | tuple[str, int]:
    """Say what is wrong in the manner of the part that was asked: JSON:API, plain JSON or a page."""
    if request.path.startswith(("/v2/", "/paged/v2/")):
        return faults.error_response(status, detail)
    if request.path.startswith("/_standin/"):
        return jsonify({"error": detail}), status
    said = "There is nothing at this address." if "requested URL was not found" in detail else detail
    return render_template("problem.html", status=status, detail=said), status
