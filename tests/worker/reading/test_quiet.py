"""A night in which nothing moved costs two metered reads; whatever moves, in QuickBooks or here, is read the night after."""

from collections import Counter
from collections.abc import Callable

from bookkeeping.storage.base import db
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.numbers import TieoutStatement, pulled_numbers
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.numbers import pull_numbers
from worker.reading.quiet import SETTLING

QUIET = {"read": 1, "cdc": 1}
"""Preferences, and change capture."""


def night(desk: Desk) -> dict[str, int]:
    """Do a nightly run; return what was read of QuickBooks, by operation."""
    desk.forget_calls()
    done = desk.run("nightly")
    assert (done["state"], done["problems"]) == ("done", [])
    return dict(Counter(call["operation"] for call in desk.calls() if call["operation"] != "batch"))


def settled(desk: Desk) -> Desk:
    """Book two inspections, and let nights pass until one is quiet."""
    desk.book(inspection(1, days=0), inspection(8, days=0))
    desk.sync_until_quiet()
    for _ in range(3):
        if night(desk) == QUIET:
            return desk
    raise AssertionError("No night becomes quiet")


def let_it_settle(desk: Desk) -> None:
    """Let QuickBooks' clock go on until nothing that was booked so far can still be settling."""
    offset = desk.intuit.get("/_standin/clock")["offset"]
    desk.intuit.post("/_standin/clock", {"offset": offset + SETTLING.total_seconds() + 60})


def test_the_second_night_costs_preferences_and_change_capture_alone(desk: Desk):
    desk.book(inspection(1, days=0))
    desk.sync_until_quiet()
    first = night(desk)
    assert first["report"] > 1 and first["query"] > 1
    assert night(desk) == QUIET
    assert night(desk) == QUIET


def test_a_quiet_night_keeps_numbers_and_statement_and_notes_that_it_was_one(desk: Desk):
    settled(desk)
    with desk.shop.app.app_context():
        statements = db.session.query(TieoutStatement).filter_by(company_id=desk.id).count()
        read_at = {place: row.pulled_at for place, row in pulled_numbers(desk.id).items()}
        before = db.session.get(Connection, desk.id).quiet_at
    assert night(desk) == QUIET
    with desk.shop.app.app_context():
        assert db.session.query(TieoutStatement).filter_by(company_id=desk.id).count() == statements
        assert {place: row.pulled_at for place, row in pulled_numbers(desk.id).items()} == read_at
        assert db.session.get(Connection, desk.id).quiet_at > before


def test_what_is_owed_grows_older_in_a_quiet_night_too(desk: Desk):
    desk.book(inspection(9, days=0, payments=[]))
    settled(desk)
    with desk.shop.app.app_context():
        aging = pulled_numbers(desk.id)["aged-receivables", ""]
        today, aging.period = aging.period, "2026-01-01"
        aging.content = {**aging.content, "ages": ["Current"] * len(aging.content["ages"])}
        db.session.commit()
    assert night(desk) == {**QUIET, "report": 1}
    with desk.shop.app.app_context():
        aging = pulled_numbers(desk.id)["aged-receivables", ""]
        assert aging.period >= today and "1 - 30" in aging.content["ages"]
    assert night(desk) == QUIET


def _customer(desk: Desk) -> dict:
    return next(row for row in desk.books()["Customer"] if row["Active"])


def _by_hand(desk: Desk) -> None:
    line = {
        "Amount": 10,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": _item(desk)},
    }
    body = {"CustomerRef": {"value": _customer(desk)["Id"]}, "Line": [line]}
    desk.write([("create", "Invoice", body)])


def _item(desk: Desk) -> dict[str, str]:
    return {"value": desk.books()["Item"][0]["Id"]}


def _renamed(desk: Desk) -> None:
    row = _customer(desk)
    body = {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True, "Notes": "Prefers the phone"}
    desk.write([("update", "Customer", body)])


def _deposited(desk: Desk) -> None:
    payment = desk.books()["Payment"][0]
    bank = next(row for row in desk.books()["Account"] if row["AccountType"] == "Bank")
    linked = [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]
    line = {"Amount": payment["TotalAmt"], "LinkedTxn": linked, "DetailType": "DepositLineDetail"}
    desk.write([("create", "Deposit", {"DepositToAccountRef": {"value": bank["Id"]}, "Line": [line]})])


def _deleted(desk: Desk) -> None:
    row = desk.books()["Payment"][-1]  # The other one is in a deposit by now.
    desk.write([("delete", "Payment", {"Id": row["Id"], "SyncToken": row["SyncToken"]})])


def _acted(desk: Desk) -> None:
    with desk.holding() as work:
        record_act(desk.id, "owner@front-range.example", "kept theirs", subject="Invoice SP-1")
        work.commit()


MOVES: dict[str, Callable[[Desk], object]] = {
    "a document by hand": _by_hand,
    "an edited Customer": _renamed,
    "a Deposit": _deposited,
    "a deleted document": _deleted,
    "a new inspection": lambda desk: desk.book(inspection(2, days=0)),
    "an unconfirmed one, of which nothing is written": lambda desk: desk.book(inspection(3, confirmed=False)),
    "an act of a person": _acted,
    "numbers that were read without a statement": lambda desk: desk.do(pull_numbers, "numbers"),
}


def test_whatever_moves_is_read_the_night_after(desk: Desk):
    settled(desk)
    try:
        for what, move in MOVES.items():
            move(desk)
            assert night(desk).get("report", 0) > 1, what
            let_it_settle(desk)
            night(desk)  # What was written because of the move is news to this one.
            assert night(desk) == QUIET, what
    finally:
        desk.intuit.post("/_standin/clock", {"offset": 0})


def test_a_night_with_a_problem_is_not_quiet(desk: Desk):
    settled(desk)
    desk.break_calls({"operation": "cdc", "kind": "fault", "status": 400, "code": "2050", "times": 1})
    desk.forget_calls()
    assert desk.run("nightly")["problems"]
    assert [call for call in desk.calls() if call["operation"] == "report"]
