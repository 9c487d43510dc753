"""The migration killed at every call that it makes, before and after QuickBooks has carried it out: books end whole, once."""

import signal
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.functional.legacy import MIDNIGHT, LegacyOffice, World, legacy_world, money_of, old_inspection
from tests.harness.processes import Process, wait_until

AMOUNTS = ("425.00", "500.10", "99.95")
POINTS = (
    {"path": "/query", "body": "SalesReceipt", "when": "before"},
    {"path": "/batch", "entity": "Item", "when": "after"},
    {"path": "/batch", "entity": "Invoice", "when": "before"},
    {"path": "/batch", "entity": "Invoice", "when": "after"},
    {"path": "/batch", "entity": "Payment", "when": "before"},
    {"path": "/batch", "entity": "Payment", "when": "after"},
    {"path": "/invoice/", "when": "before"},
    {"path": "/batch", "entity": "SalesReceipt", "when": "before"},
    {"path": "/batch", "entity": "SalesReceipt", "when": "after"},
    {"path": "/salesreceipt/", "when": "after"},
    # The first receipt is proven now: the rest go together.
    {"path": "/batch", "entity": "Payment", "when": "after"},
    {"path": "/batch", "entity": "SalesReceipt", "when": "after"},
)


@pytest.fixture(scope="module")
def world(tmp_path_factory, postgres, migrated_postgres) -> Iterator[World]:
    """On PostgreSQL; the other migration tests run on SQLite."""
    folder, url = tmp_path_factory.mktemp("crash"), postgres.url(postgres.new_database(migrated_postgres))
    with legacy_world(folder, url, LEASE_SECONDS="3", INTUIT_CONCURRENCY="100") as started:
        yield started


def test_killed_at_every_call_it_ends_with_each_receipt_replaced_once(world):
    office = world.office(
        *(
            old_inspection(number, f"2019-03-0{number}T09:00:00", amount)
            for number, amount in enumerate(AMOUNTS, 1)
        )
    )
    office.preview("2019-03-01T00:00")
    office.confirm()
    before = {basis: office.profit(basis) for basis in ("accrual", "cash")}
    killed = 0
    for number, point in enumerate(POINTS):
        # The night begins it; every sync carries it on.
        words = (
            ("nightly", "--company", office.id, "--at", MIDNIGHT) if not number else ("reconcile", office.id)
        )
        killed += kill_at(office, point, words, number)
        assert_nothing_is_missing(office)
    assert killed == len(POINTS)
    office.tieout.flask_json("reconcile", office.id)
    books = office.books()
    assert books["SalesReceipt"] == []
    assert money_of(books["Invoice"]) == money_of(books["Payment"]) == sorted(map(Decimal, AMOUNTS))
    assert [invoice["Balance"] for invoice in books["Invoice"]] == [0, 0, 0]
    assert books["deleted"].get("Invoice", []) == [] and books["deleted"].get("Payment", []) == []
    assert {basis: office.profit(basis) for basis in ("accrual", "cash")} == before
    assert "Done. 3 SalesReceipts replaced" in office.migration()


def kill_at(office: LegacyOffice, point: dict[str, str], words: tuple, number: int) -> bool:
    """Run a command and kill it while QuickBooks holds back the answer to such a call; False when it made none."""
    rule = {"realm": office.realm_id, "kind": "slow", "seconds": 15, **point}
    office.intuit.post("/_standin/faults", rule)
    seen = len(office.calls())
    command = ["flask", "--app", "wsgi", *map(str, words)]
    log = office.tieout.folder / f"killed-{number}.log"
    process = Process(command, log, environment=office.tieout.environment)
    try:
        struck = wait_until(lambda: _fired(office) or process.exit_code is not None, f"point {number}", 60)
        if process.exit_code is not None:
            return False
        if point["when"] == "after":
            wait_until(lambda: _carried_out(office, point), f"the effect of point {number}", 30)
        assert struck and len(office.calls()) >= seen
        process.send(signal.SIGKILL)
        process.wait()
        return True
    finally:
        process.kill()
        office.intuit.request("DELETE", "/_standin/faults")


def assert_nothing_is_missing(office: LegacyOffice) -> None:
    """A receipt is gone only when its Invoice stands and is paid."""
    books = office.books()
    standing = {receipt["Id"] for receipt in books["SalesReceipt"]}
    paid = {one["DocNumber"] for one in books["Invoice"] if not one["Balance"]}
    for key, receipt_id in office.receipts.items():
        assert receipt_id in standing or f"SP-{key}" in paid


def _fired(office: LegacyOffice) -> bool:
    return any(rule["fired"] for rule in office.intuit.get("/_standin/faults")["faults"])


def _carried_out(office: LegacyOffice, point: dict[str, str]) -> bool:
    """QuickBooks has done it: the books show it, although nobody was told."""
    books, entity = office.books(), point.get("entity")
    if entity == "SalesReceipt":
        return len(books["SalesReceipt"]) in (0, len(AMOUNTS) - 1)
    if entity == "Item":
        return len(books["Item"]) > 1
    return entity is None or len(books[entity]) in (1, len(AMOUNTS))
