"""Classes and locations: sent where the company keeps them, compared only where we sent them, and read from its preferences."""

import json
from dataclasses import replace

import pytest

from bookkeeping.quickbooks_gateway.bodies import frozen, invoice_body
from bookkeeping.quickbooks_gateway.differences import differs
from bookkeeping.quickbooks_gateway.reading import company_facts
from tests.bookkeeping.quickbooks_gateway.test_bodies import INVOICE

ITEMS = {line.item: str(number) for number, line in enumerate(INVOICE.lines, start=1)}


def body(invoice):
    return json.loads(frozen(invoice_body(invoice, "7", ITEMS)))


WITH_CLASSES = replace(
    INVOICE, location_id="9", lines=tuple(replace(line, class_id="5") for line in INVOICE.lines)
)


def test_class_goes_on_each_line_and_location_on_the_invoice():
    sent = body(WITH_CLASSES)
    details = [line["SalesItemLineDetail"] for line in sent["Line"]]
    assert {detail["ClassRef"]["value"] for detail in details} == {"5"}
    assert sent["DepartmentRef"] == {"value": "9"}
    assert "ClassRef" not in sent
    assert body(replace(INVOICE, class_id="5"))["ClassRef"] == {"value": "5"}


def test_nothing_of_it_is_sent_where_nothing_was_chosen():
    assert "ClassRef" not in json.dumps(body(INVOICE)) and "DepartmentRef" not in body(INVOICE)


def test_changed_class_is_a_difference_only_where_we_sent_one():
    total = {"TotalAmt": sum(line["Amount"] for line in body(INVOICE)["Line"])}
    theirs = body(WITH_CLASSES) | total
    assert differs(body(WITH_CLASSES), theirs) == []
    assert differs(body(INVOICE), theirs) == [], "a class that a bookkeeper added to our line is theirs"
    theirs["Line"][0]["SalesItemLineDetail"]["ClassRef"]["value"] = "6"
    theirs["DepartmentRef"]["value"] = "8"
    assert [label for label, _, _ in differs(body(WITH_CLASSES), theirs)] == ["Location", "Classes"]


@pytest.mark.parametrize(
    ("preferences", "class_on", "locations"),
    [
        ({}, "", False),
        ({"ClassTrackingPerTxnLine": True, "TrackDepartments": True}, "line", True),
        ({"ClassTrackingPerTxn": True}, "invoice", False),
    ],
)
def test_preferences_say_where_classes_go(preferences, class_on, locations):
    facts = company_facts({"CompanyName": "Blue"}, {"AccountingInfoPrefs": preferences})
    assert (facts.class_on, facts.uses_locations) == (class_on, locations)
