"""The sync log: operations, runs, what holds things up, retrying, filters and pages."""

import re
from datetime import timedelta
from html import unescape
from itertools import chain

import pytest
from sqlalchemy import select, text

from bookkeeping.faults import CATALOGUE
from bookkeeping.logbook import pages as logbook
from bookkeeping.storage import paging
from bookkeeping.storage.base import db
from bookkeeping.storage.paging import Position
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Operation
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import Browser, House
from tests.webapp.records import NOON, Records, inspection_row, operation_row, post_with_token


@pytest.fixture
def records(house: House, company: int) -> Records:
    return Records(house, company)


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    return house.browser(house.make_person("owner", company))


def titles(page: str) -> list[str]:
    """The operations on a page, as they read."""
    return [unescape(found) for found in re.findall(r'log__title">([^<]+)</p>', page)]


def test_operation_reads_as_one_sentence_with_its_links(records, owner):
    records.connect()
    records.operation(subject="Ann O'Neil · 12 Oak St")
    page = owner.read("/sync-log")
    assert titles(page) == ["Invoice SP-1042 created · $425.00 · Ann O'Neil · 12 Oak St"]
    assert 'href="/inspections/1042"' in page
    assert 'href="http://127.0.0.1:9/books/9341452/invoice/145"' in page
    assert "Mar 2, 2026, 12:00 PM MST" in page


def test_deleted_document_has_no_link_into_quickbooks(records, owner):
    records.connect()
    records.operation(outcome="deleted", action="delete")
    assert "View in QuickBooks" not in owner.read("/sync-log")


def test_refusal_shows_the_words_of_the_catalogue_for_every_entry(records, owner):
    run = records.run()
    for code in CATALOGUE:
        records.operation(
            outcome="refused", code=code, detail="Fault: <b>raw</b>", reference="1-64a5", run_id=run
        )
    page, shown = f"/sync-log/runs/{run}", 0
    for code in reversed(CATALOGUE):
        if shown % 50 == 0:
            text_of_page = unescape(owner.read(page))
            page = next(iter(re.findall(r'rel="next" href="([^"]+)"', text_of_page)), "")
        known = CATALOGUE[code]
        assert all(
            words in text_of_page for words in (known.title, known.cause, known.remedy, code, "1-64a5")
        )
        shown += 1
    assert shown > 60
    assert "not created: QuickBooks refused" in text_of_page
    assert "&lt;b&gt;raw" in owner.read(f"/sync-log/runs/{run}")


def test_empty_log_says_what_happens_next(owner):
    page = owner.read("/sync-log")
    assert "Nothing has been sent to QuickBooks yet." in page
    assert "Nothing has run yet." in page
    assert "QuickBooks is not connected." in page


def test_filters_that_fit_nothing_say_so(records, owner):
    records.operation()
    page = owner.read("/sync-log?outcome=refused")
    assert "No operation fits these filters." in page
    assert titles(page) == []


def test_filters_narrow_the_operations(records, owner):
    for key in "1234":
        records.inspection(key)
    records.operation("1", doc_number="SP-1")
    records.operation("2", kind="Payment", doc_number="SP-2")
    records.operation("3", "refused", doc_number="SP-3", created_at=NOON + timedelta(days=1))
    # Half past eleven in the evening of March 4th in Denver, March 5th in UTC.
    records.operation(
        "4", doc_number="SP-4", subject="Bo · 9 Birch Way", created_at=NOON + timedelta(days=2, hours=11.5)
    )
    for query, found in {
        "outcome=refused": {"3"},
        "kind=Payment": {"2"},
        "text=birch": {"4"},
        "text=SP-3": {"3"},
        "text=3": {"3"},
        "text=p-2": {"2"},
        "since=2026-03-04&until=2026-03-04": {"4"},
        "since=2026-03-03": {"3", "4"},
        "until=2026-03-02": {"1", "2"},
        "kind=Invoice&outcome=created&since=2026-03-01&text=oak": {"1"},
        "text=%25": set(),
        "text=%00": {"1", "2", "3", "4"},
    }.items():
        page = owner.read(f"/sync-log?{query}")
        assert set(re.findall(r'href="/inspections/(\d)"', page)) == found, query


