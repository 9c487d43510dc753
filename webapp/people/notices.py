"""The bell: what one person is told of, read and unread. What they are told of and how is chosen under Notifications."""

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.storage.base import db
from bookkeeping.storage.people.told import (
    ORDER,
    notice_told,
    notices_page,
    read_all,
    read_one,
    unread_count,
    unread_of,
)
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.access.security import same_site_path
from webapp.frame.filters import neighbours, position_asked

bp = Blueprint("notices", __name__, url_prefix="/notices")


@bp.get("")
@open_to(Right.OWN_NOTICES)
def page() -> ResponseReturnValue:
    """Show a page of the person's notices, newest first."""
    position, problem = position_asked(*ORDER)
    found = notices_page(current_user.membership, position)
    return render_template(
        "notices.html",
        company=current_company(),
        notices=found,
        unread=unread_of(current_user.membership, found.rows),
        any_unread=unread_count(current_user.membership) > 0,
        problem=problem,
        neighbours=neighbours(found, ".page"),
    )


@bp.post("/<int(max=9223372036854775807):notice_id>/open")
@open_to(Right.OWN_NOTICES)
def read(notice_id: int) -> Response:
    """Lead to where something can be done about it; from then on it is read."""
    notice = notice_told(current_user.membership, notice_id) or abort(404)
    read_one(current_user.membership, notice)
    link = same_site_path(notice.link) if notice.link else None
    db.session.commit()
    return redirect(link or url_for(".page"), 303)


@bp.post("/read")
@open_to(Right.OWN_NOTICES)
def mark_all_read() -> Response:
    """Mark all as read."""
    read_all(current_user.membership)
    db.session.commit()
    return redirect(url_for(".page"), 303)
