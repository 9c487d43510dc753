"""Changed in QuickBooks: what was changed of one inspection stands in one box, with one choice."""

import re
from datetime import timedelta
from html import unescape

import pytest

from tests.webapp.house import House
from tests.webapp.records import NOON
from tests.webapp.test_drift import states


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(start_date=NOON.date() - timedelta(days=60))


@pytest.mark.parametrize("choice", ["restore", "keep"])
def test_what_was_changed_of_one_inspection_is_asked_once(house, records, bookkeeper, choice):
    """Lowering an Invoice takes from its Payment what no longer fits: one act of a person, and one answer."""
    records.connect()
    records.inspection("1042", "drift", reason="drift")
    invoice = records.drift(records.document("1042"))
    applied = [["Applied to", "Invoice 145: 425.00", "Invoice 145: 400.00"]]
    payment = records.drift(records.document("1042", "Payment", qbo_id="146"), fields=applied)
    for address in ("/drift", "/inspections/1042"):
        page = unescape(bookkeeper.read(address))
        assert page.count("2 documents of inspection 1042 were changed</h2>") == 1
        assert "Invoice SP-1042 was changed: Total from $425.00 to $400.00</h3>" in page
        first, apart = page.split("Settle each by itself")
        assert (first.count("Restore ours</button>"), first.count("Keep theirs</button>")) == (1, 1)
        assert (apart.count("Restore ours</button>"), apart.count("Keep theirs</button>")) == (2, 2)
    form = re.search(r'<form[^>]*action="/drift/settle"[^>]*>(.*?)</form>', first, re.S).group(1)
    ticked = re.findall(r'name="drift" value="(\d+)"', form)
    assert ticked == [str(invoice), str(payment)]
    bookkeeper.post("/drift/settle", {"choice": choice, "drift": ticked}, page="/drift")
    assert [state[0] for state in states(house)] == [choice, choice]


def test_a_box_says_what_its_choice_does_where_that_differs(records, bookkeeper):
    records.inspection("1042", "drift")
    records.drift(records.document("1042"))
    records.drift(records.document("1042", "Payment", qbo_id="146"), "deleted", fields=[])
    box = unescape(bookkeeper.read("/drift")).split("Settle each by itself")[0]
    assert "The Invoice is written again" in box and "The Payment is made again" in box
    assert "The Invoice stays as it is" in box and "The Payment stays deleted" in box
