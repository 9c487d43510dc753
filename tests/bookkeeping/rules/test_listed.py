"""Which entries of QuickBooks' lists documents name, and the words for one that was made inactive."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.rules.documents import DesiredDocuments, DesiredInvoice, DesiredLine, DesiredPayment
from bookkeeping.rules.listed import chosen_in, into_todays_account, made_inactive, named_in, waited_for

DAY = date(2026, 3, 2)
LINE = DesiredLine("Radon", "Radon", Decimal("150.00"), class_id="5")
INVOICE = DesiredInvoice(
    "1", "SP-1", DAY, DAY, "c1", (LINE, replace(LINE, class_id="5")), "", "", "", Decimal("300.00")
)
PAYMENT = DesiredPayment(
    "p1", DAY, "c1", Decimal("1.00"), Decimal("1.00"), "", "", "", deposit_account_id="35"
)


def test_a_document_names_what_the_settings_chose_for_it_once():
    assert chosen_in(INVOICE) == [("Class", "5")]
    assert chosen_in(replace(INVOICE, lines=(), class_id="6", location_id="7")) == [
        ("Class", "6"),
        ("Department", "7"),
    ]
    assert chosen_in(PAYMENT) == [("Account", "35")]
    assert chosen_in(replace(PAYMENT, deposit_account_id="")) == chosen_in(None) == []


def test_a_body_names_what_all_share_before_what_is_its_own():
    detail = {"ItemRef": {"value": "9"}, "ClassRef": {"value": "5"}, "TaxCodeRef": {"value": "NON"}}
    body = {
        "CustomerRef": {"value": "3"},
        "Line": [{"SalesItemLineDetail": detail}, {"SalesItemLineDetail": detail}],
    }
    assert named_in(body) == [("Class", "5"), ("Item", "9"), ("Customer", "3")]
    assert named_in({"DepartmentRef": None, "Line": []}) == []


def test_the_cause_is_named_without_quickbooks_suffix_and_says_what_it_waits_for():
    error = made_inactive(("Department", "7"), "East (deleted)", "tid-1")
    assert (error.code, error.detail, error.reference) == (
        "inactive-reference",
        'The Location "East" was made inactive.',
        "tid-1",
    )
    assert waited_for(error.waits_for) == ("Department", "7")


@pytest.mark.parametrize(
    ("entry", "word"),
    [("Class", "Class"), ("Department", "Location"), ("Account", "account"), ("Item", "Item")],
)
def test_each_list_is_called_as_quickbooks_calls_it(entry, word):
    assert made_inactive((entry, "7"), "East").detail == f'The {word} "East" was made inactive.'


def test_a_payment_goes_into_todays_account_when_its_own_is_inactive_and_it_does_not_stand():
    desired = DesiredDocuments(None, None, (PAYMENT, replace(PAYMENT, source_key="p2")))

    def accounts(inactive, standing=()):
        moved = into_todays_account(desired, "4", standing, inactive)
        return [one.deposit_account_id for one in moved.payments]

    assert accounts({("Account", "35")}) == ["4", "4"]
    assert accounts({("Account", "35")}, {"p1"}) == ["35", "4"]
    assert accounts({("Account", "36")}) == ["35", "35"]


def test_a_customer_has_a_cause_of_its_own():
    error = made_inactive(("Customer", "3"), "Ann Lee")
    assert (error.code, error.waits_for) == ("customer-inactive", "")


def test_other_waits_name_no_entry():
    assert waited_for("") is waited_for("customer:c1") is waited_for("list:Class:") is None
