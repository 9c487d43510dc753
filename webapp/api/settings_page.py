"""Settings → API and callback: an owner makes and revokes keys, and says where the platform is called back. Each secret is shown once."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from bookkeeping.answering.opening import (
    address_problem,
    end_callback,
    make_key,
    revoke_key,
    set_callback,
)
from bookkeeping.rules.text import name_typed
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.company.api_keys import SCOPES, ApiKey, keys_of
from bookkeeping.storage.company.callbacks import Callback, events_of
from webapp.access.confirming import recently_confirmed
from webapp.access.limits import by_person, client_address, limiter
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to

bp = Blueprint("api_settings", __name__)


def _strip(typed: str | None) -> str:
    return (typed or "").strip()


class KeyForm(FlaskForm):
    name = StringField(
        "Name",
        filters=[name_typed],
        validators=[
            DataRequired("Say what it is for, such as the name of the system that asks."),
            Length(max=80, message="Use at most 80 letters."),
        ],
    )
    scopes = SelectMultipleField(
        "Good for",
        choices=[SelectChoice(scope, words) for scope, words in SCOPES.items()],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )


class CallbackForm(FlaskForm):
    url = StringField("Address", filters=[_strip], render_kw={"inputmode": "url"})


@bp.get("/settings/api")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show keys, the callback, and the last calls."""
    return _show()


@bp.post("/settings/api/keys")
@open_to(Right.API)
@recently_confirmed("Make an API key.")
@limiter.limit("30 per hour", key_func=by_person)
def make() -> ResponseReturnValue:
    """Make a key and show it this once; of one name there is one key at a time."""
    form, company = KeyForm(), current_company()
    if not form.validate_on_submit():
        return _show(key_form=form), 422
    if any(one.name == form.name.data and not one.revoked_at for one in keys_of(company.id)):
        # So is the answer that is loaded once more, which would make a second key that nobody asked for.
        form.name.errors = [
            f"There is a key “{form.name.data}” already. Revoke it first, or give this one another name."
        ]
        return _show(key_form=form), 422
    try:
        key = make_key(company.id, form.name.data, form.scopes.data, current_user.email, client_address())
    except ValueError as error:
        db.session.rollback()
        form.scopes.errors = [str(error)]
        return _show(key_form=form), 422
    db.session.commit()
    return _show(key=key)


@bp.post("/settings/api/keys/<int:key_id>/revoke")
@open_to(Right.API)
@recently_confirmed("Revoke an API key.")
def revoke(key_id: int) -> Response:
    """End a key at once."""
    mine = select(ApiKey).where(ApiKey.company_id == current_company().id, ApiKey.id == key_id)
    key = db.session.scalar(mine) or abort(404)
    revoke_key(key, current_user.email, client_address())
    db.session.commit()
    flash(f"The key “{key.name}” is revoked. Whoever asks with it is refused from now on.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/settings/api/callback")
@open_to(Right.API)
@recently_confirmed("Have an address called.")
@limiter.limit("30 per hour", key_func=by_person)
def save_callback() -> ResponseReturnValue:
    """Have an address called, and show the secret that signs this once."""
    form, company = CallbackForm(), current_company()
    problem = "Send the form again." if not form.validate_on_submit() else ""
    problem = problem or address_problem(form.url.data, public_only=not _settings().with_standins)
    if problem:
        form.url.errors = [problem]
        return _show(callback_form=form), 422
    secret = set_callback(company.id, form.url.data, current_user.email, client_address())
    db.session.commit()
    return _show(secret=secret)


@bp.post("/settings/api/callback/end")
@open_to(Right.API)
@recently_confirmed("End the callback.")
def stop_callback() -> Response:
    """Call nobody any more."""
    end_callback(current_company().id, current_user.email, client_address())
    db.session.commit()
    flash("Nobody is called any more.", "success")
    return redirect(url_for(".page"), 303)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _show(
    key_form: KeyForm | None = None,
    callback_form: CallbackForm | None = None,
    key: str = "",
    secret: str = "",
) -> str:
    company = current_company()
    callback = db.session.get(Callback, company.id)
    known = MultiDict({"url": callback.url if callback else ""})
    return render_template(
        "api/page.html",
        company=company,
        keys=keys_of(company.id),
        scopes=SCOPES,
        callback=callback,
        events=events_of(company.id),
        key_form=key_form or KeyForm(MultiDict({"scopes": "read"})),
        callback_form=callback_form or CallbackForm(known),
        key=key,
        secret=secret,
        base=_settings().public_url,
    )
