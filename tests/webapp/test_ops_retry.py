"""Retrying: one, all of a cause, all of a company; what it does to rows, how it is followed, and 5,000 at once."""

import re

import pytest
from sqlalchemy import event, func, select, update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import AuditEntry, broken_entries
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.ops import RetryItem
from bookkeeping.storage.work.runs import Run
from tests.webapp.failing import connected_company, failing, many_failing
from tests.webapp.house import Browser, House


@pytest.fixture
def ops(house: House) -> Browser:
    """Somebody of ops, logged in."""
    return house.browser(house.make_person("ops"))


def retry(ops: Browser, **values: str) -> str:
    """Press *Retry all*; return the page that follows it."""
    answer = ops.post("/ops/failures/retry", values, page="/ops/failures")
    assert answer.status_code == 303, answer.text
    return answer.location


def settle(house: House, state: str, *where, **values) -> None:
    """Do to rows what the worker does at the end of a slice."""
    with house.writing():
        db.session.execute(update(InspectionRow).where(*where).values(state=state, due=False, **values))
        db.session.commit()


def rows(house: House, *columns, where=True) -> list:
    with house.app.app_context():
        return db.session.execute(select(*columns).where(where)).all()


def test_all_of_a_cause_is_due_again_and_followed_to_its_end(house, ops):
    blue, front = connected_company(house, "Blue Ridge"), connected_company(house, "Front Range")
    failing(house, blue, "a")
    failing(house, front, "b", next_try_at=None)
    failing(house, front, "other", "qbo-6240")
    location = retry(ops, cause="qbo-6200")
    due = rows(house, InspectionRow.key, InspectionRow.wanted_gen, where=InspectionRow.due)
    assert sorted(due) == [("a", 2), ("b", 2)]
    runs = rows(house, Run.company_id, Run.kind, Run.reason, Run.state)
    assert sorted(runs) == [(one, "sync", "retried by ops", "queued") for one in (blue, front)]
    page = ops.read(location)
    assert "Trying again" in page and "0 of 2" in page and "data-job" in page

    settle(house, "in-sync", InspectionRow.key == "a")
    assert "1 of 2" in ops.read(location)
    settle(house, "needs-you", InspectionRow.key == "b", reason="qbo-6200")
    assert "1 went through, 1 still refused." in ops.read(location)

    settle(house, "in-sync", InspectionRow.key == "b")
    assert "1 went through, 1 still refused." in ops.read(location)  # What came later is another story.
    assert rows(house, func.count(RetryItem.retry_id)) == [(0,)]


def test_all_of_a_company_and_one_alone(house, ops):
    blue, front = connected_company(house, "Blue Ridge"), connected_company(house, "Front Range")
    for key in ("a", "b"):
        failing(house, blue, key)
    failing(house, front, "c")
    retry(ops, company=str(blue))
    assert {key for (key,) in rows(house, InspectionRow.key, where=InspectionRow.due)} == {"a", "b"}
    ops.post(f"/ops/companies/{front}/inspections/c/retry", page=f"/ops/companies/{front}")
    assert len(rows(house, InspectionRow.key, where=InspectionRow.due)) == 3


def test_a_root_cause_releases_all_that_waits_for_it(house, ops):
    blue = connected_company(house, "Blue Ridge")
    failing(house, blue, "first", "qbo-6240", client_key="ann")
    failing(
        house,
        blue,
        "second",
        "waiting-for-customer",
        state="waiting",
        client_key="ann",
        waits_for="customer:ann",
    )
    retry(ops, cause="qbo-6240")
    assert len(rows(house, InspectionRow.key, where=InspectionRow.due & (InspectionRow.waits_for == ""))) == 2


def test_a_company_wide_refusal_is_tried_anew(house, ops):
    blue = connected_company(house, "Blue Ridge")
    with house.writing():
        db.session.get(Connection, blue).facts = {"blocked": "qbo-6190", "country": "US"}
        db.session.commit()
    failing(house, blue, "a", "qbo-6190")
    retry(ops, cause="qbo-6190")
    assert rows(house, Connection.facts) == [({"country": "US"},)]


def test_deletes_that_the_brake_holds_are_not_let_through_by_a_retry(house, ops):
    blue = connected_company(house, "Blue Ridge")
    failing(house, blue, "held", "mass-delete-brake", state="waiting")
    assert retry(ops) == "/ops/failures"
    assert "Nothing of that fails any more" in ops.read("/ops/failures")
    assert rows(house, InspectionRow.due) == [(False,)]


@pytest.mark.parametrize("halts", [{"paused_at": utcnow()}, {"us_based": False}])
def test_a_retry_in_a_company_for_which_nothing_is_sent_says_that_it_waits(halts, house, ops):
    blue = connected_company(house, "Blue Ridge", **halts)
    failing(house, blue, "a")
    page = ops.read(retry(ops, cause="qbo-6200"))
    assert "1 in companies that are paused, abroad or not connected" in page


def test_the_filter_decides_what_is_retried(house, ops):
    blue = connected_company(house, "Blue Ridge")
    failing(house, blue, "a", client_name="Maple")
    failing(house, blue, "b")
    retry(ops, cause="qbo-6200", text="maple")
    assert rows(house, InspectionRow.key, where=InspectionRow.due) == [("a",)]
    assert ops.post("/ops/failures/retry", {"age": "ages"}, page="/ops/failures").status_code == 400


def test_five_thousand_at_once(house, ops):
    companies = [connected_company(house, f"Company {n}") for n in range(50)]
    many_failing(house, companies, 100, ["qbo-6200"])
    statements: list[str] = []
    with house.app.app_context():
        engine = db.engine
    listen = lambda *told: statements.append(told[2])  # noqa: E731 - removed again below
    event.listen(engine, "before_cursor_execute", listen)
    location = retry(ops, cause="qbo-6200")
    event.remove(engine, "before_cursor_execute", listen)
    # Three statements a company (the newest audit entry, the new one, the run), and a fixed few: none a failure.
    assert len(statements) < 50 * 4 + 40
    assert len(rows(house, InspectionRow.id, where=InspectionRow.due)) == 5000
    assert len(rows(house, Run.id)) == 50
    assert "0 of 5,000" in ops.read(location)
    settle(house, "in-sync", InspectionRow.id <= 4990)
    settle(house, "needs-you", InspectionRow.id > 4990)
    assert "4,990 went through, 10 still refused." in ops.read(location)
    assert len(rows(house, AuditEntry.id, where=AuditEntry.act == "retried all (ops)")) == 50
    with house.app.app_context():
        assert broken_entries(companies[0]) == []


def test_pressing_twice_finds_nothing_left(house, ops):
    blue = connected_company(house, "Blue Ridge")
    failing(house, blue, "a")
    assert re.fullmatch(r"/ops/failures/retries/\d+", retry(ops, cause="qbo-6200"))
    assert retry(ops, cause="qbo-6200") == "/ops/failures"
    assert len(rows(house, Run.id)) == 1
