"""Fixtures of the web app's tests: a fresh house with an empty, migrated SQLite database, a company in it and its people."""

import pytest

from tests.webapp.house import Browser, House
from tests.webapp.records import Records


@pytest.fixture
def house(sqlite_url: str) -> House:
    """The web app, without queue and without Intuit."""
    return House(sqlite_url)


@pytest.fixture
def company(house: House) -> int:
    """The id of a company that is not connected."""
    return house.make_company()


@pytest.fixture
def records(house: House, company: int) -> Records:
    """What the company has on record: nothing yet."""
    return Records(house, company)


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    """An owner of the company, logged in."""
    return house.browser(house.make_person("owner", company))


@pytest.fixture
def bookkeeper(house: House, company: int) -> Browser:
    """A bookkeeper of the company, logged in."""
    return house.browser(house.make_person("bookkeeper", company))
