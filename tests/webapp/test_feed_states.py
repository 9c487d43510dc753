"""What is wrong with the feed is said in the catalogue's words, whatever its state, on every page that speaks of it."""

from datetime import date, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from bookkeeping.faults import fault
from bookkeeping.rules.local_time import say_moment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import FEED_CAUSES, FEED_STOPPED, Company
from bookkeeping.storage.people.sessions import token_digest
from tests.webapp.house import House
from tests.webapp.records import Records

PAGES = ("/settings", "/settings/quickbooks", "/sync-log")


def owner_of(house: House, state: str):
    company = house.make_company(start_date=date(2026, 3, 1), last_sync_at=utcnow(), feed_state=state)
    Records(house, company).connect(set_up_at=utcnow())
    return company, house.browser(house.make_person("owner", company))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("state", FEED_CAUSES)
def test_each_state_of_a_feed_is_said_in_its_own_words(state, path, house):
    _, owner = owner_of(house, state)
    page = unescape(owner.read(path))
    assert fault(FEED_CAUSES[state]).title in page
    assert fault("no such code").title not in page


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_said_of_a_feed_that_is_read(path, house):
    _, owner = owner_of(house, "ok")
    page = unescape(owner.read(path))
    assert not any(fault(code).title in page for code in FEED_CAUSES.values())


@pytest.mark.parametrize("state", FEED_STOPPED)
def test_home_says_that_a_feed_has_stopped(state, house):
    _, owner = owner_of(house, state)
    assert fault(FEED_STOPPED[state]).title in unescape(owner.read("/"))


@pytest.mark.parametrize(("paused", "us_based", "halted"), [
    (False, None, False), (False, True, False), (False, False, True), (True, None, True), (True, True, True), (True, False, True),
])  # fmt: skip
def test_nothing_is_sent_for_a_company_that_is_paused_or_abroad(paused, us_based, halted, house):
    company = house.make_company(paused_at=utcnow() if paused else None, us_based=us_based)
    with house.app.app_context():
        assert db.session.get_one(Company, company).halted is halted


WAIT = timedelta(minutes=10)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(
    ("role", "path", "page"),
    [
        ("owner", "/settings/quickbooks/sync", "/settings/quickbooks"),
        ("ops", "/ops/companies/{}/sync", "/ops/companies/{}"),
        ("ops", "/ops/companies/{}/poll", "/ops/companies/{}"),
    ],
)
def test_who_wants_the_platform_read_is_told_until_when_it_wants_to_be_left_alone(
    role, path, page, waits, house
):
    company, owner = owner_of(house, "ok")
    person = owner if role == "owner" else house.browser(house.make_person("ops"))
    until = _let_wait(house, company, WAIT if waits else -WAIT)
    said = unescape(person.post(path.format(company), page=page.format(company), follow_redirects=True).text)
    assert (f"asked us to wait until {say_moment(until, 'America/Denver')}" in said) is waits
    assert _next_poll(house, company) == until if waits else _next_poll(house, company) <= utcnow()


@pytest.mark.parametrize("waits", [True, False])
def test_a_wake_up_is_told_for_how_long_the_platform_wants_to_be_left_alone(waits, house):
    company, _ = owner_of(house, "ok")
    until = _let_wait(house, company, WAIT if waits else -WAIT, hook_digest=token_digest("word"))
    answer = house.browser().client.post("/hooks/inspections/word")
    assert answer.status_code == 204
    seconds = answer.headers.get("Retry-After")
    assert (0 < int(seconds) <= WAIT.total_seconds()) if waits else seconds is None
    assert _next_poll(house, company) == until if waits else _next_poll(house, company) <= utcnow()


def _let_wait(house: House, company: int, pause: timedelta, **values: Any) -> datetime:
    until = (utcnow() + pause).replace(microsecond=0)
    with house.writing():
        row = db.session.get_one(Company, company)
        for name, value in {"feed_not_before": until, **values}.items():
            setattr(row, name, value)
        db.session.commit()
    return until


def _next_poll(house: House, company: int) -> datetime:
    with house.app.app_context():
        return db.session.get_one(Company, company).next_poll_at
