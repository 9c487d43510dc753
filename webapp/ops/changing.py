"""Ops' page on which a company itself is changed: its name, its time zone, where it is read from; and on which it is removed.

Each wants the person within ten minutes. What another zone would date anew is shown first, and the confirmation binds to what was shown.
How a company keeps its books is its own people's, and nothing here connects or migrates.
"""

import json
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, Regexp

from bookkeeping.acts import connecting
from bookkeeping.acts.companies import begin_erasing, change_company, change_source
from bookkeeping.errors import FeedRefusedError, FeedUnavailableError, MisconfiguredError, RuleError
from bookkeeping.faults import fault
from bookkeeping.inspection_source.source import SourceCompany
from bookkeeping.logbook.beforehand import zone_change
from bookkeeping.rules.local_time import zone_named
from bookkeeping.rules.text import name_typed
from bookkeeping.sources.changing import SourceLook, look_at_source
from bookkeeping.sources.opening import KINDS, checked_credentials, try_source
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company, company_or_none
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.credentials import credentials_of
from bookkeeping.storage.company.vault import vault
from webapp.access.confirming import recently_confirmed
from webapp.access.limits import by_person, client_address, limiter
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.access.security import start_writing
from webapp.frame.bell import commit_and_ring
from webapp.quickbooks_settings.connecting import revoke_stored
from webapp.quickbooks_settings.platform import PATIENCE, asked

bp = Blueprint("ops_changing", __name__)

SHOWN = 200
"""Documents that the preview lists by name; all are counted."""

US_ZONES = (
    "America/New_York",
    "America/Detroit",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "Pacific/Guam",
)
"""Offered while typing; any IANA name is taken."""


SOURCES = {"feed": "Feed of changes", "pages": "Numbered pages", "files": "Files that people drop"}
"""Kinds of source in words."""

READS_FOR = 20
"""Seconds for which another source is read while somebody waits; what takes longer is the command's."""

SEALED_FOR = "another_source"


def _strip(typed: str | None) -> str:
    return (typed or "").strip()


class NameForm(FlaskForm):
    name = StringField(
        "Name",
        filters=[name_typed],
        validators=[
            DataRequired("Enter the company's name."),
            Length(max=200, message="Use at most 200 letters."),
        ],
    )


class PlatformForm(FlaskForm):
    feed_url = StringField(
        "Address of the platform's API",
        filters=[_strip, lambda typed: typed.rstrip("/")],
        validators=[
            Regexp(r"https?://[^\s/]+", message="Enter scheme and host, such as https://api.example.com."),
            Length(max=500, message="Use at most 500 letters."),
        ],
    )
    feed_key = PasswordField(
        "Another API key",
        filters=[_strip],
        validators=[Length(max=1000, message="That is too long for a key.")],
        render_kw={"autocomplete": "off"},
    )


class SourceForm(FlaskForm):
    kind = SelectField("Kind", choices=[SelectChoice(kind, words) for kind, words in SOURCES.items()])
    source_url = StringField(
        "Address, where it has one",
        filters=[_strip, lambda typed: typed.rstrip("/")],
        validators=[
            Optional(),
            Regexp(r"https?://[^\s/]+", message="Enter scheme and host, such as https://api.example.com."),
            Length(max=500, message="Use at most 500 letters."),
        ],
    )
    source_key = PasswordField(
        "API key, where it has one",
        filters=[_strip],
        validators=[Length(max=1000, message="That is too long for a key.")],
        render_kw={"autocomplete": "off"},
    )


class ZoneForm(FlaskForm):
    class Meta:
        csrf = False  # Asks what would follow; changes nothing.

    zone = StringField(
        "Time zone", filters=[_strip], validators=[Length(max=64)], render_kw={"list": "zones"}
    )


class RemoveForm(FlaskForm):
    typed = StringField("Name of the company, letter by letter", validators=[Length(max=200)])


@bp.get("/ops/companies/<int:company_id>/change")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Change a company.")
def page(company_id: int) -> ResponseReturnValue:
    """Show what can be changed of a company."""
    return _show(_company(company_id))


@bp.post("/ops/companies/<int:company_id>/change/name")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Change a company's name.")
def rename(company_id: int) -> ResponseReturnValue:
    """Take another name."""
    company, form = _company(company_id), NameForm()
    if not form.validate_on_submit():
        return _show(company, name=form), 422
    changed = change_company(company, current_user.email, name=form.name.data, address=client_address())
    db.session.commit()
    if changed:
        return _done(company_id, "The company has its new name.")
    return _done(company_id, "That is its name already. Nothing was changed.", "info")


