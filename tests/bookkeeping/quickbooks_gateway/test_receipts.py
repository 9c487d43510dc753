"""A SalesReceipt understood: what counts as its content, and a copy from which it can be entered again."""

import copy
import json
from decimal import Decimal

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


def test_the_token_of_its_deposit_is_no_edit():
    deposited = receipt_of(changed(LinkedTxn=[{"TxnType": "Deposit", "TxnId": "55"}]))
    assert (deposited.deposit_id, deposited.edits) == ("55", 0)


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
