"""A detail that is not money never keeps money out: what QuickBooks refuses of it is left out, flagged once, and the rest is booked."""

from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.errors import GoneError, PermanentError, TemporaryError
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.journal.writing import Write
from worker.reading.changes import check_changes
from worker.reading.company import read_facts
from worker.reading.lists import refresh_lists
from worker.reconciling.leaving_out import send_without_refused

ANN = {
    "first_name": "Ann", "last_name": "Lopez", "email": "ann@client.example", "phone": "303-555-0101",
    "mobile_phone": "720-555-0142",
}  # fmt: skip
TRACKING = ("ClassTrackingPerTxnLine", "TrackDepartments")


def track(desk: Desk, on: bool) -> None:
    """Switch classes and locations on or off in QuickBooks' preferences, and read them again."""
    preferences = {"AccountingInfoPrefs": dict.fromkeys(TRACKING, on)}
    desk.intuit.post(f"/_standin/realms/{desk.realm_id}/preferences", preferences)
    with desk.holding() as work:
        read_facts(work)


@pytest.fixture
def tracking(desk: Desk) -> Desk:
    """A company whose documents carry every detail: Class, Location, method, reference, memos, email and phones."""
    bookkeeper = Bookkeeper(desk)
    chosen = {
        kind: bookkeeper.do("create", kind, Name=f"{kind} of Dana")["Id"] for kind in ("Class", "Department")
    }
    track(desk, True)
    desk.do(refresh_lists)
    with desk.holding() as work:
        work.company.books = {"classes": {"": chosen["Class"]}, "locations": {"": chosen["Department"]}}
        work.commit()
    return desk


def row_of(desk: Desk, key: str) -> InspectionRow:
    with desk.shop.app.app_context():
        mine = (InspectionRow.company_id == desk.id, InspectionRow.key == key)
        return db.session.scalars(select(InspectionRow).where(*mine)).one()


def flags(desk: Desk, key: str) -> list[tuple[str, str]]:
    return [(flag["code"], flag["detail"]) for flag in row_of(desk, key).flags]


def first_class(entity: dict[str, Any]) -> Any:
    return entity["Line"][0]["SalesItemLineDetail"].get("ClassRef")


REFUSALS = [
    # What it is of, its property, the code that QuickBooks answers, whether it names the property, and the flag.
    ("Customer", "PrimaryEmailAddr", "2210", "PrimaryEmailAddr.Address", "Email: ann@client.example"),
    ("Customer", "PrimaryPhone", "2050", "PrimaryPhone.FreeFormNumber", "Phone: 303-555-0101"),
    ("Customer", "Mobile", "2040", "", "Mobile: 720-555-0142"),
    ("Invoice", "BillEmail", "2210", "", "Email: ann@client.example"),
    ("Invoice", "ClassRef", "2500", "", "Class: Class of Dana"),
    ("Invoice", "ClassRef", "610", "", "Class: Class of Dana"),
    ("Invoice", "ClassRef", "5030", "", "Class: Class of Dana"),
    ("Invoice", "DepartmentRef", "2500", "DepartmentRef", "Location: Department of Dana"),
    ("Invoice", "DepartmentRef", "610", "", "Location: Department of Dana"),
    (
        "Invoice",
        "CustomerMemo",
        "2050",
        "",
        "Message to the customer: Inspection of 1 Oak St, Asheville, NC 28801",
    ),
    ("Invoice", "PrivateNote", "2040", "PrivateNote", "Memo: 1 Oak St, Asheville, NC 28801"),
    ("Payment", "PaymentMethodRef", "2500", "", "Payment method: Credit Card"),
    ("Payment", "PaymentMethodRef", "610", "", "Payment method: Credit Card"),
    ("Payment", "PaymentRefNum", "2050", "PaymentRefNum", "Reference: ch_1"),
    ("Payment", "PrivateNote", "2040", "", "Memo: Payment for"),
]


