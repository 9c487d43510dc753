"""What is counted for a company's situation, from its rows."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookkeeping.logbook.situation.counting import facts_of
from bookkeeping.logbook.situation.facts import Amount, Facts
from bookkeeping.rules.local_time import say_moment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from bookkeeping.storage.work.runs import BEGINS_WITHIN
from tests.webapp.records import NOON


@pytest.fixture
def facts(house, company):
    """Return (a function that returns) the facts, the company's row changed first."""

    def ask(**values) -> Facts:
        with house.app.app_context():
            row = db.session.get_one(Company, company)
            for name, value in values.items():
                setattr(row, name, value)
            db.session.commit()
            return facts_of(row)

    return ask


def test_a_company_without_anything_has_never_connected(facts):
    found = facts()
    assert (found.connection, found.states, found.causes, found.earlier) == ("never", {}, (), Amount())
    assert not found.usable


def test_inspections_are_counted_by_state_cause_and_what_is_held_of_them(facts, records):
    records.connect()
    records.inspection("1", "needs-you", reason="closed-books", held_amount=Decimal("125.00"))
    records.inspection("2", "needs-you", reason="closed-books")
    records.inspection("3", "needs-you", reason="no-item")
    records.inspection("4", "waiting", reason="qbo-unavailable")
    records.inspection("5", "not-in-books", reason="before-start")
    records.inspection("6", "not-in-books", reason="not-confirmed")
    records.drift(records.document("7"))
    records.document("8", hands_off="kept", qbo_id="9")
    records.question()
    found = facts()
    assert found.states == {"needs-you": 3, "waiting": 1, "not-in-books": 2}
    assert [(one.code, one.held) for one in found.causes] == [
        ("closed-books", Amount(2, Decimal("550.00"))),
        ("no-item", Amount(1, Decimal("425.00"))),
    ]
    assert (found.on_the_way, found.earlier) == (Amount(1, Decimal("425.00")),) * 2
    assert (found.drifts, found.left_as_theirs, found.customers) == (1, 1, 1)


def test_who_paused_and_a_first_sync_that_waits_are_told_apart(facts, records):
    records.connect()
    found = facts(paused_at=NOON, paused_by="bea@office.example")
    assert (found.paused_by, found.to_start) == ("bea@office.example", False)
    assert found.paused_since.endswith("(Denver)")
    assert facts(hold_first_sync=True).to_start
    assert not facts(last_sync_at=NOON).to_start
    assert facts(us_based=False).halted_cause
    assert facts(brake_at=NOON, brake_count=22).deletes == 22
    assert facts(feed_state="refused").feed_cause


def test_what_was_chosen_to_come_in_is_told_apart_until_a_run_has_looked_at_it(facts, records):
    records.connect()
    records.inspection("1", "not-in-books", reason="before-start", due=True)
    records.inspection(
        "2", "not-in-books", reason="before-start", due=True, starts_at=NOON - timedelta(days=9)
    )
    one, none = Amount(1, Decimal("425.00")), Amount()
    found = facts(start_date=NOON.date())
    assert (found.coming, found.earlier) == (one, one)
    found = facts(start_date=NOON.date() + timedelta(days=1))
    assert (found.coming, found.earlier) == (none, Amount(2, Decimal("850.00")))
    found = facts(start_date=None)
    assert (found.coming, found.earlier) == (none, Amount(2, Decimal("850.00")))


def test_a_sync_that_should_long_have_begun_is_known(facts, records):
    records.connect()
    waits = {"state": "queued", "started_at": None, "finished_at": None}
    asked = utcnow() - BEGINS_WITHIN
    records.run(**waits, kind="practice", queued_at=asked)
    records.run(**waits, kind="sync", queued_at=utcnow())
    assert facts().waits_since == ""
    records.run(**waits, kind="sync", queued_at=asked)
    assert facts().waits_since == say_moment(asked, "America/Denver")
    records.run(state="running", kind="numbers", started_at=asked)
    assert facts().waits_since == ""  # It has its turn after the one that goes on.


def test_what_nobody_carries_on_stands_still_and_says_nothing_softer(facts, records):
    records.connect()
    records.run(state="running", kind="sync", started_at=NOON, finished_at=None)
    found = facts(feed_state="unavailable", last_poll_at=NOON)
    said = "March 2, 2026, 12:00 PM (Denver)"
    assert (found.still_since, found.waits_since, found.unread) == (said, "", "")
    assert facts(paused_at=NOON).still_since == ""  # Who paused it is said, and how it goes on.


def test_since_when_the_platform_could_not_be_read_is_known(facts, records):
    records.connect()
    assert facts(last_poll_at=None).unread == ""
    assert facts(feed_state="unavailable").unread == "yet"
    read = facts(last_poll_at=NOON, next_poll_at=utcnow())
    assert read.unread == "since March 2, 2026, 12:00 PM (Denver)"
    assert facts(feed_state="refused").unread == ""  # That needs a person, and is told by its cause.
    assert facts(feed_state="ok").unread == ""


def _receipt(migration_id: int, company: int, number: int, state: str) -> MigrationReceipt:
    return MigrationReceipt(
        migration_id=migration_id,
        company_id=company,
        position=number,
        receipt_id=str(number),
        inspection_key=str(number),
        recorded=Decimal("100.00"),
        total=Decimal("100.00"),
        facts={},
        state=state,
    )


def test_a_migration_is_chosen_scheduled_run_and_leaves_what_it_could_not_replace(facts, records, company):
    records.connect()
    receipts = [
        LegacyReceipt(company_id=company, inspection_key=str(n), receipt_id=str(n), amount=Decimal("100.00"))
        for n in range(3)
    ]
    records.keep(*receipts)
    assert facts().migration == ""
    found = facts(legacy=True)
    assert (found.migration, found.receipts) == ("choose", Amount(3, Decimal("300.00")))
    migration = Migration(
        company_id=company,
        state="scheduled",
        cutoff=NOON,
        typed_cutoff="2026-03-02T12:00",
        asked_by="ann",
        runs_at=NOON + timedelta(hours=12),
    )
    migration_id = records.keep(migration)
    records.keep(
        *(_receipt(migration_id, company, n, state) for n, state in enumerate(("planned", "done", "left")))
    )
    found = facts()
    assert (found.migration, found.receipts, found.replaced) == ("scheduled", Amount(2, Decimal("200.00")), 1)
    assert found.migration_at.endswith("(Denver)")
    with records.house.writing():
        db.session.get_one(Migration, migration_id).state = "done"
        db.session.commit()
    found = facts(cutoff=NOON)
    assert (found.migration, found.left) == ("", Amount(1, Decimal("100.00")))
