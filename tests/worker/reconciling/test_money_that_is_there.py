"""Money that is already on an Invoice in QuickBooks: what may be applied is what QuickBooks has open, whoever took the rest."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.acts.questions import answer_same_money
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.numbers import statement_or_none
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.reconciling.test_waiting import held

FULL = [{"kind": "service", "name": "Full Home Inspection", "amount": "450.00"}]
ANN = {"first_name": "Ann", "last_name": "Lopez", "email": "ann@client.example", "phone": "303-555-0101"}


def paid(amount: str, reference: str, days_ago: int = 0) -> dict[str, Any]:
    """Return a payment received so many days ago."""
    at = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    return {"amount": amount, "method": "card", "received_at": at.isoformat(), "reference": reference}


def ours(*payments: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return an inspection of Ann Lopez for $450.00 with these payments."""
    return inspection(1, line_items=FULL, payments=list(payments), **values)


def book(desk: Desk, *payments: dict[str, Any], contact: str = "") -> str:
    """Book one and sync; with `contact` for the client of an earlier one."""
    buyer = {**ANN, "id": contact} if contact else ANN
    [key] = desk.book(ours(*payments, buyer=buyer))
    desk.sync()
    return key


def pay(desk: Desk, key: str, amount: str, reference: str) -> None:
    """Take a payment on the platform and sync."""
    desk.platform.post(f"/_standin/inspections/{key}/payments", paid(amount, reference))
    desk.sync()


def invoice(desk: Desk, key: str) -> dict[str, Any]:
    return next(one for one in desk.books()["Invoice"] if one["DocNumber"] == f"SP-{key}")


def payment(desk: Desk, reference: str) -> dict[str, Any] | None:
    return next((one for one in desk.books()["Payment"] if one.get("PaymentRefNum") == reference), None)


def by_hand(desk: Desk, key: str, amount: str, *, applied: str = "", days_ago: int = 0) -> dict[str, Any]:
    """Enter a Payment on the Invoice in QuickBooks as a bookkeeper does; `applied` "0" leaves it a credit."""
    there = invoice(desk, key)
    lines = [{"Amount": applied or amount, "LinkedTxn": [{"TxnId": there["Id"], "TxnType": "Invoice"}]}]
    day = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
    return Bookkeeper(desk).do(
        "create",
        "Payment",
        CustomerRef={"value": there["CustomerRef"]["value"]},
        TotalAmt=amount,
        TxnDate=day,
        PaymentRefNum="by hand",
        Line=[] if applied == "0" else lines,
    )


def credit(desk: Desk, customer_id: str, amount: str) -> dict[str, Any]:
    """Make a CreditMemo of the Customer."""
    item = desk.books()["Item"][0]["Id"]
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": amount}
    line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return Bookkeeper(desk).do("create", "CreditMemo", CustomerRef={"value": customer_id}, Line=[line])


def apply_credit(desk: Desk, memo: dict[str, Any], key: str, amount: str) -> dict[str, Any]:
    """Apply a CreditMemo to the Invoice, as a write-off is."""
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": invoice(desk, key)["Id"], "TxnType": "Invoice"}]},
        {"Amount": amount, "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]},
    ]
    return Bookkeeper(desk).do("create", "Payment", CustomerRef=memo["CustomerRef"], TotalAmt=0, Line=lines)


def row(desk: Desk, key: str) -> dict[str, Any]:
    """Return what the inspection's row says: state, reason, codes of its flags."""
    with desk.shop.app.app_context():
        one = db.session.scalars(
            select(InspectionRow).where(InspectionRow.company_id == desk.id, InspectionRow.key == key)
        ).one()
        flags = [flag["code"] for flag in one.flags]
        return {"state": one.state, "reason": one.reason, "flags": flags}


def drifts(desk: Desk) -> list[str]:
    with desk.shop.app.app_context():
        rows = select(Drift).where(Drift.company_id == desk.id, Drift.settled_at.is_(None))
        return [f"{one.document.name} {one.kind}" for one in db.session.scalars(rows)]


