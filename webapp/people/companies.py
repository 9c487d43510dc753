"""Your companies: for who belongs to several, which of them need somebody, those first; and going from one to another."""

from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.memberships import Membership, membership_in
from bookkeeping.storage.people.sessions import look_at
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.access.security import same_site_path, start_writing
from webapp.frame.standing import Standing, standing_of

bp = Blueprint("companies", __name__, url_prefix="/companies")

_URGENCY = {"needs-you": 0, "drift": 1, "off": 2, "paused": 3, "waiting": 4, "syncing": 5, "in-sync": 7}
NEEDS_SOMEBODY = ("needs-you", "drift")


@dataclass(frozen=True)
class Line:
    """One company of the person, with how it stands."""

    place: Membership
    standing: Standing

    @property
    def needs_somebody(self) -> bool:
        return self.standing.word in NEEDS_SOMEBODY

    @property
    def order(self) -> tuple[int, int, str]:
        """Those that need somebody come first, of them those with most inspections that do; then by name."""
        counts = self.standing.counts
        needs = counts.get("needs-you", 0) + self.standing.drifts
        return _URGENCY.get(self.standing.word, 6), -needs, self.place.company.name


@bp.get("")
@open_to(Right.COMPANIES)
def page() -> str:
    """Show every company that the person belongs to."""
    lines = sorted(
        (Line(one, standing_of(one.company)) for one in current_user.memberships), key=lambda line: line.order
    )
    return render_template("companies.html", lines=lines, needing=sum(line.needs_somebody for line in lines))


@bp.post("/<int(max=2147483647):company_id>/choose")
@open_to(Right.COMPANIES)
def choose(company_id: int) -> Response:
    """Go to another company of one's own."""
    place = membership_in(company_id, current_user.user.id) or abort(404)
    go_to(place)
    db.session.commit()
    return redirect(url_for("home.page"), 303)


@bp.get("/<int(max=2147483647):company_id>/open")
@open_to(Right.COMPANIES)
def open_page(company_id: int) -> Response:
    """Go to another company of one's own and there to `page`: where the links of mails lead (`worker.notices.mailing`).

    A GET, since mails hold no forms. It shows something and changes nothing of any company, and its members alone get there.
    """
    place = next((one for one in current_user.memberships if one.company_id == company_id), None) or abort(
        404
    )
    if company_id != current_user.company_id:
        start_writing()
        go_to(place)
        db.session.commit()
    return redirect(same_site_path(request.args.get("page")) or url_for("home.page"), 303)


def go_to(place: Membership) -> None:
    """Let this session look at that company, in the current transaction, and remember it for the next login.

    Forms of the company before get a new token, so that one left open in another tab cannot do in this company what was meant for that.
    """
    if place.company_id != current_user.company_id:
        look_at(current_user.session_digest, place)
        session.pop("csrf_token", None)
        record_act(
            place.company_id, current_user.email, "came from another company", address=client_address()
        )