@pytest.mark.parametrize(("kind", "field", "code", "element", "flag"), REFUSALS)
def test_a_refused_detail_is_left_out_and_flagged_once(tracking, kind, field, code, element, flag):
    desk = tracking
    [key] = desk.book(inspection(1, buyer=ANN))
    # Of a memo our mark stays: it is refused while something stands before that.
    body = r'"PrivateNote":"(?!Tieout)' if field == "PrivateNote" else f'"{field}"'
    rule = {"kind": "item", "entity": kind, "body": body, "times": 0, "code": code, "element": element}
    desk.break_calls(rule)
    desk.sync()
    row = row_of(desk, key)
    assert (row.state, row.reason) == ("in-sync", "")
    [(flagged, detail)] = flags(desk, key)
    assert flagged == "detail-left-out" and detail.startswith(flag)
    books = desk.books()
    assert len(books["Customer"]) == 1
    [invoice], [payment] = books["Invoice"], books["Payment"]
    assert (invoice["TotalAmt"], invoice["Balance"], payment["TotalAmt"]) == (575.0, 0, 575.0)
    there = {
        "PrimaryEmailAddr": books["Customer"][0].get("PrimaryEmailAddr"),
        "PrimaryPhone": books["Customer"][0].get("PrimaryPhone"),
        "Mobile": books["Customer"][0].get("Mobile"),
        "BillEmail": invoice.get("BillEmail"),
        "ClassRef": first_class(invoice),
        "DepartmentRef": invoice.get("DepartmentRef"),
        "CustomerMemo": invoice.get("CustomerMemo"),
        "PaymentMethodRef": payment.get("PaymentMethodRef"),
        "PaymentRefNum": payment.get("PaymentRefNum"),
    }
    assert {name for name, value in there.items() if not value} == {field} - {"PrivateNote"}
    if field == "PrivateNote":
        assert {"Invoice": invoice, "Payment": payment}[kind]["PrivateNote"].startswith("Tieout ")
    desk.mend_calls()
    desk.forget_calls()
    desk.run("nightly")
    desk.sync()
    assert not any(call["operation"] == "batch" for call in desk.calls()), "nothing is sent again for it"
    assert flags(desk, key) == [(flagged, detail)]


def test_what_is_refused_without_its_details_too_keeps_its_first_refusal(tracking):
    desk = tracking
    [key] = desk.book(inspection(1, buyer=ANN))
    desk.break_calls({"kind": "item", "entity": "Invoice", "times": 0, "code": "2500", "detail": "first"})
    desk.sync()
    row = row_of(desk, key)
    assert (row.state, row.reason) == ("needs-you", "qbo-2500")
    assert desk.books()["Invoice"] == [] and flags(desk, key) == []
    desk.mend_calls()
    assert desk.retry_all() == 1
    desk.sync()
    assert first_class(desk.books()["Invoice"][0]) and flags(desk, key) == []


def test_several_refused_details_are_left_out_together(tracking):
    desk = tracking
    [key] = desk.book(inspection(1, buyer=ANN))
    rule = {
        "kind": "item",
        "entity": "Invoice",
        "body": '"ClassRef"|"DepartmentRef"',
        "times": 0,
        "code": "610",
    }
    desk.break_calls(rule)
    desk.sync()
    assert [detail for _, detail in flags(desk, key)] == [
        "Class: Class of Dana.",
        "Location: Department of Dana.",
    ]


def test_a_corrected_detail_goes_along_and_the_flag_ends(desk):
    [key] = desk.book(inspection(1, buyer=ANN))
    desk.break_calls({"kind": "item", "times": 0, "code": "2210", "body": "ann@client.example"})
    desk.sync()
    assert [detail for _, detail in flags(desk, key)] == ["Email: ann@client.example."]
    desk.change(key, buyer={"email": "ann.lopez@client.example"})
    desk.sync()
    books = desk.books()
    assert books["Customer"][0]["PrimaryEmailAddr"]["Address"] == "ann.lopez@client.example"
    assert books["Invoice"][0]["BillEmail"]["Address"] == "ann.lopez@client.example"
    assert flags(desk, key) == []


