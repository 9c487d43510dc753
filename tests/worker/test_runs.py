"""When a company is due: whoever rings for it and whoever looks at it give the same answer."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.work.runs import Run, queue_run
from bookkeeping.storage.work.undos import remember
from tests.harness.in_process import Desk
from worker.holding.work import SLICE_SECONDS, Work, hold_company
from worker.runs import advance, due_companies, next_run


def _set(**facts: object) -> Callable[[Work], None]:
    def change(work: Work) -> None:
        for name, value in facts.items():
            setattr(work.company, name, value)

    return change


def _connection(state: str) -> Callable[[Work], None]:
    def change(work: Work) -> None:
        assert work.connection is not None
        work.connection.state = state

    return change


def _paused_with_a_run(work: Work) -> None:
    _set(paused_at=utcnow())(work)
    queue_run(work.company_id, "check", "by a person")


def _erasing_with_a_run(work: Work) -> None:
    _set(erasing_since=utcnow())(work)
    queue_run(work.company_id, "sync", "by a person")


def _may_be_taken_back(work: Work) -> None:
    queue_run(work.company_id, "sync", "by a person")
    remember(work.company_id, "ann@office.example", "restore", holds=True, drifts=[])


SOON, BEFORE = timedelta(minutes=5), timedelta(minutes=-5)
STATES: dict[str, tuple[Callable[[Work], None], bool]] = {
    "never polled": (_set(next_poll_at=None), True),
    "due": (_set(next_poll_at=utcnow() + BEFORE), True),
    "due later": (_set(next_poll_at=utcnow() + timedelta(days=1)), False),
    "held back": (_set(not_before=utcnow() + timedelta(days=1)), False),
    "held back no more": (_set(not_before=utcnow() + BEFORE), True),
    "paused": (_set(paused_at=utcnow()), False),
    "to be reconnected": (_connection("reconnect"), False),
    "disconnected": (_connection("disconnected"), False),
    "paused with a run queued": (_paused_with_a_run, True),
    "being erased with a run queued": (_erasing_with_a_run, False),
    "while it can be taken back": (_may_be_taken_back, False),
}


@pytest.mark.parametrize("state", list(STATES))
def test_who_rings_and_who_looks_agree_on_what_is_due(desk: Desk, state: str):
    change, due = STATES[state]
    with desk.shop.app.app_context():
        work = hold_company(desk.id)
        try:
            work.company.next_poll_at = None
            change(work)
            work.commit()
            rung = desk.id in due_companies()
            run: Run | None = next_run(work)
            assert (rung, run is not None) == (due, due)
        finally:
            work.lease.release()
            db.session.remove()


def test_a_command_that_takes_another_moment_for_now_is_answered_for_that_moment(desk: Desk):
    with desk.shop.app.app_context():
        work = hold_company(desk.id)
        try:
            work.company.next_poll_at = utcnow() + SOON
            work.commit()
            later = utcnow() + 2 * SOON
            work.now = lambda: later
            assert desk.id in due_companies(now=later)
            run = next_run(work)
            assert run is not None and run.kind == "sync"
        finally:
            work.lease.release()


def test_a_run_under_way_is_put_aside_while_something_can_be_taken_back_and_a_command_is_not(desk: Desk):
    with desk.shop.app.app_context():
        work = hold_company(desk.id)
        try:
            undo = remember(work.company_id, "ann@office.example", "restore", holds=True, drifts=[])
            run = queue_run(work.company_id, "sync", "by a person")
            work.commit()
            assert advance(work, run).finished is False and work.run.step == 1
            undo.taken_back_at = utcnow()
            work.commit()
            assert advance(work, run).finished is True
            undo.taken_back_at = None
            command = Run(company_id=desk.id, kind="poll", reason="command")
            db.session.add(command)
            work.patience = 1
            work.commit()
            assert advance(work, command).finished is True
        finally:
            work.lease.release()
            db.session.remove()


def test_what_would_not_fit_into_the_slice_is_left_to_the_next(desk: Desk):
    with desk.holding() as work:
        assert work.has_time_for(SLICE_SECONDS / 2) and not work.has_time_for(SLICE_SECONDS + 1)
        assert not work.slice_over
