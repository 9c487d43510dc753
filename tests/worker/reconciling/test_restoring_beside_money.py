"""Restore ours where other money has come to the Invoice, or a refund by hand to the client, since a person changed ours."""

from datetime import UTC, datetime

from bookkeeping.acts.questions import settle_drifts
from bookkeeping.restoring import hindered_restores
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.harness.in_process import Desk
from tests.worker.reconciling.money_back import Client, settled
from tests.worker.reconciling.test_money_that_is_there import (
    apply_credit,
    book,
    by_hand,
    credit,
    drifts,
    invoice,
    paid,
    payment,
    row,
)
from tests.worker.reconciling.test_refunds_of_others import by_hand as refund_by_hand
from tests.worker.reconciling.test_refunds_of_others import ours


def restore(desk: Desk) -> None:
    """Restore ours in all that a person changed, and sync."""
    with desk.holding() as work:
        open_ones = db.session.query(Drift).filter_by(company_id=desk.id, settled_at=None)
        settle_drifts(desk.id, [one.id for one in open_ones], "restore", "ann@office.example")
        work.commit()
    desk.sync_until_quiet()


def test_a_payment_restored_beside_theirs_is_asked_about_and_one_made_smaller_gets_what_is_open(desk):
    key = book(desk, paid("450.00", "ch_1"))
    Bookkeeper(desk).delete("Payment", payment(desk, "ch_1")["Id"])
    theirs = by_hand(desk, key, "450.00", days_ago=2)
    desk.run("check")
    assert drifts(desk) == ["Payment ch_1 deleted"]
    restore(desk)
    assert payment(desk, "ch_1") is None and row(desk, key)["reason"] == "same-money"
    Bookkeeper(desk).edit("Payment", theirs["Id"], Line=[], TotalAmt=200)
    desk.run("check")
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 0)
    smaller = [{"Amount": 50, "LinkedTxn": [{"TxnId": invoice(desk, key)["Id"], "TxnType": "Invoice"}]}]
    Bookkeeper(desk).edit("Payment", payment(desk, "ch_1")["Id"], TotalAmt=50, Line=smaller)
    whole = [{"Amount": 200, "LinkedTxn": smaller[0]["LinkedTxn"]}]
    Bookkeeper(desk).edit("Payment", theirs["Id"], TotalAmt=200, Line=whole)
    desk.run("check")
    assert drifts(desk) == ["Payment ch_1 edited"]
    restore(desk)
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 200)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}
    desk.run("check")
    assert drifts(desk) == []


def test_an_invoice_restored_or_reinstated_is_paid_by_the_credit_that_theirs_became(desk):
    key = book(desk, paid("450.00", "ch_1"))
    Bookkeeper(desk).delete("Payment", payment(desk, "ch_1")["Id"])
    by_hand(desk, key, "100.00")
    Bookkeeper(desk).delete("Invoice", invoice(desk, key)["Id"])
    desk.run("check")
    assert sorted(drifts(desk)) == [f"Invoice SP-{key} deleted", "Payment ch_1 deleted"]
    restore(desk)
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 100)
    assert row(desk, key)["flags"] == ["not-applied"] and drifts(desk) == []
    desk.change(key, canceled_at=datetime.now(UTC).isoformat())
    desk.sync_until_quiet()
    assert desk.books()["Invoice"] == [] and payment(desk, "by hand")["UnappliedAmt"] == 100
    desk.change(key, canceled_at=None)
    desk.sync_until_quiet()
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 100)
    assert (row(desk, key)["state"], row(desk, key)["flags"]) == ("in-sync", ["not-applied"])


def test_a_payment_restored_beside_a_credit_memo_is_applied_to_what_that_leaves(desk):
    key = book(desk, paid("450.00", "ch_1"))
    Bookkeeper(desk).delete("Payment", payment(desk, "ch_1")["Id"])
    memo = credit(desk, invoice(desk, key)["CustomerRef"]["value"], "60.00")
    apply_credit(desk, memo, key, "60.00")
    desk.run("check")
    assert drifts(desk) == ["Payment ch_1 deleted"]
    restore(desk)
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 60)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}


def test_an_invoice_restored_after_it_was_written_off_is_open_for_ours_again(desk):
    key = book(desk)
    memo = credit(desk, invoice(desk, key)["CustomerRef"]["value"], "450.00")
    apply_credit(desk, memo, key, "450.00")  # Written off.
    Bookkeeper(desk).edit("Invoice", invoice(desk, key)["Id"], TxnDate="2026-01-02")
    desk.run("check")
    assert drifts(desk) == [f"Invoice SP-{key} edited"]
    restore(desk)
    assert invoice(desk, key)["Balance"] == 0 and drifts(desk) == []
    assert row(desk, key)["state"] == "in-sync"


def test_a_refund_restored_beside_one_by_hand_is_asked_about(desk):
    client = Client(desk)
    client.refund("75.00")
    desk.sync()
    client.bookkeeper.delete("RefundReceipt", client.refunds[0]["Id"])
    theirs = refund_by_hand(client, "75.00")
    desk.run("check")
    restore(desk)
    assert ours(client) == [] and row(desk, client.key)["reason"] == "same-money"
    client.bookkeeper.delete("RefundReceipt", theirs["Id"])
    desk.run("check")
    assert ours(client) == [(f"SP-{client.key}-R1", 75)]
    settled(desk)