@bp.post("/ops/companies/<int:company_id>/change/platform")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Change where its inspections are read from.")
@limiter.limit("20 per minute", key_func=by_person)
def change_platform(company_id: int) -> ResponseReturnValue:
    """Take another address or key once the platform answered with it."""
    company, form = _company(company_id), PlatformForm()
    if not form.validate_on_submit():
        return _show(company, platform=form), 422
    url, key = form.feed_url.data, form.feed_key.data
    held = credentials_of(company)
    if "url" not in held:
        abort(404)
    given = {**held, "url": url, "key": key or held["key"]}
    if given == held:
        return _done(company_id, "That is how it is read already. Nothing was changed.", "info")
    try:
        said = asked(company.source_kind, given)
    except (FeedRefusedError, FeedUnavailableError) as error:
        form.feed_url.errors = [f"{fault(error.code).title}. {error.detail} Nothing was changed."]
        return _show(_company(company_id), platform=form), 422
    start_writing()
    company = _company(company_id)
    company.us_based = said.us_based
    change_company(company, current_user.email, feed_url=url, feed_key=key or None, address=client_address())
    commit_and_ring(company_id)
    _flash_answer(_company(company_id), said)
    return redirect(url_for(".page", company_id=company_id), 303)


@bp.post("/ops/companies/<int:company_id>/change/source")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Look at another source of inspections.")
@limiter.limit("20 per minute", key_func=by_person)
def source(company_id: int) -> ResponseReturnValue:
    """Read another source, and show what would follow from it. Changes nothing."""
    company, form = _company(company_id), SourceForm()
    if not form.validate_on_submit():
        return _show(company, source=form), 422
    kind, typed = form.kind.data, {"url": form.source_url.data, "key": form.source_key.data}
    try:
        given = checked_credentials(kind, typed if KINDS[kind].needs else {})
        look, _ = _looked_at(company, kind, given)
    except ValueError as problem:
        form.source_url.errors = [str(problem)]
        return _show(_company(company_id), source=form), 422
    except (FeedRefusedError, FeedUnavailableError) as error:
        form.source_url.errors = [f"{fault(error.code).title}. {error.detail} Nothing was changed."]
        return _show(_company(company_id), source=form), 422
    sealed = vault().seal(json.dumps([kind, given]), company_id, SEALED_FOR)
    company = _company(company_id)
    return render_template(
        "ops/change_source.html",
        company=company,
        look=look,
        sealed=sealed,
        kinds=SOURCES,
        url=given.get("url", ""),
    )


@bp.post("/ops/companies/<int:company_id>/change/source/take")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Take another source of inspections.")
@limiter.limit("20 per minute", key_func=by_person)
def take_source(company_id: int) -> ResponseReturnValue:
    """Take the source whose consequences were shown, while they are still the same."""
    company = _company(company_id)
    try:
        kind, given = json.loads(vault().open(request.form.get("sealed", ""), company_id, SEALED_FOR))
        look, said = _looked_at(company, kind, given)
    except (FeedRefusedError, FeedUnavailableError) as error:
        return _done(company_id, f"{fault(error.code).title}. {error.detail} Nothing was changed.", "warning")
    except (MisconfiguredError, ValueError):
        return _done(company_id, "Look at the source again first; nothing was changed.", "warning")
    if look.in_the_way or request.form.get("fingerprint") != look.fingerprint:
        problem = look.in_the_way or "Something changed since that was shown. Look again."
        return _done(company_id, f"{problem} Nothing was changed.", "warning")
    start_writing()
    company = _company(company_id)
    company.us_based = said.us_based
    change_source(company, current_user.email, kind, given, client_address())
    commit_and_ring(company_id)
    return _done(company_id, f"Inspections come from another source now: {SOURCES[kind].lower()}.")


def _looked_at(company: Company, kind: str, given: dict[str, Any]) -> tuple[SourceLook, SourceCompany]:
    """Return what another source shows, and what it says of the company. No transaction is open while it is asked.

    Raises:
        FeedRefusedError, FeedUnavailableError: it cannot be read.
    """
    public_only, company_id = not current_app.extensions["settings"].with_standins, company.id
    other = try_source(kind, given, public_only=public_only, patience=PATIENCE, company=company)
    db.session.commit()
    said = other.company()
    return look_at_source(_company(company_id), kind, other, seconds=READS_FOR), said


