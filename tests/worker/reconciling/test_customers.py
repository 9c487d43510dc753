"""Whom a slice bills: found in the name index, made, or asked of a person; and our own Customers kept in step with their client."""

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.poll import poll
from worker.reconciling.customers import ROUNDS, ask_person, resolve_customers
from worker.reconciling.reconcile import build_cases

ANN = {"first_name": "Ann", "last_name": "Lee", "email": "ann@client.example"}


def _links(desk: Desk) -> list[CustomerLink]:
    with desk.shop.app.app_context():
        mine = select(CustomerLink).where(CustomerLink.company_id == desk.id)
        return list(db.session.scalars(mine.order_by(CustomerLink.client_key)))


def _named(desk: Desk) -> list[str]:
    return sorted(one["DisplayName"] for one in desk.books()["Customer"])


def test_a_customer_who_was_there_before_us_is_used_and_never_changed(desk: Desk):
    [there] = desk.write(
        [("create", "Customer", {"DisplayName": "Ann Lee", "PrimaryEmailAddr": {"Address": ANN["email"]}})]
    )
    desk.book(inspection(1, buyer={**ANN, "phone": "(303) 555-0101"}))
    desk.run()
    [link] = _links(desk)
    assert (link.state, link.qbo_id, link.ours) == ("linked", there["Id"], False)
    assert link.because == "Same name and same email as Ann Lee."
    [after] = desk.books()["Customer"]
    assert after["SyncToken"] == there["SyncToken"]
    assert desk.books()["Invoice"][0]["CustomerRef"]["value"] == there["Id"]


def test_two_clients_of_one_name_in_one_slice_are_two_customers(desk: Desk):
    first, second = ({**ANN, "email": email} for email in ("a@client.example", "b@client.example"))
    desk.book(inspection(1, buyer=first), inspection(2, buyer=second))
    desk.run()
    assert _named(desk) == ["Ann Lee", "Ann Lee (2)"]
    assert {(link.state, link.ours) for link in _links(desk)} == {("linked", True)}
    assert len({link.qbo_id for link in _links(desk)}) == 2


def test_more_of_one_name_than_a_slice_makes_wait_for_the_next(desk: Desk):
    buyers = [{**ANN, "email": f"{number}@client.example"} for number in range(ROUNDS + 1)]
    desk.book(*(inspection(number, buyer=buyer) for number, buyer in enumerate(buyers)))
    desk.run()
    waiting = [row for row in desk.mirrored().values() if row.reason == "waiting-for-customer"]
    assert len(waiting) <= 1 and len(_named(desk)) >= ROUNDS
    desk.sync_until_quiet()
    assert len(_named(desk)) == ROUNDS + 1


def test_a_name_taken_since_we_read_the_lists_is_read_and_stepped_around(desk: Desk):
    desk.run()  # The lists are read while nobody has the name.
    desk.write([("create", "Vendor", {"DisplayName": "Ann Lee"})])
    desk.book(inspection(1, buyer=ANN))
    desk.run()
    assert _named(desk) == ["Ann Lee (client)"]
    assert [one["CustomerRef"]["name"] for one in desk.books()["Invoice"]] == ["Ann Lee (client)"]


@pytest.mark.parametrize("renamed", [False, True])
def test_a_name_taken_by_nobody_whom_we_can_find_is_stepped_around(renamed: bool, desk: Desk):
    (key,) = desk.book(inspection(1, buyer={**ANN, "first_name": "Amy" if renamed else "Ann"}))
    if renamed:
        desk.sync_until_quiet()
        desk.change(key, buyer={"first_name": "Ann"})
    taken = {"operation": "batch", "entity": "Customer", "kind": "item", "code": "6240", "times": 0}
    desk.break_calls({**taken, "body": '"DisplayName":"Ann Lee"'})
    desk.run()
    assert _named(desk) == ["Ann Lee (client)"]
    assert {(row.state, row.reason) for row in desk.mirrored().values()} == {("in-sync", "")}
    assert len(desk.books()["Invoice"]) == 1


