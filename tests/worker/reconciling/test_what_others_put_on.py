"""What people put on our documents stays, whatever we change afterwards; what is money is drift (decision 20)."""

import pytest
from sqlalchemy import func, select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from tests.functional.office import inspection
from tests.worker.reconciling.putting_on import (
    FULL,
    RADON,
    RAISED,
    a_class,
    booked,
    lines,
    open_drifts,
    restore,
    state,
    tagged,
)
from tests.worker.reconciling.test_waiting import paid
from worker.reading.changes import check_changes


@pytest.mark.parametrize("looked", [True, False], ids=["seen by change data capture", "met by a stale token"])
def test_tags_on_a_line_of_ours_outlive_a_changed_fee(desk, bookkeeper, looked):
    key, invoice = booked(desk)
    first, second = lines(invoice)
    north = a_class(desk, bookkeeper)
    put = {"ServiceDate": "2026-03-01", "ClassRef": north, "TaxCodeRef": {"value": "TAX"}}
    field = [{"DefinitionId": "1", "Name": "Team", "Type": "StringType", "StringValue": "North"}]
    changed = tagged(first, **put) | {"CustomField": field, "Description": "Home inspection, as agreed"}
    bookkeeper.edit("Invoice", invoice["Id"], Line=[changed, second])
    if looked:
        desk.do(check_changes)
        assert open_drifts(desk) == []
    desk.change(key, line_items=RAISED)
    desk.sync()
    after = bookkeeper.document("Invoice", invoice["Id"])
    one, other = lines(after)
    assert (one["Id"], other["Id"]) == (first["Id"], second["Id"])
    assert (one["Amount"], one["SalesItemLineDetail"]["UnitPrice"], after["TotalAmt"]) == (
        475.0,
        475.0,
        625.0,
    )
    detail = one["SalesItemLineDetail"]
    assert detail["ServiceDate"] == "2026-03-01" and detail["TaxCodeRef"] == {"value": "TAX"}
    assert detail["ClassRef"]["value"] == north["value"]
    assert one["CustomField"] == field and one["Description"] == "Home inspection, as agreed"
    assert "ClassRef" not in other["SalesItemLineDetail"]
    assert state(desk, key) == "in-sync"
    assert open_drifts(desk) == []


def test_what_stayed_once_stays_again_and_costs_no_read(desk, bookkeeper):
    key, invoice = booked(desk)
    first, second = lines(invoice)
    bookkeeper.edit(
        "Invoice", invoice["Id"], Line=[tagged(first, ServiceDate="2026-03-01"), second], PrivateNote="Mine"
    )
    desk.do(check_changes)
    for amount in ("475.00", "480.00"):
        desk.forget_calls()
        desk.change(key, line_items=[FULL | {"amount": amount}, RADON], property_address=f"{amount} Elm St")
        desk.sync()
        assert [call["operation"] for call in desk.calls()] == ["batch"]
        after = bookkeeper.document("Invoice", invoice["Id"])
        assert lines(after)[0]["SalesItemLineDetail"]["ServiceDate"] == "2026-03-01"
        assert lines(after)[0]["Amount"] == float(amount)
        assert after["PrivateNote"] == "Mine" and amount in after["CustomerMemo"]["value"]


