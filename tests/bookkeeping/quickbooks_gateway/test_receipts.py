"""A SalesReceipt understood: what counts as its content, and a copy from which it can be entered again."""

import copy
import json
from decimal import Decimal

import pytest

from bookkeeping.quickbooks_gateway.reading import seen
from bookkeeping.quickbooks_gateway.receipts import (
    COPY_COLUMNS,
    content_hash,
    copy_lines,
    copy_of,
    receipt_of,
)

RECEIPT = {
    "Id": "900",
    "SyncToken": "1",
    "DocNumber": "1001",
    "TxnDate": "2019-03-04",
    "CustomerRef": {"value": "71", "name": "Ada Reyes"},
    "BillAddr": {"Id": "5", "Line1": "12 Oak St", "City": "Denver", "PostalCode": "80203"},
    "DepositToAccountRef": {"value": "4", "name": "Undeposited Funds"},
    "PaymentMethodRef": {"value": "2", "name": "Check"},
    "PaymentRefNum": "1044",
    "PrivateNote": "Inspection 1042",
    "Line": [
        {"Id": "1", "LineNum": 1, "Amount": Decimal("425.50"), "Description": "Full Home Inspection", "DetailType": "SalesItemLineDetail",
         "SalesItemLineDetail": {"ItemRef": {"value": "1", "name": "Services"}, "ClassRef": {"value": "9", "name": "North"},
                                 "Qty": 1, "UnitPrice": Decimal("425.50"), "TaxCodeRef": {"value": "NON"}}},
        {"Amount": Decimal("25.50"), "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}},
        {"Amount": Decimal("425.50"), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ],
    "TxnTaxDetail": {"TotalTax": 0},
    "TotalAmt": 400,
    "LinkedTxn": [],
    "MetaData": {"LastUpdatedTime": "2019-03-04T10:00:00-07:00"},
}  # fmt: skip


def changed(**fields):
    return {**copy.deepcopy(RECEIPT), **fields}


def test_a_receipt_is_read_with_its_edits_and_tags():
    receipt = receipt_of(RECEIPT)
    assert (receipt.total, receipt.tax, receipt.edits, receipt.tags) == (
        Decimal("400.00"),
        Decimal("0.00"),
        1,
        "North",
    )


@pytest.mark.parametrize("token", ["0", "1", "3"])
@pytest.mark.parametrize("links", [[], [{"TxnType": "Deposit", "TxnId": "55"}]], ids=["free", "deposited"])
def test_a_deposit_moves_no_token_so_that_every_movement_is_an_edit(token, links):
    receipt = receipt_of(changed(SyncToken=token, LinkedTxn=links))
    assert receipt.edits == int(token)
    assert receipt.deposit_id == ("55" if links else "")


BUNDLE = {
    "Id": "4", "LineNum": 2, "Amount": 0, "DetailType": "GroupLineDetail", "Description": "Home and radon",
    "GroupLineDetail": {
        "GroupItemRef": {"value": "20", "name": "Home bundle"},
        "Quantity": Decimal("1"),
        "Line": [
            {"Id": "5", "LineNum": 3, "Amount": Decimal("300.00"), "DetailType": "SalesItemLineDetail",
             "SalesItemLineDetail": {"ItemRef": {"value": "1", "name": "Services"}, "Qty": 1, "UnitPrice": 300,
                                     "ClassRef": {"value": "8", "name": "South"}}},
            {"Id": "6", "LineNum": 4, "Amount": Decimal("125.50"), "DetailType": "SalesItemLineDetail",
             "SalesItemLineDetail": {"ItemRef": {"value": "9", "name": "Radon"}, "Qty": 1, "UnitPrice": Decimal("125.50")}},
        ],
    },
}  # fmt: skip


def test_a_bundle_is_copied_with_the_lines_inside_of_it():
    rows = list(copy_lines("1042", changed(Line=[BUNDLE, *RECEIPT["Line"][1:]])))
    assert [(row["line_kind"], row["item"], row["quantity"], row["amount"]) for row in rows] == [
        ("Group", "Home bundle", "1", "0.00"),
        ("SalesItem", "Services", "1", "300.00"),
        ("SalesItem", "Radon", "1", "125.50"),
        ("Discount", "", "", "25.50"),
    ]
    assert sum(Decimal(row["amount"]) for row in rows[:3]) - Decimal(rows[3]["amount"]) == RECEIPT["TotalAmt"]


def test_what_is_inside_a_bundle_is_content_and_carries_tags():
    bundled = changed(Line=[BUNDLE])
    inner = copy.deepcopy(bundled)
    inner["Line"][0]["GroupLineDetail"]["Line"][1]["Amount"] = Decimal("125.00")
    assert content_hash(inner) != content_hash(bundled)
    assert receipt_of(bundled).tags == "South"
    assert [line.amount for line in seen("SalesReceipt", bundled).lines] == [
        Decimal("300.00"),
        Decimal("125.50"),
    ]


def test_tokens_times_links_names_and_number_forms_are_no_content():
    same = changed(
        SyncToken="7",
        MetaData={},
        LinkedTxn=[{"TxnType": "Deposit", "TxnId": "55"}],
        CustomerRef={"value": "71", "name": "Ada Reyes-Lind"},
        TotalAmt=Decimal("400.00"),
        PrintStatus="PrintComplete",
    )
    assert content_hash(same) == content_hash(RECEIPT)


def test_whatever_a_person_can_change_is_content():
    edits = [
        changed(TxnDate="2019-03-05"),
        changed(PrivateNote="by hand"),
        changed(CustomerRef={"value": "72", "name": "Ada Reyes"}),
        changed(TotalAmt=Decimal("400.01")),
        changed(Line=RECEIPT["Line"][:1]),
        changed(PaymentRefNum=""),
    ]
    assert len({content_hash(each) for each in [RECEIPT, *edits]}) == 7


def test_the_copy_keeps_everything_and_reads_back_the_same():
    assert content_hash(json.loads(copy_of(RECEIPT))) == content_hash(RECEIPT)


def test_the_copy_has_what_the_form_asks_for_line_by_line():
    service, discount = copy_lines("1042", RECEIPT)
    assert set(service) == set(COPY_COLUMNS)
    assert service["item"] == "Services" and service["amount"] == "425.50" and service["rate"] == "425.50"
    assert (
        service["billing_address"] == "12 Oak St, Denver, 80203"
        and service["deposit_to"] == "Undeposited Funds"
    )
    assert (discount["line_kind"], discount["amount"], discount["total"]) == ("Discount", "25.50", "400.00")


def test_what_a_receipts_lines_and_tax_come_to_is_told_with_where_it_is_booked():
    detail = {"ItemRef": {"value": "1", "name": "Services"}, "Qty": 1, "UnitPrice": 425}
    entity = {
        "Id": "900",
        "TotalAmt": 449,
        "Line": [
            {"DetailType": "SalesItemLineDetail", "Amount": 425, "SalesItemLineDetail": detail},
            {
                "DetailType": "DiscountLineDetail",
                "Amount": 10,
                "DiscountLineDetail": {"DiscountAccountRef": {"value": "9", "name": "Discounts"}},
            },
            {"DetailType": "SubTotalLineDetail", "Amount": 425, "SubTotalLineDetail": {}},
        ],
        "TxnTaxDetail": {
            "TotalTax": 34,
            "TaxLine": [
                {"Amount": 30, "TaxLineDetail": {"TaxRateRef": {"value": "3"}, "TaxPercent": 7.5}},
            ],
        },
    }
    assert [(part.kind, part.ref, part.name, str(part.amount)) for part in receipt_of(entity).parts] == [
        ("item", "1", "Services", "425.00"),
        ("discount", "9", "Discounts", "-10.00"),
        ("tax", "3", "7.5 %", "30.00"),
        ("tax", "", "", "4.00"),
    ]
