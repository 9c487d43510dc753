"""What the page of the statement says of a company that keeps several currencies."""

from datetime import timedelta

import pytest

from tests.webapp.house import House
from tests.webapp.records import NOON, Records
from tests.webapp.test_this_month import around_now, words


@pytest.fixture
def records(house: House) -> Records:
    company = house.make_company(start_date=NOON.date() - timedelta(days=60))
    house.make_person("owner", company)
    made = Records(house, company)
    made.connect()
    return made


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, ""),  # A statement from before this was known.
        ({"several_currencies": False, "other_currencies": {}}, ""),
        (
            {"several_currencies": True, "other_currencies": {}},
            "no document of these days is in another currency.",
        ),
        (
            {"several_currencies": True, "other_currencies": {"CAD": 3}},
            "left out are documents in another currency: 3 in CAD.",
        ),
    ],
)
def test_a_statement_says_which_currencies_it_counts(house, records, content, said):
    all_of_it = {"explained": [], "not_explained": [], "unreadable_records": [], "to_look_at": 0}
    names = {
        "company_name": "Blue Ridge",
        "quickbooks_company": "Blue Ridge Books LLC",
        "platform_read_at": None,
    }
    around_now(records, content=all_of_it | names | content)
    page = words(house.browser("owner1@office.example").read("/numbers/tie-out"))
    assert ("counts US dollars only" in page) is bool(said)
    assert said in page
