"""Gives every request an id that its log lines carry and its answer names, and logs requests that changed something or failed."""

import logging
import secrets
import time

from flask import Flask, Response, g, request
from flask_login import current_user

from bookkeeping.logs import bind, forget

logger = logging.getLogger(__name__)
HEADER = "X-Request-ID"


def set_up_request_ids(app: Flask) -> None:
    """Hang it in before everything else."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    forget()
    g.started, g.request_id = time.monotonic(), secrets.token_hex(8)
    bind(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.get("request_id", "")
    if request.method not in ("GET", "HEAD", "OPTIONS") or response.status_code >= 500:
        facts: dict[str, int | str | None] = {
            "endpoint": request.endpoint,
            "method": request.method,
            "status": response.status_code,
            "milliseconds": round((time.monotonic() - g.started) * 1000) if "started" in g else None,
        }
        logger.info("Request answered", extra={**facts, **about()})
    return response


def about() -> dict[str, int]:
    """Return whom and what the request was about, as far as that is known without asking the database."""
    person = g.get("_login_user")
    found = {"company_id": (request.view_args or {}).get("company_id")}
    if person is not None and current_user.is_authenticated:
        found |= {
            "person_id": current_user.user_id,
            "company_id": current_user.company_id or found["company_id"],
        }
    return {name: value for name, value in found.items() if value is not None}
