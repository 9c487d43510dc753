"""Open calls stay open while nothing may be sent for their company, and are settled once it may."""

import pytest
from sqlalchemy import func, select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.work.journal import Call, Operation
from tests.harness.in_process import Desk
from worker.journal.resuming import resume_open_calls
from worker.journal.writing import Write, journal, open_calls


def _journaled(work) -> int:
    body = {"Name": "Radon Test", "Type": "Service", "IncomeAccountRef": {"value": "1"}}
    return journal(work, [Write(kind="Item", action="create", source_key="Radon Test", body=body)]).id


@pytest.mark.parametrize("halt", [{"paused_at": utcnow()}, {"us_based": False}])
def test_nothing_of_a_halted_company_is_sent_or_dropped(halt, desk: Desk):
    with desk.holding() as work:
        call_id = _journaled(work)
        for name, value in halt.items():
            setattr(work.company, name, value)
        work.commit()
        assert resume_open_calls(work) is True
        assert open_calls(work.company_id) == [call_id]
        assert db.session.get_one(Call, call_id).attempts == 0


def test_what_was_journaled_and_never_sent_is_dropped_and_planned_anew(desk: Desk):
    with desk.holding() as work:
        call_id = _journaled(work)
        assert resume_open_calls(work) is True
        assert open_calls(work.company_id) == []
        assert db.session.get_one(Call, call_id).state == "abandoned"
        dropped = select(func.count()).where(Operation.call_id == call_id, Operation.code == "planned-again")
        assert db.session.scalar(dropped) == 1
