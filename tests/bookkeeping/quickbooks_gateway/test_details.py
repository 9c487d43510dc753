"""The details of a body that are not money: what a refusal can be about, in which order it is left out, and what never is."""

import pytest

from bookkeeping.errors import PermanentError
from bookkeeping.quickbooks_gateway.details import (
    ABOUT,
    BILL_EMAIL,
    CLASS,
    DETAILS,
    LOCATION,
    MEMO,
    MESSAGE,
    METHOD,
    REFERENCE,
    said,
    suspects,
    tracked,
    without,
)

LINE = {
    "Amount": 425,
    "DetailType": "SalesItemLineDetail",
    "SalesItemLineDetail": {"ItemRef": {"value": "9"}, "ClassRef": {"value": "3"}, "Qty": 1},
}
INVOICE = {
    "CustomerRef": {"value": "71"},
    "TxnDate": "2026-03-02",
    "BillEmail": {"Address": "ann@x.example"},
    "DepartmentRef": {"value": "5"},
    "CustomerMemo": {"value": "Thank you"},
    "PrivateNote": "12 Oak St\nTieout inspection 1042",
    "Line": [LINE],
}
MONEY = {
    "CustomerRef",
    "TxnDate",
    "Line",
    "ItemRef",
    "DepositToAccountRef",
    "TotalAmt",
    "LinkedTxn",
    "DocNumber",
    "Id",
}


def _refused(code: str, element: str = "") -> PermanentError:
    error = PermanentError("No.", code=code)
    error.element = element
    return error


def test_no_detail_is_money():
    assert not {detail.field for detail in DETAILS} & MONEY
    assert {detail for details in ABOUT.values() for detail in details} == set(DETAILS)


def test_a_body_without_its_details_says_the_same_of_money_and_keeps_our_mark():
    left = without(INVOICE, DETAILS)
    assert left == {
        "CustomerRef": {"value": "71"},
        "TxnDate": "2026-03-02",
        "PrivateNote": "Tieout inspection 1042",
        "Line": [{**LINE, "SalesItemLineDetail": {"ItemRef": {"value": "9"}, "Qty": 1}}],
    }
    assert INVOICE["Line"] == [LINE] and "BillEmail" in INVOICE, "The body itself is as it was."


@pytest.mark.parametrize(
    ("code", "element", "tries"),
    [
        ("qbo-2210", "", [(BILL_EMAIL,)]),
        ("qbo-2010", "", [(CLASS,), (LOCATION,), (CLASS, LOCATION)]),
        ("qbo-2010", "DepartmentRef.value", [(LOCATION,), (CLASS,), (CLASS, LOCATION)]),
        ("qbo-2050", "CustomerMemo", [(MESSAGE,), (BILL_EMAIL,), (MEMO,), (BILL_EMAIL, MESSAGE, MEMO)]),
        ("qbo-6240", "", []),
        ("qbo-2210", "PrimaryEmailAddr", [(BILL_EMAIL,)]),
    ],
)
def test_what_quickbooks_names_is_left_out_first_and_all_of_them_last(code, element, tries):
    assert suspects(INVOICE, _refused(code, element)) == tries


def test_a_refusal_about_what_the_body_does_not_have_is_about_something_else():
    assert suspects({"CustomerRef": {"value": "71"}}, _refused("qbo-2010")) == []
    assert suspects({"PrivateNote": "Tieout inspection 1042"}, _refused("qbo-2050")) == []


@pytest.mark.parametrize(
    ("body", "detail", "text"),
    [
        (INVOICE, BILL_EMAIL, "ann@x.example"),
        (INVOICE, CLASS, "3"),
        (INVOICE, MEMO, "12 Oak St"),
        (INVOICE, METHOD, ""),
        ({"PaymentRefNum": "x" * 500}, REFERENCE, "x" * 120),
    ],
)
def test_what_was_left_out_is_said_as_people_read_it(body, detail, text):
    assert said(body, detail) == text


@pytest.mark.parametrize(
    ("facts", "class_there", "location_there"),
    [
        ({}, True, True),
        ({"class_on": "line", "uses_locations": True}, True, True),
        ({"class_on": "", "uses_locations": True}, False, True),
        ({"class_on": None, "uses_locations": False}, True, False),
    ],
)
def test_classes_and_locations_go_only_where_the_company_is_known_to_have_none(
    facts, class_there, location_there
):
    left = tracked(INVOICE, facts)
    assert ("ClassRef" in left["Line"][0]["SalesItemLineDetail"], "DepartmentRef" in left) == (
        class_there,
        location_there,
    )