def test_where_two_fit_a_person_is_asked_and_the_inspection_waits_for_the_answer(desk: Desk):
    email = {"PrimaryEmailAddr": {"Address": ANN["email"]}}
    desk.write(
        [("create", "Customer", {"DisplayName": name, **email}) for name in ("Ann Lee", "Ann Lee (2)")]
    )
    (key,) = desk.book(inspection(1, buyer=ANN))
    desk.run()
    [link] = _links(desk)
    row = desk.mirrored()[key]
    assert (link.state, link.display_name, link.qbo_id) == ("ask", "Ann Lee", "")
    assert [one["display_name"] for one in link.candidates] == ["Ann Lee", "Ann Lee (2)"]
    assert link.candidates[0]["evidence"] == ["same name", "same email: ann@client.example"]
    assert (row.reason, row.waits_for) == ("customer-to-confirm", f"customer:{link.client_key}")
    assert desk.books()["Invoice"] == []


def test_a_refused_customer_is_one_root_cause_for_all_of_that_client(desk: Desk):
    desk.break_calls({"operation": "batch", "entity": "Customer", "kind": "item", "index": 0, "times": 9})
    desk.book(*(inspection(number, buyer={**ANN, "ref": "ann"}) for number in (1, 2)))
    desk.run()
    tried, other = sorted(desk.mirrored().values(), key=lambda row: row.reason == "waiting-for-customer")
    assert desk.books()["Customer"] == []
    assert (tried.reason, tried.waits_for) == ("planned-again", "")
    assert (other.reason, other.waits_for) == ("waiting-for-customer", f"customer:{tried.client_key}")
    desk.mend_calls()
    desk.sync_until_quiet()
    assert [one["CustomerRef"]["name"] for one in desk.books()["Invoice"]] == ["Ann Lee", "Ann Lee"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"phone": "(303) 555-0199"}, "Ann Lee"),
        ({"last_name": "Lee-Moss"}, "Ann Lee-Moss"),
    ],
)
def test_a_customer_of_ours_follows_its_client(change, name, desk: Desk):
    (key,) = desk.book(inspection(1, buyer=ANN))
    desk.sync_until_quiet()
    [before] = desk.books()["Customer"]
    desk.change(key, buyer=change)
    desk.sync_until_quiet()
    [after] = desk.books()["Customer"]
    assert (after["Id"], after["DisplayName"]) == (before["Id"], name)
    assert after["SyncToken"] != before["SyncToken"]


def test_a_question_put_twice_is_one_question(desk: Desk):
    desk.book(inspection(1, buyer=ANN))
    desk.do(poll)
    with desk.holding() as work:
        rows = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).all()
        [case] = build_cases(work.company, rows)
        client = case.desired.customer
        for because in ("First.", "Second."):
            ask_person(work, client.client_key, client, (), because)
            work.commit()
        case.parked = None
        case.plan = None
        resolve_customers(work, [case])  # Nothing is planned: nobody is looked for.
        assert work.calls == 0
    [link] = _links(desk)
    assert (link.state, link.because) == ("ask", "Second.")


def test_a_correction_met_by_an_inactive_customer_goes_once_it_is_active_again(desk: Desk):
    [key] = desk.book(inspection(1))
    desk.run()
    bookkeeper = Bookkeeper(desk)
    [customer] = desk.books()["Customer"]
    bookkeeper.edit("Customer", customer["Id"], Active=False)
    desk.run("check")
    desk.change(key, buyer={"first_name": "Luisa"})
    desk.sync_until_quiet()
    assert desk.books()["Customer"][0]["GivenName"] == customer["GivenName"]
    bookkeeper.edit("Customer", customer["Id"], Active=True)
    desk.run("check")
    desk.sync_until_quiet()
    assert desk.books()["Customer"][0]["GivenName"] == "Luisa"
