"""One worker at a time: a worker that stood still past its lease settles nothing, and two at once book nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.work.journal import Call, Operation
from tests.chaos.mortals import Mortals, everything_to_do
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop
from tests.harness.processes import wait_until

STOPS, SHARES = 6, 4


def _settled(desk: Desk) -> dict[str, list[Any]]:
    """Return what our records say of the company's calls, operations and documents."""
    kept = {}
    with desk.shop.app.app_context():
        for table in (Call.__table__, Operation.__table__, Document.__table__):
            rows = select(table).where(table.c.company_id == desk.id).order_by(table.c.id)
            kept[table.name] = [tuple(row) for row in db.session.execute(rows)]
    return kept


@pytest.fixture(scope="module")
def stops(shop: Shop, mortals: Mortals) -> list[int]:
    """Points at which a worker can stand still without a transaction open, spread over the whole way."""
    desk = everything_to_do(shop)
    passed = mortals.look_at(desk.id)["points"]
    outside = [number for number, point in enumerate(passed, 1) if not point.endswith("commit begins")]
    calls = [number for number in outside if "/batch" in passed[number - 1]]
    spread = outside[:: max(1, len(outside) // STOPS)]
    return sorted({*calls, *spread})


@pytest.mark.parametrize("share", range(SHARES))
def test_a_worker_that_stood_still_past_its_lease_settles_nothing(
    shop: Shop, mortals: Mortals, stops: list[int], share: int
):
    """At every batch, before it is sent and before its answer is read, and at some places between."""
    assert len(stops) > STOPS
    for number in stops[share::SHARES]:
        desk = everything_to_do(shop)
        still = mortals.look_at(desk.id, at=number, signal="SIGSTOP")
        where = f"stood still at {still['points'][-1]}"
        assert still["ended"] == "SIGSTOP", where
        desk.let_lease_run_out()
        assert mortals.look_at(desk.id)["ended"] == 0
        desk.sync_until_quiet()
        desk.assert_exact(f"{where}, the other one is done", invoices_ever=4)
        before = _settled(desk)
        assert mortals.go_on(still["pid"])["ended"] == 0
        assert _settled(desk) == before, where
        desk.sync_until_quiet()
        desk.assert_exact(f"{where}, and went on", invoices_ever=4)


def test_a_worker_that_wakes_while_the_other_is_at_work_changes_nothing(shop: Shop, mortals: Mortals):
    """Both have the same call in flight: the second to be answered finds the lease gone."""
    desk = everything_to_do(shop)
    desk.break_calls({"kind": "slow", "seconds": 1, "when": "before", "operation": "batch", "times": 0})
    first = mortals.look_at(desk.id, at=_first_batch(shop, mortals), signal="SIGSTOP")
    desk.let_lease_run_out()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(desk.run)
        wait_until(lambda: desk.broken()[0]["fired"], "the other one's call in flight")
        awake = mortals.go_on(first["pid"])
        other.result()
    assert awake["ended"] == 0
    desk.mend_calls()
    desk.sync_until_quiet()
    desk.assert_exact(invoices_ever=4)


def _first_batch(shop: Shop, mortals: Mortals) -> int:
    points = mortals.look_at(everything_to_do(shop).id)["points"]
    return next(number for number, point in enumerate(points, 1) if "/batch begins" in point)


def test_two_workers_at_once_on_one_company_book_everything_once(shop: Shop):
    desk = shop.open()
    desk.book(*(inspection(number) for number in range(1, 6)))
    others = [Mortals(shop.environment) for _ in range(2)]
    desk.press_sync_now()
    try:
        with ThreadPoolExecutor(2) as pool:
            for _ in range(5):
                list(pool.map(lambda one: one.look_at(desk.id), others))
                desk.press_sync_now()
    finally:
        for one in others:
            one.stop()
    desk.sync_until_quiet()
    desk.assert_exact(invoices_ever=5)
