"""A company's people: inviting, roles, removing; and the page on which an invited person makes a login."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import EmailField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from bookkeeping.acts import inviting
from bookkeeping.acts.invitation_mail import mail_invitation, mails_of
from bookkeeping.acts.telling import tell_owners, with_article
from bookkeeping.rules.text import name_typed
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.factors import has_factor
from bookkeeping.storage.people.memberships import membership_in
from bookkeeping.storage.people.people import COMPANY_ROLES, Invitation
from bookkeeping.storage.people.sessions import end_sessions_of
from bookkeeping.undoing import ways_back
from webapp.access.confirming import recently_confirmed
from webapp.access.limits import by_person, client_address, limiter
from webapp.access.matrix import Right
from webapp.access.roles import current_company, keeps, kept_input, open_to, public
from webapp.frame.undo import offer_undo
from webapp.people.companies import go_to
from webapp.people.login import INVITATION
from webapp.people.new_password import NewPasswordForm

bp = Blueprint("people", __name__)
_ROLES = [
    SelectChoice("bookkeeper", "Bookkeeper"),
    SelectChoice("accountant", "Accountant (reads, changes nothing)"),
    SelectChoice("owner", "Owner"),
]


class InviteForm(FlaskForm):
    email = EmailField(
        "Email of the person",
        validators=[DataRequired("Enter an email address."), Length(max=254, message="That is too long.")],
    )
    role = SelectField("Role", choices=_ROLES)


class JoinForm(NewPasswordForm):
    name = StringField(
        "Your name",
        filters=[name_typed],
        validators=[DataRequired("Enter your name."), Length(max=200, message="Use at most 200 letters.")],
        render_kw={"autocomplete": "name"},
    )


@bp.get("/settings/people")
@open_to(Right.READ)
def page() -> str:
    """Show who belongs to the company and who is invited."""
    return _show()


def _show(form: InviteForm | None = None, link: str = "", invited: str = "") -> str:
    company = current_company()
    people = inviting.people_of(company.id)
    sessions = inviting.live_sessions([person.user_id for person in people], company.id)
    owners = [person.user_id for person in people if person.role == "owner"]
    invitations = inviting.open_invitations(company.id)
    return render_template(
        "people.html",
        company=company,
        people=people,
        only_owner=owners[0] if len(owners) == 1 else 0,
        sessions={
            person.user_id: [one for one in sessions if one.user_id == person.user_id] for person in people
        },
        roles=COMPANY_ROLES,
        with_factor={person.user_id for person in people if has_factor(person.user_id)},
        invitations=invitations,
        mails=mails_of(invitations),
        by_mail=bool(_settings().smtp_url),
        form=form or InviteForm(MultiDict(kept_input(url_for(".invite")) or {})),
        link=link,
        invited=invited,
    )


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


@bp.post("/settings/people/invite")
@open_to(Right.PEOPLE)
@recently_confirmed("Invite somebody.")
@keeps("email", "role")
@limiter.limit("30 per hour", key_func=by_person)
def invite() -> str | tuple[str, int]:
    """Make a one-time link, show it this once, and have it mailed where there is a mail server."""
    form, company = InviteForm(), current_company()
    if not form.validate_on_submit():
        return _show(form), 422
    try:
        token = inviting.invite(
            company.id, form.email.data, form.role.data, current_user.email, client_address()
        )
    except ValueError as error:
        db.session.rollback()
        form.email.errors = [str(error)]
        return _show(form), 422
    path = url_for(".invitation", token=token)
    if _settings().smtp_url:
        mail_invitation(token, path)
    db.session.commit()
    return _show(link=_settings().public_url + path, invited=form.email.data.strip())


@bp.post("/settings/people/withdraw")
@open_to(Right.PEOPLE)
def withdraw() -> Response:
    """End an open invitation."""
    email = request.form.get("email", "")[:254]
    if inviting.withdraw(current_company().id, email, current_user.email, client_address()):
        db.session.commit()
        flash(f"The invitation of {email} is withdrawn: its link no longer works.", "success")
    else:
        flash("That invitation is not open any more.", "info")
    return redirect(url_for(".page"), 303)


@bp.post("/settings/people/<int(max=2147483647):user_id>/role")
@open_to(Right.PEOPLE)
@recently_confirmed("Change somebody's role.")
def change_role(user_id: int) -> Response:
    """Make somebody an owner, a bookkeeper or an accountant."""
    role = request.form.get("role", "")
    try:
        person = inviting.change_role(
            current_company().id, user_id, role, current_user.email, client_address()
        )
    except ValueError as error:
        db.session.rollback()
        flash(str(error), "warning")
        return redirect(url_for(".page"), 303)
    if person is None:
        abort(404)
    db.session.commit()
    flash(
        f"{person.name or person.email} is {with_article(role)} now.",
        "success",
    )
    return redirect(
        url_for(".page" if person.user_id != current_user.user.id or role == "owner" else "home.page"), 303
    )


@bp.post("/settings/people/<int(max=2147483647):user_id>/remove")
@open_to(Right.PEOPLE)
@recently_confirmed("Remove somebody.")
def remove(user_id: int) -> Response:
    """Put somebody out of the company."""
    try:
        removed = ways_back.remove(current_company().id, user_id, current_user.email, client_address())
    except ValueError as error:
        db.session.rollback()
        flash(str(error), "warning")
        return redirect(url_for(".page"), 303)
    person, undo = removed or abort(404)
    db.session.commit()
    if person.id != current_user.user.id:
        offer_undo(f"{person.name or person.email} was removed.", undo)
    flash(
        f"{person.name or person.email} can no longer come in here. What they did stays in the audit log.",
        "success",
    )
    return redirect(url_for(".page" if person.id != current_user.user.id else "home.page"), 303)


@bp.post("/settings/people/<int(max=2147483647):user_id>/end-sessions")
@open_to(Right.PEOPLE)
@recently_confirmed("End somebody's sessions.")
def end_sessions(user_id: int) -> Response:
    """End all sessions of somebody that look at this company, but the one that asks for it."""
    company = current_company()
    person = membership_in(company.id, user_id) or abort(404)
    ended = end_sessions_of(person.user_id, but=current_user.session_digest, company_id=company.id)
    record_act(
        company.id,
        current_user.email,
        "ended sessions",
        subject=person.email,
        after={"sessions": ended},
        address=client_address(),
    )
    db.session.commit()
    flash(
        f"{person.name or person.email} is logged out everywhere{' else' if ended and person.user_id == current_user.user.id else ''}.",
        "success",
    )
    return redirect(url_for(".page"), 303)


@bp.post("/settings/people/second-factor")
@open_to(Right.PEOPLE)
@recently_confirmed("Say whether everybody needs a second factor.")
def require_factor() -> Response:
    """Say whether everybody of the company must have a second factor."""
    company, wanted = current_company(), request.form.get("required") == "yes"
    if wanted != company.factor_required:
        company.factor_required = wanted
        act = "requires a second factor" if wanted else "requires no second factor any more"
        record_act(company.id, current_user.email, act, address=client_address())
        title = "A second factor is required" if wanted else "A second factor is no longer required"
        sentence = f"{current_user.email} decided that everybody in your company {'must have one' if wanted else 'may do without one'}."
        tell_owners(company.id, title, sentence, address=client_address())
        db.session.commit()
    flash(
        "Everybody here must have a second factor." if wanted else "A second factor is offered to everybody.",
        "success",
    )
    return redirect(url_for(".page"), 303)


@bp.get("/invitation/<token>")
@public
@limiter.limit("60 per hour")
def invitation(token: str) -> Response:
    """Take the link's secret out of the address, where it would stand in histories, and go on without it."""
    session[INVITATION] = token[:200]
    return redirect(url_for(".invited"))


