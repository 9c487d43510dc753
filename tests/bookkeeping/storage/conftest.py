"""A company with an empty, migrated SQLite database, in this process."""

import pytest

from tests.webapp.house import House


@pytest.fixture
def house(sqlite_url: str) -> House:
    """The web app's context, without queue and without Intuit."""
    return House(sqlite_url)


@pytest.fixture
def company(house: House) -> int:
    """The id of a company that is not connected."""
    return house.make_company()
