"""A Customer that we made follows its client: corrected, shortened, alone, under a name that is free; whatever else there is stays."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from bookkeeping.acts.questions import create_customer, not_this_customer, use_customer
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.work.runs import Run
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.changes import check_changes

LOPEZ = {"first_name": "Ann", "last_name": "Lopezz", "email": "ann@client.example", "phone": "303-555-0101"}


def booked(desk: Desk, **buyer: Any) -> str:
    """Book an inspection of Ann Lopezz, sync, and forget the calls so far."""
    [key] = desk.book(inspection(1, buyer={**LOPEZ, **buyer}))
    desk.sync()
    desk.forget_calls()
    return key


def customers(desk: Desk) -> list[dict[str, Any]]:
    return desk.books()["Customer"]


@pytest.mark.parametrize(
    ("corrected", "field", "said"),
    [
        ({"last_name": "Lopez"}, "DisplayName", "Ann Lopez"),
        ({"last_name": "Lopezz-Reyes"}, "DisplayName", "Ann Lopezz-Reyes"),
        ({"first_name": "ANN"}, "DisplayName", "ANN Lopezz"),
        ({"phone": "303-555-0199"}, "PrimaryPhone", {"FreeFormNumber": "303-555-0199"}),
        ({"mobile_phone": "720-555-0142"}, "Mobile", {"FreeFormNumber": "720-555-0142"}),
    ],
)
def test_a_correction_alone_reaches_the_customer_and_nothing_else_is_written(desk, corrected, field, said):
    key = booked(desk)
    before = desk.books()["Invoice"]
    desk.change(key, buyer=corrected)
    desk.sync()
    [customer] = customers(desk)
    assert customer[field] == said
    assert desk.books()["Invoice"] == [
        {**before[0], "CustomerRef": desk.books()["Invoice"][0]["CustomerRef"]}
    ]
    assert [call["operation"] for call in desk.calls()] == ["batch"]
    desk.forget_calls()
    desk.sync()
    assert desk.calls() == []


@pytest.mark.parametrize("broken", [{"subscription": "lapsed"}, {"permission": "denied"}], ids=str)
def test_a_correction_that_met_closed_doors_is_sent_again_once_they_are_open(desk: Desk, broken):
    key = booked(desk)
    company = f"/_standin/realms/{desk.realm_id}/company"
    desk.intuit.post(company, broken)
    desk.change(key, buyer={"last_name": "Lopez"})
    desk.run()
    assert [one["DisplayName"] for one in customers(desk)] == ["Ann Lopezz"]
    assert desk.mirrored()[key].flags == [], "these details were refused by nobody"
    desk.intuit.post(company, {"subscription": "subscribed", "permission": "ok"})
    desk.run("check")
    desk.sync_until_quiet()
    assert [one["DisplayName"] for one in customers(desk)] == ["Ann Lopez"]
    assert (desk.mirrored()[key].state, desk.mirrored()[key].flags) == ("in-sync", [])


def test_a_client_whose_new_customer_is_still_to_be_made_is_corrected_in_making_it(desk: Desk):
    key = booked(desk)
    [invoice] = desk.books()["Invoice"]
    desk.write([("update", "Invoice", {"Id": invoice["Id"], "sparse": True, "TxnDate": "2026-01-02"})])
    desk.do(check_changes)  # It drifts: until somebody settles that, no other Customer is made.
    with desk.shop.app.app_context():
        client = desk.mirrored()[key].client_key
        assert not_this_customer(desk.id, client, "ann") and create_customer(desk.id, client, "ann")
        db.session.commit()
    desk.change(key, buyer={"phone": "303-555-0199"})
    desk.forget_calls()
    desk.sync()
    assert desk.calls() == [], "there is no Customer yet to correct"
    assert desk.mirrored()[key].flags == []


@pytest.mark.parametrize("known", [True, False])
def test_a_corrected_name_that_a_vendor_has_gets_the_suffix(desk, known):
    key = booked(desk)
    Bookkeeper(desk).do("create", "Vendor", DisplayName="Ann Lopez")
    if known:
        desk.do(check_changes)
    desk.change(key, buyer={"last_name": "Lopez"})
    desk.sync()
    assert [one["DisplayName"] for one in customers(desk)] == ["Ann Lopez (client)"]
    assert desk.unsettled() == {}


def test_a_suffix_stays_while_the_name_does(desk):
    Bookkeeper(desk).do("create", "Vendor", DisplayName="Ann Lopezz")
    desk.do(check_changes)
    key = booked(desk)
    desk.change(key, buyer={"phone": "303-555-0199"})
    desk.sync()
    [customer] = customers(desk)
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == (
        "Ann Lopezz (client)",
        "303-555-0199",
    )


def test_what_a_bookkeeper_calls_the_customer_stays_until_the_client_is_renamed(desk):
    key = booked(desk)
    [customer] = customers(desk)
    Bookkeeper(desk).edit("Customer", customer["Id"], DisplayName="Lopezz, Ann")
    desk.do(check_changes)
    desk.change(key, buyer={"phone": "303-555-0199"})
    desk.sync()
    assert [one["DisplayName"] for one in customers(desk)] == ["Lopezz, Ann"]
    desk.change(key, buyer={"last_name": "Lopez"})
    desk.sync()
    assert [one["DisplayName"] for one in customers(desk)] == ["Ann Lopez"]


def test_a_detail_that_a_bookkeeper_changed_stays_until_the_platform_changes_that_very_detail(desk):
    key = booked(desk)
    [there] = customers(desk)
    theirs = {"PrimaryEmailAddr": {"Address": "ann.work@client.example"}, "GivenName": "Annie"}
    Bookkeeper(desk).edit("Customer", there["Id"], **theirs)
    desk.run("check")
    desk.change(key, buyer={"phone": "303-555-0177"})
    desk.sync_until_quiet()
    [now] = customers(desk)
    assert now["PrimaryPhone"]["FreeFormNumber"] == "303-555-0177"
    assert (now["PrimaryEmailAddr"]["Address"], now["GivenName"]) == ("ann.work@client.example", "Annie")
    desk.change(key, buyer={"phone": "303-555-0177", "email": "ann.new@client.example"})
    desk.sync_until_quiet()
    [now] = customers(desk)
    assert (now["PrimaryEmailAddr"]["Address"], now["GivenName"]) == ("ann.new@client.example", "Annie")


def test_a_customer_that_was_there_before_us_is_never_changed(desk):
    Bookkeeper(desk).do(
        "create", "Customer", DisplayName="Ann Lopezz", PrimaryEmailAddr={"Address": LOPEZ["email"]}
    )
    desk.do(check_changes)
    key = booked(desk)
    desk.change(key, buyer={"last_name": "Lopez"})
    desk.sync()
    assert [one["DisplayName"] for one in customers(desk)] == ["Ann Lopezz"]


def test_a_choice_taken_back_holds_what_is_new_and_moves_what_stands_to_the_next_one(desk):
    bookkeeper = Bookkeeper(desk)
    key = booked(desk)
    other = bookkeeper.do("create", "Customer", DisplayName="Lopez Family")["Id"]
    desk.do(check_changes)
    [client] = _in_app(
        desk,
        lambda: [
            row.client_key
            for row in db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == desk.id))
        ],
    )
    _in_app(desk, lambda: not_this_customer(desk.id, client, "ada@office.example"))
    desk.do(check_changes)
    changed = [{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}]
    desk.change(key, line_items=changed)
    desk.forget_calls()
    desk.sync()
    assert desk.calls() == [], "the Customer in doubt gets nothing new"
    assert _in_app(desk, lambda: use_customer(desk.id, client, other, "ada@office.example"))
    desk.sync()
    books = desk.books()
    assert {one["CustomerRef"]["value"] for one in (*books["Invoice"], *books["Payment"])} == {other}
    assert [one["TotalAmt"] for one in books["Invoice"]] == [625.0]
    assert {one["DisplayName"] for one in books["Customer"]} == {"Ann Lopezz", "Lopez Family"}


def test_a_choice_for_an_inspection_that_is_in_sync_moves_its_documents(desk):
    key = booked(desk)
    other = Bookkeeper(desk).do("create", "Customer", DisplayName="Lopez Family")["Id"]
    desk.do(check_changes)
    [client] = _in_app(
        desk,
        lambda: [
            row.client_key
            for row in db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == desk.id))
        ],
    )
    _in_app(desk, lambda: not_this_customer(desk.id, client, "ada@office.example"))
    assert _in_app(desk, lambda: use_customer(desk.id, client, other, "ada@office.example"))
    desk.sync()
    assert {one["CustomerRef"]["value"] for one in desk.books()["Invoice"]} == {other}, key


def _in_app(desk: Desk, act: Callable[[], Any]) -> Any:
    """Do it as the web app would, in a transaction of its own; runs that it queues are left to the test."""
    with desk.shop.app.app_context():
        done = act()
        db.session.execute(
            update(Run).where(Run.company_id == desk.id, Run.state == "queued").values(state="done")
        )
        db.session.commit()
        return done
