"""The pages for everything that ends a request early. They need no database, so they show whatever has failed."""

import logging
import secrets
import time

from flask import Flask, current_app, g, jsonify, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from webapp.access.evidence import note_refusal, note_security
from webapp.access.extensions import login_manager
from webapp.access.limits import limiter
from webapp.access.roles import to_login

logger = logging.getLogger(__name__)

PAGES = {
    400: ("That did not arrive whole", "Go back, load the page again and try once more."),
    403: (
        "Not for your role",
        "Your login may not do this. An owner of your company can, or can change your role.",
    ),
    404: ("Not here", "There is nothing at this address, or it belongs to another company."),
    405: (
        "Not this way",
        "This address cannot be opened like that. Go back and use the buttons of the page.",
    ),
    413: ("Too large", "What was sent is larger than we take. Send less at a time."),
    429: ("Too many tries", "Wait a minute, then try again."),
}

FOR_MACHINES = {
    400: ("Not understood", "See /api/v1/openapi.json for what can be asked."),
    401: ("No key in force", "Send Authorization: Bearer and a key that is not revoked."),
    403: (
        "Not with this key",
        "The key is not good for that: its scopes say for what. An owner can make another.",
    ),
    404: ("Not here", "There is nothing at this address, or it belongs to another company."),
    405: ("Not this way", "See /api/v1/openapi.json for what can be asked."),
}
"""The same for those who ask the API."""


def register_error_pages(app: Flask) -> None:
    """Answer every HTTP error with its page, and everything else with a reference number."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(500, _unexpected)


def _csrf(error: CSRFError) -> tuple[str | Response, int] | Response:
    """A missing token mostly means that the session is over: then the login page helps, else load the page again."""
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "open_to", ()) and not current_user.is_authenticated:
        return to_login()
    note_security("form-token")
    return _page(
        400,
        "This page was open for too long",
        "Or you went to another company meanwhile. Go back, load the page again and press the button once more.",
    )


def _http(error: HTTPException) -> tuple[str | Response, int] | Response:
    if error.code is None or error.code < 400:
        return error.get_response()
    note_refusal(error.code)
    title, remedy = PAGES.get(error.code, ("That did not work", "Go back and try again."))
    if isinstance(error, RateLimitExceeded):
        return _too_often(title)
    return _page(error.code, title, remedy)


def _too_often(title: str) -> Response:
    """Say how long it takes, to people in words and to machines in seconds."""
    breached = limiter.current_limit
    seconds = max(1, int(breached.reset_at - time.time())) if breached else 60
    minutes = -(-seconds // 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    remedy = f"Wait {wait}, then try again."
    if request.endpoint == "auth.log_in":
        remedy += " Or choose another password by mail, under Forgotten password on the page before."
    elif request.endpoint == "forgotten.ask":
        remedy += " If that address has a login, links were mailed already: the newest is good for an hour, whoever asked for it."
    answer = make_response(*_page(429, title, remedy))
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _no_database(error: OperationalError) -> tuple[str | Response, int]:
    """The database is out of reach or too busy: say so, and that nothing is lost. `/readyz` tells machines."""
    g._login_user = (
        login_manager.anonymous_user()
    )  # Templates ask for the person, and that would ask the database.
    logger.error(
        "Database out of reach", extra={"endpoint": request.endpoint, "error": type(error.orig).__name__}
    )
    remedy = (
        "Nothing is lost, and syncing goes on by itself once our database answers. Try again in a minute."
    )
    return _page(503, "We cannot reach our data", remedy)


def _unexpected(error: Exception) -> tuple[str | Response, int]:
    reference = secrets.token_hex(4)
    cause = getattr(error, "original_exception", None) or error
    facts = {"reference": reference, "endpoint": request.endpoint, "error": type(cause).__name__}
    logger.error(
        "Request failed, reference %s", reference, extra=facts
    )  # Flask has logged the traceback just before.
    title = "Something went wrong on our side"
    if _asked_by_a_machine():
        return _as_json(500, title, f"Reference {reference}."), 500
    return render_template("error.html", code=500, title=title, reference=reference), 500


def _asked_by_a_machine() -> bool:
    return request.path.startswith("/api/")


def _as_json(code: int, title: str, detail: str) -> Response:
    """Answer machines in the words of the API (docs/api.md)."""
    title, detail = FOR_MACHINES.get(code, (title, detail))
    answer = jsonify(errors=[{"status": str(code), "title": title, "detail": detail}])
    if code == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Tieout"'
    return answer


def _page(code: int, title: str, remedy: str) -> tuple[str | Response, int]:
    if _asked_by_a_machine():
        return _as_json(code, title, remedy), code
    return render_template("error.html", code=code, title=title, remedy=remedy), code
