"""Logging in and out. Sessions are rows (`storage/people/sessions.py`); what they may see is decided in `webapp/access/roles.py`."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import DataRequired, Length

from bookkeeping.acts.telling import tell_of_login
from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.factors import has_factor
from bookkeeping.storage.people.memberships import memberships_of
from bookkeeping.storage.people.people import User
from bookkeeping.storage.people.sessions import (
    end_session,
    live_session,
    logged_in_before,
    open_session,
    user_by_password,
)
from webapp.access.evidence import note_security
from webapp.access.factors import wait_for_factor
from webapp.access.limits import (
    GUESSES,
    by_account,
    client_address,
    forgive,
    is_known_browser,
    know_this_browser,
    limiter,
)
from webapp.access.matrix import Right
from webapp.access.roles import Person, open_to, public
from webapp.access.security import same_site_path
from webapp.frame.words import browser as browser_name

bp = Blueprint("auth", __name__)
INVITATION = "invitation"
"""Where the browser's cookie keeps the link of an invitation, over a login too: who has one logs in and then accepts."""


class LoginForm(FlaskForm):
    email = EmailField(
        "Email",
        validators=[DataRequired("Enter your email address."), Length(max=254, message="That is too long.")],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        "Password",
        validators=[DataRequired("Enter your password."), Length(max=1000, message="That is too long.")],
        render_kw={"autocomplete": "current-password"},
    )


@bp.get("/login")
@public
def login() -> ResponseReturnValue:
    """Show the login page; people who are logged in go on."""
    if current_user.is_authenticated:
        return redirect(onward())
    return render_template("login.html", form=LoginForm())


@bp.post("/login")
@public
@limiter.limit(GUESSES, key_func=by_account)
@limiter.limit("20 per minute; 200 per hour")
def log_in() -> ResponseReturnValue:
    """Check email and password; a new session at every login, whatever the browser held before."""
    form = LoginForm()
    if not form.validate_on_submit():
        return render_template("login.html", form=form), 422
    user = user_by_password(form.email.data, form.password.data)
    if user is None or not (user.is_ops or memberships_of(user.id)):
        note_security("login-failed")
        form.password.errors = ["Email and password do not belong together. Check both and try again."]
        return render_template("login.html", form=form), 401
    forgive()
    if has_factor(user.id):
        db.session.commit()
        wait_for_factor(user)
        return redirect(url_for("second_step.page", next=same_site_path(request.args.get("next"))), 303)
    start_session(user)
    db.session.commit()
    answer = redirect(onward(), 303)
    know_this_browser(answer, user.email)
    return answer


@bp.post("/logout")
@open_to(Right.OWN_LOGIN)
def log_out() -> ResponseReturnValue:
    """End the session, wherever its cookie is."""
    end_session(current_user.session_digest)
    record_act(current_user.company_id, current_user.email, "logged out", address=client_address())
    db.session.commit()
    logout_user()
    session.clear()
    flash("You are logged out.", "success")
    return redirect(url_for(".login"), 303)


def start_session(user: User) -> None:
    """Open a session in the current transaction and log this browser in; whatever it held before is forgotten."""
    kept, invitation = session.get("kept_input"), session.get(INVITATION)
    if current_user.is_authenticated:
        end_session(current_user.session_digest)
    session.clear()
    place = next(iter(memberships_of(user.id)), None)
    company_id = place.company_id if place is not None else None
    token = open_session(user, client_address(), request.user_agent.string, company_id)
    record_act(company_id, user.email, "logged in", address=client_address())
    session.permanent = True
    if invitation:
        session[INVITATION] = invitation
    if kept:
        session["kept_input"] = kept
        flash("What you had typed is still in the form. Look at it and save it again.", "info")
    _tell_of_a_new_browser(user)
    row = live_session(token, current_app.extensions["settings"].session_idle_minutes)
    if row is None:
        raise AssertionError("the session that was opened just now is live")
    login_user(Person(token, row))


def _tell_of_a_new_browser(user: User) -> None:
    """Mail the person and the owners about a login from a browser that is not known, but for the first login of all."""
    if is_known_browser(user.email) or not logged_in_before(user.id):
        return
    browser = browser_name(request.user_agent.string)
    sentence = f"Somebody logged in as {user.email} with {browser}, which was not used for that before."
    tell_of_login(user, "A login from a new browser", sentence, address=client_address())


def onward() -> str:
    """Return where a login leads: the page asked for, else home, or for who has several companies the page that says which need them."""
    first = "companies.page" if len(current_user.memberships) > 1 else "home.page"
    return same_site_path(request.args.get("next")) or url_for(first)
