"""Who is told what, by mail or on screen; and what there was to tell."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts.inviting import people_of
from bookkeeping.storage.base import db
from bookkeeping.storage.people.mail_queue import TOPICS, choose_topics, newest_notices, topics_of
from bookkeeping.storage.people.memberships import membership_in
from bookkeeping.storage.people.notices import Notice
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.spreadsheets import Column, Table, file_answer, file_asked

bp = Blueprint("notifications", __name__, url_prefix="/settings/notifications")
NOTICE_COLUMNS = (
    Column("When", "moment"),
    Column("Notice"),
    Column("What it says"),
    Column("What became of it"),
)
OUTCOMES = {"mailed": "Mailed", "nobody": "Nobody chose it", "screen": "On screen only"}


@bp.get("")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show the choices and the newest notices; those as a file on request."""
    company = current_company()
    notices = newest_notices(company.id)
    by_mail = bool(current_app.extensions["settings"].smtp_url)
    if file_asked():
        named = f"{company.name}: "
        rows = (
            (one.created_at, one.subject.removeprefix(named), one.text, became(one, by_mail=by_mail))
            for one in notices
        )
        return file_answer(Table("notices", NOTICE_COLUMNS, rows, company.time_zone), file_asked())
    people = people_of(company.id)
    return render_template(
        "notifications.html",
        company=company,
        people=people,
        topics=TOPICS,
        chosen={person.user_id: topics_of(person) for person in people},
        notices=notices,
        became=became,
        by_mail=by_mail,
    )


def became(notice: Notice, *, by_mail: bool) -> str:
    """Return what became of a notice, or will."""
    if notice.sent_at is not None:
        return OUTCOMES.get(notice.outcome, "Settled")
    if not by_mail:
        return "On screen only"
    return "Not mailed yet" if notice.trouble else "To be mailed" if notice.urgent else "In the next digest"


@bp.post("/<int(max=2147483647):user_id>")
@open_to(Right.OWN_NOTICES)
def choose(user_id: int) -> Response:
    """Take over what one person is told of: one's own choice, or anybody's for an owner."""
    person = membership_in(current_company().id, user_id) or abort(404)
    if person.user_id != current_user.user.id and not current_user.may(Right.PEOPLE):
        abort(403)
    choose_topics(person, request.form.getlist("topic"), current_user.email, client_address())
    db.session.commit()
    flash(f"Saved for {person.name or person.email}.", "success")
    return redirect(url_for(".page"), 303)
