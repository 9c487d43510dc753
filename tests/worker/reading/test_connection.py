"""What holds a company back as a whole and what lifts it: looked at once a run, and never by the clock alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.errors import NotConnectedError
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.company import set_up
from worker.reading.connection import still_blocked, stop_working, warn_of_expiry
from worker.reading.poll import poll


def _block(work, code: str = "qbo-6190") -> None:
    work.connection.facts = {**(work.connection.facts or {}), "blocked": code}
    work.commit()


def _notices(desk: Desk) -> list[str]:
    with desk.shop.app.app_context():
        mine = select(Notice.kind).where(Notice.company_id == desk.id)
        return list(db.session.scalars(mine))


def test_nothing_blocks_a_company_that_quickbooks_takes_writes_of(desk: Desk):
    with desk.holding() as work:
        assert (still_blocked(work), work.calls) == ("", 0)


def test_a_person_who_asks_has_it_looked_at_again_once_a_run(desk: Desk):
    with desk.holding() as work:
        _block(work)
        assert (still_blocked(work), work.calls) == ("", 2)
        _block(work)
        assert (still_blocked(work), work.calls) == ("qbo-6190", 2)


def test_the_clock_alone_does_not_look_again(desk: Desk):
    with desk.holding() as work:
        work.run.reason = "scheduled"
        _block(work)
        assert (still_blocked(work), work.calls) == ("qbo-6190", 0)


def test_a_refusal_of_all_writes_lets_everything_due_wait_and_tells_the_owner_once(desk: Desk):
    desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        for _ in range(2):
            stop_working(work, NotConnectedError(code="qbo-6190"))
            work.commit()
        assert (work.connection.blocked, work.connection.usable) == ("qbo-6190", True)
        rows = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id))
        assert {(row.state, row.reason, row.due) for row in rows} == {("needs-you", "qbo-6190", False)}
    assert _notices(desk) == ["qbo-6190"]


@pytest.mark.parametrize(("minutes", "state"), [(-1, "reconnect"), (1, "connected")])
def test_a_grant_that_ended_asks_for_a_new_one_unless_one_was_given_meanwhile(minutes, state, desk: Desk):
    with desk.holding() as work:
        work.connection.state, work.connection.proven_at = "connected", utcnow()
        work.connection.connected_at = work.run.started_at + timedelta(minutes=minutes)
        work.commit()
        stop_working(work, NotConnectedError("Ended.", code="reconnect-needed"))
        db.session.expire_all()
        assert (work.connection.state, work.connection.usable) == (state, state == "connected")


@pytest.mark.parametrize(("days", "told"), [(29, ["reconnect-soon"]), (40, [])])
def test_the_owner_is_told_a_month_ahead_and_once(days, told, desk: Desk):
    with desk.holding() as work:
        work.connection.refresh_expires_at = utcnow() + timedelta(days=days)
        work.connection.state = "connected"
        work.commit()
        assert warn_of_expiry(work) and warn_of_expiry(work)
    assert _notices(desk) == told


def test_whether_intuit_lets_us_in_is_found_out_without_a_metered_read(desk: Desk):
    desk.run()
    done = desk.run("sign-in")
    assert (done["state"], done["calls"]) == ("done", 0)
    desk.intuit.post("/_standin/tokens/revoke", {"realm_id": desk.realm_id})
    desk.run("sign-in")
    with desk.holding() as work:
        assert work.connection.state == "reconnect"


def test_what_waited_for_an_account_goes_once_the_lists_of_a_new_connection_are_read(desk: Desk):
    """The first reading of the lists broke off, and an inspection was looked at before the next."""
    desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        row = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).one()
        row.state, row.reason, row.due = "needs-you", "no-income-account", False
        facts = {**work.connection.facts, "income_account_id": "", "income_account_found": ""}
        work.connection.facts, work.connection.set_up_at = facts, None
        work.commit()
    desk.do(set_up)
    with desk.holding() as work:
        assert work.connection.facts["income_account_id"]
        assert db.session.scalars(
            select(InspectionRow.due).where(InspectionRow.company_id == desk.id)
        ).all() == [True]
