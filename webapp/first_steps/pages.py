"""Putting the first steps away, and showing them again. They stand on Home (`webapp/home.py`)."""

from flask import Blueprint, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.first_steps.ground import PUT_AWAY, SHOWN_AGAIN
from webapp.frame.undo import offer_undo

bp = Blueprint("first_steps", __name__, url_prefix="/first-steps")


@bp.post("/put-away")
@open_to(Right.CONNECT)
def put_away() -> Response:
    """Take the list off Home, for all owners; it can be asked for again in Company Settings."""
    _note(PUT_AWAY)
    offer_undo("The first steps are put away.", url_for(".show_again"))
    return redirect(url_for("home.page"), 303)


@bp.post("/show-again")
@open_to(Right.CONNECT)
def show_again() -> Response:
    """Bring the list back to Home, where something of it is left."""
    _note(SHOWN_AGAIN)
    return redirect(url_for("home.page"), 303)


def _note(act: str) -> None:
    record_act(current_company().id, current_user.email, act, address=client_address())
    db.session.commit()
