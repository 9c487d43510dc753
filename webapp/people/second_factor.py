"""Setting up a person's second factor: an app with its QR code, passkeys, recovery codes that are shown once, and taking factors away again."""

import segno
from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from bookkeeping.acts.telling import record_of_person, tell_of_login
from bookkeeping.storage.base import db
from bookkeeping.storage.people import factors
from bookkeeping.storage.people.sessions import end_sessions_of
from webapp.access import passkeys
from webapp.access.confirming import is_recently_confirmed, recently_confirmed
from webapp.access.limits import by_person, client_address, limiter
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.frame.words import browser

bp = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")
_APP = "an app that shows codes"


@bp.get("")
@open_to(Right.OWN_LOGIN)
def page() -> str:
    """Show the factors there are, and an app's QR code while it is being set up."""
    return _show()


def _show(error: str = "", codes: list[str] | None = None, passkey_error: str = "") -> str:
    mine = current_user.user.id
    # Whoever only holds the cookie must not see the secret of an app that is about to count.
    begun = factors.begun_app(mine) if is_recently_confirmed() else None
    return render_template(
        "second_factor.html",
        factors=factors.factors_of(mine),
        begun=begun,
        secret=factors.app_secret(begun) if begun else "",
        picture=_picture(factors.app_address(begun, current_user.email)) if begun else "",
        error=error,
        passkey_error=passkey_error,
        codes=codes,
        passkey_options=passkeys.ask_for_new(current_user.user),
        passkeys_work=passkeys.passkeys_work(),
        codes_left=factors.recovery_codes_left(mine),
        required=current_user.factor_required,
        zone=current_user.company.time_zone if current_user.company else "UTC",
    )


def _picture(address: str) -> Markup:
    """Return the QR code as SVG, black on white in any theme, for a phone reads no other."""
    code = segno.make(address, error="m")
    drawn = code.svg_inline(scale=5, border=3, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704 - drawn by the library, out of squares alone. # nosec B704


@bp.post("/app")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("Set up an app as your second factor.")
def begin_app() -> Response:
    """Make the secret for an app; it counts once its first code was typed."""
    if len(factors.factors_of(current_user.user.id)) >= factors.MOST_FACTORS:
        flash("You have enough second factors. Take one away first.", "warning")
    else:
        factors.begin_app(current_user.user.id)
        db.session.commit()
    return redirect(url_for(".page"), 303)


@bp.post("/app/confirm")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("Let your app count as a second factor.")
@limiter.limit("30 per hour", key_func=by_person)
def confirm_app() -> Response | str | tuple[str, int]:
    """Let the app count from now on, if the code is its code."""
    begun = factors.begun_app(current_user.user.id)
    if begun is None:
        return redirect(url_for(".page"), 303)
    if not factors.confirm_app(begun, request.form.get("code", "")[:20]):
        return _show(
            "That is not the code that the app shows now. Look at it again, and at the clock of your phone."
        ), 422
    return _added(_APP)


@bp.post("/passkey")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("Add a passkey.")
@limiter.limit("30 per hour", key_func=by_person)
def add_passkey() -> str | tuple[str, int]:
    """Take over the passkey that the browser made."""
    if len(factors.factors_of(current_user.user.id)) >= factors.MOST_FACTORS:
        return _show(passkey_error="You have enough second factors. Take one away first."), 422
    name = browser(request.user_agent.string)
    if not passkeys.keep(
        current_user.user, request.form.get("made_passkey", ""), f"A passkey made with {name}"
    ):
        return _show(
            passkey_error="That passkey cannot be taken. Load this page anew and try once more."
        ), 422
    return _added("a passkey")


def _added(what: str) -> str:
    """Write down that there is one more factor, log every other browser out, and show recovery codes with the first."""
    user = current_user.user
    codes = None if factors.recovery_codes_left(user.id) else factors.make_recovery_codes(user.id)
    ended = end_sessions_of(user.id, but=current_user.session_digest)
    _note(
        f"added a second factor: {what}",
        f"{user.email} added a second factor: {what}.",
        {"sessions_ended": ended},
    )
    db.session.commit()
    flash("Your second factor is on. From now on you are asked for it when you log in.", "success")
    return _show(codes=codes)


@bp.post("/codes")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("Make new recovery codes.")
def new_codes() -> Response | str:
    """Make new recovery codes in place of the old ones, and show them this once."""
    if not factors.has_factor(current_user.user.id):
        return redirect(url_for(".page"), 303)
    codes = factors.make_recovery_codes(current_user.user.id)
    _note(
        "made new recovery codes",
        f"{current_user.email} made new recovery codes; the old ones no longer work.",
    )
    db.session.commit()
    return _show(codes=codes)


@bp.post("/<int(max=2147483647):factor_id>/remove")
@open_to(Right.OWN_LOGIN)
@recently_confirmed("Take a second factor away.")
def remove(factor_id: int) -> Response:
    """Take a factor away, unless it must stay."""
    mine = factors.factors_of(current_user.user.id)
    factor = next((one for one in mine if one.id == factor_id), None) or abort(404)
    if len(mine) == 1 and (problem := _must_stay()):
        flash(problem, "warning")
        return redirect(url_for(".page"), 303)
    what = _APP if factor.kind == "app" else "a passkey"
    factors.drop_factor(factor)
    _note(f"took a second factor away: {what}", f"{current_user.email} took a second factor away: {what}.")
    db.session.commit()
    flash("It is taken away.", "success")
    return redirect(url_for(".page"), 303)


def _must_stay() -> str:
    if current_user.factor_required:
        return "A second factor is required here. Add another one first, then take this one away."
    if current_user.user.short_password:
        return "Your password has fewer than 12 characters, which only does with a second factor. Choose a longer one first."
    return ""


def _note(act: str, sentence: str, after: dict[str, int] | None = None) -> None:
    user, address = current_user.user, client_address()
    record_of_person(user, user.email, act, after=after, address=address)
    tell_of_login(user, "A second factor was changed", sentence, address=address)
    current_app.logger.info("Second factor changed", extra={"person_id": user.id})
