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
from bookkeeping.storage.work.journal import Operation
from tests.webapp.house import House
from tests.webapp.records import NOON, Records, operation_row


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
    assert "Tie-out statement, from the command line" in page and "Made · 8 s" in page
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
    assert 'data-live="job"' in page and f'data-job="{run}"' in page
    assert "42 of 118" in page


def test_run_that_is_not_there_is_not_found(owner):
    for path in ("/sync-log/runs/999", "/sync-log/runs/99999999999999999999", "/sync-log/runs/x"):
        assert owner.get(path).status_code == 404, path