def answer(desk: Desk, key: str, choice: str) -> bool:
    """Answer the question about the inspection's one payment, and sync."""
    [received] = desk.platform.get(f"/_standin/inspections/{key}")["payments"]
    theirs = payment(desk, "by hand")["Id"]
    with desk.shop.app.app_context():
        done = answer_same_money(desk.id, key, str(received["id"]), theirs, choice, "ann@office.example")
        db.session.commit()
    desk.sync()
    return done


def client_of(desk: Desk, key: str) -> str:
    return desk.platform.get(f"/_standin/inspections/{key}")["buyer"]["id"]


def test_what_quickbooks_applies_from_an_overpayment_is_no_drift_and_the_next_payment_is_booked(desk):
    first = book(desk, paid("500.00", "ch_1"))
    second = book(desk, contact=client_of(desk, first))
    assert invoice(desk, second)["Balance"] == 400
    pay(desk, second, "450.00", "ch_2")
    assert (invoice(desk, second)["Balance"], payment(desk, "ch_2")["UnappliedAmt"]) == (0, 50)
    assert row(desk, second) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}
    desk.run("check")
    assert drifts(desk) == []
    assert row(desk, first)["state"] == "in-sync"
    desk.forget_calls()
    desk.sync()
    assert desk.calls() == []


def test_an_update_of_the_overpayment_leaves_what_quickbooks_applied_elsewhere(desk):
    first = book(desk, paid("500.00", "ch_1"))
    second = book(desk, contact=client_of(desk, first))
    [received] = desk.platform.get(f"/_standin/inspections/{first}")["payments"]
    path = f"/_standin/inspections/{first}/payments/{received['id']}"
    desk.platform.request("PATCH", path, json={"reference": "ch_corrected"})
    desk.sync()
    assert (payment(desk, "ch_corrected")["UnappliedAmt"], invoice(desk, second)["Balance"]) == (0, 400)
    desk.platform.request("PATCH", path, json={"refunded_amount": "50.00"})
    pay(desk, second, "450.00", "ch_2")
    desk.sync_until_quiet()
    assert (invoice(desk, first)["Balance"], invoice(desk, second)["Balance"]) == (0, 0)
    assert (payment(desk, "ch_2")["UnappliedAmt"], row(desk, second)["flags"]) == (0, [])


def test_when_the_overpaid_inspection_is_cancelled_the_other_ones_payment_takes_its_place(desk):
    first = book(desk, paid("500.00", "ch_1"))
    second = book(desk, contact=client_of(desk, first))
    pay(desk, second, "450.00", "ch_2")
    desk.change(first, canceled_at=datetime.now(UTC).isoformat())
    desk.sync_until_quiet()
    assert [one["DocNumber"] for one in desk.books()["Invoice"]] == [f"SP-{second}"]
    assert (invoice(desk, second)["Balance"], payment(desk, "ch_2")["UnappliedAmt"]) == (0, 0)
    assert row(desk, second)["flags"] == []


@pytest.mark.parametrize("setting", ["at-once", "after-the-answer"])
def test_a_prepayment_keyed_in_quickbooks_pays_the_new_invoice(desk, setting):
    first = book(desk, paid("450.00", "ch_0"))
    by_hand(desk, first, "100.00", applied="0", days_ago=30)
    desk.intuit.post("/_standin/settings", {"auto_apply": setting})
    try:
        second = book(desk, paid("450.00", "ch_1"), contact=client_of(desk, first))
    finally:
        desk.intuit.post("/_standin/settings", {"auto_apply": "at-once"})
    assert (invoice(desk, second)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 100)
    assert row(desk, second) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}


def test_part_of_an_invoice_paid_by_hand_leaves_the_rest_for_ours_until_it_is_deleted(desk):
    key = book(desk)
    theirs = by_hand(desk, key, "100.00")
    pay(desk, key, "450.00", "ch_1")  # Nobody has told us yet: QuickBooks refuses, and says what is open.
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 100)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}
    Bookkeeper(desk).delete("Payment", theirs["Id"])
    desk.run("check")
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (0, 0)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": []}
    assert drifts(desk) == []


