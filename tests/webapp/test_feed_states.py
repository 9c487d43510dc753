"""What is wrong with the feed is said in the catalogue's words, whatever its state, on every page that speaks of it."""

from datetime import date
from html import unescape

import pytest

from bookkeeping.faults import fault
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import FEED_CAUSES, FEED_STOPPED, Company
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
