"""Making inspections due: what each meaning does to a row, over every state and cause."""

import pytest
from sqlalchemy import select

from bookkeeping.faults import HELD_BY_A_PERSON
from bookkeeping.storage.base import db
from bookkeeping.storage.records.due import held_up_by, make_due, waiting_for, waits
from bookkeeping.storage.records.inspections import STATES, InspectionRow
from tests.webapp.records import NOON

HELD = {"due": False, "waits_for": "customer:c1", "failures": 4, "next_try_at": NOON, "wanted_gen": 7}


def _row(house) -> InspectionRow:
    with house.app.app_context():
        return db.session.scalars(select(InspectionRow)).one()


def _make_due(house, company, why, *which) -> int:
    with house.writing():
        count = make_due(company, why, *which)
        db.session.commit()
        return count


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("why", ["asked", "cause-gone", "look-again"])
def test_every_meaning_makes_it_due_at_once_and_a_slice_at_work_does_not_count_it_as_done(
    why, state, house, company, records
):
    records.inspection("1", state, **HELD)
    assert _make_due(house, company, why) == 1
    row = _row(house)
    assert (row.due, row.next_try_at, row.wanted_gen) == (True, None, 8)


@pytest.mark.parametrize("state", STATES)
def test_looked_at_again_it_shows_what_it_showed_and_waits_for_what_it_waited_for(
    state, house, company, records
):
    records.inspection("1", state, **HELD)
    _make_due(house, company, "look-again")
    row = _row(house)
    assert (row.state, row.waits_for, row.failures) == (state, "customer:c1", 4)


@pytest.mark.parametrize(("why", "failures"), [("asked", 0), ("cause-gone", 4)])
def test_only_a_person_who_asks_makes_earlier_failures_forgotten(why, failures, house, company, records):
    records.inspection("1", "needs-you", reason="closed-books", **HELD)
    _make_due(house, company, why)
    row = _row(house)
    assert (row.state, row.waits_for, row.failures) == ("syncing", "", failures)


@pytest.mark.parametrize("code", HELD_BY_A_PERSON)
def test_what_a_person_holds_is_let_go_by_a_person_alone(code, house, company, records):
    records.inspection("1", "waiting", reason=code, due=False)
    assert _make_due(house, company, "cause-gone") == 0
    assert not _row(house).due
    assert _make_due(house, company, "asked") == 1
    assert _row(house).due


def test_conditions_choose_what_waits_what_a_cause_holds_and_what_waits_for_a_root_cause(
    house, company, records
):
    records.inspection("1", "waiting", reason="temporary", due=False)
    records.inspection("2", "needs-you", reason="closed-books", due=False)
    records.inspection("3", "needs-you", reason="waiting-for-customer", waits_for="customer:c9", due=False)
    records.inspection("4", "in-sync", due=False)
    for which, key in ((waits(), "1"), (held_up_by("closed-books"), "2"), (waiting_for("customer:c9"), "3")):
        with house.app.app_context():
            assert list(db.session.scalars(select(InspectionRow.key).where(which))) == [key]


def test_another_company_is_never_made_due(house, company, records):
    records.inspection("1", "waiting", due=False)
    other = house.make_company("Other")
    assert _make_due(house, other, "asked") == 0
    assert not _row(house).due
