"""What people merge in QuickBooks is followed to the survivor that our documents name: no drift, no second one, one note."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.changes import check_changes
from worker.reading.merges import follow_merges

LOPEZZ = {"first_name": "Ann", "last_name": "Lopezz", "email": "ann@client.example"}


@pytest.fixture
def bookkeeper(desk: Desk) -> Bookkeeper:
    return Bookkeeper(desk)


def look_again(desk: Desk) -> None:
    desk.do(check_changes)


def compare_all(desk: Desk) -> None:
    """As after a month away: everything is compared by id."""
    with desk.holding() as work:
        work.connection.changes_since = utcnow() - timedelta(days=40)
        work.commit()
        while not check_changes(work):
            pass


def change_first(desk: Desk) -> None:
    """The change of an inspection meets the moved SyncToken before anybody looked."""
    desk.sync_until_quiet()
    look_again(desk)


LOOKS = [look_again, compare_all, change_first]


def by_name(desk: Desk, kind: str) -> dict[str, str]:
    return {one.get("DisplayName") or one["Name"]: one["Id"] for one in desk.books()[kind]}


def drifts(desk: Desk) -> list[Any]:
    with desk.shop.app.app_context():
        rows = select(Drift.kind, Drift.fields).where(Drift.company_id == desk.id, Drift.settled_at.is_(None))
        return list(db.session.execute(rows))


def notices(desk: Desk) -> list[str]:
    with desk.shop.app.app_context():
        rows = select(Notice.text).where(Notice.company_id == desk.id, Notice.kind == "merged")
        return list(db.session.scalars(rows))


def two_clients(desk: Desk) -> tuple[str, str, str]:
    """Two paid inspections of Ann Lopezz and one of somebody else; return the key of the first, Ann's id and the other's."""
    [first] = desk.book(inspection(1, buyer=LOPEZZ))
    same = desk.platform.get(f"/_standin/inspections/{first}")["buyer"]["id"]
    desk.book(inspection(2, buyer={"id": same}), inspection(3))
    desk.sync()
    ids = by_name(desk, "Customer")
    return first, ids["Ann Lopezz"], ids["Ann O'Neil 3"]


@pytest.mark.parametrize("look", LOOKS)
def test_a_merged_customer_is_followed_to_the_survivor(desk, bookkeeper, look):
    key, gone, survivor = two_clients(desk)
    bookkeeper.merge("Customer", gone, survivor)
    changed = [{"kind": "service", "name": "Full Home Inspection", "amount": "600.00"}]
    if look is change_first:
        desk.change(key, line_items=changed)
    look(desk)
    assert drifts(desk) == []
    [note] = notices(desk)
    assert "Customer Ann Lopezz was merged into Ann O'Neil 3." in note
    with desk.shop.app.app_context():
        links = db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == desk.id))
        assert {link.qbo_id for link in links} == {survivor}
        living = db.session.scalars(select(Document).where(Document.company_id == desk.id))
        assert {one.customer_id for one in living} == {survivor}
    if look is not change_first:
        desk.forget_calls()
        desk.run("nightly")
        assert not any(call["operation"] == "batch" for call in desk.calls()), "nothing was written for it"
        desk.change(key, line_items=changed)
    same = desk.platform.get(f"/_standin/inspections/{key}")["buyer"]["id"]
    desk.book(inspection(4, buyer={"id": same}))
    desk.sync_until_quiet()
    books = desk.books()
    assert {one["CustomerRef"]["value"] for one in (*books["Invoice"], *books["Payment"])} == {survivor}
    assert next(one["TotalAmt"] for one in books["Invoice"] if one["DocNumber"] == f"SP-{key}") == 600.0
    assert len(books["Customer"]) == 2 and len(books["Invoice"]) == 4
    assert drifts(desk) == [] and len(notices(desk)) == 1


@pytest.mark.parametrize("look", LOOKS)
def test_a_merged_item_is_followed_to_the_survivor(desk, bookkeeper, look):
    key, *_ = desk.book(*(inspection(number) for number in range(1, 6)))
    desk.sync()
    items = by_name(desk, "Item")
    bookkeeper.merge("Item", items["Radon"], items["Full Home Inspection"])
    changed = [{"kind": "service", "name": "Radon", "amount": "80.00"}]
    if look is change_first:
        desk.change(key, line_items=changed, payments=[])
    look(desk)
    assert drifts(desk) == []
    [note] = notices(desk)
    assert "Item Radon was merged into Full Home Inspection." in note
    if look is not change_first:
        desk.forget_calls()
        desk.run("nightly")
        assert not any(call["operation"] == "batch" for call in desk.calls()), "nothing was written for it"
        desk.change(key, line_items=changed, payments=[])
    desk.book(inspection(6))
    desk.sync_until_quiet()
    books = desk.books()
    lines = [line for one in books["Invoice"] for line in one["Line"] if "SalesItemLineDetail" in line]
    named = {line["SalesItemLineDetail"]["ItemRef"]["value"] for line in lines}
    assert named == {items["Full Home Inspection"]}
    assert by_name(desk, "Item").keys() == {"Services", "Full Home Inspection", "Radon (deleted)"}
    assert drifts(desk) == [] and len(notices(desk)) == 1


def test_the_survivor_of_a_survivor_is_followed(desk, bookkeeper):
    key, gone, survivor = two_clients(desk)
    last = bookkeeper.do("create", "Customer", DisplayName="Lopez Family")["Id"]
    bookkeeper.merge("Customer", gone, survivor)
    look_again(desk)
    bookkeeper.merge("Customer", survivor, last)
    look_again(desk)
    assert drifts(desk) == [] and len(notices(desk)) == 2
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "80.00"}], payments=[])
    desk.sync_until_quiet()
    assert {one["CustomerRef"]["value"] for one in desk.books()["Invoice"]} == {last}


@pytest.mark.parametrize("look", [look_again, compare_all])
@pytest.mark.parametrize("known", [True, False])
def test_a_merge_is_followed_though_a_document_of_ours_had_been_deleted(desk, bookkeeper, known, look):
    """What is gone names nobody; it had kept the merge from being seen, so that *Restore ours* would have undone it."""
    _, gone, survivor = two_clients(desk)
    mine = next(one for one in desk.books()["Payment"] if one["CustomerRef"]["value"] == gone)
    bookkeeper.delete("Payment", mine["Id"])
    if known:
        look_again(desk)
    bookkeeper.merge("Customer", gone, survivor)
    look(desk)
    assert [kind for kind, _ in drifts(desk)] == ["deleted"]
    assert len(notices(desk)) == 1


@pytest.mark.parametrize("look", [look_again, compare_all])
def test_one_invoice_that_a_person_moved_by_hand_is_drift_and_no_merge(desk, bookkeeper, look):
    _, ann, other = two_clients(desk)
    books = desk.books()
    moved = next(one for one in books["Invoice"] if one["CustomerRef"]["value"] == ann)
    paid = next(one for one in books["Payment"] if moved["Id"] == one["Line"][0]["LinkedTxn"][0]["TxnId"])
    bookkeeper.delete("Payment", paid["Id"])
    bookkeeper.edit("Invoice", moved["Id"], CustomerRef={"value": other})
    bookkeeper.edit("Customer", ann, Active=False)
    look(desk)
    assert sorted(kind for kind, _ in drifts(desk)) == ["deleted", "edited"]
    assert notices(desk) == []


def test_a_merge_in_closed_books_changes_our_records_and_nothing_waits(desk, bookkeeper):
    _, gone, survivor = two_clients(desk)
    bookkeeper.merge("Customer", gone, survivor)
    closed = {"AccountingInfoPrefs": {"BookCloseDate": (utcnow() + timedelta(days=30)).date().isoformat()}}
    desk.intuit.post(f"/_standin/realms/{desk.realm_id}/preferences", closed)
    desk.run("nightly")
    desk.run("nightly")
    assert drifts(desk) == [] and desk.unsettled() == {}


def test_without_one_survivor_for_all_nothing_is_followed(desk):
    desk.book(inspection(1, payments=[]))
    desk.sync_until_quiet()
    with desk.holding() as work:
        [document] = db.session.scalars(select(Document).where(Document.company_id == desk.id))
        named = {**document.body, "Id": document.qbo_id}
        elsewhere = {**named, "CustomerRef": {"value": "98"}}
        another = {**named, "CustomerRef": {"value": "99"}}
        for shown in (
            [],
            [(document, named)],
            [(document, elsewhere), (document, another)],
            [(document, elsewhere)],
        ):
            assert follow_merges(work, shown, ask=False) is False
        assert (document.customer_id, work.calls) == (named["CustomerRef"]["value"], 0)
