"""What a person deleted in QuickBooks and the platform does not want any more, either: no question is left, and a later wish makes it again."""

from datetime import UTC, datetime

import pytest

from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.reconciling.test_money_that_is_there import drifts

NOW = datetime.now(UTC).isoformat()


def _state(desk: Desk) -> tuple[str, str]:
    [row] = desk.mirrored().values()
    return row.state, row.reason


def _booked(desk: Desk) -> tuple[int, int]:
    books = desk.books()
    return len(books["Invoice"]), len(books["Payment"])


@pytest.fixture
def deleted(desk: Desk) -> Desk:
    """An inspection in sync of which a bookkeeper deleted the Payment, which is a question."""
    desk.book(inspection(1))
    desk.sync_until_quiet()
    Bookkeeper(desk).delete("Payment", desk.books()["Payment"][0]["Id"])
    desk.run("check")
    assert _state(desk) == ("drift", "drift") and len(drifts(desk)) == 1
    return desk


def test_what_was_deleted_there_and_then_cancelled_here_asks_nobody(deleted: Desk):
    Bookkeeper(deleted).delete("Invoice", deleted.books()["Invoice"][0]["Id"])
    deleted.run("check")
    [key] = deleted.mirrored()
    deleted.change(key, canceled_at=NOW)
    deleted.sync_until_quiet()
    assert _state(deleted) == ("not-in-books", "cancelled") and drifts(deleted) == []
    deleted.change(key, canceled_at=None)
    deleted.sync_until_quiet()
    assert _state(deleted) == ("in-sync", "") and _booked(deleted) == (1, 1)


def test_a_payment_that_was_deleted_there_and_then_voided_here_asks_nobody(deleted: Desk):
    [key] = deleted.mirrored()
    [paid] = deleted.platform.get(f"/_standin/inspections/{key}")["payments"]
    there = f"/_standin/inspections/{key}/payments/{paid['id']}"
    deleted.platform.request("PATCH", there, json={"voided_at": NOW})
    deleted.sync_until_quiet()
    assert _state(deleted) == ("in-sync", "") and drifts(deleted) == [] and _booked(deleted) == (1, 0)


def test_what_is_wanted_still_stays_a_question(deleted: Desk):
    [key] = deleted.mirrored()
    deleted.change(key, inspector_name="Somebody Else")
    deleted.sync()
    assert _state(deleted) == ("drift", "drift") and len(drifts(deleted)) == 1
