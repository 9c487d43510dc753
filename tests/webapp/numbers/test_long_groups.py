"""A cause of many differences on the page of the statement: a few are told, the rest is folded, and on paper all of them stand."""

import re
from datetime import timedelta

import pytest

from bookkeeping.rules.tieout_causes import CAUSES
from tests.webapp.house import House
from tests.webapp.records import NOON, Records
from tests.webapp.test_this_month import around_now

NAMES = {"company_name": "Blue Ridge", "quickbooks_company": "Blue Ridge Books LLC", "platform_read_at": None}


@pytest.mark.parametrize(("count", "folded"), [(5, 0), (6, 1), (46, 41)])
def test_the_first_few_of_a_cause_are_told_and_the_rest_is_folded(house: House, count: int, folded: int):
    company = house.make_company(start_date=NOON.date() - timedelta(days=60))
    house.make_person("owner", company)
    one = {"cause": next(iter(CAUSES)), "reason": "", "document": None, "sentence": "Why.", "effects": []}
    explained = [{**one, "inspection": str(900 + number)} for number in range(count)]
    content = {"explained": explained, "not_explained": [], "unreadable_records": [], "to_look_at": 0}
    around_now(Records(house, company), content=content | NAMES)
    page = house.browser("owner1@office.example").read("/numbers/tie-out")
    told, fold, rest = page.partition('<details class="fold">')
    assert bool(fold) is bool(folded)
    assert told.count("<span>Why.") == min(count, 5)
    assert rest.count("<span>Why.") == folded
    assert re.findall(r"<summary>and (\d+) more</summary>", rest) == ([str(folded)] if folded else [])
