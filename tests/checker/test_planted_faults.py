"""The checker notices each way in which books can be wrong, or all that rests on it proves nothing: right books, one fault, its finding."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.checker.facts import KINDS
from tests.checker.history import check_calls
from tests.checker.right_books import RightBooks, now, without

Plant = Callable[[RightBooks], Any]


@pytest.fixture
def right(tmp_path: Path) -> RightBooks:
    """Three inspections, booked as they should be."""
    return RightBooks(tmp_path)


def _edit(books: RightBooks, entity: str, **changes: Any) -> None:
    books.app("update", entity, Id=books.first(entity)["Id"], sparse=True, **changes)


def _lines(books: RightBooks, **changes: Any) -> list[dict[str, Any]]:
    """Return the first Invoice's own lines, the first of them changed."""
    kept = [
        dict(line) for line in books.first("Invoice")["Line"] if line["DetailType"] == "SalesItemLineDetail"
    ]
    detail = {**kept[0]["SalesItemLineDetail"], **changes.pop("detail", {})}
    kept[0] |= {**changes, "SalesItemLineDetail": detail}
    return kept


def _no_invoice(books: RightBooks) -> None:
    books.book({**books_one(books), "buyer": {"first_name": "Z", "last_name": "Z", "email": "z@z.example"}})


def books_one(books: RightBooks) -> dict[str, Any]:
    """Return the values of an inspection that is not booked yet."""
    one = books.truth()[0]
    kept = ("datetime", "property_address", "inspector_name")
    fees = [{"kind": "service", "name": "Radon", "amount": "150.00"}]
    return {**{name: one[name] for name in kept}, "confirmed": True, "line_items": fees}


def _deleted(books: RightBooks) -> None:
    books.app("delete", "Payment", Id=books.first("Payment")["Id"])


def _second_invoice(books: RightBooks) -> None:
    books.app("create", "Invoice", **without(books.first("Invoice")))


def _second_payment(books: RightBooks) -> None:
    books.app("create", "Payment", **{**without(books.first("Payment")), "Line": []})


def _other_cent(books: RightBooks) -> None:
    amount = _lines(books)[0]["Amount"] + 0.01
    _edit(books, "Invoice", Line=_lines(books, Amount=amount, detail={"UnitPrice": amount}))


def _other_customer(books: RightBooks) -> None:
    other = books.app("create", "Customer", DisplayName="Somebody Else")["Id"]
    _deleted(books)
    _edit(books, "Invoice", CustomerRef={"value": other})


def _class(books: RightBooks) -> None:
    books.options = replace(books.options, classes={"": "East"})


def _reached(books: RightBooks, **changes: Any) -> None:
    """The first inspection's facts change on the platform, and nobody follows."""
    books.change(books.keys[0], **changes)


def _orphan(books: RightBooks) -> None:
    books.app("delete", "Invoice", Id=books.first("Invoice")["Id"])


def _foreign(books: RightBooks) -> None:
    books.app(
        "create",
        "Invoice",
        **{**without(books.first("Invoice")), "DocNumber": "77", "PrivateNote": "no mark"},
    )


def _touched(books: RightBooks) -> None:
    theirs = books.person("create", "Customer", DisplayName="Theirs")["Id"]
    books.app("update", "Customer", Id=theirs, sparse=True, CompanyName="Ours now")


def _theirs_deleted(books: RightBooks) -> None:
    theirs = books.person("create", "Invoice", **without(books.first("Invoice"), "DocNumber", "PrivateNote"))
    books.app("delete", "Invoice", Id=theirs["Id"])


def _unknown(books: RightBooks) -> None:
    books.recorded = {("Invoice", one["Id"]) for one in books.books()["Invoice"]}
    books.recorded |= {("Payment", one["Id"]) for one in books.books()["Payment"][1:]}


def _two_for_a_moment(books: RightBooks) -> None:
    second = books.app("create", "Invoice", **without(books.first("Invoice")))
    books.app("delete", "Invoice", Id=second["Id"])


def _receipt(books: RightBooks, *, read: bool) -> None:
    """A SalesReceipt of the first inspection is deleted, its replacement read back before or not."""
    invoice = books.first("Invoice")
    body = {name: invoice[name] for name in ("CustomerRef", "TxnDate")} | {"Line": _lines(books)}
    receipt = books.person("create", "SalesReceipt", **body)
    books.receipts[receipt["Id"]] = books.keys[0]
    if read:
        books.reads(f"Invoice {invoice['Id']}", f"Payment {books.first('Payment')['Id']}")
    books.app("delete", "SalesReceipt", Id=receipt["Id"])


def _elsewhere(books: RightBooks) -> None:
    note = "Elm St 9\nTieout inspection 777777"
    books.app(
        "create",
        "Invoice",
        **{**without(books.first("Invoice")), "DocNumber": "SP-777777", "PrivateNote": note},
    )