@pytest.mark.parametrize("known", [True, False], ids=["looked before", "met on the way"])
def test_the_same_money_is_asked_and_theirs_can_be_used_and_not_used_again(desk, known):
    key = book(desk)
    theirs = by_hand(desk, key, "450.00", days_ago=3)
    if known:
        desk.run("check")
    pay(desk, key, "450.00", "ch_1")
    assert payment(desk, "ch_1") is None
    assert row(desk, key)["reason"] == "same-money"
    assert answer(desk, key, "use")
    assert payment(desk, "ch_1") is None and row(desk, key)["state"] == "in-sync"
    assert answer(desk, key, "book")
    assert payment(desk, "ch_1")["UnappliedAmt"] == 450
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}
    assert answer(desk, key, "use")
    assert payment(desk, "ch_1") is None
    Bookkeeper(desk).delete("Payment", theirs["Id"])
    desk.run("check")
    assert (payment(desk, "ch_1")["UnappliedAmt"], invoice(desk, key)["Balance"]) == (0, 0)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "flags": []}


def test_a_payment_by_hand_of_another_month_or_amount_asks_nothing(desk):
    key = book(desk)
    by_hand(desk, key, "450.00", days_ago=11)
    pay(desk, key, "450.00", "ch_1")
    assert payment(desk, "ch_1")["UnappliedAmt"] == 450
    assert row(desk, key)["state"] == "in-sync"


def test_a_credit_memo_and_a_write_off_take_their_part(desk):
    first = book(desk)
    customer_id = invoice(desk, first)["CustomerRef"]["value"]
    apply_credit(desk, credit(desk, customer_id, "450.00"), first, "450.00")  # Written off.
    pay(desk, first, "450.00", "ch_late")
    assert payment(desk, "ch_late")["UnappliedAmt"] == 450
    assert row(desk, first) == {"state": "in-sync", "reason": "", "flags": ["not-applied"]}
    credit(desk, customer_id, "30.00")
    second = book(desk, contact=client_of(desk, first))
    assert invoice(desk, second)["Balance"] == 0  # The late payment, then nothing of the credit.
    assert row(desk, second)["state"] == "in-sync"


@pytest.mark.parametrize(
    ("total", "open_", "unapplied"), [("500.00", 0, 10), ("400.00", 0, 110), ("600.00", 90, 0)]
)
def test_an_invoice_with_a_credit_memo_and_ours_on_it_changes_to_the_cent(desk, total, open_, unapplied):
    key = book(desk, paid("450.00", "ch_1"))
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "510.00"}])
    desk.sync()
    memo = credit(desk, invoice(desk, key)["CustomerRef"]["value"], "60.00")
    if invoice(desk, key)["Balance"]:
        apply_credit(desk, memo, key, "60.00")
    assert invoice(desk, key)["Balance"] == 0
    desk.run("check")
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": total}])
    desk.sync_until_quiet()
    assert (invoice(desk, key)["Balance"], payment(desk, "ch_1")["UnappliedAmt"]) == (open_, unapplied)
    assert row(desk, key)["state"] == "in-sync" and drifts(desk) == []


def test_a_write_off_larger_than_the_lowered_total_ends_in_books_that_agree(desk):
    key = book(desk)
    memo = credit(desk, invoice(desk, key)["CustomerRef"]["value"], "450.00")
    apply_credit(desk, memo, key, "450.00")
    desk.run("check")
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "300.00"}])
    desk.sync_until_quiet()
    assert (invoice(desk, key)["TotalAmt"], invoice(desk, key)["Balance"]) == (300, 0)
    assert row(desk, key)["state"] == "in-sync" and drifts(desk) == []


def test_a_fee_and_a_discount_keep_to_what_is_open(desk):
    key = book(desk, paid("450.00", "ch_1"))
    by_hand(desk, key, "50.00", applied="0")
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "500.00"}])
    desk.sync()
    there = invoice(desk, key)
    assert there["Balance"] == 50
    by_hand(desk, key, "50.00", days_ago=20)
    pay(desk, key, "50.00", "ch_2")
    assert payment(desk, "ch_2")["UnappliedAmt"] == 50
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "400.00"}])
    desk.sync()
    assert Decimal(str(invoice(desk, key)["Balance"])) == 0
    assert payment(desk, "ch_1")["UnappliedAmt"] == 100
    assert row(desk, key)["state"] == "in-sync"


