"""Views of the list of inspections that people keep: a name for its filters and order, one's own or for the company."""

from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.rules.text import name_typed
from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.list_views import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    MOST_VIEWS,
    ListView,
    keep_view,
    view_seen,
    views_of,
)
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to

bp = Blueprint("views", __name__, url_prefix="/inspection-views")
LIST = "inspections"
FIELDS = ("state", "reason", "since", "until", "text", "sort")
"""What a view keeps of the address."""


def kept_views() -> list[ListView]:
    """Return the views that the person sees, by name."""
    return views_of(current_company().id, LIST, current_user.email)


def may_change(view: ListView) -> bool:
    """Whether the person may rename and remove it: their own, and those for all if they keep the books."""
    return bool(view.who == current_user.email or (view.shared and current_user.may(Right.SETTLE)))


def address_of(given: dict[str, str]) -> str:
    """Return the query string that a view of these filters has."""
    return urlencode({name: given[name] for name in FIELDS if given.get(name)})


@bp.post("")
@open_to(Right.OWN_VIEWS)
def keep() -> Response:
    """Keep the filters and the order of the page under a name."""
    address = address_of(dict(parse_qsl(request.form.get("address", ""))))
    name, shared = _name_typed(), request.form.get("shared") == "yes"
    if not name or not address or len(address) > LONGEST_ADDRESS:
        flash("Filter or sort the list and give the view a name; then it can be kept.", "warning")
        return _back(address)
    if shared and not current_user.may(Right.SETTLE):
        abort(403)
    who, company = current_user.email, current_company()
    if keep_view(company.id, LIST, who, name, address, shared=shared) is None:
        flash(f"You keep {MOST_VIEWS} views already. Remove one first.", "warning")
        return _back(address)
    if shared:
        record_act(company.id, who, "kept a view for all", subject=name, address=client_address())
    db.session.commit()
    flash(f"Kept as “{name}”{' for everybody here' if shared else ''}.", "success")
    return _back(address)


@bp.post("/<int(max=2147483647):view_id>/rename")
@open_to(Right.OWN_VIEWS)
def rename(view_id: int) -> Response:
    """Give a view another name."""
    row, name = _changeable(view_id), _name_typed()
    if not name:
        flash("Type the view's new name.", "warning")
        return _back(row.address)
    before, row.name = row.name, name
    _note(row, "renamed a view for all", before)
    db.session.commit()
    flash(f"“{before}” is called “{name}” now.", "success")
    return _back(row.address)


@bp.post("/<int(max=2147483647):view_id>/remove")
@open_to(Right.OWN_VIEWS)
def remove(view_id: int) -> Response:
    """Forget a view. The inspections in it stay as they are."""
    row = _changeable(view_id)
    _note(row, "removed a view for all", row.name)
    db.session.delete(row)
    db.session.commit()
    flash(f"The view “{row.name}” is gone; the inspections in it are not.", "success")
    return _back("")


def _changeable(view_id: int) -> ListView:
    row = view_seen(current_company().id, view_id, current_user.email) or abort(404)
    return row if may_change(row) else abort(403)


def _note(row: ListView, act: str, before: str) -> None:
    if row.shared:
        facts = {"before": {"name": before}, "after": {"name": row.name}}
        record_act(row.company_id, current_user.email, act, subject=before, address=client_address(), **facts)


def _name_typed() -> str:
    return name_typed(request.form.get("name", ""))[:LONGEST_NAME].rstrip()


def _back(address: str) -> Response:
    return redirect(url_for("inspections.page") + (f"?{address}" if address else ""), 303)
