"""A worker killed while it books refunds of deposited money: the deposit stays, and each refund is in the books once, whatever died."""

import pytest

from tests.chaos.mortals import Mortals
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop

POINTS = 12
TESTS = 4
AS_WRITTEN = ("Id", "SyncToken", "TotalAmt")


def refunds_to_book(shop: Shop) -> tuple[Desk, dict]:
    """Return a company with a refund to book, one to change and one to take back, its books before; two Deposits are not known of yet."""
    desk = shop.open()
    keys = desk.book(*(inspection(number) for number in (1, 2, 3)))
    desk.run()
    keeper = Bookkeeper(desk)
    for payment in desk.books()["Payment"]:
        keeper.deposit(payment)
    for key in keys[1:]:
        give_back(desk, key, "75.00", line=key == keys[2])
    desk.run()  # Two deposits are found by the refusal.
    assert len(desk.books()["RefundReceipt"]) == 2
    give_back(desk, keys[0], "50.00")
    desk.change(
        keys[1], line_items=[*fees(desk, keys[1]), {"kind": "fee", "name": "Late", "amount": "-75.00"}]
    )
    give_back(desk, keys[2], "0.00", line=False)
    desk.press_sync_now()
    return desk, desk.books()


def fees(desk: Desk, key: str) -> list[dict]:
    lines = desk.platform.get(f"/_standin/inspections/{key}")["line_items"]
    return [{name: one[name] for name in ("kind", "name", "amount")} for one in lines]


def give_back(desk: Desk, key: str, amount: str, *, line: bool = True) -> None:
    """Set how much of the payment is refunded, with the negative fee or without."""
    [paid] = desk.platform.get(f"/_standin/inspections/{key}")["payments"]
    path = f"/_standin/inspections/{key}/payments/{paid['id']}"
    desk.platform.request("PATCH", path, json={"refunded_amount": amount})
    kept = [one for one in fees(desk, key) if one["name"] != "Refund"]
    extra = [{"kind": "fee", "name": "Refund", "amount": f"-{amount}"}] if line else []
    desk.change(key, line_items=[*kept, *extra])


def assert_each_refund_once(desk: Desk, before: dict, where: str) -> None:
    """The first was made once, the second was changed, the third is gone; what was deposited is as it was."""
    books = desk.books()
    for kind in ("Payment", "Deposit"):
        as_written = [[one[name] for name in AS_WRITTEN] for one in before[kind]]
        assert [[one[name] for name in AS_WRITTEN] for one in books[kind]] == as_written, where
    assert [one["TotalAmt"] for one in books["Invoice"]] == [575.0] * 3, where
    told = sorted(
        (one["TotalAmt"], next(line for line in one["Line"] if "Id" in line)["Description"])
        for one in books["RefundReceipt"]
    )
    assert told == [(50.0, "Refund"), (75.0, "Late")], where
    assert len(books["deleted"].get("RefundReceipt", [])) == 1, where


@pytest.fixture(scope="module")
def points(shop: Shop, mortals: Mortals) -> int:
    """How many points the way has, by a run that is not killed."""
    desk, before = refunds_to_book(shop)
    passed = mortals.look_at(desk.id)["points"]
    desk.sync_until_quiet()
    assert_each_refund_once(desk, before, "not killed")
    return len(passed)


@pytest.mark.parametrize("share", range(TESTS))
def test_a_worker_killed_anywhere_books_each_refund_once(
    shop: Shop, mortals: Mortals, points: int, share: int
):
    every = sorted({1 + round(index * (points - 1) / (POINTS - 1)) for index in range(POINTS)})
    for number in every[share::TESTS]:
        desk, before = refunds_to_book(shop)
        told = mortals.look_at(desk.id, at=number)
        where = f"killed at {told['points'][-1]}"
        assert told["ended"] == "SIGKILL", where
        desk.let_lease_run_out()
        mortals.look_at(desk.id, at=1 + number * 7 % 30)  # The next one dies on its way, too.
        desk.let_lease_run_out()
        mortals.look_at(desk.id)
        desk.sync_until_quiet()
        assert_each_refund_once(desk, before, where)
