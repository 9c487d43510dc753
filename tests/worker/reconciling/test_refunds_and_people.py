"""Refunds after the deposit where people have a say: the settings, drift, what a bank feed holds, and what the platform takes back."""

from datetime import UTC, datetime

import pytest

from bookkeeping.acts.questions import settle_drifts
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Drift
from tests.worker.reconciling.money_back import Client, choose, settled, today
from tests.worker.reconciling.test_waiting import row, totals


@pytest.mark.parametrize("code", ["6540", "6480"])
def test_a_refund_taken_back_that_lies_in_a_deposit_or_is_matched_waits(desk, code):
    client = Client(desk)
    choose(desk, refund_account_id=client.before["Payment"][0]["DepositToAccountRef"]["value"])
    client.refund("75.00")
    desk.sync()
    [refund] = client.refunds
    if code == "6540":
        bank = client.before["Deposit"][0]["DepositToAccountRef"]
        lines = [
            {
                "Amount": -75,
                "LinkedTxn": [{"TxnId": refund["Id"], "TxnType": "RefundReceipt", "TxnLineId": "0"}],
            },
            {"Amount": 80, "DepositLineDetail": {"AccountRef": {"value": "1"}}},
        ]
        client.bookkeeper.do("create", "Deposit", DepositToAccountRef=bank, Line=lines)
    else:
        desk.break_calls(
            {"operation": "batch", "kind": "item", "entity": "RefundReceipt", "index": 0, "code": code}
        )
    client.refund("0.00", line=None)
    client.fees(without="Refund")
    desk.sync()
    assert [one["Id"] for one in client.refunds] == [refund["Id"]]
    waits = row(desk, client.key)
    assert waits["state"] == "needs-you"
    assert waits["waits"] == [
        (f"RefundReceipt SP-{client.key}-R1", "delete", "deposited" if code == "6540" else "qbo-6480")
    ]


def test_a_company_that_books_refunds_itself_is_told_and_choosing_ours_books_them(desk):
    choose(desk, refunds="wait")
    client = Client(desk)
    client.refund("75.00")
    desk.sync()
    assert client.refunds == []
    waits = row(desk, client.key)
    assert (waits["state"], waits["reason"]) == ("needs-you", "refund-by-hand")
    assert waits["waits"] == [(f"RefundReceipt SP-{client.key}-R1", "create", "refund-by-hand")]
    assert client.invoice() == client.before["Invoice"][0]
    settled(desk, "needs-you")
    choose(desk, refunds="book")
    desk.sync()
    assert totals(desk, "RefundReceipt") == [75]
    settled(desk)


def test_a_chosen_account_holds_for_new_refunds_and_leaves_those_that_stand(desk):
    client = Client(desk)
    client.refund("75.00", line="Late")
    desk.sync()
    first = client.refunds[0]["DepositToAccountRef"]["value"]
    other = next(
        one["Id"] for one in desk.books()["Account"] if one["AccountType"] == "Bank" and one["Id"] != first
    )
    choose(desk, refund_account_id=other)
    client.refund("100.00", line="Radon")
    desk.sync()
    assert [one["DepositToAccountRef"]["value"] for one in client.refunds] == [first, other]
    settled(desk)


def test_what_a_person_changes_or_deletes_is_drift_and_can_be_restored(desk):
    client = Client(desk)
    client.refund("75.00")
    desk.sync()
    [refund] = client.refunds
    client.bookkeeper.edit("RefundReceipt", refund["Id"], TxnDate="2026-01-31")
    desk.run("check")
    assert row(desk, client.key)["state"] == "drift"
    for choice, gone in (("restore", True), ("restore", False)):
        with desk.holding() as work:
            [drift] = db.session.query(Drift).filter_by(company_id=desk.id, settled_at=None)
            settle_drifts(desk.id, [drift.id], choice, "owner")
            work.commit()
        desk.sync()
        assert client.refunds[0]["TxnDate"] == today(desk)
        if gone:
            client.bookkeeper.delete("RefundReceipt", client.refunds[0]["Id"])
            desk.run("check")
            assert row(desk, client.key)["state"] == "drift" and client.refunds == []
    settled(desk)


def test_a_voided_or_removed_payment_of_a_deposit_waits_and_nothing_is_touched(desk):
    client = Client(desk)
    one = client.told()["payments"][0]
    path = f"/_standin/inspections/{client.key}/payments/{one['id']}"
    desk.platform.request("PATCH", path, json={"voided_at": datetime.now(UTC).isoformat()})
    desk.forget_calls()
    desk.sync()
    assert {call["operation"] for call in desk.calls()}.isdisjoint(
        {"batch"}
    )  # No call is made that must fail.
    assert row(desk, client.key)["waits"] == [("Payment ch_1", "delete", "deposited")]
    client.assert_history_stands()
    settled(desk, "needs-you")
    desk.platform.request("PATCH", path, json={"voided_at": None})
    desk.sync()
    settled(desk)


def test_another_client_after_the_deposit_waits_and_the_refund_goes_to_the_customer_who_paid(desk):
    client = Client(desk)
    desk.change(
        client.key,
        buyer={"new": True, "first_name": "Luis", "last_name": "Muñoz", "email": "luis@client.example"},
    )
    client.refund("75.00")
    desk.sync()
    assert [one["CustomerRef"]["value"] for one in client.refunds] == [
        client.invoice()["CustomerRef"]["value"]
    ]
    assert client.invoice() == client.before["Invoice"][0]
    assert row(desk, client.key)["reason"] == "deposited"
    assert len(desk.books()["Customer"]) == 1
    client.assert_history_stands()
    settled(desk, "needs-you")