def test_filters_stay_in_the_address_of_the_next_page(house, company, records, owner):
    records.keep(*(operation_row(company, str(n), "refused") for n in range(60)))
    page = owner.read("/sync-log?outcome=refused&text=Ann")
    older = unescape(re.search(r'rel="next" href="([^"]+)"', page).group(1))
    assert "outcome=refused" in older and "text=Ann" in older
    assert len(titles(page)) == 50
    assert len(titles(owner.read(older))) == 10


def test_wrong_filter_is_named_and_the_others_are_kept(records, owner):
    records.operation()
    for query, message in {
        "outcome=zzz": "There is no such choice.",
        "kind=%3Cscript%3E": "There is no such choice.",
        "since=yesterday": "“yesterday” is no day.",
        "since=0001-01-01": "Choose a day between",
        "until=9999-12-31": "Choose a day between",
        "since=2026-03-02&until=2026-03-01": "This day is before the first one.",
        "text=" + "x" * 201: "at most 200 letters",
    }.items():
        answer = owner.get(f"/sync-log?{query}&at=")
        assert answer.status_code == 400, query
        assert message in unescape(answer.text)
        assert titles(answer.text), query


def test_damaged_place_shows_the_first_page_and_says_so(records, owner):
    records.operation()
    for place in ("x", "older~", "older~1~2", "older~-5", "older~99999999999999999999", "sideways~1"):
        page = owner.read(f"/sync-log?at={place}")
        assert "The address of that page is damaged" in page, place
        assert titles(page)


def test_names_are_text_and_never_markup(records, owner):
    evil = '<script>alert(1)</script>"><img src=x>'
    records.operation(
        subject=evil, doc_number=evil[:40], detail=evil, outcome="refused", code="qbo-6240", reference=evil
    )
    records.inspection("9", "needs-you", reason="closed-books", detail=evil)
    records.bad_record(evil, reason=evil)
    page = owner.read("/sync-log")
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


# ---- Pages


def walk(
    company_id: int, wanted: logbook.OperationFilter, size: int, *, back: bool = False
) -> list[list[int]]:
    """The ids of every page from the newest on; with `back`, of every page on the way from the last one back to the first."""
    pages, position = [], None
    while not pages or position is not None:
        page = logbook.operations_page(company_id, wanted, position, size)
        pages.append([row.id for row in page.rows])
        position = page.older and Position.parse(str(page.older), logbook.OPERATION_ORDER)
    if not back:
        return pages
    position, pages = Position(False, (pages[-1][0] if pages[-1] else 0,)), []
    while position is not None:
        page = logbook.operations_page(company_id, wanted, position, size)
        pages.append([row.id for row in page.rows])
        position = page.newer and Position.parse(str(page.newer), logbook.OPERATION_ORDER)
    return pages


WANTED = [
    logbook.OperationFilter(),
    logbook.OperationFilter(outcome="refused"),
    logbook.OperationFilter(kind="Payment"),
    logbook.OperationFilter(text="oak"),
    logbook.OperationFilter(kind="Payment", outcome="refused", text="OAK"),
    logbook.OperationFilter(since=NOON + timedelta(minutes=50), until=NOON + timedelta(minutes=150)),
    logbook.OperationFilter(kind="Payment", until=NOON + timedelta(minutes=150)),
]


