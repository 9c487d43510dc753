"""The frame around every signed-in page: navigation, the company's standing in the top bar. Looked up only when drawn."""

from datetime import datetime
from typing import Any, NamedTuple

from flask import Flask, request
from flask_login import current_user
from werkzeug.utils import cached_property

from bookkeeping.storage.base import utcnow
from bookkeeping.storage.people.people import OPS_ROLES
from bookkeeping.storage.people.told import unread_count
from webapp.access.roles import BY_SCRIPT, may_send
from webapp.frame.ended import Ended, ended_lately
from webapp.frame.standing import Standing, standing_of
from webapp.frame.undo import Undo, undo_offered


class Place(NamedTuple):
    """One entry of the navigation. The addresses are the pages' contract, so they stand here as they are.

    `rest` ends the label where there is room for it; on a phone's bar it is heard and not seen.
    """

    label: str
    path: str
    icon: str
    rest: str = ""


COMPANY_PLACES = (
    Place("Home", "/", "house"),
    Place("Inspections", "/inspections", "clipboard-check"),
    Place("Sync log", "/sync-log", "arrow-left-right"),
    Place("Changed", "/drift", "pencil-square", "in QuickBooks"),
    Place("Numbers", "/numbers", "bar-chart-line"),
    Place("Settings", "/settings", "gear"),
)
OPS_PLACES = (
    Place("Overview", "/ops", "speedometer2"),
    Place("Failures", "/ops/failures", "exclamation-triangle"),
    Place("Companies", "/ops/companies", "buildings"),
)


ON_THE_BAR = 4
"""Places on a phone's bar; those after them are under *More* there, unless it would be one alone."""


class Frame:
    """What `base.html` draws around a page. One a render; errors and the login page never ask it anything."""

    @cached_property
    def person(self) -> Any:
        return current_user if current_user.is_authenticated else None

    @property
    def now(self) -> datetime:
        """When the page is made: a printed one says so."""
        return utcnow()

    @cached_property
    def standing(self) -> Standing | None:
        company = self.person.company if self.person else None
        return standing_of(company) if company else None

    @property
    def by_script(self) -> bool:
        """Whether the page fetches itself to keep fresh: then nobody reads what is said only once."""
        return BY_SCRIPT in request.headers

    @property
    def undo(self) -> Undo | None:
        """What the person can still take back."""
        return undo_offered() if self.person else None

    @cached_property
    def unread(self) -> int | None:
        """How many notices the person has not read; None for who has no bell."""
        return unread_count(self.person.membership) if self.person and self.person.company else None

    @property
    def ended(self) -> list[Ended]:
        """What ended a moment ago that this person waits for."""
        company = self.person.company if self.person else None
        return ended_lately(company.id, self.person.email) if company else []

    @property
    def places(self) -> tuple[Place, ...]:
        if self.person is None:
            return ()
        return OPS_PLACES if self.person.role in OPS_ROLES else COMPANY_PLACES

    @property
    def later(self) -> tuple[Place, ...]:
        """The places that a phone shows under *More*."""
        return self.places[ON_THE_BAR:] if len(self.places) > ON_THE_BAR + 1 else ()

    @property
    def here(self) -> str:
        """The path of the place that the current page belongs to: the longest that its address starts with."""
        path = "/inspections" if request.path.startswith("/customers/") else request.path
        fits = [
            p.path for p in self.places if path == p.path or (p.path != "/" and path.startswith(f"{p.path}/"))
        ]
        return max(fits, key=len, default="")


def set_up_frame(app: Flask) -> None:
    """Give every template its `frame`, and the question whether a form may be sent."""
    app.jinja_env.globals["may_send"] = may_send
    app.context_processor(lambda: {"frame": Frame()})
