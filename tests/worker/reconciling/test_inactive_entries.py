"""A Class, Location or account that was made inactive: named, not sent once it is known, one cause for all, and over when it is active again."""

from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.acts.books import change_books
from bookkeeping.acts.questions import retry_one
from bookkeeping.faults import fault
from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.company import read_facts, read_lists
from worker.reading.lists import refresh_lists


@pytest.fixture
def bookkeeper(desk: Desk) -> Bookkeeper:
    """Somebody at work in the desk's realm, which tracks classes and locations."""
    tracked = {"ClassTrackingPerTxnLine": True, "TrackDepartments": True}
    desk.intuit.post(f"/_standin/realms/{desk.realm_id}/preferences", {"AccountingInfoPrefs": tracked})
    return Bookkeeper(desk)


def _entry(bookkeeper: Bookkeeper, kind: str) -> str:
    more = {"AccountType": "Bank"} if kind == "Account" else {}
    return bookkeeper.do("create", kind, Name="East", **more)["Id"]


def _choose(desk: Desk, scope: str = "new", **books: Any) -> None:
    with desk.holding() as work:
        read_facts(work)
        read_lists(work)
        change_books(work.company, scope, "a person", **books)
        work.commit()


def _held(desk: Desk) -> set[tuple[str, str, str]]:
    """Return (code, what is said of the document that waits, what it waits for) of all inspections."""
    with desk.shop.app.app_context():
        rows = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id))
        return {(row.reason, row.detail.partition(". ")[2], row.waits_for) for row in rows}


def _batches(desk: Desk) -> int:
    return sum(call["operation"] == "batch" for call in desk.calls())


CHOICES = {
    "Class": (lambda qbo_id: {"classes": {"": qbo_id}}, 'The Class "East" was made inactive.'),
    "Department": (lambda qbo_id: {"locations": {"": qbo_id}}, 'The Location "East" was made inactive.'),
    "Account": (lambda qbo_id: {"deposit_account_id": qbo_id}, 'The account "East" was made inactive.'),
}


@pytest.mark.parametrize("kind", CHOICES)
def test_what_quickbooks_refuses_is_named_and_then_not_sent_until_it_is_active_again(
    kind: str, desk: Desk, bookkeeper: Bookkeeper
):
    choice, words = CHOICES[kind]
    entry = _entry(bookkeeper, kind)
    _choose(desk, **choice(entry))
    bookkeeper.edit(kind, entry, Active=False)  # After our last look.
    desk.book(inspection(1), inspection(2))
    desk.run()
    assert _held(desk) == {("inactive-reference", words, f"list:{kind}:{entry}")}
    desk.book(inspection(3))
    refused = _batches(desk)
    desk.run()
    desk.run("nightly")
    assert {reason for reason, _, _ in _held(desk)} == {"inactive-reference"}
    # Only the third one's Customer, and for an account its Invoice, may be new; nothing that names the entry is sent again.
    assert _batches(desk) <= refused + 3
    assert not any(
        entry in (one.get("DepositToAccountRef", {}).get("value"), one.get("DepartmentRef", {}).get("value"))
        for one in desk.books()["Payment"] + desk.books()["Invoice"]
    )
    bookkeeper.edit(kind, entry, Active=True)
    desk.run("check")
    assert _held(desk) == {("", "", "")}
    assert len(desk.books()["Invoice"]) == len(desk.books()["Payment"]) == 3


def test_what_is_known_to_be_inactive_is_not_sent_and_goes_once_the_lists_are_read_again(
    desk: Desk, bookkeeper: Bookkeeper
):
    entry = _entry(bookkeeper, "Class")
    _choose(desk, classes={"": entry})
    bookkeeper.edit("Class", entry, Active=False)
    desk.do(refresh_lists, "lists")
    desk.book(inspection(1), inspection(2))
    before = _batches(desk)
    desk.run()
    assert _held(desk) == {
        ("inactive-reference", 'The Class "East" was made inactive.', f"list:Class:{entry}")
    }
    assert _batches(desk) == before
    bookkeeper.edit("Class", entry, Active=True)
    desk.do(refresh_lists, "lists")
    desk.run()
    assert len(desk.books()["Invoice"]) == 2


def test_another_choice_ends_the_wait(desk: Desk, bookkeeper: Bookkeeper):
    entry = _entry(bookkeeper, "Class")
    _choose(desk, classes={"": entry})
    bookkeeper.edit("Class", entry, Active=False)
    desk.book(inspection(1))
    desk.run()
    _choose(desk, classes={})
    desk.run()
    assert _held(desk) == {("", "", "")}


@pytest.mark.parametrize("retried", [False, True])
def test_a_new_deposit_account_reaches_payments_on_earlier_invoices(
    retried: bool, desk: Desk, bookkeeper: Bookkeeper
):
    old, new = (
        _entry(bookkeeper, "Account"),
        bookkeeper.do("create", "Account", Name="West", AccountType="Bank")["Id"],
    )
    _choose(desk, deposit_account_id=old)
    first = inspection(1)["payments"][0]
    (key,) = desk.book(inspection(1, payments=[{**first, "amount": "100.00"}]))
    desk.sync_until_quiet()
    bookkeeper.edit("Account", old, Active=False)
    more = {**first, "amount": "475.00", "reference": "ch_2"}
    desk.platform.post(f"/_standin/inspections/{key}/payments", more)
    desk.run()
    assert _held(desk) == {
        ("inactive-reference", 'The account "East" was made inactive.', f"list:Account:{old}")
    }
    _choose(desk, "new", deposit_account_id=new)
    if retried:
        with desk.shop.app.app_context():
            retry_one(desk.id, key, "a person")
            db.session.commit()
    desk.run()
    accounts = {one["TotalAmt"]: one["DepositToAccountRef"]["value"] for one in desk.books()["Payment"]}
    assert {float(total): account for total, account in accounts.items()} == {100.0: old, 475.0: new}
    assert _held(desk) == {("", "", "")}


def test_the_cause_links_to_where_it_is_chosen():
    for code in ("inactive-reference", "qbo-610", "qbo-2500"):
        assert fault(code).link == "/settings/quickbooks/bookkeeping"
