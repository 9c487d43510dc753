"""What a drift says, in names: today's, else those that QuickBooks gave with it, else a number."""

import pytest

from bookkeeping.logbook.drift_names import fields_in_names
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.records.documents import Drift


@pytest.fixture
def said(house, records):
    """Return (a function of) the fields of a drift as they are shown."""
    listed = (
        ("Customer", "71", "Ann"),
        ("Item", "9", "Radon"),
        ("Class", "3", "Denver"),
        ("Account", "4", "Checking"),
    )
    for kind, qbo_id, name in listed:
        records.keep(
            NamedThing(
                company_id=records.company_id, kind=kind, qbo_id=qbo_id, name=name, name_key=name.casefold()
            )
        )
    records.document("1042", qbo_id="145")

    def ask(*fields: tuple[str, str, str], theirs=None):
        drift = Drift(id=7, fields=[list(field) for field in fields], theirs=theirs or {})
        with house.app.app_context():
            return fields_in_names(records.company_id, [drift])[7]

    return ask


def test_ids_are_told_by_todays_names(said):
    assert said(
        ("Customer", "71", "72"),
        ("Deposit to", "4", ""),
        ("Lines", "Item 9, $5.00\nItem 10, $1.00", "Item 9, $6.00"),
        ("Classes", "Class 3", "Class 5"),
        ("Applied to", "Invoice 145: $425.00", "Invoice 146: $425.00"),
    ) == [
        ("Customer", "Ann", "Customer no. 72"),
        ("Deposit to", "Checking", ""),
        ("Lines", "Radon, $5.00\nItem no. 10, $1.00", "Radon, $6.00"),
        ("Classes", "Denver", "Class no. 5"),
        ("Applied to", "Invoice SP-1042: $425.00", "Invoice no. 146: $425.00"),
    ]


def test_a_line_whose_text_is_its_items_name_says_it_once(said):
    ours, theirs = "Item 9, Radon: 5.00\nItem 9, Radon, twice: 2.00", "Item 9, Radon: -6.50"
    assert said(("Lines", ours, theirs)) == [
        ("Lines", "Radon: 5.00\nRadon, Radon, twice: 2.00", "Radon: -6.50")
    ]


def test_a_name_that_came_with_the_drift_helps_where_ours_does_not(said):
    theirs = {
        "CustomerRef": {"value": "72", "name": "Bo"},
        "DepositToAccountRef": {"value": "8", "name": "Savings"},
        "Line": [{"SalesItemLineDetail": {"ItemRef": {"value": "9", "name": "Old name"}}}],
    }
    found = said(
        ("Customer", "71", "72"), ("Deposit to", "4", "8"), ("Lines", "Item 9", "Item 9"), theirs=theirs
    )
    assert found == [
        ("Customer", "Ann", "Bo"),
        ("Deposit to", "Checking", "Savings"),
        ("Lines", "Radon", "Radon"),
    ]


def test_what_is_no_id_is_left_as_it_is(said):
    fields = [
        ("Total", "425.00", "71"),
        ("Number", "SP-71", "9"),
        ("Memo", "Item 9, as agreed", "Invoice 145"),
    ]
    assert said(*fields) == fields
