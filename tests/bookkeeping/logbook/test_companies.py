"""How all companies stand, for ops: each one's state, what holds it up, the night, what is stuck, and what stood before."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookkeeping.logbook.companies import (
    CALL_IS_STUCK,
    STATES,
    CompanyLine,
    Night,
    bad_record_group,
    company_lines,
    company_problems,
    everything_that_fails,
    heartbeats,
    metered_calls_this_month,
    newest_night,
    oldest_unsynced,
    state_counts,
    stuck_call_count,
    stuck_calls,
    stuck_run_count,
    stuck_runs,
    trend,
)
from bookkeeping.logbook.overdue import LATE_AFTER
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.numbers import metered_calls
from bookkeeping.storage.work.journal import ApiUsage
from bookkeeping.storage.work.ops import HourlyCount, Mute
from bookkeeping.storage.work.runs import Heartbeat, ScheduledRun
from bookkeeping.storage.work.usage import note_usage

OLD, COMING = utcnow() - LATE_AFTER - timedelta(minutes=1), utcnow() + timedelta(hours=1)


@pytest.fixture
def asked(house):
    """Return (a function of) what ops are told."""

    def ask(what, *args, **values):
        with house.app.app_context():
            return what(*args, **values)

    return ask


def _line(state: str = "connected", *, counts=None, unsynced=None, problem=False, migrates=None, **company):
    line = CompanyLine(Company(**company), Connection(state=state) if state else None, counts or {})
    line.oldest_unsynced, line.migrates_at = unsynced, migrates
    line.problems = [("qbo-6190", "", None)] if problem else []
    return line


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (_line(""), "off"),
        (_line("disconnected", problem=True), "off"),
        (_line("refused"), "off"),
        (_line("reconnect", paused_at=OLD), "reconnect"),
        (_line(paused_at=OLD, problem=True), "paused"),
        (_line(problem=True, unsynced=OLD), "failing"),
        (_line(counts={"needs-you": 1}), "failing"),
        (_line(unsynced=OLD, migrates=OLD), "behind"),
        (_line(last_poll_at=OLD), "behind"),
        (_line(last_poll_at=OLD, next_poll_at=COMING), "fine"),
        (_line(next_poll_at=OLD, not_before=COMING), "fine"),
        (_line(migrates=OLD, counts={"syncing": 1}), "migrating"),
        (_line(counts={"syncing": 1}, unsynced=utcnow()), "syncing"),
        (_line(counts={"in-sync": 3}), "fine"),
    ],
)
def test_the_most_urgent_state_is_a_companys(line, state):
    assert line.state == state
    assert state_counts([line]) == {**dict.fromkeys(STATES, 0), state: 1}


def test_a_company_is_counted_with_what_waits_and_for_how_much(asked, records):
    records.connect()
    records.inspection("1", "in-sync")
    records.inspection("2", "syncing", polled_at=OLD)
    records.inspection("3", "needs-you", reason="qbo-6240")
    [line] = asked(company_lines)
    assert line.counts == {"syncing": 1, "needs-you": 1}
    assert (line.syncing_amount, line.amount) == (Decimal("425.00"), Decimal("425.00"))
    assert oldest_unsynced([line]) == line.oldest_unsynced == OLD
    line.company.paused_at = OLD
    assert oldest_unsynced([line]) is None


def test_what_holds_a_whole_company_up_is_a_cause_with_what_is_due_behind_it(asked, records, company):
    records.connect()
    records.inspection("1", "syncing")
    records.run(state="failed", error_code="qbo-10000", error_detail="Out.")
    records.bad_record("7")
    lines = asked(company_lines)
    [group] = asked(company_problems, lines)
    assert (group.code, group.count, group.amount, group.whole) == ("qbo-10000", 1, Decimal("425.00"), True)
    groups, companies, amount = asked(everything_that_fails, lines)
    assert ([one.code for one in groups], companies, amount) == (
        ["qbo-10000", "bad-record"],
        1,
        Decimal("425.00"),
    )
    mute = {"code": "qbo-10000", "reason": "Known.", "muted_by": "ops", "until": utcnow() + timedelta(days=1)}
    records.keep(Mute(company_id=company, **mute))
    assert asked(company_problems, lines) == []
    assert [one.code for one in asked(company_problems, lines, muted=True)] == ["qbo-10000"]
    assert [one.count for one in asked(bad_record_group)] == [1]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"state": "reconnect", "code": "reconnect-needed"}, ["reconnect-needed"]),
        ({"state": "reconnect", "code": ""}, ["reconnect-needed"]),
        ({"refused_use": "other API", "refused_use_at": utcnow()}, ["other-intuit"]),
        ({"facts": {"blocked": "qbo-6190"}}, []),
    ],
)
def test_a_connections_trouble_is_a_companys_and_says_its_code(values, codes, asked, records):
    records.connect(**values)
    if not codes:
        records.run(state="failed", error_code="qbo-6190")
    [line] = asked(company_lines)
    assert [code for code, _, _ in line.problems] == codes


def test_the_night_is_late_when_it_was_caught_up_or_is_not_through_in_two_hours(asked, records):
    now = utcnow()
    assert asked(newest_night, []) is None
    records.connect(connected_at=now - timedelta(days=9))
    records.keep(ScheduledRun(kind="nightly", slot=now - timedelta(hours=3), outcome="queued", noted_at=now))
    night = asked(newest_night, asked(company_lines))
    assert (night.done, night.total, night.late) == (0, 1, True)
    assert Night(now, "queued", 0, 1).late is False
    assert Night(now - timedelta(hours=3), "queued", 1, 1).late is False
    assert Night(now, "late", 1, 1).late is True


def test_what_is_stuck_is_told_by_its_age(asked, records):
    now = utcnow()
    old, new = now - CALL_IS_STUCK - timedelta(minutes=1), now - CALL_IS_STUCK + timedelta(minutes=1)
    stuck = records.call(state="unknown", created_at=old)
    records.call(state="answered", created_at=old, request_id="b")
    records.call(state="written", created_at=new, request_id="c")
    assert [call.id for call in asked(stuck_calls)] == [stuck] and asked(stuck_call_count) == 1
    began = now - LATE_AFTER - timedelta(minutes=1)
    run = records.run(state="running", started_at=began, finished_at=None)
    records.run(state="done", started_at=began)
    records.run(state="running", kind="numbers", started_at=began, moved_at=now, finished_at=None)
    assert [one.id for one in asked(stuck_runs)] == [run] and asked(stuck_run_count) == 1
    for number in range(60):
        records.run(state="queued", kind=f"k{number}", started_at=None, queued_at=began, finished_at=None)
    assert len(asked(stuck_runs)) == 50 and asked(stuck_run_count) == 61, "The list is cut, the count is not."


def test_the_months_metered_calls_are_those_of_this_month_that_count(asked, records, company):
    now = utcnow()
    usage = {"company_id": company, "kind": "query"}
    last_month = (now.replace(day=1) - timedelta(days=1)).date().isoformat()
    records.keep(
        ApiUsage(day=now.date().isoformat(), metered=True, count=7, **usage),
        ApiUsage(day=now.date().isoformat(), metered=False, count=100, **{**usage, "kind": "batch"}),
        ApiUsage(day=last_month, metered=True, count=50, **usage),
    )
    assert asked(metered_calls_this_month) == 7
    records.keep(Heartbeat(name="tick", seen_at=now))
    assert asked(heartbeats) == {"tick": now}


@pytest.mark.parametrize("answered", [(False, True, True), (True, True, False)])
def test_what_quickbooks_refused_is_not_metered_whether_it_came_first_or_last(
    answered, asked, records, company
):
    with records.house.writing():
        for well in answered:
            note_usage(company, "query", well, failed=not well)
        note_usage(company, "batch", False)
        db.session.commit()
    now = utcnow()
    assert asked(metered_calls_this_month) == 2
    assert asked(metered_calls, company, f"{now:%Y-%m}") == {"query": 2}


def test_a_trend_is_what_stood_a_day_and_a_week_ago_where_it_was_counted(asked, records):
    now = utcnow()
    hour = (now - timedelta(hours=25)).replace(minute=0, second=0, microsecond=0)
    assert asked(trend, now) == {}
    records.keep(
        HourlyCount(hour=hour, series="failures", name="qbo-6240", count=3),
        HourlyCount(hour=hour - timedelta(hours=1), series="failures", name="qbo-6240", count=9),
        HourlyCount(hour=hour, series="operations", name="created|", count=1),
    )
    assert asked(trend, now) == {"qbo-6240": {"day": 3}, "": {"day": 0}}
