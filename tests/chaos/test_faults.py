"""Every fault of QuickBooks and of the feed, before and after the work was done, in every phase: the books come out exact."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def _patient_life(desk: Desk, fault: dict[str, Any]) -> None:
    """The same, as a command does it, which waits out a throttle."""
    _whole_life(desk, fault, patience=5)


def _late_answer(desk: Desk, fault: dict[str, Any]) -> None:
    """The same call is at QuickBooks twice at the same time: the one given up, and the one sent again."""
    desk.book(inspection(1))
    desk.run()
    place = {"operation": "batch", "entity": "Invoice"}
    desk.break_calls({**place, **fault})
    desk.book(inspection(2))
    _calm_down(desk, "after the late answer", 0, 2)


def _long_outage(desk: Desk, fault: dict[str, Any]) -> None:
    """It lasts through one run's attempts and the next run's attempts to settle them, and ends in the middle of that run."""
    for number, entity in enumerate(("Customer", "Invoice", "Payment"), 1):
        place = {"operation": "batch", "entity": entity, "times": 2 * OUTAGES[fault["kind"]]}
        desk.break_calls({**fault, **place})
        desk.book(inspection(number))
        for _ in range(2):
            desk.let_time_pass()
            assert desk.run()["state"] == "failed", (fault["when"], entity)
        _calm_down(desk, f"after the outage of {entity}", 0, number)


OUTAGES = {"503": 3, "cut": 3, "429": 1}
"""How often a run tries again what met this kind."""

STORIES: dict[str, tuple[Callable[[Desk, dict[str, Any]], None], dict[str, Any]]] = {
    **{f"{name} in every phase": (_whole_life, fault) for name, fault in FAULTS.items()},
    "429 waited out by a command": (_patient_life, FAULTS["429-json"]),
    "an answer later than we wait": (_late_answer, {"kind": "slow", "seconds": 31}),
    **{f"{name} that outlasts a run": (_long_outage, FAULTS[name]) for name in ("503", "cut", "429-json")},
}
AT_ONCE = 8


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, shop: Shop) -> Iterator[dict[str, list[Future[None]]]]:
    """The stories that this run asks for, some of them under way at the same time, each in a company of its own: most of it is waiting."""
    asked = [item.callspec.params.get("story") for item in request.session.items if hasattr(item, "callspec")]
    names = sorted({name for name in asked if name in STORIES}, key=_longest_first)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: [
                pool.submit(lambda tell=tell, fault={**fault, "when": when}: tell(shop.open(), fault))
                for when in WHENS
            ]
            for name in names
            for tell, fault in [STORIES[name]]
        }


def _longest_first(name: str) -> int:
    return ("later than we wait" not in name) * 2 - ("outlasts" in name)


@pytest.mark.parametrize("story", STORIES)
def test_a_fault_before_or_after_the_work_was_done_leaves_the_books_exact(
    told: dict[str, list[Future[None]]], story: str
):
    for one in told[story]:
        one.result()


def test_a_stale_sync_token_in_every_phase_leaves_the_books_exact(shop: Shop):
    _whole_life(shop.open(), {"kind": "stale"})


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
