"""What is asked in an address is never longer than gunicorn takes: a longer one gets its bare page, before any of ours could answer."""

import runpy
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest

from bookkeeping.storage.people.people import OPS_ROLES
from tests.harness import ROOT
from tests.webapp.furnished import furnish, pages_from
from tests.webapp.house import House

LONGEST = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["limit_request_line"]
AROUND = len("GET  HTTP/1.1\r\n")
WORST = "中"  # Of all that a browser counts as one letter, nine letters of an address.
CHOSEN = ("checkbox", "radio", "hidden", "submit")
OF_A_DAY = {"date": "2026-03-01", "month": "2026-03", "datetime-local": "2026-03-01T12:00"}


@dataclass
class Asking:
    """One form that is sent in an address, with the longest that each of its fields can hold; None where nothing bounds it."""

    page: str
    action: str
    values: dict[str, str | None] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The longest address that it can make."""
        return f"{self.action.partition('#')[0]}?{urlencode({name: one or '' for name, one in self.values.items()})}"


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms = page, []
        self._open: Asking | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form" and given.get("method", "get").lower() == "get":
            self._open = Asking(self.page, given.get("action") or self.page)
            self.forms.append(self._open)
        elif self._open is not None and tag == "option" and self._select:
            longest = max(self._open.values[self._select] or "", given.get("value", ""), key=len)
            self._open.values[self._select] = longest
        elif self._open is not None and given.get("name"):
            self._select = given["name"] if tag == "select" else ""
            self._open.values[given["name"]] = _longest(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def _longest(tag: str, given: dict[str, str]) -> str | None:
    kind = given.get("type", "text")
    if tag in ("select", "button") or kind in CHOSEN:
        return given.get("value", "")
    if kind in OF_A_DAY:
        return OF_A_DAY[kind]
    return WORST * int(given["maxlength"]) if "maxlength" in given else None


@pytest.mark.parametrize("role", ["owner", "ops"])
def test_no_form_makes_an_address_that_is_too_long(house: House, role: str):
    """Nor would it be once it leads through the login, which keeps the address within its own."""
    company = furnish(house, "Blue Ridge Home Inspections")
    person = house.make_person(role, None if role in OPS_ROLES else company, f"{role}@office.example")
    forms = {}
    for address, answer in pages_from(house.browser(person), "/"):
        page = _Page(address)
        page.feed(answer.text)
        forms |= {(one.action, *one.values): one for one in page.forms}
    assert len(forms) > 3
    for one in forms.values():
        boundless = [name for name, value in one.values.items() if value is None]
        assert boundless == [], (one.page, boundless, "give it a maxlength")
        assert len(one.address) < LONGEST / 2, (one.page, len(one.address))
        assert len(f"/login?next={quote(one.address, safe='')}") + AROUND < LONGEST, one.page
