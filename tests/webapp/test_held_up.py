"""What holds a company up: its causes, and trying again what one of them or all of them held up."""

from datetime import timedelta
from html import unescape

from sqlalchemy import select, text

from bookkeeping.faults import CATALOGUE
from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House
from tests.webapp.records import NOON, Records, inspection_row, post_with_token


def test_feed_problem_is_said_with_its_remedy(house, records, owner):
    with house.writing():
        db.session.execute(
            text("UPDATE companies SET feed_state = 'refused', feed_detail = '401 Unauthorized'")
        )
        db.session.commit()
    page = unescape(owner.read("/sync-log"))
    assert CATALOGUE["feed-refused"].title in page and CATALOGUE["feed-refused"].remedy in page
    assert "401 Unauthorized" in page


def test_connection_that_ended_is_said(records, owner):
    records.connect(state="reconnect", code="reconnect-needed")
    assert CATALOGUE["reconnect-needed"].title in unescape(owner.read("/sync-log"))


def test_bad_records_are_listed_by_the_platforms_id(records, owner):
    records.bad_record("ins-77", reason="starts_at is missing")
    page = owner.read("/sync-log")
    assert 'href="/inspections/ins-77"' in page and "starts_at is missing" in page


def test_causes_are_grouped_and_needing_you_comes_first(records, owner):
    for key in ("1", "2", "3"):
        records.inspection(key, "needs-you", reason="closed-books", detail=f"detail {key}")
    records.inspection("4", "waiting", reason="temporary")
    page = unescape(owner.read("/sync-log"))
    closed, temporary = (
        page.index(f'aria-label="{CATALOGUE[code].title}"') for code in ("closed-books", "temporary")
    )
    assert closed < temporary
    assert "3 inspections" in page and "$1,275.00" in page
    for words in ("detail 2", CATALOGUE["closed-books"].remedy):
        assert words in page


def due(house: House) -> dict[str, tuple]:
    """What retrying changes, by inspection."""
    with house.app.app_context():
        rows = db.session.scalars(select(InspectionRow).order_by(InspectionRow.key))
        return {row.key: (row.due, row.next_try_at, row.failures, row.state, row.wanted_gen) for row in rows}


def stuck(records: Records) -> None:
    later = NOON + timedelta(days=900)
    records.inspection("1", "needs-you", reason="closed-books", failures=3)
    records.inspection("2", "waiting", reason="temporary", failures=5, next_try_at=later)
    records.inspection("3", "in-sync")


def test_retry_all_makes_everything_held_up_due_and_nothing_else(house, records, owner):
    records.connect()
    stuck(records)
    before = due(house)["3"]
    answer = owner.post("/sync-log/retry-all", page="/sync-log")
    assert answer.location == "/sync-log"
    assert due(house) == {"1": (True, None, 0, "syncing", 2), "2": (True, None, 0, "syncing", 2), "3": before}
    with house.app.app_context():
        run = db.session.scalars(select(Run)).one()
        assert (run.kind, run.reason, run.asked_by, run.state) == (
            "sync",
            "by a person",
            "owner1@office.example",
            "queued",
        )
        acts = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "retried all")).one()
        assert (acts.who, acts.after) == ("owner1@office.example", {"inspections": 2})
    assert "2 inspections are tried again." in owner.read("/sync-log")


def test_retry_all_of_a_cause_leaves_the_other_causes(house, records, owner):
    stuck(records)
    owner.post("/sync-log/retry-all", {"cause": "closed-books"}, page="/sync-log")
    assert [key for key, row in due(house).items() if row[0]] == ["1"]


def test_retry_all_of_five_thousand(house, company, records, owner):
    facts = {"reason": "closed-books"}
    records.keep(*(inspection_row(company, f"k{n}", "needs-you", NOON, {}, dict(facts)) for n in range(5000)))
    assert "5,000 inspections" in owner.read("/sync-log")
    owner.post("/sync-log/retry-all", {"cause": "closed-books"}, page="/sync-log")
    assert "5,000 inspections are tried again." in owner.read("/sync-log")
    assert {row[3] for row in due(house).values()} == {"syncing"}


def test_retry_all_with_nothing_held_up_says_so_and_runs_nothing(house, owner):
    for cause in ("", "closed-books", "no-such-cause", "\x00"):
        owner.post("/sync-log/retry-all", {"cause": cause}, page="/sync-log")
        assert "any more." in owner.read("/sync-log"), cause
    with house.app.app_context():
        assert db.session.scalars(select(Run)).all() == []


def test_retry_says_when_it_cannot_go_yet(house, company, records, owner):
    records.inspection("1", "needs-you", reason="closed-books")
    owner.post("/sync-log/retry-all", page="/sync-log")
    assert "as soon as QuickBooks is connected" in owner.read("/sync-log")


def test_another_company_sees_and_retries_nothing_of_ours(house, company, records, owner):
    records.operation()
    run = records.run()
    records.bad_record("ins-77")
    stuck(records)
    before = due(house)
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    page, ours = stranger.read("/sync-log"), owner.read("/sync-log")
    for secret in ("SP-1042", "ins-77", "/sync-log/retry", f"/runs/{run}"):
        assert secret in ours and secret not in page
    assert stranger.get(f"/sync-log/runs/{run}").status_code == 404
    stranger.post("/sync-log/retry-all", page="/sync-log")
    assert due(house) == before


def test_ops_have_no_company_to_look_at_here(house, records):
    stuck(records)
    before = due(house)
    ops = house.browser(house.make_person("ops"))
    assert ops.get("/sync-log").status_code == 403
    assert post_with_token(house, ops, "/sync-log/retry-all").status_code == 403
    assert due(house) == before


def test_attention_counts_what_needs_somebody(house, company, records):
    stuck(records)
    records.inspection("5", "drift")
    records.drift(records.document("5"))
    records.drift(records.document("6"), settled_at=NOON)
    with house.app.app_context():
        assert logbook.attention_counts(company) == {"needs_you": 1, "waiting": 1, "drift": 1}
        assert logbook.attention_counts(company + 1) == {"needs_you": 0, "waiting": 0, "drift": 0}
