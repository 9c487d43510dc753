"""The expectation itself: it must notice each way in which books can be wrong, or all the other tests prove nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop

Books = dict[str, Any]


def _without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {
        name: value for name, value in document.items() if name not in ("Id", "SyncToken", "MetaData", *names)
    }


def _second_invoice(books: Books) -> dict[str, Any]:
    return {"operation": "create", "Invoice": _without(books["Invoice"][0], "LinkedTxn")}


def _foreign_invoice(books: Books) -> dict[str, Any]:
    return {
        "operation": "create",
        "Invoice": {**_without(books["Invoice"][0], "LinkedTxn"), "DocNumber": "1041"},
    }


def _second_payment(books: Books) -> dict[str, Any]:
    return {"operation": "create", "Payment": {**_without(books["Payment"][0]), "Line": []}}


def _no_payment(books: Books) -> dict[str, Any]:
    return {"operation": "delete", "Payment": {"Id": books["Payment"][0]["Id"]}}


def _loose_payment(books: Books) -> dict[str, Any]:
    return {"operation": "update", "Payment": {"Id": books["Payment"][0]["Id"], "sparse": True, "Line": []}}


def _other_day(books: Books) -> dict[str, Any]:
    return {"operation": "update", "Invoice": {**_sparse(books), "TxnDate": "2026-01-02"}}


def _other_cent(books: Books) -> dict[str, Any]:
    lines = [
        dict(line) for line in books["Invoice"][0]["Line"] if line["DetailType"] == "SalesItemLineDetail"
    ]
    lines[0]["Amount"] += 0.01
    lines[0]["SalesItemLineDetail"] = {**lines[0]["SalesItemLineDetail"], "UnitPrice": lines[0]["Amount"]}
    return {"operation": "update", "Invoice": {**_sparse(books), "Line": lines}}


def _second_customer(books: Books) -> dict[str, Any]:
    mail = books["Customer"][-1]["PrimaryEmailAddr"]
    return {"operation": "create", "Customer": {"DisplayName": "Somebody else", "PrimaryEmailAddr": mail}}


def _sparse(books: Books) -> dict[str, Any]:
    return {"Id": books["Invoice"][0]["Id"], "sparse": True}


@pytest.mark.parametrize(
    "wrong",
    [
        _second_invoice,
        _foreign_invoice,
        _second_payment,
        _no_payment,
        _loose_payment,
        _other_day,
        _other_cent,
        _second_customer,
    ],
)
def test_wrong_books_are_noticed(shop: Shop, wrong: Callable[[Books], dict[str, Any]]):
    desk: Desk = shop.open()
    desk.book(inspection(1), inspection(2))
    desk.run()
    desk.assert_exact(invoices_ever=2)
    item = wrong(desk.books())
    answer = desk.intuit.post(f"/_standin/realms/{desk.realm_id}/batch", {"BatchItemRequest": [item]})
    assert "Fault" not in answer["BatchItemResponse"][0], answer
    with pytest.raises(AssertionError):
        desk.assert_exact()


def test_a_missing_invoice_is_noticed(shop: Shop):
    desk = shop.open()
    desk.book(inspection(1))
    with pytest.raises(AssertionError, match="missing SP-"):
        desk.assert_exact()


def test_a_double_that_was_taken_away_again_is_noticed(shop: Shop):
    desk = shop.open()
    [key] = desk.book(inspection(1))
    for canceled in (False, True, False):
        desk.change(key, canceled=canceled)
        desk.run()
    desk.assert_exact(invoices_ever=2)
    with pytest.raises(AssertionError, match="ever made"):
        desk.assert_exact(invoices_ever=1)
