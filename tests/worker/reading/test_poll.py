"""Reading the platform into the mirror: what is due afterwards, where the cursor stands, and what an unread record or a dead feed leaves."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import delete, select, update

from bookkeeping.errors import FeedForeignError, FeedRefusedError, FeedUnavailableError
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company, make_poll_due
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.refunds import Refund
from bookkeeping.storage.work.runs import Run
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.holding.work import hold_company
from worker.reading.poll import _numbered, full_poll, poll
from worker.runs import due_companies, next_run


def _let_all_be_settled(desk: Desk) -> None:
    with desk.holding() as work:
        for row in db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)):
            row.due, row.state = False, "in-sync"
        work.commit()


def test_what_was_booked_is_mirrored_and_due(desk: Desk):
    keys = desk.book(inspection(1), inspection(2))
    assert desk.do(poll) is True
    rows = desk.mirrored()
    assert sorted(rows) == sorted(keys)
    assert {(row.state, row.due) for row in rows.values()} == {("syncing", True)}
    assert [f"{rows[key].total:.2f}" for key in keys] == ["575.00", "575.00"]


def test_a_row_read_again_unchanged_is_not_made_due(desk: Desk):
    (key,) = desk.book(inspection(1))
    desk.do(poll)
    _let_all_be_settled(desk)
    desk.do(full_poll)
    assert (desk.mirrored()[key].due, desk.mirrored()[key].wanted_gen) == (False, 1)


def test_a_change_makes_the_inspection_due_again_and_no_other(desk: Desk):
    changed, same = desk.book(inspection(1), inspection(2))
    desk.do(poll)
    _let_all_be_settled(desk)
    desk.change(changed, canceled=True)
    desk.do(poll)
    rows = desk.mirrored()
    assert (rows[changed].due, rows[same].due) == (True, False)
    assert rows[changed].wanted_gen == 2


def test_the_cursor_comes_with_the_rows_and_only_the_first_poll_reads_everything(desk: Desk):
    assert desk.company().cursor is None
    (key,) = desk.book(inspection(1))
    desk.do(poll)
    first = desk.company()
    # The platform says its own time in whole seconds, and the cursor is never ahead of that.
    assert timedelta(0) <= desk.mirrored()[key].source_updated_at - first.cursor < timedelta(seconds=1)
    assert first.last_full_poll_at is not None
    desk.do(poll)
    assert desk.company().last_full_poll_at == first.last_full_poll_at


def _waits(desk: Desk) -> timedelta:
    company = desk.company()
    return company.next_poll_at - company.last_poll_at


def test_the_next_poll_is_a_poll_interval_away_and_later_where_nothing_happens(desk: Desk):
    desk.do(poll)
    assert timedelta(seconds=299) < _waits(desk) < timedelta(seconds=301), "Nothing is there yet."
    desk.book(inspection(1))
    desk.do(poll)
    assert timedelta(seconds=299) < _waits(desk) < timedelta(seconds=301)
    with time_machine.travel(utcnow() + timedelta(hours=9)):
        desk.do(poll)
    assert timedelta(minutes=26) < _waits(desk) < timedelta(minutes=31)


@pytest.mark.parametrize(
    ("fault", "error", "state"),
    [
        ("403", FeedRefusedError, "refused"),
        ("404", FeedForeignError, "foreign"),
        ("503", FeedUnavailableError, "unavailable"),
    ],
)
def test_a_feed_that_does_not_serve_us_is_noted_and_what_was_read_stays(desk: Desk, fault, error, state):
    (key,) = desk.book(inspection(1))
    desk.do(poll)
    place = {"path": "/v2/inspections", "company_id": int(desk.platform_id)}
    desk.platform.post("/_standin/faults", {"kind": fault, "times": 5, **place})
    with pytest.raises(error):
        desk.do(poll)
    assert desk.company().feed_state == state
    assert list(desk.mirrored()) == [key]


def test_while_the_platform_wants_to_be_left_alone_no_run_begins_by_itself(desk: Desk):
    place = {"path": "/v2/inspections", "company_id": int(desk.platform_id)}
    desk.platform.post("/_standin/faults", {"kind": "429", "times": 1, "retry_after": 900, **place})
    assert [one["code"] for one in desk.run()["problems"]] == ["feed-throttled"]
    until = desk.company().feed_not_before
    with desk.shop.app.app_context():
        make_poll_due(desk.id)
        db.session.commit()
        assert desk.id not in due_companies()
        db.session.execute(update(Company).where(Company.id == desk.id).values(next_poll_at=utcnow()))
        db.session.commit()
        assert desk.id in due_companies()
    [problem] = desk.run()["problems"]
    assert "asked us to wait until" in problem["detail"]
    assert desk.company().next_poll_at == until
    with desk.shop.app.app_context():
        assert desk.id not in due_companies()


def _set_clock_back(desk: Desk) -> None:
    """As a machine whose clock was an hour fast leaves it: what was noted lies ahead of now."""
    ahead = utcnow() + timedelta(hours=1)
    planned = {"last_poll_at": ahead, "next_poll_at": ahead + timedelta(minutes=5)}
    db.session.execute(update(Company).where(Company.id == desk.id).values(**planned))
    db.session.commit()


@pytest.mark.parametrize("kind", ["", "503", "401"], ids=["well", "out of reach", "refused"])
def test_a_clock_set_back_keeps_no_company_from_its_readings(desk: Desk, kind):
    """It is due at once, and once read, or tried, as far apart as ever."""
    desk.do(poll)
    with desk.shop.app.app_context():
        _set_clock_back(desk)
        assert desk.id in due_companies()
        work = hold_company(desk.id)
        run = next_run(work)
        assert run is not None and run.reason == "scheduled"
        work.lease.release()
        if kind:
            fault = {"kind": kind, "path": "/v2/inspections", "company_id": int(desk.platform_id)}
            desk.platform.post("/_standin/faults", fault)
        db.session.execute(update(Run).where(Run.id == run.id).values(state="done"))
        db.session.commit()
    desk.run("poll")
    with desk.shop.app.app_context():
        assert desk.id not in due_companies()
    assert not desk.company().read_ahead_of(utcnow())


def test_a_reading_that_dies_after_a_clock_was_set_back_is_due_again(desk: Desk):
    """It has noted that the clock was set back, and not yet when the next one is due."""
    desk.do(poll)
    with desk.shop.app.app_context():
        _set_clock_back(desk)
    with desk.holding() as work:

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        work.source._session.send = die  # The process ends where the platform would be asked.
        with pytest.raises(KeyboardInterrupt):
            poll(work)
        db.session.rollback()
    with desk.shop.app.app_context():
        assert desk.id in due_companies()


def test_an_inspection_keeps_the_number_with_which_it_was_first_read(desk: Desk):
    before, *keys = desk.book(inspection(1), inspection(2), inspection(3), inspection(4))
    desk.change(keys[1], deleted=True)
    desk.change(keys[2], deleted=True)
    desk.do(poll)
    with desk.holding() as work:
        [page] = work.source.changed(None)
        named = {
            before: "B-1",
            keys[0]: "B-2",
            "n1": "B-1",
            "n2": "B-1",
            "n3": before,
            "n4": "too long a number",
        }
        one = page.inspections[0]
        given = [replace(one, key=key, number=number) for key, number in named.items()]
        got = {
            each.key: each.number
            for each in _numbered(desk.id, replace(page, inspections=tuple(given))).inspections
        }
    # What stands had none, and keeps none; B-1 goes to the first that asks, and another's id to nobody.
    assert got == {before: "", keys[0]: "", "n1": "B-1", "n2": "", "n3": "", "n4": ""}


def test_a_number_once_read_stays_whatever_the_source_says_later(desk: Desk):
    (key,) = desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        row = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).one()
        row.number, row.record = "B-1", row.record | {"number": "B-1"}
        row.content_hash = row.inspection().content_hash()
        row.due = False
        work.commit()
    desk.do(full_poll)
    row = desk.mirrored()[key]
    assert (row.number, row.inspection().known_as, row.due) == ("B-1", "B-1", False)


def test_a_record_that_could_not_be_read_is_forgotten_once_it_can_be(desk: Desk):
    (key,) = desk.book(inspection(1))
    with desk.holding() as work:
        db.session.add(BadRecord(company_id=desk.id, key=key, reason="nonsense", raw={}))
        work.commit()
    desk.do(poll)
    with desk.shop.app.app_context():
        assert db.session.get(BadRecord, (desk.id, key)) is None


def _refunds(desk: Desk) -> list[tuple[int, str, datetime]]:
    with desk.shop.app.app_context():
        rows = db.session.scalars(select(Refund).where(Refund.company_id == desk.id).order_by(Refund.number))
        return [(row.number, f"{row.amount:.2f}", row.seen_at) for row in rows]


def test_a_refund_keeps_the_moment_it_was_first_seen_whatever_changes_later(desk: Desk):
    (key,) = desk.book(inspection(1))
    desk.do(poll)
    assert _refunds(desk) == []
    [paid] = desk.platform.get(f"/_standin/inspections/{key}")["payments"]
    path = f"/_standin/inspections/{key}/payments/{paid['id']}"
    desk.platform.request("PATCH", path, json={"refunded_amount": "75.00"})
    desk.do(poll)
    [first] = _refunds(desk)
    assert first[:2] == (1, "75.00") and first[2] == desk.mirrored()[key].source_updated_at
    desk.change(key, property_address="2 Elm St")
    desk.do(poll)
    assert _refunds(desk) == [first]
    desk.platform.request("PATCH", path, json={"refunded_amount": "0.00"})
    desk.do(full_poll)
    assert _refunds(desk) == [(1, "0.00", first[2])]


def test_a_refund_that_was_mirrored_before_refunds_were_noted_has_the_moment_of_its_mirror(desk: Desk):
    paid = [{"amount": "575.00", "method": "card", "refunded_amount": "75.00"}]
    desk.book(inspection(1, payments=paid))
    desk.do(poll)
    [first] = _refunds(desk)
    with desk.holding() as work:
        db.session.execute(delete(Refund).where(Refund.company_id == desk.id))
        work.commit()
    desk.do(full_poll)
    assert _refunds(desk) == [first]
