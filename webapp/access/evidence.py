"""What was refused or guessed wrong, for whoever watches: a line of the security log and a counter each. What people did is the audit log's.

Nothing typed stands in it: an address of a login is named by its digest, so that the lines about one account can be told from others.
"""

import logging

from flask import current_app, g, has_request_context, request
from flask_login import current_user

from bookkeeping import metrics
from bookkeeping.queueing import Bell
from webapp.access.limits import client_address, digest, typed_email

logger = logging.getLogger("tieout.security")

EVENTS = {
    "login-failed": "Email and password did not belong together",
    "factor-wrong": "A code of a second factor was wrong",
    "password-wrong": "A logged-in person's password, asked for once more, was wrong",
    "not-me": "Somebody found a login of theirs that was not they",
    "refused": "Not for this role",
    "not-theirs": "A logged-in person named a row that does not exist or is another company's",
    "too-many": "Asked more often than allowed",
    "form-token": "A form without its token, or with another session's",
    "api-key": "An API key that is none, or was revoked",
    "signature": "A call that says it is QuickBooks' and is not signed so",
}


def note_security(event: str, **facts: str | int | None) -> None:
    """Write down one event of EVENTS about the present request, and count it. Never fails the request."""
    about: dict[str, str | int | None] = {
        "event": event,
        "endpoint": request.endpoint,
        "method": request.method,
        "from_address": client_address(),
    }
    if g.get("_login_user") is not None and current_user.is_authenticated:
        about |= {"person_id": current_user.user.id, "role": current_user.role}
    elif has_request_context() and request.method == "POST" and "email" in request.form:
        about["account"] = digest(typed_email())
    logger.warning(EVENTS[event], extra={**about, **facts})
    bell: Bell = current_app.extensions["bell"]
    metrics.count(bell.redis, "tieout_security_events", event)


def note_refusal(code: int) -> None:
    """Write down a refusal that is worth knowing: 403, too many, and ids that are not the person's."""
    if code == 403:
        note_security("refused")
    elif code == 429:
        note_security("too-many")
    elif code == 401 and request.endpoint and request.endpoint.startswith("webhooks."):
        note_security("signature")
    elif code == 404 and request.view_args and request.blueprint and current_user.is_authenticated:
        note_security("not-theirs")
