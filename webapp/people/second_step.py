"""The second step of a login: who has a second factor shows it after the password, and only then is a session opened."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bookkeeping.storage.base import db
from bookkeeping.storage.people.factors import factors_of
from webapp.access import passkeys
from webapp.access.factors import guessing_second, second_factor_fits, waiting_person
from webapp.access.limits import forgive, know_this_browser, limiter
from webapp.access.roles import public
from webapp.people.login import onward, start_session

bp = Blueprint("second_step", __name__)
_WRONG_PASSKEY = "That passkey is not one of yours here. Try again, or use a recovery code."
_WRONG = (
    "That code does not fit. Codes change every half minute and count once; a recovery code counts once, too."
)


@bp.get("/login/second-step")
@public
def page() -> ResponseReturnValue:
    """Ask for the factor; who has not typed the password begins with that."""
    return _show() if waiting_person() is not None else redirect(_to_login())


@bp.post("/login/second-step")
@public
@guessing_second
@limiter.limit("20 per minute; 200 per hour")
def check() -> ResponseReturnValue:
    """Open the session, if the factor is right."""
    user = waiting_person()
    if user is None:
        return redirect(_to_login(), 303)
    if not second_factor_fits(user):
        db.session.rollback()
        return _show(_WRONG_PASSKEY if request.form.get(passkeys.FIELD) else _WRONG), 401
    forgive()
    start_session(user)
    db.session.commit()
    session.pop("second_step", None)
    answer = redirect(onward(), 303)
    know_this_browser(answer, user.email)
    return answer


def _show(error: str = "") -> str:
    user = waiting_person()
    kinds = {one.kind for one in factors_of(user.id)} if user is not None else set()
    options = passkeys.ask_for_one(user) if user is not None else ""
    return render_template(
        "second_step.html", error=error, kinds=kinds, next=request.args.get("next"), passkey_options=options
    )


def _to_login() -> str:
    return url_for("auth.login", next=request.args.get("next"))
