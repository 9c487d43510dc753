"""The first page of ops: each figure, and that what cannot be reached hides nothing else."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from bookkeeping.faults import CATALOGUE
from bookkeeping.queueing import Bell
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.mail_queue import topic_of
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.records.numbers import TieoutStatement
from bookkeeping.storage.work.journal import ApiUsage, Call
from bookkeeping.storage.work.ops import HourlyCount
from bookkeeping.storage.work.runs import Heartbeat, Run, ScheduledRun
from tests.webapp.failing import HOUR, connected_company, failing, now, refused_operation
from tests.webapp.house import Browser, House
from worker.notices.writing import write_notices


@pytest.fixture
def ops(house: House) -> Browser:
    """Somebody of ops, logged in."""
    return house.browser(house.make_person("ops"))


def keep(house: House, *rows) -> None:
    with house.writing():
        db.session.add_all(rows)
        db.session.commit()


def tiles(page: str) -> dict[str, str]:
    """The tiles by label, as `value words`."""
    found = {}
    for part in re.findall(r'<div class="tile[^"]*">(.*?)</div>', page, re.S):
        words = [
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", span)).strip()
            for span in re.split(r"</(?:span|strong)>", part)
        ]
        found[words[0]] = " ".join(word for word in words[1:] if word)
    return found


def heading(page: str) -> str:
    return re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", page, re.S).group(1)).strip()


def test_nobody_fails(valkey, sqlite_url):
    house = House(sqlite_url, valkey.url)
    ops = house.browser(house.make_person("ops"))
    assert heading(ops.read("/ops")) == "No companies yet."
    connected_company(house, "Blue Ridge")
    connected_company(house, "Front Range")
    keep(house, Heartbeat(name="tick", seen_at=now()))
    page = ops.read("/ops")
    assert heading(page) == "Both companies are fine."
    shown = tiles(page)
    assert shown["Fine"] == "2" and shown["Failing"] == "0"
    assert shown["Valkey"] == "reachable" and shown["Queue"] == "0 nothing waits"
    assert shown["Workers"].startswith("0 none is alive") and "not alive" not in shown["Tick"]
    Bell(valkey.url).ring(1)
    assert tiles(ops.read("/ops"))["Queue"].startswith("1 oldest rang")


def test_companies_stand_under_their_state(house, ops):
    failing(house, connected_company(house, "Failing"), "a")
    connected_company(house, "Reconnect", state="reconnect")
    connected_company(house, "Paused", paused_at=now())
    behind = connected_company(house, "Behind")
    failing(house, behind, "late", "", state="syncing", held_since=None, polled_at=now() - 5 * HOUR)
    fresh = connected_company(house, "Syncing")
    failing(house, fresh, "fresh", "", state="syncing", held_since=None, polled_at=now())
    house.make_company("Off")
    shown = tiles(ops.read("/ops"))
    assert {name: shown[name] for name in ("Failing", "Behind", "Reconnect needed", "Paused", "Syncing", "Fine", "Not connected")} == {
        "Failing": "1", "Behind": "1", "Reconnect needed": "1", "Paused": "1", "Syncing": "1", "Fine": "0", "Not connected": "1",
    }  # fmt: skip
    assert shown["Oldest unsynced change"] == "5 h ago"
    page = ops.read("/ops/companies?state=behind")
    assert "Behind</a>" in page and "Syncing</a>" not in page


def test_the_sentence_counts_causes_companies_and_dollars(house, ops):
    blue, front = connected_company(house, "Blue Ridge"), connected_company(house, "Front Range")
    failing(house, blue, "a", total=Decimal("9000.00"))
    failing(house, front, "b", "qbo-6240", total=Decimal("120.00"))
    assert heading(ops.read("/ops")) == "2 causes hold up 2 companies and $9,120.00."


def test_a_failed_run_holds_its_company_up_until_one_ends_well(house, ops):
    blue = connected_company(house, "Blue Ridge")
    failed = {"company_id": blue, "kind": "sync", "state": "failed", "error_code": "feed-unavailable"}
    keep(house, Run(**failed, finished_at=now()))
    assert heading(ops.read("/ops")).startswith("1 cause holds up 1 company")
    keep(house, Run(company_id=blue, kind="sync", state="done", finished_at=now()))
    page = ops.read("/ops")
    assert "cause holds" not in heading(page) and tiles(page)["Fine"] == "1"


def test_the_night_is_counted_and_said_to_be_late(house, ops):
    slot = now() - 3 * HOUR
    done = connected_company(house, "Done", last_nightly_at=now() - HOUR)
    open_ = connected_company(house, "Open", last_nightly_at=slot - timedelta(days=1))
    with house.writing():
        from bookkeeping.storage.company.connections import Connection

        for company_id in (done, open_):
            db.session.get(Connection, company_id).connected_at = slot - timedelta(days=9)
        db.session.commit()
    keep(house, ScheduledRun(kind="nightly", slot=slot, noted_at=slot))
    assert re.fullmatch(r"1 of 2 .* late", tiles(ops.read("/ops"))["Nightly run"])
    with house.writing():
        db.session.get(Company, open_).last_nightly_at = now()
        db.session.commit()
    shown = tiles(ops.read("/ops"))["Nightly run"]
    assert shown.startswith("2 of 2") and "late" not in shown


def test_a_statement_with_something_unexplained_is_an_alarm_until_one_ties_out(house, ops):
    blue, front = connected_company(house, "Blue Ridge"), connected_company(house, "Front Range")
    keep(house, statement(front), statement(blue), statement(blue, "12.50", 1))
    page = ops.read("/ops")
    assert heading(page) == "1 company does not tie out; nothing is held up."
    assert CATALOGUE["does-not-tie-out"].title in page
    failures = ops.read("/ops/failures")
    assert "1 company · 1 statement · $12.50" in " ".join(re.sub(r"<[^>]+>", "", failures).split())
    assert "Unexplained $12.50" in re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", "", ops.read(f"/ops/companies/{blue}"))
    )
    told = notices(house)
    assert [company for company, _ in told] == [blue] and "$12.50 in the statement of" in told[0][1]
    assert notices(house) == told, "once, however often it is looked at"
    assert topic_of("does-not-tie-out") == "failures", "bookkeepers are told as well"
    keep(house, statement(front, "0.00", 2), statement(blue))
    assert "1 company · 1 statement · $0.00" in " ".join(
        re.sub(r"<[^>]+>", "", ops.read("/ops/failures")).split()
    ), "by number alone"
    keep(house, statement(front))
    assert "nothing is held up" not in heading(ops.read("/ops"))
    assert CATALOGUE["does-not-tie-out"].title not in ops.read("/ops/failures")


def statement(company_id: int, unexplained: str = "0.00", count: int = 0) -> TieoutStatement:
    """A statement of a year, not committed."""
    return TieoutStatement(
        company_id=company_id,
        first_day=date(2026, 1, 1),
        last_day=date(2026, 12, 31),
        unexplained=Decimal(unexplained),
        unexplained_count=count,
        explained=0,
        to_settle=Decimal("0.00"),
        content={},
    )


def notices(house: House) -> list[tuple[int, str]]:
    """Write the notices that are due; return those about statements as (company, text)."""
    with house.writing():
        write_notices(now())
        db.session.commit()
        found = select(Notice).where(Notice.kind == "does-not-tie-out").order_by(Notice.id)
        return [(notice.company_id, notice.text) for notice in db.session.scalars(found)]


def test_metered_calls_are_those_of_this_month(house, ops):
    blue = connected_company(house, "Blue Ridge")
    today, long_ago = now().date().isoformat(), "2019-01-31"
    keep(
        house,
        ApiUsage(company_id=blue, day=today, kind="query", metered=True, count=600_000),
        ApiUsage(company_id=blue, day=today, kind="batch", metered=False, count=7),
        ApiUsage(company_id=blue, day=long_ago, kind="query", metered=True, count=9),
    )
    assert tiles(ops.read("/ops"))["Reads that Intuit counted this month"] == "600,000 of 500,000 (120.0 %)"


def test_stuck_things_are_found_by_the_software(house, ops):
    blue = connected_company(house, "Blue Ridge")
    old = now() - 3 * HOUR
    call = {"company_id": blue, "path": "batch", "body": "{}", "body_hash": "h"}
    keep(
        house,
        Call(request_id="lost-1", state="unknown", created_at=old, **call),
        Call(request_id="fresh", state="written", created_at=now(), **call),
        Run(
            company_id=blue,
            kind="sync",
            state="running",
            queued_at=old,
            started_at=old,
            phase="Creating invoices",
        ),
    )
    failing(
        house, blue, "often", "qbo-10000", state="waiting", failures=9, held_since=now() - timedelta(days=3)
    )
    assert tiles(ops.read("/ops"))["Stuck"] == "3 1 without outcome, 1 runs, 1 tried often"
    page = ops.read("/ops/failures/stuck")
    assert "lost-1" in page and "fresh" not in page and "Creating invoices" in page
    assert page.count("Inspection often") == 2  # Tried often, and passing trouble that does not pass.


def test_the_trend_compares_with_what_stood_then(house, ops):
    blue = connected_company(house, "Blue Ridge")
    for key in "abc":
        failing(house, blue, key)
    day, week = (now() - timedelta(days=back) - HOUR for back in (1, 7))
    keep(
        house,
        HourlyCount(hour=day, series="failures", name="qbo-6200", count=1),
        HourlyCount(hour=week, series="failures", name="qbo-6200", count=10),
    )
    for path in ("/ops", "/ops/failures"):
        assert "+2 in 24 h · −7 in 7 days" in ops.read(path)


def test_the_chart_draws_what_the_table_says(house, ops):
    blue = connected_company(house, "Blue Ridge")
    failing(house, blue, "a")
    refused_operation(house, blue, "a")
    hour = (now() - 5 * HOUR).replace(minute=0, second=0, microsecond=0)
    keep(
        house,
        HourlyCount(hour=hour, series="operations", name="created|", count=40),
        HourlyCount(hour=hour, series="hours", name="counted", count=1),
    )
    page = ops.read("/ops")
    assert "41 operations" in page
    assert re.search(r'<td class="num">40</td>\s*<td class="num">0</td>\s*<td class="num">0</td>', page)
    drawn = ops.get("/ops/operations.svg")
    assert drawn.mimetype == "image/svg+xml"
    assert drawn.text.count("<rect") == 2 and "style" not in drawn.text and "<script" not in drawn.text


def test_without_valkey_the_rest_is_shown(house, ops):
    failing(house, connected_company(house, "Blue Ridge"), "a")
    page = ops.read("/ops")
    assert "Valkey cannot be reached" in page and tiles(page)["Valkey"].startswith("out of reach")
    assert heading(page).startswith("1 cause holds up")


def test_what_the_database_cannot_answer_is_named_and_the_rest_is_shown(house, ops):
    failing(house, connected_company(house, "Blue Ridge"), "a")
    with house.writing():
        db.session.execute(text("DROP TABLE api_usage"))
        db.session.commit()
    page = ops.read("/ops")
    assert "Missing here: metered calls" in page and "$425.00" in page


def test_without_a_database_the_page_says_so(house, ops):
    with house.app.app_context():
        engine = db.engine
    engine.dispose()
    with house.writing():
        db.session.execute(text("ALTER TABLE login_sessions RENAME TO gone"))
        db.session.commit()
    answer = ops.get("/ops")
    assert answer.status_code == 503
    assert "We cannot reach our data" in answer.text and "login_sessions" not in answer.text