def test_a_refused_email_on_a_change_leaves_the_earlier_one_and_books_the_change(desk):
    [key] = desk.book(inspection(1, buyer=ANN))
    desk.sync()
    desk.break_calls({"kind": "item", "times": 0, "code": "2210", "body": "bad@client.example"})
    line = [{"kind": "service", "name": "Radon", "amount": "600.00"}]
    desk.change(key, buyer={"email": "bad@client.example"}, line_items=line)
    desk.sync()
    [invoice] = desk.books()["Invoice"]
    assert (invoice["TotalAmt"], invoice["BillEmail"]["Address"]) == (600.0, "ann@client.example")
    assert [detail for _, detail in flags(desk, key)] == ["Email: bad@client.example."]


def test_classes_and_locations_are_not_sent_while_preferences_say_off_and_nothing_is_written_again(tracking):
    desk = tracking
    desk.book(inspection(1))
    desk.sync()
    track(desk, False)
    desk.forget_calls()
    desk.run("nightly")
    assert not any(call["operation"] == "batch" for call in desk.calls()), (
        "off: what stands is not written again"
    )
    [key] = desk.book(inspection(2))
    desk.sync()
    assert row_of(desk, key).state == "in-sync" and flags(desk, key) == []
    by_number = {one["DocNumber"]: one for one in desk.books()["Invoice"]}
    later = by_number[f"SP-{key}"]
    assert first_class(later) is None and "DepartmentRef" not in later
    track(desk, True)
    desk.forget_calls()
    desk.run("nightly")
    assert not any(call["operation"] == "batch" for call in desk.calls()), "on again: neither"
    with desk.shop.app.app_context():
        living = db.session.scalars(select(Document).where(Document.company_id == desk.id))
        assert {one.hands_off for one in living} == {""}
    [last] = desk.book(inspection(3))
    desk.sync()
    newest = next(one for one in desk.books()["Invoice"] if one["DocNumber"] == f"SP-{last}")
    assert first_class(newest) and newest["DepartmentRef"]
    desk.do(check_changes)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("delete", PermanentError("No.", code="qbo-2210")),
        ("update", GoneError("Object Not Found")),
        ("create", TemporaryError("Later.")),
        ("create", PermanentError("Taken.", code="qbo-6240")),
        ("create", None),
    ],
)
def test_what_no_detail_is_to_blame_for_is_not_sent_again(action, error, desk: Desk):
    body = {
        "CustomerRef": {"value": "71"},
        "BillEmail": {"Address": "ann@x.example"},
        "ClassRef": {"value": "3"},
    }
    write = Write("Invoice", action, "1042", body, error=error)
    with desk.holding() as work:
        send_without_refused(work, [write])
        assert (write.body, write.error, write.note, work.calls) == (body, error, {}, 0)


def test_a_class_left_out_goes_along_later_whatever_others_put_on_the_line_meanwhile(tracking):
    desk = tracking
    [key] = desk.book(inspection(1, buyer=ANN, payments=[]))
    desk.break_calls({"kind": "item", "entity": "Invoice", "body": '"ClassRef"', "times": 0, "code": "610"})
    desk.sync()
    [invoice] = desk.books()["Invoice"]
    lines = [line for line in invoice["Line"] if "SalesItemLineDetail" in line]
    lines[0]["SalesItemLineDetail"]["ServiceDate"] = "2026-03-02"
    Bookkeeper(desk).edit("Invoice", invoice["Id"], Line=lines)
    desk.do(check_changes)
    for fee, there in (("600.00", False), ("700.00", True)):
        names = (("Full Home Inspection", fee), ("Radon", "150.00"))
        items = [{"kind": "service", "name": name, "amount": amount} for name, amount in names]
        if there:
            desk.mend_calls()
        desk.change(key, line_items=items)
        desk.sync()
        [invoice] = desk.books()["Invoice"]
        assert invoice["TotalAmt"] == float(fee) + 150
        assert bool(first_class(invoice)) is there
        assert invoice["Line"][0]["SalesItemLineDetail"]["ServiceDate"] == "2026-03-02"
    assert flags(desk, key) == []
