"""Batches of one round fly together: which ones may, that all are journaled before, and that a lost answer holds nothing but its own call."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bookkeeping.errors import TemporaryError
from bookkeeping.storage.base import db
from bookkeeping.storage.work.journal import Attempt, Call, Operation
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.journal.writes import customer
from worker.journal.resuming import resume_open_calls
from worker.journal.waves import in_waves
from worker.journal.writing import carry_out, open_calls


@dataclass(frozen=True)
class Plain:
    """A write, as far as waves look at it."""

    number: int
    customer_id: str


writes_for = st.lists(st.sampled_from(["", "", "7", "8", "9", "10"]), max_size=80).map(
    lambda ids: [Plain(number, one) for number, one in enumerate(ids)]
)


@given(writes_for, st.integers(1, 30), st.integers(1, 8))
def test_every_write_is_in_one_batch_and_no_customer_in_two_of_a_wave(writes, size, flying):
    waves = list(in_waves(writes, size, flying))
    assert sorted(one.number for wave in waves for batch in wave for one in batch) == [
        one.number for one in writes
    ]
    for wave in waves:
        assert 1 <= len(wave) <= flying and all(1 <= len(batch) <= size for batch in wave)
        seen: set[str] = set()
        for batch in wave:
            theirs = {one.customer_id for one in batch} - {""}
            assert not theirs & seen
            seen |= theirs


@given(st.integers(0, 300), st.integers(1, 30))
def test_writes_for_different_customers_fill_their_batches(count, size):
    writes = [Plain(number, str(number)) for number in range(count)]
    batches = [batch for wave in in_waves(writes, size, 8) for batch in wave]
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert len(batches) == -(-count // size)


def people(count: int, first: int = 0):
    return [customer(f"Ada Reyes {first + n}", f"c{first + n}") for n in range(count)]


def calls_of(desk: Desk) -> list[Call]:
    return list(db.session.scalars(select(Call).where(Call.company_id == desk.id).order_by(Call.id)))


def test_calls_of_a_wave_are_journaled_before_any_is_sent_and_all_sent_before_any_is_back(desk: Desk):
    desk.break_calls({"operation": "batch", "kind": "slow", "seconds": 0.3, "times": 4})
    with desk.holding() as work:
        carry_out(work, writes := people(100))
        assert all(one.error is None and one.qbo_id for one in writes)
        calls = calls_of(desk)
        assert [len(one.operations) for one in calls] == [30, 30, 30, 10]
        attempts = db.session.scalars(
            select(Attempt).where(Attempt.call_id.in_([one.id for one in calls]))
        ).all()
        assert max(one.created_at for one in calls) <= min(one.sent_at for one in attempts)
        assert max(one.sent_at for one in attempts) < min(one.answered_at for one in attempts)
        assert work.run.calls == 4
    assert len(desk.books()["Customer"]) == 100


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_holds_up_nothing_but_its_own_call_and_is_sent_again_under_its_id(desk: Desk, when):
    desk.break_calls({"operation": "batch", "kind": "cut", "when": when})
    with desk.holding() as work:
        carry_out(work, writes := people(90))
        assert all(one.error is None and one.qbo_id for one in writes)
        assert sorted(one.attempts for one in calls_of(desk)) == [1, 1, 2]
        assert open_calls(desk.id) == []
    assert len(desk.books()["Customer"]) == 90


def test_what_stays_unknown_is_raised_when_the_others_are_settled_and_resumed_once(desk: Desk):
    desk.break_calls({"operation": "batch", "kind": "cut", "when": "after", "nth": 2, "times": 0})
    with desk.holding() as work:
        with pytest.raises(TemporaryError):
            carry_out(work, people(90))
        settled = db.session.scalars(
            select(Operation).where(Operation.company_id == desk.id, Operation.settled_at.is_not(None))
        ).all()
        assert len(settled) in (30, 60) and open_calls(desk.id)
    desk.break_calls()
    desk.let_time_pass()
    desk.do(resume_open_calls)
    with desk.holding():
        assert open_calls(desk.id) == []
    books = desk.books()["Customer"]
    assert len(books) == 90 == len({one["DisplayName"] for one in books})


def test_a_company_with_many_inspections_ends_exact(desk: Desk):
    desk.book(*[inspection(n) for n in range(70)])
    desk.run()
    books = desk.books()
    assert [len(books[kind]) for kind in ("Invoice", "Payment")] == [70, 70]
    assert desk.run()["calls"] == 0
