"""Company Settings: the company, its integrations, and the address at which the platform may wake us."""

import secrets

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.sessions import token_digest
from webapp.access.confirming import recently_confirmed
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.first_steps.ground import steps_left
from webapp.frame.standing import next_sync, standing_of
from webapp.quickbooks_settings.sign_in import remember_authorize_origin

bp = Blueprint("settings", __name__)


@bp.get("/settings")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show Company Settings with System Integrations."""
    standing = standing_of(current_user.company)
    if not standing.connected:
        remember_authorize_origin()
    company = standing.company
    away = current_user.is_owner and bool(steps_left(company, standing.facts, away=True))
    return render_template(
        "settings.html", standing=standing, next_sync=next_sync(company), steps_are_away=away
    )


@bp.post("/settings/hook")
@open_to(Right.HOOK)
@recently_confirmed("Make a new hook address.")
def make_hook() -> ResponseReturnValue:
    """Make a new secret address for the platform's calls, show it this once, and end the one before."""
    company = current_user.company
    secret = secrets.token_urlsafe(24)
    company.hook_digest = token_digest(secret)
    record_act(company.id, current_user.email, "made a new hook address", address=client_address())
    db.session.commit()
    base = current_app.extensions["settings"].public_url
    standing = standing_of(company)
    hook_url = f"{base}/hooks/inspections/{secret}"
    return render_template(
        "settings.html", standing=standing, next_sync=next_sync(company), hook_url=hook_url
    )