def _work_lost(books: RightBooks) -> None:
    one = books.first("Invoice")["Id"]
    books.person("update", "Invoice", Id=one, sparse=True, CustomerMemo={"value": "Thank you!"})
    _edit(books, "Invoice", CustomerMemo={"value": "Inspection of 1 Oak St"})


PLANTED: dict[str, list[Plant]] = {
    "missing": [_no_invoice],
    "deleted though kept": [_deleted],
    "kept though deleted": [
        lambda books: _reached(books, canceled=True),
        lambda books: _reached(books, deleted=True),
        lambda books: _reached(books, confirmed=False),
        lambda books: books.platform.request(
            "PATCH",
            f"/_standin/inspections/{books.keys[0]}/payments/{books.truth()[0]['payments'][0]['id']}",
            json={"voided_at": now()},
        ),
    ],
    "doubled": [
        _second_invoice,
        _second_payment,
        lambda books: books.app(
            "create", "Customer", DisplayName="Again", PrimaryEmailAddr={"Address": "ann1@client.example"}
        ),
    ],
    "wrong cents": [_other_cent, lambda books: _edit(books, "Payment", TotalAmt=575.01)],
    "wrong date": [
        lambda books: _edit(books, "Invoice", TxnDate="2026-01-02"),
        lambda books: _edit(books, "Invoice", DueDate="2031-01-02"),
        lambda books: _edit(books, "Payment", TxnDate="2026-01-02"),
    ],
    "wrong customer": [_other_customer],
    "wrong item": [
        lambda books: _edit(
            books, "Invoice", Line=_lines(books, detail={"ItemRef": {"value": books.item("Mold")}})
        ),
        lambda books: _edit(books, "Invoice", Line=_lines(books, Description="Another service")),
    ],
    "wrong class": [_class],
    "wrong words": [
        lambda books: _edit(books, "Invoice", DocNumber="SP-1"),
        lambda books: _edit(books, "Payment", PaymentRefNum="other"),
        lambda books: _edit(books, "Invoice", BillEmail={"Address": "other@client.example"}),
    ],
    "unapplied": [lambda books: _edit(books, "Payment", Line=[])],
    "orphaned": [_orphan],
    "foreign": [_foreign],
    "foreign touched": [_touched, _theirs_deleted],
    "unknown effect": [_unknown],
    "two at once": [_two_for_a_moment],
    "receipt too soon": [lambda books: _receipt(books, read=False)],
    "across companies": [_elsewhere],
    "work lost": [_work_lost],
}
ELSEWHERE = {"limits", "excuse without cause"}
"""Kinds that have tests of their own: they are found by other questions than these."""


def test_right_books_are_right(right: RightBooks):
    assert right.findings() == []


def test_every_kind_is_planted():
    assert set(PLANTED) | ELSEWHERE == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "plant"),
    [
        pytest.param(kind, plant, id=f"{kind}-{number}")
        for kind, plants in PLANTED.items()
        for number, plant in enumerate(plants)
    ],
)
def test_a_planted_fault_is_found_by_its_kind(right: RightBooks, kind: str, plant: Plant):
    plant(right)
    assert kind in {finding.kind for finding in right.findings()}, right.findings()


def test_a_receipt_whose_replacement_was_read_back_may_go(right: RightBooks):
    _receipt(right, read=True)
    assert right.findings() == []


def test_what_a_person_deleted_before_we_could_know_of_it_is_no_effect_of_ours(right: RightBooks):
    lost = right.first("Payment")
    right.person("delete", "Payment", Id=lost["Id"], SyncToken=lost["SyncToken"])
    lines = [{name: line[name] for name in ("Amount", "LinkedTxn")} for line in lost["Line"]]
    right.app("create", "Payment", **without(lost) | {"Line": lines})
    right.recorded = {(kind, one["Id"]) for kind in ("Invoice", "Payment") for one in right.books()[kind]}
    assert right.findings() == []


def test_what_people_make_and_change_is_theirs(right: RightBooks):
    right.person("create", "Customer", DisplayName="Theirs")
    right.person("create", "Invoice", **without(right.first("Invoice"), "DocNumber", "PrivateNote"))
    assert right.findings() == []


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        ({"requests_per_second": 1}, [("query", 0, "00.0"), ("query", 0, "00.9")]),
        ({"requests_per_minute": 2}, [("query", 0, "00.0"), ("read", 0, "30.0"), ("query", 0, "59.9")]),
        ({"batches_per_minute": 1}, [("batch", 1, "00.0"), ("batch", 1, "59.0")]),
        ({}, [("batch", 31, "00.0")]),
    ],
)
def test_more_than_a_limit_allows_is_found(limits: dict[str, int], calls: list[tuple[str, int, str]]):
    told = [
        {"operation": what, "items": items, "at": f"2026-03-01T10:00:{at}+00:00"} for what, items, at in calls
    ]
    assert {finding.kind for finding in check_calls(told, limits)} == {"limits"}
    assert check_calls(told[:1], limits) == [] or not limits
