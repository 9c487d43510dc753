"""Who may see what: the person behind a session, the two marks that every view carries, and whose company it is.

Every view says `@open_to(Right.…)` or `@public`; the app does not start while one says neither. Which roles have a right is in `matrix.py`.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_login import UserMixin, current_user
from werkzeug.exceptions import HTTPException
from werkzeug.utils import cached_property
from werkzeug.wrappers import Response

from bookkeeping.storage.base import db, set_reading
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.factors import has_factor, must_have_factor
from bookkeeping.storage.people.memberships import Membership, memberships_of
from bookkeeping.storage.people.people import LoginSession, User
from bookkeeping.storage.people.sessions import live_session, note_seen, seen_is_old
from webapp.access.extensions import login_manager
from webapp.access.matrix import ROLE_NAMES, Right, may, roles_with
from webapp.access.security import came_from_here, same_site_path

View = TypeVar("View", bound=Callable[..., Any])
P = ParamSpec("P")
Answer = TypeVar("Answer")
BY_SCRIPT = "X-By-Script"
"""What our scripts send along when they ask for a page that people open too (static/app.js)."""

_WITHOUT_FACTOR = {Right.OWN_LOGIN, Right.COMPANIES}
_KEPT_AT_MOST = 1500  # Bytes as JSON: it travels in the session cookie, of which browsers keep 4 kB.


class Person(UserMixin):
    """The logged-in person as Flask-Login wants it. `get_id` is the session's token, which only the cookie holds.

    `membership` is their place in the company that this session looks at, `memberships` all their places, that chosen last first; of ops
    it is None, and there are none. The two ids are known whatever becomes of the transaction: log lines name them.
    """

    def __init__(self, token: str, row: LoginSession) -> None:
        self.token = token
        self.session_digest = row.digest
        self.confirmed_at = row.confirmed_at or row.created_at
        self.user_id = row.user_id
        self.user: User = row.user
        self.memberships: list[Membership] = [] if row.user.is_ops else memberships_of(row.user_id)
        looked_at = [one for one in self.memberships if row.company_id in (None, one.company_id)]
        self.membership: Membership | None = looked_at[0] if looked_at else None
        self.company_id: int | None = self.membership.company_id if self.membership else None

    def get_id(self) -> str:
        return self.token

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def name(self) -> str:
        return self.user.name or self.user.email

    @property
    def role(self) -> str:
        """What the person is here: one of `matrix.ROLES`, or empty for nobody any more."""
        if self.user.is_ops:
            return self.user.ops_role
        return self.membership.role if self.membership else ""

    @property
    def role_name(self) -> str:
        return ROLE_NAMES.get(self.role, "")

    @property
    def company(self) -> Company | None:
        return self.membership.company if self.membership else None

    @property
    def is_owner(self) -> bool:
        return self.role == "owner"

    @cached_property
    def factor_required(self) -> bool:
        """Whether nothing here may be done without a second factor."""
        with_standins: bool = current_app.extensions["settings"].with_standins
        return must_have_factor(self.user, self.membership, with_standins)

    @cached_property
    def lacks_factor(self) -> bool:
        """Whether a second factor is required here, and the person has none yet."""
        return self.factor_required and not has_factor(self.user.id)

    def may(self, right: Right) -> bool:
        """Return whether the person has this right here."""
        return may(self.role, right)


def _person_of(token: str) -> Person | None:
    idle = current_app.extensions["settings"].session_idle_minutes
    row = live_session(token, idle)
    if row is None:
        return None
    if seen_is_old(row) and _is_a_click():
        _note_seen(row.digest)
        row = live_session(token, idle)
    person = Person(token, row) if row is not None else None
    return person if person is not None and person.role else None  # Who has no place any more is nobody.


login_manager.user_loader(_person_of)


def _is_a_click() -> bool:
    """Return whether a person asked for this page: neither a view that pages ask by themselves, nor what a page fetches or draws.

    Browsers say which (Fetch Metadata), but not over http; our own scripts say it besides.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    fetched = request.headers.get("Sec-Fetch-Dest", "document") != "document" or BY_SCRIPT in request.headers
    return not (fetched or getattr(view, "asked_by_scripts", False))


