"""Who may see what: the person behind a session, the two marks that every view carries, and whose company it is.

Every view says `@open_to("owner", …)` or `@public`; the app does not start while one says neither.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from bookkeeping.storage.base import db, set_reading
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.people import LoginSession, User
from bookkeeping.storage.people.sessions import live_session, note_seen, seen_is_old
from webapp.access.extensions import login_manager
from webapp.access.security import came_from_here, same_site_path

View = TypeVar("View", bound=Callable[..., Any])
P = ParamSpec("P")
Answer = TypeVar("Answer")
COMPANY_ROLES = ("owner", "bookkeeper")
_KEPT_AT_MOST = 1500  # Bytes as JSON: it travels in the session cookie, of which browsers keep 4 kB.


class Person(UserMixin):
    """The logged-in person as Flask-Login wants it. `get_id` is the session's token, which only the cookie holds."""

    def __init__(self, token: str, row: LoginSession) -> None:
        self.token = token
        self.session_digest = row.digest
        self.confirmed_at = row.confirmed_at or row.created_at
        self.user: User = row.user

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
        return self.user.role

    @property
    def company(self) -> Company | None:
        return self.user.company

    @property
    def is_owner(self) -> bool:
        return self.user.role == "owner"


def _person_of(token: str) -> Person | None:
    idle = current_app.extensions["settings"].session_idle_minutes
    row = live_session(token, idle)
    if row is None:
        return None
    if seen_is_old(row) and not getattr(
        current_app.view_functions.get(request.endpoint or ""), "asked_by_scripts", False
    ):
        _note_seen(row.digest)
        row = live_session(token, idle)
    return Person(token, row) if row is not None else None


login_manager.user_loader(_person_of)


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
    view.__dict__["open_to"] = ()
    return view


def open_to(*roles: str) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Mark a view for people of these roles; others get 403, strangers the login page."""

    def mark(view: Callable[P, Answer]) -> Callable[P, Answer]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            if not current_user.is_authenticated:
                return login_manager.unauthorized()
            if current_user.role not in roles:
                abort(403)
            return view(*args, **kwargs)

        guarded.__dict__["open_to"] = roles
        return guarded

    return mark


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