def test_pages_show_every_operation_once(database_url, monkeypatch):
    house = House(database_url)
    mine, other = house.make_company(), house.make_company("Other")
    # The bound of a search is a number of ours, made small so that searches here run into it.
    monkeypatch.setattr(paging, "SEARCH_ROWS", 17)
    rows = [
        operation_row(
            (mine, mine, other)[n % 3],
            str(n),
            "refused" if n % 4 == 0 else "created",
            kind="Payment" if n % 5 == 0 else "Invoice",
            subject="12 Oak St" if n % 7 else "9 Birch Way",
            created_at=NOON + timedelta(minutes=n // 2 * 2),  # Always two of the same instant.
        )
        for n in range(200)
    ]
    Records(house, mine).keep(*rows)
    with house.app.app_context():
        everything = list(db.session.scalars(select(Operation).order_by(Operation.id.desc())))
        for wanted in WANTED:
            expected = [row.id for row in everything if fits(row, mine, wanted)]
            assert len(expected) >= 5
            for size in (3, 10):
                pages = walk(mine, wanted, size)
                assert list(chain(*pages)) == expected, wanted
                assert max(map(len, pages)) <= size
                back = walk(mine, wanted, size, back=True)
                assert {*chain(*back), *pages[-1]} == set(expected), wanted
                assert all(page == sorted(page, reverse=True) for page in back)


def fits(row: Operation, company_id: int, wanted: logbook.OperationFilter) -> bool:
    return (
        row.company_id == company_id
        and wanted.outcome in ("", row.outcome)
        and wanted.kind in ("", row.kind)
        and wanted.text.lower() in row.subject.lower()
        and (wanted.since is None or row.created_at >= wanted.since)
        and (wanted.until is None or row.created_at < wanted.until)
    )


@pytest.mark.parametrize("direction", [True, False])
def test_page_reads_an_index_and_never_sorts(house, company, records, direction):
    """The plan of SQLite: the thousandth page costs what the first one does."""
    records.operation()
    columns, position = logbook.OPERATION_ORDER, Position(direction, (500,))
    with house.app.app_context():
        query = (
            select(Operation).where(Operation.company_id == company).where(paging.beyond(columns, position))
        )
        query = query.order_by(Operation.id.desc() if direction else Operation.id.asc()).limit(51)
        sql = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
        plan = " ".join(row[3] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {sql}")))
    assert "USING INDEX ix_operations_log" in plan
    assert "SCAN" not in plan and "TEMP B-TREE" not in plan


# ---- Runs


def test_runs_say_when_why_what_and_what_it_cost(records, owner):
    run = records.run(counts={"created": 12, "refused": 1})
    records.run(kind="sync", reason="by a person", asked_by="ann@office.example", counts={}, calls=0)
    page = owner.read("/sync-log")
    assert f'href="/sync-log/runs/{run}"' in page
    assert "12 created, 1 refused · 8 s · 3 QuickBooks calls" in page
    assert "Sync, asked for by ann@office.example" in page
    assert "Nothing to do" in page


def test_a_run_that_only_reads_is_not_said_to_have_had_nothing_to_do(records, owner):
    records.run(kind="tieout", reason="command", counts={})
    page = owner.read("/sync-log")
    assert "Tie-out statement, command" in page and "Made · 8 s" in page
    records.run(kind="numbers", reason="by a person", counts={}, state="failed")
    page = owner.read("/sync-log")
    assert "Numbers from QuickBooks, by a person" in page and "Not finished · 8 s" in page
    assert "Nothing to do" not in page


def test_scheduled_runs_that_met_nothing_are_left_out_until_asked_for(records, owner):
    for _ in range(25):
        records.run(kind="sync", reason="scheduled", calls=0, counts={})
    found = records.run(kind="sync", reason="scheduled", calls=1)
    assert re.findall(r'href="/sync-log/runs/(\d+)"', owner.read("/sync-log/runs")) == [str(found)]
    every = owner.read("/sync-log/runs?all=yes")
    assert len(re.findall(r'href="/sync-log/runs/(\d+)"', every)) == 20
    assert 'rel="next"' in every and "all=yes" in every


def test_one_run_shows_its_own_operations_and_problems(records, owner):
    run = records.run(
        state="failed", problems=[{"step": "poll", "code": "feed-unavailable", "detail": "HTTP 502"}]
    )
    records.operation("1042", run_id=run)
    records.operation("1043", run_id=records.run())
    page = owner.read(f"/sync-log/runs/{run}")
    assert titles(page) == ["Invoice SP-1042 created · $425.00 · Ann O'Neil · 12 Oak St"]
    assert CATALOGUE["feed-unavailable"].title in page and "HTTP 502" in page


def test_run_under_way_moves_along(records, owner):
    run = records.run(state="running", finished_at=None, done=42, total=118, phase="Writing invoices: 30")
    page = owner.read(f"/sync-log/runs/{run}")
    assert f'data-progress-url="/runs/{run}/progress"' in page
    assert "42 of 118" in page


def test_run_that_is_not_there_is_not_found(owner):
    for path in ("/sync-log/runs/999", "/sync-log/runs/99999999999999999999", "/sync-log/runs/x"):
        assert owner.get(path).status_code == 404, path


# ---- What holds things up


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


def test_another_company_sees_and_retries_nothing_of_ours(house, company, records):
    records.operation()
    run = records.run()
    records.bad_record("ins-77")
    stuck(records)
    before = due(house)
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    page = stranger.read("/sync-log")
    for secret in ("SP-1042", "ins-77", "Retry", f"/runs/{run}"):
        assert secret not in page
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