def _move(desk: Desk, key: str) -> str:
    """A person gives the Invoice to another Customer, whom no other document of ours names; return that one's id."""
    other = Bookkeeper(desk).do("create", "Customer", DisplayName="Ann's estate")["Id"]
    Bookkeeper(desk).edit("Invoice", invoice(desk, key)["Id"], CustomerRef={"value": other})
    return other


def test_an_invoice_that_was_given_to_another_customer_goes_back_with_its_payment(desk):
    key = book(desk, paid("450.00", "ch_1"))
    ann = invoice(desk, key)["CustomerRef"]["value"]
    Bookkeeper(desk).delete("Payment", payment(desk, "ch_1")["Id"])
    _move(desk, key)
    desk.run("check")
    restore(desk)
    assert invoice(desk, key)["CustomerRef"]["value"] == payment(desk, "ch_1")["CustomerRef"]["value"] == ann
    assert invoice(desk, key)["Balance"] == 0 and row(desk, key)["state"] == "in-sync"


def test_an_invoice_with_their_money_cannot_go_back_to_its_customer_and_says_why(desk):
    """QuickBooks refuses that with 6000 each night: what is to be done is known beforehand."""
    key = book(desk)
    ann = invoice(desk, key)["CustomerRef"]["value"]
    other = _move(desk, key)
    theirs = by_hand(desk, key, "100.00")
    desk.run("check")
    restore(desk)
    assert invoice(desk, key)["CustomerRef"]["value"] == other
    assert row(desk, key)["reason"] == "paid-by-others"
    desk.forget_calls()
    desk.run("nightly")
    assert not any(call["operation"] == "batch" for call in desk.calls()), "nothing is sent that must fail"
    Bookkeeper(desk).edit("Payment", theirs["Id"], Line=[])
    desk.run("check")
    desk.sync_until_quiet()
    assert invoice(desk, key)["CustomerRef"]["value"] == ann and row(desk, key)["state"] == "in-sync"


def _line_added(desk: Desk, key: str, amount: int) -> None:
    """A person puts one more line on the Invoice."""
    lines = invoice(desk, key)["Line"]
    more = {
        **lines[0],
        "Amount": amount,
        "SalesItemLineDetail": {**lines[0]["SalesItemLineDetail"], "UnitPrice": amount, "Qty": 1},
    }
    del more["Id"]
    Bookkeeper(desk).edit("Invoice", invoice(desk, key)["Id"], Line=[*lines, more])


def test_an_invoice_whose_total_they_changed_keeps_our_payment_while_their_money_keeps_it_from_moving(desk):
    """What is theirs is told by what the Invoice comes to in QuickBooks: by our own total nothing of theirs was on it, and ours was taken off."""
    key = book(desk, paid("450.00", "ch_1"))
    ours = payment(desk, "ch_1")["Id"]
    _line_added(desk, key, 100)
    by_hand(desk, key, "100.00")
    desk.run("check")
    desk.change(key, buyer={"new": True, "first_name": "Bob", "last_name": "Stone"})
    restore(desk)
    assert payment(desk, "ch_1")["Id"] == ours
    assert row(desk, key)["reason"] == "paid-by-others"
    desk.forget_calls()
    desk.run("nightly")
    assert not any(call["operation"] == "batch" for call in desk.calls()), "nothing is sent that must fail"


def test_an_invoice_restored_from_a_larger_total_leaves_ours_what_theirs_left_open(desk):
    key = book(desk, paid("450.00", "ch_1"))
    _line_added(desk, key, 100)
    by_hand(desk, key, "100.00")
    desk.run("check")
    restore(desk)
    assert (invoice(desk, key)["TotalAmt"], invoice(desk, key)["Balance"]) == (450, 0)
    assert (payment(desk, "ch_1")["UnappliedAmt"], payment(desk, "by hand")["UnappliedAmt"]) == (100, 0)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}


def test_an_invoice_lowered_below_its_payment_goes_back_with_it_by_one_choice(desk):
    key = book(desk, paid("450.00", "ch_1"))
    lowered = [line | {"Amount": 100} for line in invoice(desk, key)["Line"] if "SalesItemLineDetail" in line]
    for line in lowered:
        line["SalesItemLineDetail"] |= {"UnitPrice": 100}
    Bookkeeper(desk).edit("Invoice", invoice(desk, key)["Id"], Line=lowered)
    assert payment(desk, "ch_1")["UnappliedAmt"] > 0
    desk.run("check")
    assert sorted(drifts(desk)) == [f"Invoice SP-{key} edited", "Payment ch_1 edited"]
    with desk.holding() as work:
        rows = db.session.query(InspectionRow).filter_by(company_id=desk.id, key=key).all()
        open_ones = db.session.query(Drift).filter_by(company_id=desk.id, settled_at=None).all()
        assert hindered_restores(work.company, rows, open_ones) != {}
        assert hindered_restores(work.company, rows, open_ones, together=True) == {}
    restore(desk)
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 0)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": []}
