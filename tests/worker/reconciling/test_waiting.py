"""Only the document waits that must, with its cause; what does not depend on it goes on, and the wait ends by itself."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bookkeeping.logbook.pages import causes
from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk


def close_books(desk: Desk, through: str) -> None:
    """Set the closing date in QuickBooks ("" for none) and let us look."""
    path = f"/_standin/realms/{desk.realm_id}/preferences"
    desk.intuit.post(path, {"AccountingInfoPrefs": {"BookCloseDate": through}})
    desk.run("check")


def row(desk: Desk, key: str) -> dict[str, Any]:
    """Return what the inspection's row says: state, reason, detail, and the documents that wait."""
    with desk.shop.app.app_context():
        one = db.session.scalars(
            select(InspectionRow).where(InspectionRow.company_id == desk.id, InspectionRow.key == key)
        ).one()
        waits = [(each["name"], each["verb"], each["code"]) for each in one.waiting_documents]
        return {"state": one.state, "reason": one.reason, "detail": one.detail, "waits": waits}


def held(desk: Desk) -> Decimal:
    """Return how many dollars pages say are held up."""
    with desk.shop.app.app_context():
        return sum((cause.amount for cause in causes(desk.id)), Decimal(0))


def paid(amount: str, days_ago: int, reference: str) -> dict[str, Any]:
    """Return a payment received so many days ago."""
    at = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    return {"amount": amount, "method": "card", "received_at": at.isoformat(), "reference": reference}


def totals(desk: Desk, kind: str) -> list[Decimal]:
    return sorted(Decimal(str(one["TotalAmt"])) for one in desk.books()[kind])


def test_a_prepayment_in_a_closed_month_waits_alone_and_goes_when_the_books_open(desk):
    close_books(desk, (date.today() - timedelta(days=20)).isoformat())
    [key] = desk.book(inspection(1, payments=[paid("200.00", 40, "ch_pre"), paid("375.00", 0, "ch_rest")]))
    desk.sync()
    [invoice] = desk.books()["Invoice"]
    assert (totals(desk, "Payment"), invoice["Balance"]) == ([375], 200)
    said = row(desk, key)
    assert (said["state"], said["reason"]) == ("needs-you", "closed-books")
    assert said["waits"] == [("Payment ch_pre", "create", "closed-books")]
    assert held(desk) == 200, "Not the inspection is held up, but its prepayment."
    assert said["detail"].startswith("Payment ch_pre of $200.00 on ")
    desk.forget_calls()
    desk.run("check")
    assert {call["operation"] for call in desk.calls()}.isdisjoint({"batch"})

    close_books(desk, "")
    assert (totals(desk, "Payment"), desk.books()["Invoice"][0]["Balance"]) == ([200, 375], 0)
    assert row(desk, key) == {"state": "in-sync", "reason": "", "detail": "", "waits": []}


def test_an_invoice_of_a_closed_month_keeps_its_payments_waiting_behind_it(desk):
    close_books(desk, (date.today() + timedelta(days=2)).isoformat())
    [key] = desk.book(inspection(1, payments=[paid("575.00", 0, "ch_1")]))
    desk.sync()
    assert desk.books().get("Invoice", []) == [] == desk.books().get("Customer", [])
    assert row(desk, key)["waits"] == [
        (f"Invoice SP-{key}", "create", "closed-books"),
        ("Payment ch_1", "create", "closed-books"),
    ]
    assert held(desk) == 575, "The same money once."
    close_books(desk, "")
    assert desk.books()["Invoice"][0]["Balance"] == 0
    assert row(desk, key)["state"] == "in-sync"


def test_a_changed_invoice_of_a_closed_month_waits_while_its_payment_goes_on(desk):
    [key] = desk.book(inspection(1, payments=[]))
    desk.sync()
    close_books(desk, (date.today() + timedelta(days=2)).isoformat())
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "600.00"}])
    at = datetime.now(UTC) + timedelta(days=4)
    payment = {"amount": "600.00", "method": "card", "received_at": at.isoformat(), "reference": "ch_late"}
    desk.change(key, payments=[payment])
    desk.sync()
    [booked] = desk.books()["Payment"]
    assert (booked["TotalAmt"], booked["UnappliedAmt"]) == (600, 25)
    assert row(desk, key)["waits"] == [(f"Invoice SP-{key}", "update", "closed-books")]
    close_books(desk, "")
    [invoice], [booked] = desk.books()["Invoice"], desk.books()["Payment"]
    assert (invoice["TotalAmt"], invoice["Balance"], booked["UnappliedAmt"]) == (600, 0, 0)
    assert row(desk, key)["state"] == "in-sync"


def test_a_deposited_and_changed_payment_waits_alone_until_the_deposit_is_gone(desk):
    keeper = Bookkeeper(desk)
    [key] = desk.book(inspection(1, payments=[paid("450.00", 0, "ch_1")]))
    desk.sync()
    [payment] = desk.books()["Payment"]
    deposit = keeper.deposit(payment)
    desk.run("check")
    [received] = desk.platform.get(f"/_standin/inspections/{key}")["payments"]
    path = f"/_standin/inspections/{key}/payments/{received['id']}"
    desk.platform.request("PATCH", path, json={"reference": "ch_corrected"})
    desk.sync()
    assert row(desk, key)["state"] == "in-sync"  # A detail of what is history is nothing to wait for.
    desk.platform.request("PATCH", path, json={"amount": "460.00"})
    desk.platform.post(f"/_standin/inspections/{key}/payments", paid("115.00", 0, "ch_2"))
    desk.sync()
    assert (totals(desk, "Payment"), desk.books()["Invoice"][0]["Balance"]) == ([115, 450], 10)
    said = row(desk, key)
    assert (said["state"], said["waits"]) == ("needs-you", [("Payment ch_1", "update", "deposited")])
    keeper.delete("Deposit", deposit)
    desk.run("check")
    assert sorted(one["PaymentRefNum"] for one in desk.books()["Payment"]) == ["ch_2", "ch_corrected"]
    assert (totals(desk, "Payment"), desk.books()["Invoice"][0]["Balance"]) == ([115, 460], 0)
    assert row(desk, key)["state"] == "in-sync"


def test_a_refused_payment_waits_with_its_cause_and_the_other_one_goes_on(desk):
    [key] = desk.book(inspection(1, payments=[paid("200.00", 1, "ch_1")]))
    desk.sync()
    desk.platform.post(f"/_standin/inspections/{key}/payments", paid("100.00", 0, "ch_2"))
    desk.platform.post(f"/_standin/inspections/{key}/payments", paid("275.00", 0, "ch_3"))
    desk.break_calls({"kind": "item", "entity": "Payment", "code": "2500", "index": 0, "times": 0})
    desk.sync()
    desk.mend_calls()
    said = row(desk, key)
    assert said["state"] == "needs-you" and len(said["waits"]) == 1
    assert len(totals(desk, "Payment")) == 2
    desk.retry_all()
    desk.sync()
    assert (totals(desk, "Payment"), row(desk, key)["state"]) == ([100, 200, 275], "in-sync")
