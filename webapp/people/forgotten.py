"""The way back in: *Forgotten password*, and the page behind the mailed link."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import EmailField
from wtforms.validators import DataRequired, Length

from bookkeeping.acts import resetting
from bookkeeping.storage.base import db
from webapp.access.limits import by_account, client_address, know_this_browser, limiter
from webapp.access.roles import public
from webapp.people.new_password import NewPasswordForm

bp = Blueprint("forgotten", __name__)
_SAME_FOR_ALL = (
    "If that address has a login, a mail with a link is on its way to it. The link works once, for an hour. "
    "No mail? Look at the address, or ask an owner of your company."
)
_KEPT = "reset_token"


class AskForm(FlaskForm):
    email = EmailField(
        "Email",
        validators=[DataRequired("Enter your email address."), Length(max=254, message="That is too long.")],
        render_kw={"autocomplete": "username", "autofocus": True},
    )


@bp.get("/forgotten-password")
@public
def page() -> str:
    """Ask for the address."""
    return render_template("forgotten.html", form=AskForm())


@bp.post("/forgotten-password")
@public
@limiter.limit("3 per minute; 10 per hour", key_func=by_account)
@limiter.limit("10 per minute; 60 per hour")
def ask() -> Response | tuple[str, int]:
    """Note the address; the answer is the same for every one."""
    form = AskForm()
    if not form.validate_on_submit():
        return render_template("forgotten.html", form=form), 422
    resetting.ask_for_link(form.email.data, client_address())
    db.session.commit()
    flash(_SAME_FOR_ALL, "info")
    return redirect(url_for("auth.login"), 303)


@bp.get("/reset-password/<token>")
@public
@limiter.limit("60 per hour")
def link(token: str) -> Response:
    """Take the link's secret out of the address, where it would stand in histories, and go on without it."""
    session[_KEPT] = token[:200]
    return redirect(url_for(".choose_page"))


@bp.get("/reset-password")
@public
def choose_page() -> str | tuple[str, int]:
    """Show the form, while the link is good."""
    person = resetting.person_of_link(session.get(_KEPT, ""))
    return _show(NewPasswordForm(), person.email) if person else (_show(None, ""), 404)


@bp.post("/reset-password")
@public
@limiter.limit("20 per hour")
def choose() -> Response | str | tuple[str, int]:
    """Take over the new password."""
    token, form = session.get(_KEPT, ""), NewPasswordForm()
    person = resetting.person_of_link(token)
    if person is None:
        return _show(None, ""), 404
    email = person.email
    if not form.validate_on_submit():
        return _show(form, email), 422
    try:
        done = resetting.change_forgotten(token, form.password.data, client_address())
    except ValueError as error:
        db.session.rollback()
        form.password.errors = [str(error)]
        return _show(form, email), 422
    if done is None:
        db.session.rollback()
        return _show(None, ""), 404
    db.session.commit()
    session.clear()
    flash("Your password is changed, and every browser is logged out. Log in with the new one.", "success")
    answer = redirect(url_for("auth.login"), 303)
    know_this_browser(answer, email)
    return answer


def _show(form: NewPasswordForm | None, email: str) -> str:
    return render_template("reset_password.html", form=form, email=email)