@pytest.mark.parametrize("mode", ["unapply", "refuse"])
def test_a_cancelled_invoice_with_somebody_elses_payment_goes_or_waits(desk, mode):
    key = book(desk)
    theirs = by_hand(desk, key, "450.00")
    desk.run("check")
    desk.intuit.post("/_standin/settings", {"invoice_delete_with_payments": mode})
    try:
        desk.change(key, canceled_at=datetime.now(UTC).isoformat())
        desk.sync()
        if mode == "refuse":
            assert row(desk, key)["reason"] == "paid-by-others"
            Bookkeeper(desk).edit("Payment", theirs["Id"], Line=[])
            desk.run("check")
    finally:
        desk.intuit.post("/_standin/settings", {"invoice_delete_with_payments": "unapply"})
    assert desk.books()["Invoice"] == []
    assert payment(desk, "by hand")["UnappliedAmt"] == 450
    assert row(desk, key)["state"] == "not-in-books"


@pytest.mark.parametrize("seen", [True, False], ids=["seen before", "found just then"])
def test_an_invoice_with_somebody_elses_payment_keeps_ours_until_it_can_go_to_another_client(desk, seen):
    key = book(desk, paid("200.00", "ch_1"))
    theirs = by_hand(desk, key, "100.00", days_ago=30)
    if seen:
        desk.run("check")
    before = (payment(desk, "ch_1"), invoice(desk, key))
    desk.change(key, buyer={"new": True, "first_name": "Bob", "last_name": "Stone"})
    desk.sync()
    assert (payment(desk, "ch_1"), invoice(desk, key)) == before
    assert row(desk, key)["reason"] == "paid-by-others"
    if seen:
        pay(desk, key, "50.00", "ch_2")  # What is received meanwhile is booked: only the Invoice waits.
        assert (payment(desk, "ch_2")["UnappliedAmt"], invoice(desk, key)["Balance"]) == (0, 100)
        assert payment(desk, "ch_2")["CustomerRef"] == payment(desk, "ch_1")["CustomerRef"]
        assert (row(desk, key)["reason"], held(desk)) == ("paid-by-others", Decimal("450.00"))
    Bookkeeper(desk).edit("Payment", theirs["Id"], Line=[])
    desk.run("check")
    there, ch_1 = invoice(desk, key), payment(desk, "ch_1")
    assert there["CustomerRef"]["name"] == ch_1["CustomerRef"]["name"] == "Bob Stone"
    open_now = 200 if seen else 250
    assert (there["Balance"], ch_1["UnappliedAmt"], row(desk, key)["state"]) == (open_now, 0, "in-sync")
    assert held(desk) == 0


def test_a_payment_of_ours_seen_before_its_answer_is_not_somebody_elses(desk):
    key = book(desk)
    desk.break_calls({"operation": "batch", "kind": "cut", "when": "after", "times": 0})
    pay(desk, key, "100.00", "ch_1")
    desk.break_calls()
    pause(desk, utcnow())
    desk.run("check")
    pause(desk, None)
    desk.sync_until_quiet()
    pay(desk, key, "100.00", "ch_2")
    assert row(desk, key)["state"] == "in-sync"
    assert invoice(desk, key)["Balance"] == 250


def pause(desk: Desk, at: datetime | None) -> None:
    with desk.holding() as work:
        work.company.paused_at = at
        work.commit()


def statement(desk: Desk) -> tuple[str, set[str]]:
    """Do the nightly run; return what its statement leaves unexplained, and the causes that it names."""
    desk.run("nightly")
    with desk.shop.app.app_context():
        content = statement_or_none(desk.id).content
    return content["unexplained"], {one["cause"] for one in content["explained"]}


def test_the_statement_explains_money_that_was_already_there(desk):
    first = book(desk, paid("500.00", "ch_1"))
    second = book(desk, contact=client_of(desk, first))
    pay(desk, second, "450.00", "ch_2")
    assert statement(desk) == ("0.00", {"applied-elsewhere", "unapplied"})
    third = book(desk, contact=client_of(desk, first))
    by_hand(desk, third, "380.00", days_ago=0)
    pay(desk, third, "380.00", "ch_3")
    assert row(desk, third)["reason"] == "same-money"
    assert statement(desk)[0] == "0.00"
    assert answer(desk, third, "use")
    unexplained, causes = statement(desk)
    assert (unexplained, causes) == ("0.00", {"applied-elsewhere", "unapplied"})