def test_an_untouched_document_is_changed_by_its_line_ids_without_a_read(desk, bookkeeper):
    key, invoice = booked(desk)
    desk.forget_calls()
    desk.change(key, line_items=[RADON, FULL | {"amount": "475.00"}])
    desk.sync()
    assert [call["operation"] for call in desk.calls()] == ["batch"]
    before = {line["Description"]: line["Id"] for line in lines(invoice)}
    after = bookkeeper.document("Invoice", invoice["Id"])
    assert {line["Description"]: line["Id"] for line in lines(after)} == before
    with desk.shop.app.app_context():
        kept = select(func.count()).where(Document.company_id == desk.id, Document.as_read.is_not(None))
        assert db.session.scalar(kept) == 0


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"PrivateNote": "Ask Dana"}, "Ask Dana"),
        ({"CustomerMemo": {"value": "Thank you"}}, {"value": "Thank you"}),
        ({"BillAddr": {"Line1": "PO Box 7"}}, "PO Box 7"),
        ({"BillEmail": {"Address": "office@client.example"}}, {"Address": "office@client.example"}),
        ({"EmailStatus": "NeedToSend"}, "NeedToSend"),
        ({"DocNumber": "1077"}, "1077"),
        (
            {
                "CustomField": [
                    {"DefinitionId": "1", "Name": "Team", "Type": "StringType", "StringValue": "N"}
                ]
            },
            "N",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_is_no_money_on_an_invoice_is_no_drift_and_stays(desk, bookkeeper, changes, shown):
    key, invoice = booked(desk)
    bookkeeper.edit("Invoice", invoice["Id"], **changes)
    desk.do(check_changes)
    desk.change(key, line_items=RAISED, property_address="77 Elm St")
    desk.sync()
    after = bookkeeper.document("Invoice", invoice["Id"])
    [name] = changes
    assert str(shown) in str(after[name])
    assert after["TotalAmt"] == 625.0
    assert open_drifts(desk) == [] and state(desk, key) == "in-sync"


def test_terms_of_a_person_stay(desk, bookkeeper):
    key, invoice = booked(desk)
    term = bookkeeper.do("create", "Term", Name="Net 30 of ours", DueDays=30)["Id"]
    bookkeeper.edit("Invoice", invoice["Id"], SalesTermRef={"value": term})
    desk.do(check_changes)
    desk.change(key, line_items=RAISED)
    desk.sync()
    assert bookkeeper.document("Invoice", invoice["Id"])["SalesTermRef"]["value"] == term
    assert state(desk, key) == "in-sync"


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"TxnDate": "2026-03-01"}, "Date"),
        ({"DueDate": "2030-03-01"}, "Due date"),
        ({"Line": "paid line"}, "Lines"),
        ({"Line": "other amount"}, "Lines"),
        ({"Line": "other item"}, "Lines"),
        ({"Line": "one away"}, "Lines"),
        ({"Line": "up and down"}, "Lines"),
        ({"CustomerRef": "another"}, "Customer"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_what_is_money_is_drift_and_is_left_alone(desk, bookkeeper, changes, label):
    key, invoice = booked(desk)
    first, second = lines(invoice)
    money = {"Qty": 1, "UnitPrice": 400}
    extra = {name: value for name, value in second.items() if name != "Id"}
    down = tagged(extra, Qty=1, UnitPrice=-150) | {"Amount": -150}
    shapes = {
        "paid line": [first, second, extra],
        "other amount": [tagged(first, **money) | {"Amount": 400}, second],
        "other item": [tagged(first, ItemRef=second["SalesItemLineDetail"]["ItemRef"]), second],
        "one away": [first],
        "up and down": [first, second, extra, down],
    }
    if "Line" in changes:
        changes = {"Line": shapes[changes["Line"]]}
    if "CustomerRef" in changes:
        changes = {"CustomerRef": {"value": bookkeeper.do("create", "Customer", DisplayName="Another")["Id"]}}
    bookkeeper.edit("Invoice", invoice["Id"], **changes)
    theirs = bookkeeper.document("Invoice", invoice["Id"])
    desk.do(check_changes)
    [(kind, labels)] = open_drifts(desk)
    assert kind == "edited" and label in labels
    desk.change(key, line_items=RAISED)
    desk.sync()
    assert bookkeeper.document("Invoice", invoice["Id"]) == theirs
    assert state(desk, key) == "drift drift"


def attached(desk, bookkeeper, *documents):
    """Attach a file to each of these (kind, document); return what there is, by file name, as it is afterwards."""
    for number, (kind, document) in enumerate(documents):
        about = {"EntityRef": {"type": kind, "value": document["Id"]}}
        bookkeeper.do("create", "Attachable", FileName=f"{number}.pdf", AttachableRef=[about])
    return attachments(desk)


def attachments(desk):
    """Return what each attachment says of itself and what it is about, by file name."""
    return {
        one["FileName"]: (one["SyncToken"], one.get("AttachableRef")) for one in desk.books()["Attachable"]
    }


def test_attachments_stay_on_what_is_updated_restored_or_left_alone(desk, bookkeeper):
    key, invoice = booked(desk, payments=[paid("100.00", 3, "ch_1")])
    [untouched] = desk.book(inspection(2))
    desk.sync()
    other = next(one for one in desk.books()["Invoice"] if one["Id"] != invoice["Id"])
    payment = next(one for one in desk.books()["Payment"] if one["TotalAmt"] == 100)
    before = attached(desk, bookkeeper, ("Invoice", invoice), ("Payment", payment), ("Invoice", other))
    desk.change(key, line_items=RAISED)
    desk.sync()
    assert bookkeeper.document("Invoice", invoice["Id"])["TotalAmt"] == 625
    first, *rest = lines(bookkeeper.document("Invoice", invoice["Id"]))
    changed = tagged(first, UnitPrice=1) | {"Amount": 1}
    bookkeeper.edit("Invoice", invoice["Id"], Line=[changed, *rest])
    bookkeeper.edit("Payment", payment["Id"], TotalAmt=90, Line=[])
    desk.do(check_changes)
    assert len(open_drifts(desk)) == 2 and untouched != key
    restore(desk)
    assert bookkeeper.document("Invoice", invoice["Id"])["TotalAmt"] == 625
    assert bookkeeper.document("Payment", payment["Id"])["TotalAmt"] == 100
    assert attachments(desk) == before


def test_attachments_of_what_is_deleted_or_made_again_stay_in_the_list_linked_to_nothing(desk, bookkeeper):
    key, invoice = booked(desk)
    attached(desk, bookkeeper, ("Invoice", invoice))
    bookkeeper.delete("Invoice", invoice["Id"])
    desk.do(check_changes)
    restore(desk)
    [again] = desk.books()["Invoice"]
    assert again["Id"] != invoice["Id"] and again["DocNumber"] == invoice["DocNumber"]
    assert attachments(desk) == {"0.pdf": ("1", None)}
    bookkeeper.do(
        "create",
        "Attachable",
        FileName="1.pdf",
        AttachableRef=[{"EntityRef": {"type": "Invoice", "value": again["Id"]}}],
    )
    desk.change(key, canceled=True)
    desk.sync()
    assert desk.books()["Invoice"] == [] and attachments(desk) == {"0.pdf": ("1", None), "1.pdf": ("1", None)}
