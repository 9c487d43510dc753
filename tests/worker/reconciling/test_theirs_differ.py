"""A Payment by hand that a person took for money received, and what the platform says of that money later: the two agree, or a person is asked to look."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.numbers import TieoutStatement
from tests.functional.bookkeeper import Bookkeeper
from tests.harness.in_process import Desk
from tests.worker.reconciling.test_money_that_is_there import (
    answer,
    book,
    by_hand,
    invoice,
    pay,
    payment,
    row,
)

AGREES = {"state": "in-sync", "reason": ""}
DIFFERS = {"state": "needs-you", "reason": "payment-differs"}


def _used(desk: Desk) -> str:
    """Return an inspection of $450.00 for whose payment one by hand is used."""
    key = book(desk)
    by_hand(desk, key, "450.00", days_ago=3)
    pay(desk, key, "450.00", "ch_1")
    assert answer(desk, key, "use")
    assert _state(desk, key) == AGREES
    return key


def _change(desk: Desk, key: str, **values: str) -> None:
    """Change the payment on the platform, or remove it without values, and sync."""
    [received] = desk.platform.get(f"/_standin/inspections/{key}")["payments"]
    there = f"/_standin/inspections/{key}/payments/{received['id']}"
    desk.platform.request(
        *(("PATCH", there) if values else ("DELETE", there)), **({"json": values} if values else {})
    )
    desk.sync()


def _state(desk: Desk, key: str) -> dict[str, str]:
    said = row(desk, key)
    return {"state": said["state"], "reason": said["reason"]}


def _detail(desk: Desk, key: str) -> str:
    return desk.mirrored()[key].detail


def _explained(desk: Desk) -> list[tuple[str, str]]:
    """Return (cause, reason) of what the newest statement explains."""
    with desk.shop.app.app_context():
        made = select(TieoutStatement).where(TieoutStatement.company_id == desk.id)
        newest = db.session.scalars(made.order_by(TieoutStatement.id.desc())).first()
        return [(one["cause"], one["reason"]) for one in newest.content["explained"]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"voided_at": datetime.now(UTC).isoformat()}, "nothing was received"),
        ({"refunded_amount": "450.00"}, "$450.00 of it was given back"),
        ({"refunded_amount": "50.00"}, "$50.00 of it was given back"),
        ({"amount": "400.00"}, "$400.00 was received"),
        ({}, "nothing was received"),
    ],
)
def test_what_the_platform_changes_after_theirs_was_used_needs_a_person_until_the_two_agree(
    desk: Desk, change: dict[str, str], said: str
):
    key = _used(desk)
    _change(desk, key, **change)
    assert _state(desk, key) == DIFFERS
    assert (
        _detail(desk, key)
        == f"Payment by hand of $450.00 is used for a payment, but the inspection says that {said}."
    )
    desk.run("nightly")
    assert _state(desk, key) == DIFFERS
    assert _explained(desk) == [("refused", "payment-differs")]
    Bookkeeper(desk).delete("Payment", payment(desk, "by hand")["Id"])
    desk.run("check")
    assert _state(desk, key) == AGREES


def test_a_refund_receipt_by_hand_accounts_for_what_was_given_back(desk: Desk):
    key = _used(desk)
    _change(desk, key, refunded_amount="50.00")
    assert _state(desk, key) == DIFFERS
    there = invoice(desk, key)
    bank = next(one for one in desk.books()["Account"] if one["AccountType"] == "Bank")
    detail = {"ItemRef": {"value": desk.books()["Item"][0]["Id"]}, "Qty": 1, "UnitPrice": "50.00"}
    line = {"Amount": "50.00", "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    money = {"DepositToAccountRef": {"value": bank["Id"]}, "CustomerRef": there["CustomerRef"]}
    Bookkeeper(desk).do("create", "RefundReceipt", **money, Line=[line])
    desk.run("check")
    assert _state(desk, key) == AGREES


def test_saying_that_it_is_other_money_ends_it(desk: Desk):
    key = _used(desk)
    _change(desk, key, amount="400.00")
    assert _state(desk, key) == DIFFERS
    assert answer(desk, key, "book")
    assert _state(desk, key) == AGREES
    assert payment(desk, "ch_1")["TotalAmt"] == 400
