"""A refund that a bookkeeper entered by hand in QuickBooks is not given back a second time: asked about, used, and booked when it goes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.acts.questions import Answer, answer_same_refund
from bookkeeping.rules.refunds import RefundSeen
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.others_refunds import OthersRefund, beside_documents
from bookkeeping.storage.records.refunds import books_of
from tests.harness.in_process import Desk
from tests.worker.reconciling.money_back import Client, choose, settled
from tests.worker.reconciling.test_waiting import row, totals


def by_hand(client: Client, amount: str, *, days_ago: int = 0) -> dict[str, Any]:
    """Enter a RefundReceipt to the client in QuickBooks as a bookkeeper does."""
    books = client.desk.books()
    detail = {"ItemRef": {"value": books["Item"][0]["Id"]}, "Qty": 1, "UnitPrice": amount}
    line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return client.bookkeeper.do(
        "create",
        "RefundReceipt",
        CustomerRef={"value": client.invoice()["CustomerRef"]["value"]},
        DepositToAccountRef={
            "value": next(one["Id"] for one in books["Account"] if one["AccountType"] == "Bank")
        },
        DocNumber="R-17",
        TxnDate=(date.today() - timedelta(days=days_ago)).isoformat(),
        Line=[line],
    )


def answer(desk: Desk, client: Client, said: Answer, theirs: dict[str, Any], number: int = 1) -> bool:
    """Answer the question about the inspection's refund of this number, and sync."""
    with desk.shop.app.app_context():
        key = client.key
        done = answer_same_refund(desk.id, key, f"{key}-R{number}", theirs["Id"], said, "ann@office.example")
        db.session.commit()
    desk.sync()
    return done


def ours(client: Client) -> list[tuple[str, float]]:
    """Return (number, amount) of the RefundReceipts that are ours."""
    return [(one["DocNumber"], one["TotalAmt"]) for one in client.refunds if one["DocNumber"] != "R-17"]


def queries(desk: Desk) -> int:
    return len([one for one in desk.calls() if one["operation"] == "query"])


@pytest.mark.parametrize("told", [True, False], ids=["looked before", "entered just now"])
def test_a_refund_entered_by_hand_is_asked_about_used_and_booked_once_it_is_deleted(desk, told):
    client = Client(desk)
    theirs = by_hand(client, "75.00", days_ago=3)
    if told:
        desk.run("check")
    client.refund("75.00")
    desk.sync()
    number = f"SP-{client.key}-R1"
    assert ours(client) == []
    waits = row(desk, client.key)
    assert (waits["state"], waits["reason"]) == ("needs-you", "same-money")
    assert waits["waits"] == [(f"RefundReceipt {number}", "create", "same-money")]
    settled(desk, "needs-you")
    assert not answer(desk, client, "use", {"Id": "77777"}) and ours(client) == []
    assert answer(desk, client, "use", theirs)
    assert ours(client) == [] and client.invoice() == client.before["Invoice"][0]
    client.assert_history_stands()
    [explained] = [one for one in settled(desk)["explained"] if one["cause"] == "refunded"]
    assert "R-17" in explained["sentence"] and explained["inspection"] == client.key
    assert answer(desk, client, "book", theirs) and ours(client) == [(number, 75)]
    assert answer(desk, client, "use", theirs) and ours(client) == []
    client.bookkeeper.delete("RefundReceipt", theirs["Id"])
    desk.run("check")
    assert ours(client) == [(number, 75)]
    client.assert_history_stands()
    settled(desk)


def test_who_books_refunds_by_hand_uses_the_one_that_was_entered_and_a_changed_one_is_asked_about_anew(desk):
    choose(desk, refunds="wait")
    client = Client(desk)
    client.refund("75.00")
    desk.sync()
    assert row(desk, client.key)["reason"] == "refund-by-hand"
    theirs = by_hand(client, "75.00")
    desk.run("check")
    assert row(desk, client.key)["reason"] == "same-money"
    assert answer(desk, client, "use", theirs) and row(desk, client.key)["state"] == "in-sync"
    client.bookkeeper.delete("Deposit", client.deposit_id)
    desk.run("check")
    assert totals(desk, "Payment") == [575], "It is history while theirs gives back of it."
    settled(desk)
    [line] = [one for one in theirs["Line"] if "Id" in one]
    line = line | {"Amount": 70, "SalesItemLineDetail": line["SalesItemLineDetail"] | {"UnitPrice": 70}}
    client.bookkeeper.edit("RefundReceipt", theirs["Id"], Line=[line])
    desk.run("check")
    assert ours(client) == [] and totals(desk, "Payment") == [500], "Nothing holds it now, so it is lowered."


def test_another_amount_or_day_asks_nothing_and_what_is_told_costs_no_read_of_its_own(desk):
    client = Client(desk)
    theirs = [by_hand(client, "75.00", days_ago=12), by_hand(client, "74.99")]
    client.refund("75.00")
    desk.run("poll")
    desk.forget_calls()
    desk.run("check")
    assert ours(client) == [(f"SP-{client.key}-R1", 75)]
    assert queries(desk) == 0
    client.refund("100.00", line="Late")
    desk.forget_calls()
    desk.sync()
    assert len(ours(client)) == 2
    assert queries(desk) == 1
    with desk.shop.app.app_context():
        documents = list(db.session.scalars(select(Document).where(Document.company_id == desk.id)))
        beside, nothing = beside_documents(desk.id, [documents, []])
        assert ({one.qbo_id for one in beside}, nothing) == ({one["Id"] for one in theirs}, [])


def test_a_payment_is_history_while_a_refund_of_somebody_else_gives_back_of_it():
    payment = Document(
        kind="Payment", source_key="p1", status="live", qbo_id="9", customer_id="7", deposit_id=""
    )
    payment.total = payment.applied = Decimal("575.00")
    payment.hands_off, payment.fingerprint, payment.deposit_account_id = "", "f", ""
    steps = [RefundSeen("p1", 1, Decimal("75.00"), None)]
    assert books_of("1042", [payment], steps, "7").history == {}
    assert set(books_of("1042", [payment], steps, "7", {"1042-R1"}).history) == {"p1"}
    assert OthersRefund.__tablename__ == "others_refunds"
