"""A RefundReceipt by hand of a payment that no Deposit holds, and refunds that the platform changes after one by hand was used for them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.reconciling.money_back import Client, settled
from tests.worker.reconciling.test_refunds_of_others import answer, by_hand, ours, queries
from tests.worker.reconciling.test_waiting import paid, row, totals


def stand(client: Client) -> tuple[list[Decimal], list[Decimal], list[Decimal]]:
    """Return what Invoices and Payments come to, and what is open, in the books."""
    invoices = client.desk.books()["Invoice"]
    still_open = [Decimal(str(one["Balance"])) for one in invoices]
    return totals(client.desk, "Invoice"), totals(client.desk, "Payment"), still_open


def change(client: Client, theirs: dict[str, Any], amount: int) -> None:
    """Change the RefundReceipt in QuickBooks to this amount, and look."""
    [line] = [one for one in theirs["Line"] if "Id" in one]
    detail = line["SalesItemLineDetail"] | {"UnitPrice": amount}
    line = line | {"Amount": amount, "SalesItemLineDetail": detail}
    client.bookkeeper.edit("RefundReceipt", theirs["Id"], Line=[line])
    client.desk.run("check")


WHOLE, LESS = ([575], [575], [0]), ([500], [500], [0])


def test_a_refund_by_hand_that_we_were_told_of_costs_no_look_before_it_is_asked_about(desk: Desk):
    client = Client(desk, deposit=False)
    by_hand(client, "75.00", days_ago=3)
    desk.run("check")
    client.refund("75.00")
    desk.forget_calls()
    desk.sync()
    assert (row(desk, client.key)["reason"], queries(desk), stand(client)) == ("same-money", 0, WHOLE)


def test_a_refund_by_hand_of_a_payment_in_no_deposit_is_asked_about_before_it_is_taken_off(desk: Desk):
    client = Client(desk, deposit=False)
    theirs = by_hand(client, "75.00", days_ago=3)
    client.refund("75.00")
    desk.forget_calls()
    desk.sync()
    assert queries(desk) == 1, "Linked to nothing, it is looked for before money is taken off."
    waits = row(desk, client.key)
    assert (waits["state"], waits["reason"]) == ("needs-you", "same-money")
    assert ("Payment ch_1", "update", "same-money") in waits["waits"] and stand(client) == WHOLE
    assert answer(desk, client, "use", theirs) and stand(client) == WHOLE
    [explained] = [one for one in settled(desk)["explained"] if one["cause"] == "refunded"]
    assert "R-17" in explained["sentence"] and explained["inspection"] == client.key
    assert answer(desk, client, "book", theirs) and stand(client) == LESS and ours(client) == []
    assert answer(desk, client, "use", theirs) and stand(client) == WHOLE
    client.bookkeeper.delete("RefundReceipt", theirs["Id"])
    desk.run("check")
    assert stand(client) == LESS and row(desk, client.key)["state"] == "in-sync"


def test_a_refund_entered_by_hand_after_ours_was_taken_off_asks_nothing_and_can_be_used(desk: Desk):
    client = Client(desk, deposit=False)
    client.refund("75.00")
    client.fees(extra=[{"kind": "fee", "name": "Radon", "amount": "20.00"}])
    desk.sync()
    assert stand(client) == ([520], [500], [20])
    theirs = by_hand(client, "75.00")
    desk.run("check")
    assert row(desk, client.key)["state"] == "in-sync" and stand(client) == ([520], [500], [20])
    assert answer(desk, client, "use", theirs) and stand(client) == ([595], [575], [20])
    client.refund("115.00", line="Late")
    desk.sync()
    assert stand(client) == ([555], [535], [20]), "What else is refunded is taken off as before."
    client.bookkeeper.deposit(*desk.books()["Payment"])
    desk.run("check")
    assert ours(client) == [] and stand(client) == ([555], [535], [20])
    settled(desk)


def test_a_cancelled_inspection_keeps_what_a_refund_by_hand_gives_back_of(desk: Desk):
    client = Client(desk, deposit=False)
    theirs = by_hand(client, "575.00")
    client.refund("575.00", line=None)
    desk.change(client.key, canceled=True)
    desk.sync()
    waits = row(desk, client.key)["waits"]
    assert waits[0] == ("Payment ch_1", "delete", "same-money") and stand(client) == WHOLE
    assert answer(desk, client, "use", theirs) and stand(client) == WHOLE
    settled(desk)
    assert answer(desk, client, "book", theirs)
    assert (desk.books()["Invoice"], desk.books()["Payment"]) == ([], [])


def test_a_payment_that_comes_refunded_is_booked_whole_before_theirs_is_asked_about(desk: Desk):
    client = Client(desk, deposit=False)
    theirs = by_hand(client, "75.00")
    desk.run("check")
    again = inspection(1, payments=[{**paid("425.00", 0, "ch_2"), "refunded_amount": "75.00"}])
    again["line_items"] = [{"kind": "fee", "name": "Refund", "amount": "-75.00"}, *again["line_items"]]
    [client.key] = desk.book(again)
    desk.sync()
    assert row(desk, client.key)["reason"] == "same-money" and totals(desk, "Payment") == [425, 575]
    assert answer(desk, client, "use", theirs) and row(desk, client.key)["state"] == "in-sync"
    assert (totals(desk, "Invoice"), totals(desk, "Payment")) == ([575, 575], [425, 575])
    assert answer(desk, client, "book", theirs) and row(desk, client.key)["state"] == "in-sync"
    assert (totals(desk, "Invoice"), totals(desk, "Payment")) == ([500, 575], [350, 575])


@pytest.mark.parametrize("deposit", [True, False], ids=["deposited", "in no deposit"])
def test_a_refund_that_the_platform_changes_after_theirs_was_used_waits_until_the_two_agree(
    desk: Desk, deposit: bool
):
    client = Client(desk, deposit=deposit)
    theirs = by_hand(client, "75.00")
    client.refund("75.00", line=None)
    desk.run("poll")
    desk.run("check")
    assert answer(desk, client, "use", theirs) and row(desk, client.key)["state"] == "in-sync"
    client.refund("60.00", line=None)
    desk.sync()
    said = row(desk, client.key)
    assert (said["state"], said["reason"]) == ("needs-you", "refund-differs")
    assert "R-17 of $75.00 is used" in said["detail"] and "$60.00 was given back" in said["detail"]
    assert stand(client) == WHOLE and ours(client) == []
    change(client, theirs, 60)
    assert row(desk, client.key)["reason"] == "same-money", "A changed one is asked about anew."
    assert answer(desk, client, "use", theirs) and row(desk, client.key)["state"] == "in-sync"
    client.refund("0.00", line=None)
    desk.sync()
    said = row(desk, client.key)
    assert said["reason"] == "refund-differs" and "nothing of it was given back" in said["detail"]
    client.bookkeeper.delete("RefundReceipt", theirs["Id"])
    desk.run("check")
    assert row(desk, client.key)["state"] == "in-sync" and stand(client) == WHOLE


def test_a_payment_pulled_back_after_theirs_was_used_stays_until_theirs_is_gone_or_other_money(desk: Desk):
    client = Client(desk, deposit=False)
    theirs = by_hand(client, "75.00")
    client.refund("75.00", line=None)
    desk.sync()
    assert answer(desk, client, "use", theirs)
    [payment] = client.told()["payments"]
    path = f"/_standin/inspections/{client.key}/payments/{payment['id']}"
    desk.platform.request("PATCH", path, json={"voided_at": payment["received_at"]})
    desk.sync()
    said = row(desk, client.key)
    assert (said["reason"], said["waits"][0]) == (
        "refund-differs",
        ("Payment ch_1", "delete", "refund-differs"),
    )
    assert stand(client) == WHOLE
    assert answer(desk, client, "book", theirs)
    assert (totals(desk, "Invoice"), desk.books()["Payment"]) == ([575], [])
    assert row(desk, client.key)["state"] == "in-sync"
