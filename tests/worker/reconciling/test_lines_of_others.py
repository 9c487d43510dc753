"""Lines of others stay where they stand, and nothing that a person put on is lost on the way: crashes, stale tokens, *Restore ours*."""

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from tests.functional.office import inspection
from tests.worker.reconciling.putting_on import (
    FULL,
    RADON,
    RAISED,
    bare,
    booked,
    lines,
    open_drifts,
    restore,
    state,
    tagged,
    texts,
)
from worker.reading.changes import check_changes

NOTE = {"DetailType": "DescriptionOnly", "Description": "See the report, page 4"}


@pytest.mark.parametrize(
    ("arranged", "wanted", "left"),
    [
        ("note first", RAISED, ["See the report, page 4", "Full Home Inspection", "Radon"]),
        ("note between", RAISED, ["Full Home Inspection", "See the report, page 4", "Radon"]),
        ("note last", [RADON], ["Radon", "See the report, page 4"]),
        ("free line", RAISED, ["Full Home Inspection", "Radon", "Free re-inspection"]),
        ("turned round", RAISED, ["Radon", "Full Home Inspection"]),
        (
            "note between",
            [FULL, RADON | {"name": "Mold", "amount": "90.00"}],
            ["Full Home Inspection", "Mold", "See the report, page 4"],
        ),
        ("turned round", [FULL, RADON, RADON | {"name": "Mold"}], ["Radon", "Mold", "Full Home Inspection"]),
        ("note first", [], ["No charge", "See the report, page 4"]),
    ],
)
def test_lines_of_others_and_their_order_stay_whatever_ours_become(desk, bookkeeper, arranged, wanted, left):
    key, invoice = booked(desk)
    first, second = lines(invoice)
    free = tagged(bare(second), Qty=1, UnitPrice=0) | {"Amount": 0, "Description": "Free re-inspection"}
    first = tagged(first, ServiceDate="2026-03-01")
    second = tagged(second, ServiceDate="2026-03-02")
    arrangements = {
        "note first": [NOTE, first, second],
        "note between": [first, NOTE, second],
        "note last": [first, second, NOTE],
        "free line": [first, second, free],
        "turned round": [second, first],
    }
    bookkeeper.edit("Invoice", invoice["Id"], Line=arrangements[arranged])
    desk.do(check_changes)
    assert open_drifts(desk) == []
    desk.change(key, line_items=wanted)
    desk.sync()
    after = bookkeeper.document("Invoice", invoice["Id"])
    assert texts(after) == left
    days = {"Full Home Inspection": "2026-03-01", "Radon": "2026-03-02"}
    for line in lines(after):
        if line["DetailType"] == "SalesItemLineDetail":
            assert line["SalesItemLineDetail"].get("ServiceDate") == days.get(line["Description"])
    assert after["TotalAmt"] == sum(float(one["amount"]) for one in wanted)
    assert state(desk, key) == "in-sync"
    desk.do(check_changes)
    assert open_drifts(desk) == []


def test_restoring_ours_takes_their_money_back_and_leaves_the_rest(desk, bookkeeper):
    key, invoice = booked(desk)
    first, second = lines(invoice)
    paid = tagged(bare(second), Qty=1, UnitPrice=90) | {"Amount": 90, "Description": "Sewer scope"}
    theirs = [tagged(first, ServiceDate="2026-03-01"), NOTE, second, paid]
    bookkeeper.edit("Invoice", invoice["Id"], Line=theirs, PrivateNote="Ask Dana", TxnDate="2026-03-09")
    desk.do(check_changes)
    assert open_drifts(desk) == [("edited", ["Date", "Lines", "Total"])]
    restore(desk)
    after = bookkeeper.document("Invoice", invoice["Id"])
    assert texts(after) == ["Full Home Inspection", "See the report, page 4", "Radon"]
    assert (after["TotalAmt"], after["TxnDate"]) == (575.0, invoice["TxnDate"])
    assert lines(after)[0]["SalesItemLineDetail"]["ServiceDate"] == "2026-03-01"
    assert after["PrivateNote"] == "Ask Dana"
    desk.do(check_changes)
    assert open_drifts(desk) == [] and state(desk, key) == "in-sync"


