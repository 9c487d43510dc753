"""A person's own account: another password, and every browser that is logged in, each to be ended."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import DataRequired, EqualTo, Length

from bookkeeping.acts.inviting import live_sessions
from bookkeeping.acts.joining import choose_password
from bookkeeping.acts.resetting import end_links_of
from bookkeeping.acts.telling import record_of_person, tell_of_login
from bookkeeping.storage.base import db
from bookkeeping.storage.people.factors import factors_of
from bookkeeping.storage.people.sessions import (
    SESSION_HOURS,
    end_session,
    end_sessions_of,
)
from webapp.access.confirming import password_is_right, recently_confirmed
from webapp.access.evidence import note_security
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import open_to

bp = Blueprint("account", __name__, url_prefix="/account")


class PasswordForm(FlaskForm):
    password = PasswordField(
        "Present password",
        validators=[
            DataRequired("Enter your present password."),
            Length(max=1000, message="That is too long."),
        ],
        render_kw={"autocomplete": "current-password"},
    )
    new_password = PasswordField(
        "New password",
        validators=[DataRequired("Choose a new password.")],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        "The same again",
        validators=[EqualTo("new_password", "The two differ. Type the same twice.")],
        render_kw={"autocomplete": "new-password"},
    )


@bp.get("")
@open_to(Right.OWN_LOGIN)
def page() -> str:
    """Show the account."""
    return _show()


def _show(form: PasswordForm | None = None) -> str:
    company = current_user.company
    return render_template(
        "account.html",
        form=form or PasswordForm(formdata=None),
        sessions=live_sessions([current_user.user.id]),
        hours=SESSION_HOURS,
        idle=current_app.extensions["settings"].session_idle_minutes,
        zone=company.time_zone if company else "UTC",
        factors=factors_of(current_user.user.id),
    )


@bp.post("/password")
@open_to(Right.OWN_LOGIN)
def change_password() -> Response | tuple[str, int]:
    """Take over a new password; every other session of the person ends."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return _show(form), 422
    if not password_is_right():
        form.password.errors = ["That is not your present password. Nothing was changed."]
        return _show(form), 422
    try:
        choose_password(current_user.user, form.new_password.data)
    except ValueError as error:
        form.new_password.errors = [str(error)]
        return _show(form), 422
    end_links_of(current_user.user.id)  # Whoever asked for one is put out too.
    ended = end_sessions_of(current_user.user.id, but=current_user.session_digest)
    _record("changed the password", {"sessions_ended": ended})
    sentence = f"The password of {current_user.email} was changed, and every other browser is logged out."
    tell_of_login(current_user.user, "A password was changed", sentence, address=client_address())
    db.session.commit()
    flash("Your password is changed. Every other browser is logged out.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/sessions/end")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("End one of your sessions.")
def end_one() -> Response:
    """End one session of one's own."""
    digest = request.form.get("session", "")
    if digest not in {one.digest for one in live_sessions([current_user.user.id])}:
        flash("That session has ended already.", "info")
        return redirect(url_for(".page"), 303)
    end_session(digest)
    _record("ended a session")
    db.session.commit()
    flash("That browser is logged out.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/sessions/not-me")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("Log out a session that is not yours.")
def not_me() -> Response:
    """A session that the person knows nothing of: log every other browser out, end what could let it in again, and tell whom it concerns."""
    person, here = current_user.user, current_user.session_digest
    mine = {one.digest: one for one in live_sessions([person.id])}
    strange = mine.get(request.form.get("session", ""))
    if strange is None or strange.digest == here:
        flash("That session has ended already.", "info")
        return redirect(url_for(".page"), 303)
    ended = end_sessions_of(person.id, but=here)
    end_links_of(person.id)
    note_security("not-me", strange_address=strange.address)
    _record("said that a login was not theirs", {"sessions_ended": ended})
    sentence = f"{person.email} said that a login from the address {strange.address} was not theirs. Every other browser is logged out."
    tell_of_login(person, "A login that was somebody else's", sentence, address=client_address())
    db.session.commit()
    flash(
        "Every other browser is logged out. Whoever that was may know your password: choose another one now, below. "
        "What was done from there stands in the audit log.",
        "warning",
    )
    return redirect(url_for(".page"), 303)


@bp.post("/sessions/end-others")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("End all your other sessions.")
def end_others() -> Response:
    """End every session of one's own but this one."""
    ended = end_sessions_of(current_user.user.id, but=current_user.session_digest)
    _record("ended all other sessions", {"sessions": ended})
    db.session.commit()
    flash("Every other browser is logged out.", "success")
    return redirect(url_for(".page"), 303)


def _record(act: str, after: dict[str, int] | None = None) -> None:
    record_of_person(current_user.user, current_user.email, act, after=after, address=client_address())
