"""What a company with several currencies has beside US dollars is left out of the lists, and the page says how much that is."""

import pytest

from tests.webapp.furnished import furnish
from tests.webapp.house import House
from tests.webapp.records import Records
from tests.webapp.test_lists_as_files import pulled

OPEN, RECEIVED = "Left out: 1 in CAD.", "Left out: 2 in EUR."


@pytest.mark.parametrize("said", [True, False])
def test_the_page_says_what_is_left_out(said: bool, house: House):
    company_id = furnish(house, "Blue Ridge Home Inspections")
    rows = pulled(company_id)
    for row in rows:
        left_out = {"open-invoices": OPEN, "payments": RECEIVED}.get(row.kind)
        row.content = {**row.content, **({"left_out": left_out} if said and left_out else {})}
    Records(house, company_id).keep(*rows)
    house.make_person("owner", company_id, "owner@blue.example")
    page = house.browser("owner@blue.example").get("/numbers").text
    assert (OPEN in page, RECEIVED in page) == (said, said)