@pytest.mark.parametrize(
    "changes",
    [
        {"PrivateNote": "Check lies in the safe"},
        {"PaymentRefNum": "4711"},
        {"PaymentMethodRef": "another"},
        {"DepositToAccountRef": "another"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_no_money_on_a_payment_is_no_drift_and_stays(desk, bookkeeper, changes):
    key, _ = booked(desk, payments=inspection(1)["payments"])
    [payment] = desk.books()["Payment"]
    [name] = changes
    if name == "PaymentMethodRef":
        changes = {name: {"value": bookkeeper.do("create", "PaymentMethod", Name="Zelle")["Id"]}}
    if name == "DepositToAccountRef":
        bank = next(one for one in desk.books()["Account"] if one["AccountType"] == "Bank")
        changes = {name: {"value": bank["Id"]}}
    bookkeeper.edit("Payment", payment["Id"], **changes)
    theirs = bookkeeper.document("Payment", payment["Id"])[name]
    desk.do(check_changes)
    assert open_drifts(desk) == []
    paid = desk.platform.get(f"/_standin/inspections/{key}")["payments"][0]
    path = f"/_standin/inspections/{key}/payments/{paid['id']}"
    desk.platform.request(
        "PATCH", path, json={"refunded_amount": "75.00", "reference": "ch_new", "method": "check"}
    )
    desk.sync()
    after = bookkeeper.document("Payment", payment["Id"])
    assert after["TotalAmt"] == 500.0 and after[name] == theirs
    desk.do(check_changes)
    assert open_drifts(desk) == []


def test_the_next_client_does_not_get_the_address_that_a_person_put_on(desk, bookkeeper):
    key, invoice = booked(desk)
    bookkeeper.edit(
        "Invoice", invoice["Id"], BillEmail={"Address": "office@client.example"}, PrivateNote="Ask Dana"
    )
    desk.do(check_changes)
    buyer = {"new": True, "first_name": "Lee", "last_name": "Park", "email": "lee@client.example"}
    desk.change(key, buyer=buyer)
    desk.sync()
    after = bookkeeper.document("Invoice", invoice["Id"])
    assert after["BillEmail"]["Address"] == "lee@client.example"
    assert after["CustomerRef"]["name"] == "Lee Park" and after["PrivateNote"] == "Ask Dana"


def test_a_worker_that_dies_between_reading_and_writing_loses_nothing(desk, bookkeeper):
    key, invoice = booked(desk)
    first, second = lines(invoice)
    bookkeeper.edit("Invoice", invoice["Id"], Line=[tagged(first, ServiceDate="2026-03-01"), NOTE, second])
    desk.change(key, line_items=RAISED)
    desk.break_calls({"kind": "503", "operation": "batch", "nth": 2, "times": 3})
    desk.run()
    desk.mend_calls()
    desk.sync_until_quiet()
    after = bookkeeper.document("Invoice", invoice["Id"])
    assert texts(after) == ["Full Home Inspection", "See the report, page 4", "Radon"]
    assert after["TotalAmt"] == 625.0
    assert lines(after)[0]["SalesItemLineDetail"]["ServiceDate"] == "2026-03-01"
    assert state(desk, key) == "in-sync"


def test_a_person_who_is_quicker_twice_loses_nothing(desk, bookkeeper):
    """The token moves again between our read and our write: the inspection waits, and the next attempt reads again."""
    key, invoice = booked(desk)
    first, second = lines(invoice)
    bookkeeper.edit("Invoice", invoice["Id"], Line=[tagged(first, ServiceDate="2026-03-01"), second])
    desk.change(key, line_items=RAISED)
    desk.break_calls({"kind": "stale", "operation": "batch", "entity": "Invoice", "times": 2})
    desk.run()
    desk.mend_calls()
    desk.sync_until_quiet()
    after = bookkeeper.document("Invoice", invoice["Id"])
    assert after["TotalAmt"] == 625.0
    assert lines(after)[0]["SalesItemLineDetail"]["ServiceDate"] == "2026-03-01"
    assert state(desk, key) == "in-sync"


def test_a_document_from_before_ids_were_kept_is_read_once(desk, bookkeeper):
    key, invoice = booked(desk)
    first, second = lines(invoice)
    bookkeeper.edit("Invoice", invoice["Id"], Line=[tagged(first, ServiceDate="2026-03-01"), second])
    with desk.shop.app.app_context():
        document = db.session.scalars(select(Document).where(Document.company_id == desk.id)).one()
        document.body = document.body | {
            "Line": [
                {name: value for name, value in line.items() if name != "Id"}
                for line in document.body["Line"]
            ]
        }
        document.sync_token = str(int(document.sync_token) + 1)  # As change data capture had it before.
        db.session.commit()
    for amount, expected in (("475.00", ["read", "batch"]), ("480.00", ["batch"])):
        desk.forget_calls()
        desk.change(key, line_items=[FULL | {"amount": amount}, RADON])
        desk.sync()
        assert [call["operation"] for call in desk.calls()] == expected
        [line, _] = lines(bookkeeper.document("Invoice", invoice["Id"]))
        assert (line["Amount"], line["SalesItemLineDetail"]["ServiceDate"]) == (float(amount), "2026-03-01")
