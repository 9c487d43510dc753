"""Every fault of QuickBooks and of the feed, before and after the work was done, in every phase: the books come out exact."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop

FAULTS: dict[str, dict[str, Any]] = {
    "500": {"kind": "500"},
    "503": {"kind": "503"},
    "html": {"kind": "html"},
    "empty": {"kind": "empty"},
    "truncated": {"kind": "truncated"},
    "cut": {"kind": "cut"},
    "slow": {"kind": "slow", "seconds": 0.5},
    "401": {"kind": "401"},
    "429-json": {"kind": "429", "encoding": "json", "retry_after": 1},
    "429-lowercase": {"kind": "429", "encoding": "lowercase", "retry_after": 1},
    "429-xml": {"kind": "429", "encoding": "xml", "retry_after": 1},
    "item": {"kind": "item", "index": 0},
}
WHENS = ("before", "after")

MAKING = {
    "customers": {"operation": "batch", "entity": "Customer"},
    "items": {"operation": "batch", "entity": "Item"},
    "invoices": {"operation": "batch", "entity": "Invoice"},
    "payments": {"operation": "batch", "entity": "Payment"},
}
CHANGING = {
    "payments away": {"operation": "batch", "entity": "Payment", "body": '"operation":"delete"'},
    "invoices changed": {"operation": "batch", "entity": "Invoice", "body": '"operation":"update"'},
    "payments made again": {"operation": "batch", "entity": "Payment", "body": '"operation":"create"'},
}
READING = {"invoices read": {"operation": "query"}}
REMOVING = {
    "payments removed": {"operation": "batch", "entity": "Payment", "body": '"operation":"delete"'},
    "invoices removed": {"operation": "batch", "entity": "Invoice", "body": '"operation":"delete"'},
}


def _break(desk: Desk, fault: dict[str, Any], phases: dict[str, dict[str, Any]]) -> None:
    if fault["kind"] == "item":  # It strikes items of its own entity, and only in a batch.
        phases = {name: place for name, place in phases.items() if place["operation"] == "batch"}
    desk.break_calls(*({**place, **fault} for place in phases.values()))


def _calm_down(desk: Desk, phases: str, patience: int, invoices_ever: int) -> None:
    desk.sync_until_quiet(patience=patience)
    unused = [rule for rule in desk.broken() if not rule["fired"]]
    where = f"{phases}, {[(rule['kind'], rule['when']) for rule in desk.broken()][:1]}"
    assert not unused, f"{where}: these faults never struck: {unused}"
    desk.mend_calls()
    desk.assert_exact(where, invoices_ever=invoices_ever)


def _whole_life(desk: Desk, fault: dict[str, Any], patience: int = 0) -> None:
    """Make, change, remove and make again three inspections' documents, with the fault in every phase on the way."""
    _break(desk, fault, MAKING)
    keys = desk.book(*(inspection(number) for number in (1, 2, 3)))
    _calm_down(desk, "made", patience, 3)
    _break(desk, fault, {**READING, **CHANGING})
    desk.change(keys[0], line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "700.00"}])
    desk.change(keys[1], line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "300.00"}])
    buyer = {"new": True, "first_name": "Luis", "last_name": "Vega", "email": "luis@client.example"}
    desk.change(keys[2], buyer=buyer)
    _calm_down(desk, "changed", patience, 3)
    _break(desk, fault, REMOVING)
    for key in keys:
        desk.change(key, canceled=True)
    _calm_down(desk, "removed", patience, 3)
    assert desk.books()["Invoice"] == []
    _break(desk, fault, {"invoices": MAKING["invoices"], "payments": MAKING["payments"]})
    desk.change(keys[0], canceled=False)
    _calm_down(desk, "made again", patience, 4)


def _side_by_side(tell: Callable[[str], None]) -> None:
    """Do it with the fault before and after the work was done, at the same time: much of it is waiting."""
    with ThreadPoolExecutor(len(WHENS)) as pool:
        for told in [pool.submit(tell, when) for when in WHENS]:
            told.result()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_every_phase_leaves_the_books_exact(shop: Shop, name: str):
    _side_by_side(lambda when: _whole_life(shop.open(), {**FAULTS[name], "when": when}))


def test_a_stale_sync_token_in_every_phase_leaves_the_books_exact(shop: Shop):
    _whole_life(shop.open(), {"kind": "stale"})


def test_a_command_that_waits_out_a_throttle_books_nothing_twice(shop: Shop):
    _side_by_side(lambda when: _whole_life(shop.open(), {**FAULTS["429-json"], "when": when}, patience=5))


def test_an_answer_that_comes_later_than_we_wait_books_nothing_twice(shop: Shop):
    """The same call is at QuickBooks twice at the same time: the one given up, and the one sent again."""

    def tell(when: str) -> None:
        desk = shop.open()
        desk.book(inspection(1))
        desk.run()
        place = {"operation": "batch", "entity": "Invoice", "seconds": 31}
        desk.break_calls({"kind": "slow", "when": when, **place})
        desk.book(inspection(2))
        _calm_down(desk, "after the late answer", 0, 2)

    _side_by_side(tell)


@pytest.mark.parametrize(("name", "attempts"), [("503", 3), ("cut", 3), ("429-json", 1)])
def test_an_outage_that_outlasts_a_run_books_nothing_twice(shop: Shop, name: str, attempts: int):
    """It lasts through one run's attempts and the next run's attempts to settle them, and ends in the middle of that run."""

    def tell(when: str) -> None:
        desk = shop.open()
        for number, entity in enumerate(("Customer", "Invoice", "Payment"), 1):
            place = {"operation": "batch", "entity": entity, "times": 2 * attempts}
            desk.break_calls({**FAULTS[name], "when": when, **place})
            desk.book(inspection(number))
            for _ in range(2):
                desk.let_time_pass()
                assert desk.run()["state"] == "failed", (when, entity)
            _calm_down(desk, f"after the outage of {entity}", 0, number)

    _side_by_side(tell)


@pytest.mark.parametrize(
    "kind",
    ["401", "403", "404", "429", "500", "502", "503", "504", "slow", "cut", "cut_body", "truncated", "html"],
)
def test_a_fault_of_the_feed_delays_and_loses_nothing(shop: Shop, kind: str):
    desk = shop.open()
    desk.book(inspection(1))
    extra = {"seconds": 0.3} if kind == "slow" else {}
    fault = {"kind": kind, "path": "/v2/inspections", "company_id": int(desk.platform_id), **extra}
    desk.platform.post("/_standin/faults", fault)
    desk.sync_until_quiet()
    used = [
        rule for rule in desk.platform.get("/_standin/faults") if rule["company_id"] == int(desk.platform_id)
    ]
    assert [rule["times"] for rule in used] == [0]
    desk.assert_exact(kind, invoices_ever=1)