def _note_seen(digest: str) -> None:
    """Write in a transaction of its own, so that a page being read holds no writer's place."""
    was_reading = request.method in ("GET", "HEAD", "OPTIONS")
    db.session.commit()
    set_reading(False)
    note_seen(digest)
    db.session.commit()
    set_reading(was_reading)


def public(view: View) -> View:
    """Mark a view that needs no login."""
    view.__dict__["open_to"] = view.__dict__["rights"] = ()
    return view


def open_to(*rights: Right) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Mark a view for people who have one of these rights; others get 403, strangers the login page."""
    roles = roles_with(rights)

    def mark(view: Callable[P, Answer]) -> Callable[P, Answer]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            if not current_user.is_authenticated:
                return login_manager.unauthorized()
            if current_user.role not in roles:
                abort(403)
            if current_user.lacks_factor and not _WITHOUT_FACTOR.issuperset(rights):
                return redirect(url_for("second_factor.page"), 303)
            return view(*args, **kwargs)

        guarded.__dict__["open_to"], guarded.__dict__["rights"] = roles, rights
        return guarded

    return mark


def may_send(address: str) -> bool:
    """Return whether the person may send a form to this address of ours: pages draw no others."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(urlsplit(address).path, method="POST")
    except HTTPException:
        return False
    roles = getattr(current_app.view_functions[endpoint], "open_to", None)
    return roles == () or (roles is not None and current_user.is_authenticated and current_user.role in roles)


def asked_by_scripts(view: View) -> View:
    """Mark a view that pages ask by themselves: it is no click, and keeps no session alive."""
    view.__dict__["asked_by_scripts"] = True
    return view


def keeps(*fields: str) -> Callable[[View], View]:
    """Mark a view whose form gives these fields back (`kept_input`) when the session had ended meanwhile; no others are kept.

    Raises:
        ValueError: a field may hold a password. What is kept lies readable in the browser's cookie.
    """
    if any("password" in name or name == "again" for name in fields):
        raise ValueError(f"Passwords are never kept: {fields}")

    def mark(view: View) -> View:
        view.__dict__["keeps"] = fields
        return view

    return mark


def require_marked_views(app: Flask) -> None:
    """Refuse to start while a view says neither who may see it nor that everyone may.

    Raises:
        RuntimeError: names the views.
    """
    unmarked = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if not hasattr(view, "open_to") and endpoint.rpartition(".")[2] != "static"
    ]
    if unmarked:
        raise RuntimeError(
            f"Say who may see {', '.join(unmarked)}: add @open_to(…) or @public below the route."
        )


def current_company() -> Company:
    """Return the company of the logged-in person. Ops belong to none: 404."""
    company: Company | None = current_user.company
    return company if company is not None else abort(404)


def to_login() -> Response:
    """Send a stranger to the login page, with a sentence, and remember where they were and what they had typed."""
    if "_user_id" in session:
        session.pop("_user_id")
        flash("Your session has ended. Log in again, and you are back where you were.", "warning")
    elif request.path != "/":
        flash("Log in to see that page.", "info")
    return redirect(url_for("auth.login", next=_way_back()), 303)


login_manager.unauthorized_handler(to_login)


def _way_back() -> str | None:
    if request.endpoint == "connecting.callback":
        return url_for("quickbooks.page")  # The code in the callback's address must not be kept anywhere.
    if request.method in ("GET", "HEAD"):
        here = request.full_path if request.query_string else request.path
        return None if here == "/" else same_site_path(here)
    if not came_from_here():
        return None
    fields = getattr(current_app.view_functions.get(request.endpoint or ""), "keeps", ())
    typed = {name: request.form[name] for name in fields if name in request.form}
    if typed and len(json.dumps(typed)) <= _KEPT_AT_MOST:
        session["kept_input"] = {"path": request.path, "fields": typed}
    return same_site_path(request.referrer.removeprefix(request.host_url.rstrip("/")))


def kept_input(path: str) -> dict[str, str] | None:
    """Return once what was typed into the form that posts to `path` when the session had ended, or None."""
    kept = session.get("kept_input")
    if not kept or kept["path"] != path:
        return None
    fields: dict[str, str] = session.pop("kept_input")["fields"]
    return fields
