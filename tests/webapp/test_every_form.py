"""Every form of every page, found by walking the links as a person could, and filled in with nonsense: nothing breaks, nothing leaks.

A form that is new is walked too, without a word here. What each refusal says is tested beside its page.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import cycle, islice
from urllib.parse import urlsplit

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bookkeeping.storage.base import Base, db
from bookkeeping.storage.people.people import OPS_ROLES
from tests.webapp.furnished import furnish, pages_from
from tests.webapp.house import Browser, House
from tests.webapp.test_fuzz import few
from tests.webapp.test_fuzz import values as made_up

NONSENSE = [
    "x" * 10_000,
    "<script>alert(1)</script>",
    "2026-02-30",
    "9999-12-31T99:99",
    "-1",
    "\x00",
    "7'; --",
]
FREE = {
    "",
    "text",
    "search",
    "email",
    "password",
    "date",
    "datetime-local",
    "number",
    "hidden",
    "radio",
    "checkbox",
}
OF_THEIRS = 6
LEFT_OUT = {"/logout"}  # Would end the walk.
OWN_TABLES = frozenset({"login_sessions", "audit_entries", "memberships"})
"""Where it stands that somebody came in and what they are told of; roles are looked at in `test_people.py`."""


@dataclass
class Form:
    """One form as it stands on a page; `values` are its fields as they were sent untouched."""

    page: str
    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[str, str, tuple[str, ...]]:
        """What makes two forms the same: where they go and what they ask, whichever row they stand in."""
        return self.method, re.sub(r"\d+", "N", self.action), tuple(sorted(self.values))


class _Page(HTMLParser):
    def __init__(self, address: str):
        super().__init__()
        self.address, self.forms = address, []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attributes) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            action = given.get("action") or self.address
            self._open = Form(self.address, action, given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and _is_filled_in(tag, given):
            self._open.values.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def _is_filled_in(tag: str, given: dict[str, str]) -> bool:
    if given.get("name", "csrf_token") == "csrf_token":
        return False
    return tag in ("select", "textarea") or (tag == "input" and given.get("type", "") in FREE)


def walk(browser: Browser, start: str) -> list[Form]:
    """Return one form of each shape on all pages that links lead to, a page of each kind."""
    forms: dict[tuple, Form] = {}
    for address, answer in pages_from(browser, start):
        page = _Page(address)
        page.feed(answer.text)
        for form in page.forms:
            if form.action.startswith("/") and urlsplit(form.action).path not in LEFT_OUT:
                forms.setdefault(form.shape, form)
    return list(forms.values())


def rows_of(company_id: int, but: frozenset[str] = frozenset({"login_sessions"})) -> dict[str, list]:
    """Return every row of one company, by table."""
    tables = (
        table
        for table in Base.metadata.sorted_tables
        if "company_id" in table.columns and table.name not in but
    )
    return {
        table.name: [
            tuple(row) for row in db.session.execute(select(table).where(table.c.company_id == company_id))
        ]
        for table in tables
    }


def ids_in(rows: dict[str, list]) -> set[str]:
    """Return what these rows are named by: numbers and short words in their first columns."""
    named = {str(value) for found in rows.values() for row in found for value in row[:3] if value}
    return {value for value in named if re.fullmatch(r"\w{1,12}", value)}


@pytest.fixture
def offices(house: House) -> tuple[int, int]:
    """Two companies with something on every page."""
    return furnish(house, "Blue Ridge Home Inspections"), furnish(house, "Front Range Home Inspections")


def filled(form: Form, nonsense: str) -> Iterator[dict[str, str]]:
    """Yield the form with nonsense in all fields, and in each one alone."""
    yield dict.fromkeys(form.values, nonsense)
    if len(form.values) > 1:
        for name in form.values:
            yield form.values | {name: nonsense}


@pytest.mark.parametrize("role", ["bookkeeper", "accountant", "ops-read-only"])
def test_pages_draw_no_form_that_their_reader_may_not_send(house: House, offices, role):
    mine, _ = offices
    browser = house.browser(
        house.make_person(role, None if role in OPS_ROLES else mine, f"{role}@one.example")
    )
    drawn = [form for form in walk(browser, "/") if form.method == "post"]
    assert drawn, "logging out at least"
    for form in drawn:
        endpoint, _ = house.app.url_map.bind("").match(urlsplit(form.action).path, method="POST")
        assert role in house.app.view_functions[endpoint].open_to, (role, form.page, form.action)


def test_an_accountant_sees_every_page_and_changes_nothing(house: House, offices):
    """Whatever is sent, to whatever address: nothing of the company is another afterwards."""
    mine, _ = offices
    browser = house.browser(house.make_person("accountant", mine, "reads@office.example"))
    with house.app.app_context():
        before = rows_of(mine, but=OWN_TABLES)
        ids = sorted(ids_in(before))[:3]
    values = dict.fromkeys(("role", "cutoff", "choice", "scope"), "owner") | {
        "csrf_token": browser.token("/account")
    }
    for rule in house.app.url_map.iter_rules():
        if not getattr(house.app.view_functions[rule.endpoint], "rights", ()):
            continue  # Open to strangers.
        for value in ids if rule.arguments else ("",):
            address = re.sub(r"<[^>]+>", value, rule.rule)
            if "GET" in rule.methods:
                assert browser.get(address).status_code < 500, address
            if "POST" in rule.methods and address not in LEFT_OUT:
                browser.client.post(address, data=values)
    with house.app.app_context():
        assert rows_of(mine, but=OWN_TABLES) == before
    assert browser.get("/").status_code == 200, "still logged in"


@pytest.mark.parametrize("role", ["owner", "bookkeeper", "ops"])
def test_nonsense_in_any_form_breaks_and_leaks_nothing(house: House, offices, role):
    mine, other = offices
    person = house.make_person(role, None if role == "ops" else mine, f"{role}@office.example")
    browser = house.browser(person)
    forms = walk(browser, "/")
    assert len(forms) > 9, [form.shape for form in forms]
    if role != "ops":
        assert "/drift/N/manage-again" in {form.shape[1] for form in forms}
    with house.app.app_context():
        before = rows_of(other)
        theirs = sorted(ids_in(before) - ids_in(rows_of(mine)))
    tried, dealt = 0, cycle(theirs)
    for form in forms:
        token = {"csrf_token": browser.token(form.page)} if form.method != "get" else {}
        headers = {"Referer": f"http://localhost{form.page}"}
        # Another company's ids are dealt out over the forms, so that each is tried somewhere and the walk stays bounded.
        for nonsense in [*NONSENSE, *islice(dealt, OF_THEIRS)] if form.values else ():
            for values in filled(form, nonsense):
                where = (form.action, nonsense[:30], sorted(values))
                if form.method == "get":
                    answer = browser.get(urlsplit(form.action).path, query_string=values)
                else:
                    answer = browser.client.post(form.action, data={**token, **values}, headers=headers)
                    assert "/login" not in (answer.location or ""), (where, "logged out")
                assert answer.status_code < 500, (where, answer.status_code)
                assert "<script>alert(1)" not in answer.text, where
                tried += 1
    assert tried > 200
    if role != "ops":  # They may act on every company.
        with house.app.app_context():
            assert rows_of(other) == before
        assert browser.get("/").status_code == 200, "still logged in"


@pytest.mark.parametrize("role", ["owner", "ops"])
def test_whatever_is_made_up_for_a_form_breaks_and_leaks_nothing(house: House, offices, role):
    """As the nonsense above, out of what hypothesis finds: far dates, ids of 22 digits, letters of any script."""
    mine, other = offices
    browser = house.browser(house.make_person(role, None if role == "ops" else mine, f"{role}@made.example"))
    forms = [form for form in walk(browser, "/") if form.values]
    token = {"csrf_token": browser.token("/account")}
    with house.app.app_context():
        before = rows_of(other)

    @settings(few, max_examples=30)
    @given(st.sampled_from(forms), st.dictionaries(st.integers(0, 20), made_up, min_size=1, max_size=4))
    def send(form: Form, made: dict[int, str]) -> None:
        names = sorted(form.values)
        typed = form.values | {names[place % len(names)]: value for place, value in made.items()}
        path = urlsplit(form.action).path
        ask = {"query_string": typed} if form.method == "get" else {"data": typed | token}
        answer = browser.client.open(path, method=form.method.upper(), **ask)
        assert answer.status_code < 500, (path, typed)

    send()
    if role != "ops":
        with house.app.app_context():
            assert rows_of(other) == before


def addresses_with_ids(app: Flask) -> list[tuple[str, list[str]]]:
    """Return the address of every POST whose path names a row, with the names of its variables."""
    return [
        (rule.rule, sorted(rule.arguments))
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods
        and rule.arguments
        and not rule.rule.startswith(("/ops", "/hooks", "/invitation", "/companies"))
    ]


@pytest.mark.parametrize("also_there", [False, True], ids=["of one company", "of both, looking at one"])
def test_rows_of_another_company_cannot_be_named(house: House, offices, also_there):
    """Neither by a stranger, nor by who belongs there too but looks at the other company now."""
    mine, other = offices
    owner = house.browser(house.make_person("owner", mine, "owner@office.example"))
    if also_there:
        house.make_person("owner", other, "owner@office.example")
    with house.app.app_context():
        before = rows_of(other)
        ids = sorted(ids_in(before))[:: 3 if also_there else 1]
    assert addresses_with_ids(house.app), "there are such addresses"
    for rule, names in addresses_with_ids(house.app):
        for value in ids:
            answer = owner.post(re.sub(r"<[^>]+>", value, rule))
            assert answer.status_code < 500, (rule, names, value)
    with house.app.app_context():
        assert rows_of(other) == before
