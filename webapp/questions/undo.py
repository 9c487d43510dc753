"""The one form behind every *Undo*: takes back what the same person did up to ten seconds ago, or says why that is too late."""

from flask import Blueprint, abort, flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.storage.base import db
from bookkeeping.storage.work.undos import undo_of
from bookkeeping.undoing import ways_back
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.undo import forget_undo

bp = Blueprint("undo", __name__)
KINDS = {
    "keep": (Right.SETTLE, "drift.page"),
    "restore": (Right.SETTLE, "drift.page"),
    "bring-in": (Right.BOOKS, "quickbooks.page"),
    "remove": (Right.PEOPLE, "people.page"),
}
"""What somebody must be allowed to do who takes it back, and the page that they see then."""


@bp.post("/undo/<int(max=9223372036854775807):undo_id>")
@open_to(Right.SETTLE, Right.BOOKS, Right.PEOPLE)
def take_back(undo_id: int) -> Response:
    """Take back one act of one's own."""
    company = current_company()
    row = undo_of(company.id, undo_id) or abort(404)
    right, page = KINDS[row.kind]
    if not current_user.may(right):
        abort(403)
    back = ways_back.take_back(row, current_user.email, client_address())
    if back.done:
        commit_and_ring(company.id)
    else:
        db.session.rollback()
    forget_undo()
    flash(back.sentence, "success" if back.done else "info")
    return redirect(url_for(page), 303)