@bp.get("/invitation")
@public
@limiter.limit("60 per hour")
def invited() -> str | tuple[str, int]:
    """Show the invited person what they are invited to."""
    found = inviting.invitation_of(session.get(INVITATION, ""))
    return _show_invitation(JoinForm(formdata=None), found) if found else (_show_invitation(None, None), 404)


@bp.post("/invitation/<token>")
@bp.post("/invitation")
@public
@limiter.limit("20 per hour")
def join(token: str = "") -> Response | str | tuple[str, int]:
    """Make the login, for who has none yet."""
    token = token or session.get(INVITATION, "")
    found = inviting.invitation_of(token)
    if found is None:
        return _show_invitation(None, None), 404
    form = JoinForm()
    if not form.validate_on_submit():
        return _show_invitation(form, found), 422
    try:
        person = inviting.take_up(token, form.name.data, form.password.data, client_address())
    except inviting.HasLoginError as error:
        db.session.rollback()
        session[INVITATION] = token[:200]
        flash(str(error), "info")
        return redirect(url_for("auth.login", next=url_for(".invited")), 303)
    except ValueError as error:
        db.session.rollback()
        form.password.errors = [str(error)]
        return _show_invitation(form, found), 422
    if person is None:
        db.session.rollback()
        return _show_invitation(None, None), 404
    db.session.commit()
    session.pop(INVITATION, None)
    flash(f"Your login is ready. Log in with {person.email}.", "success")
    return redirect(url_for("auth.login"), 303)


@bp.post("/invitation/accept")
@open_to(Right.COMPANIES)
@limiter.limit("20 per hour", key_func=by_person)
def accept() -> Response | tuple[str, int]:
    """Give the logged-in person the place they are invited to, and go there."""
    try:
        place = inviting.accept(session.get(INVITATION, ""), current_user.user, client_address())
    except ValueError as error:
        db.session.rollback()
        flash(str(error), "warning")
        return redirect(url_for(".invited"), 303)
    if place is None:
        db.session.rollback()
        return _show_invitation(None, None), 404
    go_to(place)
    db.session.commit()
    session.pop(INVITATION, None)
    flash(f"You are {with_article(place.role)} of {place.company.name} now.", "success")
    return redirect(url_for("home.page"), 303)


def _show_invitation(form: JoinForm | None, found: Invitation | None) -> str:
    company = db.session.get(Company, found.company_id) if found else None
    return render_template("invitation.html", form=form, invitation=found, company=company)
