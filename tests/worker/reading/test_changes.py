"""What change data capture of a real company brings: Deposits alone tell of deposits, and balances move names and accounts by the way."""

from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.records.documents import Document
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.changes import check_changes


@pytest.fixture
def bookkeeper(desk: Desk) -> Bookkeeper:
    return Bookkeeper(desk)


def _look(desk: Desk) -> list[str]:
    """Look for changes; return what was asked of QuickBooks for it."""
    desk.forget_calls()
    desk.do(check_changes)
    return [call["operation"] for call in desk.calls()]


def _documents(desk: Desk) -> list[Document]:
    with desk.shop.app.app_context():
        return list(db.session.scalars(select(Document).where(Document.company_id == desk.id)))


def _only(desk: Desk, kind: str) -> dict[str, Any]:
    (found,) = desk.books()[kind]
    return found


def test_a_deposit_is_seen_by_the_deposit_alone_and_freezes_what_it_holds(desk, bookkeeper):
    desk.book(inspection(1))
    desk.sync_until_quiet()
    _look(desk)
    before = _only(desk, "Payment")
    deposit = bookkeeper.deposit(before)
    after = _only(desk, "Payment")
    assert (after["SyncToken"], after["MetaData"]) == (before["SyncToken"], before["MetaData"])
    _look(desk)
    held = {document.kind: (document.deposit_id, document.hands_off) for document in _documents(desk)}
    assert held == {"Invoice": ("", ""), "Payment": (deposit, "")}
    bookkeeper.delete("Deposit", deposit)
    _look(desk)
    assert {document.deposit_id for document in _documents(desk)} == {""}


def test_a_balance_that_moved_is_no_change_of_a_customer_or_an_account(desk, bookkeeper):
    desk.book(inspection(1))
    desk.sync_until_quiet()
    customer = _only(desk, "Customer")
    # Somebody invoices the same Customer by hand, so that its balance and those of two accounts move.
    line = {
        "Amount": 90,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"Qty": 1, "UnitPrice": 90},
    }
    _look(desk)
    bookkeeper.do("create", "Invoice", CustomerRef={"value": customer["Id"]}, Line=[line])
    assert _only(desk, "Customer")["SyncToken"] == customer["SyncToken"]
    # One look, and neither the chart of accounts is read again nor anything written.
    assert _look(desk) == ["cdc"]
    assert desk.sync_until_quiet()[-1]["calls"] == 0
    assert _only(desk, "Customer")["SyncToken"] == customer["SyncToken"]


def test_an_account_that_was_edited_is_read_again(desk, bookkeeper):
    desk.book(inspection(1))
    desk.sync_until_quiet()
    bookkeeper.edit("Account", "1", Name="Inspection income")
    assert _look(desk) == ["cdc", "query"]
    with desk.shop.app.app_context():
        kept = db.session.get(NamedThing, (desk.id, "Account", "1"))
    assert kept.name == "Inspection income"


def test_what_was_deleted_before_the_lists_were_read_whole_is_found(desk, bookkeeper):
    """Found by a simulated month (seed 155): reading the lists failed, the Invoice was made all the same, and a person deleted it."""
    [key] = desk.book(inspection(1, payments=[]))
    desk.sync_until_quiet()
    with desk.holding() as work:
        work.existing_connection.set_up_at = work.existing_connection.changes_since = None
        work.commit()
    [invoice] = desk.books()["Invoice"]
    desk.intuit.post("/_standin/clock", {"offset": -3600})  # Longer ago than what is looked at twice.
    try:
        bookkeeper.delete("Invoice", invoice["Id"])
    finally:
        desk.intuit.post("/_standin/clock", {"offset": 0})
    desk.run("check")
    with desk.holding() as work:
        [document] = db.session.scalars(
            select(Document).where(Document.company_id == desk.id, Document.inspection_key == key)
        )
        assert document.hands_off == "drift"
        assert work.existing_connection.changes_since is not None
