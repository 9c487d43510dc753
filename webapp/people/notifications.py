"""Who is told what, by mail or on screen; and what there was to tell."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts.inviting import people_of
from bookkeeping.storage.base import db
from bookkeeping.storage.people.mail_queue import TOPICS, choose_topics, newest_notices, topics_of
from webapp.access.limits import client_address
from webapp.access.roles import COMPANY_ROLES, current_company, open_to

bp = Blueprint("notifications", __name__, url_prefix="/settings/notifications")
OUTCOMES = {"mailed": "Mailed", "nobody": "Nobody chose it", "screen": "On screen only"}


@bp.get("")
@open_to(*COMPANY_ROLES)
def page() -> str:
    """Show the choices and the newest notices."""
    company = current_company()
    people = people_of(company.id)
    return render_template(
        "notifications.html",
        company=company,
        people=people,
        topics=TOPICS,
        chosen=topics_of(people),
        notices=newest_notices(company.id),
        outcomes=OUTCOMES,
        by_mail=bool(current_app.extensions["settings"].smtp_url),
    )


@bp.post("/<int(max=2147483647):user_id>")
@open_to(*COMPANY_ROLES)
def choose(user_id: int) -> Response:
    """Take over what one person is told of: one's own choice, or anybody's for an owner."""
    person = next((one for one in people_of(current_company().id) if one.id == user_id), None) or abort(404)
    if person.id != current_user.user.id and not current_user.is_owner:
        abort(403)
    choose_topics(person, request.form.getlist("topic"), current_user.email, client_address())
    db.session.commit()
    flash(f"Saved for {person.name or person.email}.", "success")
    return redirect(url_for(".page"), 303)