@bp.get("/ops/companies/<int:company_id>/change/time-zone")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Look at what another time zone would change.")
def zone(company_id: int) -> ResponseReturnValue:
    """Show what another time zone would date anew. Changes nothing."""
    company, form = _company(company_id), ZoneForm(request.args)
    problem = _zone_problem(company, form)
    if problem:
        form.zone.errors = [problem]
        return _show(company, zone=form), 422
    change = zone_change(company, form.zone.data)
    return render_template("ops/change_zone.html", company=company, change=change, shown=SHOWN)


@bp.post("/ops/companies/<int:company_id>/change/time-zone")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Change a company's time zone.")
def change_zone(company_id: int) -> ResponseReturnValue:
    """Take the time zone whose consequences were shown, while they are still the same."""
    company, form = _company(company_id), ZoneForm(request.form)
    problem = _zone_problem(company, form)
    if problem:
        form.zone.errors = [problem]
        return _show(company, zone=form), 422
    change = zone_change(company, form.zone.data)
    if change.in_the_way or request.form.get("fingerprint") != change.fingerprint:
        flash(
            change.in_the_way or "Something changed since that was shown. Look again; nothing was changed.",
            "warning",
        )
        return redirect(url_for(".zone", company_id=company_id, zone=change.after), 303)
    change_company(company, current_user.email, time_zone=change.after, address=client_address())
    commit_and_ring(company_id)
    return _done(
        company_id, f"The time zone is {change.after} now. The next sync dates anew what follows from it."
    )


@bp.post("/ops/companies/<int:company_id>/remove")
@open_to(Right.OPS_CHANGE)
@recently_confirmed("Remove a company, with everything of it.")
def remove(company_id: int) -> ResponseReturnValue:
    """Begin to take everything of the company out, once its name was typed; the tick ends it."""
    company, form = _company(company_id), RemoveForm()
    if not form.validate_on_submit() or form.typed.data != company.name:
        form.typed.errors = [f"Type “{company.name}”, letter by letter. Nothing was removed."]
        return _show(company, removing=form), 422
    name = company.name
    begin_erasing(company_id, current_user.email, client_address())
    if not revoke_stored(company_id):
        flash(
            "Nobody of the company gets in any more and nothing is sent, but Intuit could not be told that the grant is over. "
            "Remove it again in some minutes.",
            "warning",
        )
        return redirect(url_for(".page", company_id=company_id), 303)
    if db.session.get(Connection, company_id) is not None:
        connecting.end_connection(company_id)
        db.session.commit()
    flash(
        f"{name} is being removed: nobody of it gets in, nothing is sent, and within the hour nothing of it is left here "
        "but the audit log, without names. QuickBooks and the platform keep what they have.",
        "success",
    )
    return redirect(url_for("ops_companies.page"), 303)


def _show(
    company: Company,
    name: NameForm | None = None,
    platform: PlatformForm | None = None,
    zone: ZoneForm | None = None,
    source: SourceForm | None = None,
    removing: RemoveForm | None = None,
) -> str:
    return render_template(
        "ops/change.html",
        company=company,
        name=name or NameForm(MultiDict({"name": company.name})),
        platform=platform or PlatformForm(MultiDict({"feed_url": company.feed_url})),
        zone=zone or ZoneForm(MultiDict({"zone": company.time_zone})),
        source=source or SourceForm(MultiDict({"kind": company.source_kind})),
        removing=removing or RemoveForm(MultiDict()),
        kinds=SOURCES,
        us_zones=US_ZONES,
    )


def _zone_problem(company: Company, form: ZoneForm) -> str:
    """Return why that is no zone to look at, or ""."""
    form.validate()
    typed = form.zone.data
    try:
        zone_named(typed)
    except RuleError:
        return "Enter an IANA name, such as America/Denver."
    return "That is its time zone already." if typed == company.time_zone else ""


def _flash_answer(company: Company, said: SourceCompany) -> None:
    """Say what the platform answered, and what of it is otherwise here."""
    words = ", ".join(filter(None, [said.name, said.country, said.time_zone])) or "nothing of the company"
    flash(f"The platform answered: {words}. It is read from there from now on.", "success")
    if not said.us_based:
        flash(
            "The platform says that this company is not in the United States. Nothing is sent for it.",
            "warning",
        )
    if said.time_zone and said.time_zone != company.time_zone:
        flash(
            f"The platform says {said.time_zone}, and days are cut in {company.time_zone} here. "
            "Look below at what a change would date anew.",
            "warning",
        )


def _company(company_id: int) -> Company:
    return company_or_none(company_id) or abort(404)


def _done(company_id: int, sentence: str, tone: str = "success") -> Response:
    flash(sentence, tone)
    return redirect(url_for(".page", company_id=company_id), 303)
