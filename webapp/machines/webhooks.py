"""Calls from QuickBooks: somebody changed something, look. What changed is read from QuickBooks, never from the call."""

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue

from bookkeeping.acts.syncing import want_changes
from bookkeeping.quickbooks_gateway.webhooks import changed_objects, is_signed
from bookkeeping.storage.base import db
from webapp.access.extensions import csrf
from webapp.access.limits import limiter
from webapp.access.roles import public

bp = Blueprint("webhooks", __name__)


@bp.post("/quickbooks/webhook")
@public
@limiter.limit("600 per minute")
def quickbooks() -> ResponseReturnValue:
    """Note whose changes are wanted. Without a verifier token there is nothing here; a wrong signature is refused."""
    token = current_app.extensions["settings"].quickbooks_verifier_token
    if not token:
        abort(404)
    body = request.get_data(cache=False)
    if not is_signed(token, body, request.headers.get("intuit-signature", "")):
        abort(401)
    try:
        told = changed_objects(body)
    except ValueError:
        abort(400)
    want_changes(told)
    db.session.commit()
    return "", 200


csrf.exempt(quickbooks)
