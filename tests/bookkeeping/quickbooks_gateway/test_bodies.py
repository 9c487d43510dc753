"""What goes on the wire: exact bodies, and frozen text that never changes."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.errors import RuleError
from bookkeeping.quickbooks_gateway import bodies
from bookkeeping.rules.documents import (
    DesiredCustomer,
    DesiredInvoice,
    DesiredLine,
    DesiredPayment,
    DesiredRefund,
)

INVOICE = DesiredInvoice(
    source_key="1042",
    doc_number="SP-1042",
    txn_date=date(2026, 3, 2),
    due_date=date(2026, 3, 16),
    client_key="c-7",
    lines=(
        DesiredLine("Full Home Inspection", "Full Home Inspection", Decimal("350.10")),
        DesiredLine("Discount", "Realtor discount", Decimal("-35.00")),
    ),
    private_note="12 Oak St\nTieout inspection 1042",
    customer_memo="12 Oak St",
    email="ada@example.com",
    total=Decimal("315.10"),
)
ITEMS = {"Full Home Inspection": "5", "Discount": "6"}
PAYMENT = DesiredPayment(
    source_key="p-9",
    txn_date=date(2026, 3, 3),
    client_key="c-7",
    amount=Decimal("400.00"),
    applied=Decimal("315.10"),
    method="Check",
    reference="1077",
    private_note="Tieout payment p-9",
)


def changed(desired, **changes):
    return type(desired)(**{**desired.__dict__, **changes})


def test_a_new_invoice_in_full():
    assert json.loads(bodies.frozen(bodies.invoice_body(INVOICE, "71", ITEMS))) == {
        "CustomerRef": {"value": "71"},
        "DocNumber": "SP-1042",
        "TxnDate": "2026-03-02",
        "DueDate": "2026-03-16",
        "PrivateNote": "12 Oak St\nTieout inspection 1042",
        "CustomerMemo": {"value": "12 Oak St"},
        "BillEmail": {"Address": "ada@example.com"},
        "Line": [
            {
                "Amount": 350.10,
                "DetailType": "SalesItemLineDetail",
                "Description": "Full Home Inspection",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "5"},
                    "Qty": 1,
                    "UnitPrice": 350.10,
                    "TaxCodeRef": {"value": "NON"},
                },
            },
            {
                "Amount": -35.00,
                "DetailType": "SalesItemLineDetail",
                "Description": "Realtor discount",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "6"},
                    "Qty": 1,
                    "UnitPrice": -35.00,
                    "TaxCodeRef": {"value": "NON"},
                },
            },
        ],
    }


def test_a_changed_invoice_is_sparse_and_carries_every_line():
    body = bodies.invoice_body(INVOICE, "71", ITEMS, sync=("145", "3"))
    assert (body["Id"], body["SyncToken"], body["sparse"]) == ("145", "3", True)
    assert len(body["Line"]) == 2


def test_a_text_that_became_empty_is_emptied_in_quickbooks_too():
    emptied = changed(INVOICE, customer_memo="", private_note="")
    body = bodies.invoice_body(emptied, "71", ITEMS, sync=("145", "3"))
    assert body["CustomerMemo"] == {"value": ""} and body["PrivateNote"] == ""
    assert "CustomerMemo" not in bodies.invoice_body(emptied, "71", ITEMS)


def test_an_invoice_without_fees_still_has_a_line():
    body = bodies.invoice_body(changed(INVOICE, lines=(), total=Decimal("0.00")), "71", {})
    assert [(line["DetailType"], line["Amount"]) for line in body["Line"]] == [("DescriptionOnly", 0)]


def test_a_line_whose_item_is_unknown_is_not_sent():
    with pytest.raises(RuleError):
        bodies.invoice_body(INVOICE, "71", {"Discount": "6"})


def test_a_new_payment_applies_what_is_open_and_leaves_the_rest():
    body = bodies.payment_body(changed(PAYMENT, deposit_account_id="35"), "71", "145", {"Check": "2"})
    assert json.loads(bodies.frozen(body)) == {
        "CustomerRef": {"value": "71"},
        "TotalAmt": 400.00,
        "TxnDate": "2026-03-03",
        "PaymentMethodRef": {"value": "2"},
        "PaymentRefNum": "1077",
        "DepositToAccountRef": {"value": "35"},
        "PrivateNote": "Tieout payment p-9",
        "Line": [{"Amount": 315.10, "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}]}],
    }


def test_a_payment_without_method_account_or_reference_leaves_them_out():
    body = bodies.payment_body(changed(PAYMENT, method="", reference=""), "71", "145", {})
    assert {"PaymentMethodRef", "DepositToAccountRef", "PaymentRefNum"}.isdisjoint(body)


def test_a_payment_that_applies_to_nothing_has_no_lines_but_says_so():
    nothing = changed(PAYMENT, applied=Decimal("0.00"))
    assert bodies.payment_body(nothing, "71", "145", {"Check": "2"}, sync=("9", "1"))["Line"] == []


REFUND = DesiredRefund(
    source_key="1042-R1",
    payment_key="p-9",
    doc_number="SP-1042-R1",
    txn_date=date(2026, 4, 1),
    customer_id="71",
    amount=Decimal("35.00"),
    lines=(DesiredLine("Discount", "Radon not done", Decimal("35.00")),),
    account_id="35",
    method="Check",
    reference="1077",
    private_note="Tieout refund 1042-R1",
)


def test_a_refund_names_its_account_and_is_linked_to_nothing():
    body = json.loads(bodies.frozen(bodies.refund_body(REFUND, ITEMS, {"Check": "2"})))
    [line] = body.pop("Line")
    assert (line["Amount"], line["SalesItemLineDetail"]["ItemRef"]) == (35.0, {"value": "6"})
    assert body == {
        "CustomerRef": {"value": "71"},
        "DocNumber": "SP-1042-R1",
        "TxnDate": "2026-04-01",
        "DepositToAccountRef": {"value": "35"},
        "PaymentMethodRef": {"value": "2"},
        "PaymentRefNum": "1077",
        "PrivateNote": "Tieout refund 1042-R1",
    }
    changed_body = bodies.refund_body(REFUND, ITEMS, {"Check": "2"}, sync=("9", "3"))
    assert (changed_body["Id"], changed_body["sparse"]) == ("9", True)


def test_a_customer_leaves_out_what_is_empty():
    desired = DesiredCustomer("c-7", "Ada Reyes", "Ada", "Reyes", "ada@example.com", "", "")
    assert bodies.customer_body(desired, "Ada Reyes (2)") == {
        "DisplayName": "Ada Reyes (2)",
        "GivenName": "Ada",
        "FamilyName": "Reyes",
        "PrimaryEmailAddr": {"Address": "ada@example.com"},
    }


def test_a_changed_customer_is_sparse_and_keeps_what_we_do_not_know():
    desired = DesiredCustomer("c-7", "Ada Reyes", "Ada", "", "", "555-0100", "")
    assert bodies.customer_body(desired, "Ada Reyes", sync=("71", "2")) == {
        "Id": "71",
        "SyncToken": "2",
        "sparse": True,
        "DisplayName": "Ada Reyes",
        "GivenName": "Ada",
        "FamilyName": "",
        "PrimaryPhone": {"FreeFormNumber": "555-0100"},
    }


def test_a_batch_names_each_item_and_its_operation():
    text = bodies.batch_body(
        [
            ("i0", "delete", "Payment", bodies.delete_body("9", "2")),
            ("i1", "create", "Customer", {"DisplayName": "A"}),
        ]
    )
    assert json.loads(text) == {
        "BatchItemRequest": [
            {"bId": "i0", "operation": "delete", "Payment": {"Id": "9", "SyncToken": "2"}},
            {"bId": "i1", "operation": "create", "Customer": {"DisplayName": "A"}},
        ]
    }


@pytest.mark.parametrize(
    "names", [[], [f"i{n}" for n in range(31)], ["same", "same"], [""], ["more-than-10"]], ids=len
)
def test_a_batch_that_quickbooks_would_refuse_is_not_made(names):
    with pytest.raises(ValueError):
        bodies.batch_body([(name, "create", "Customer", {}) for name in names])


def test_amounts_are_written_with_cents_and_texts_as_ascii():
    text = bodies.frozen({"b": Decimal("350.1"), "a": ["Zoë", None, True, 1]})
    assert text == '{"a":["Zo\\u00eb",null,true,1],"b":350.10}'


@pytest.mark.parametrize("amount", ["0.001", "1.005"])
def test_an_amount_that_is_not_whole_cents_is_not_rounded_in_silence(amount):
    with pytest.raises(ValueError):
        bodies.frozen({"Amount": Decimal(amount)})


@pytest.mark.parametrize("value", [1.5, date(2026, 3, 2), object()])
def test_only_exact_values_can_be_frozen(value):
    with pytest.raises(TypeError):
        bodies.frozen({"Amount": value})


CENTS = st.decimals(-99_999_999_999, 99_999_999_999, places=2)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | CENTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
def test_frozen_text_says_exactly_what_went_in(content):
    text = bodies.frozen(content)
    assert text.isascii()
    assert json.loads(text, parse_float=Decimal) == content


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_equal_content_freezes_to_equal_text_in_any_order(content):
    backwards = dict(reversed(list(content.items())))
    assert bodies.frozen(content) == bodies.frozen(backwards)


@pytest.mark.parametrize(
    ("entity", "action", "says"),
    [
        ("Customer", "create", True),
        ("Customer", "update", False),  # It keeps its currency for good.
        ("Item", "create", False),
        ("PaymentMethod", "create", False),
        *((kind, "create", True) for kind in ("Invoice", "Payment", "RefundReceipt")),
        *((kind, "update", True) for kind in ("Invoice", "Payment")),
        *((kind, "delete", False) for kind in ("Invoice", "Payment", "RefundReceipt")),
    ],
)
def test_what_says_us_dollars_in_a_company_with_several_currencies(entity, action, says):
    body = {"Id": "1"}
    assert bodies.in_dollars(entity, action, body) == body | (
        {"CurrencyRef": {"value": "USD"}} if says else {}
    )
    assert body == {"Id": "1"}
