"""What ops' pages cost as history grows: statements, and rows that the database visits, at two sizes side by side.

    python -m bench.ops_scale                       # SQLite in a temporary file
    python -m bench.ops_scale postgresql://…        # an empty database, which is filled
    python -m bench.ops_scale --small               # a tenth of it, as the tests use it

The same failures and companies stand at both sizes; only history differs (a tenth, and all of it). A page whose cost follows history
would show a ratio near 10, as the control does; ours show about 1. No clock is read: rows visited come from SQLite's own step counter
and from PostgreSQL's EXPLAIN ANALYZE.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import event, insert, text

from bookkeeping.acts import ops as ops_acts
from bookkeeping.logbook import companies as ops_overview
from bookkeeping.logbook import company as ops_company
from bookkeeping.logbook import failures
from bookkeeping.logbook import pages as logbook
from bookkeeping.settings import Settings, full_database_url
from bookkeeping.storage.base import db, reading
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import ApiUsage, Call, Operation
from bookkeeping.storage.work.ops import HourlyCount
from bookkeeping.storage.work.runs import Run, latest_run
from webapp import create_app
from webapp.ops.chart import hours_of
from worker.holding.work import Work
from worker.journal.writing import open_calls
from worker.reconciling.reconcile import due_count
from worker.runs import due_companies

NOW = datetime.now(UTC)
CODES = ("qbo-6200", "qbo-6240", "qbo-610", "closed-books", "deposited", "negative-total", "qbo-2500", "rule")
CONTROL = "control: a company's inspections counted"
"""No question of these pages: it grows with history, which proves that the measure would show it."""

OWN = 1200
"""Inspections that company 1 has of its own at the small size; ten times as many at the large one."""

STEP_ROWS = 100  # SQLite's progress handler is called every so many virtual machine instructions.


def main() -> int:
    """Fill, ask, grow, ask again, and print one line a question; 1 when one grows with history, or the control does not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database_url", nargs="?", default="")
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    scale = 0.1 if given.small else 1
    with tempfile.TemporaryDirectory() as folder:
        url = given.database_url or f"sqlite:///{Path(folder)}/bench.db"
        app = fresh_app(url)
        with app.app_context():
            found = compare(
                companies=int(500 * scale),
                failing=int(5000 * scale),
                operations=int(1_000_000 * scale),
                say=partial(print, file=sys.stderr),
            )
    print(json.dumps(found, indent=2))
    return 0 if [name for name, line in found.items() if line["ratio"] > 2] == [CONTROL] else 1


def fresh_app(url: str) -> Flask:
    """Return an app on this database with all tables in it."""
    app = create_app(
        Settings("bench", (Fernet.generate_key().decode(),), full_database_url(url), "redis://127.0.0.1:9/0")
    )
    with app.app_context():
        db.create_all()
    return app


def compare(
    *, companies: int, failing: int, operations: int, say: Callable[[str], Any] = lambda _: None
) -> dict[str, Any]:
    """Return by question {"statements": [small, large], "visited": [small, large], "ratio": large / small}."""
    fill_companies(companies, failing)
    fill_history(companies, operations // 10)
    small = measured()
    say(f"asked with {operations // 10:,} operations")
    fill_history(companies, operations - operations // 10)
    large = measured()
    say(f"asked with {operations:,} operations")
    return {
        name: {
            "statements": [small[name][0], large[name][0]],
            "visited": [small[name][1], large[name][1]],
            "ratio": round((large[name][1] + 50) / (small[name][1] + 50), 2),
        }
        for name in small
    }


def questions() -> dict[str, Callable[[], Any]]:
    """Return everything that the pages of ops ask, and what the worker and the tick ask all day, by name."""
    closed = failures.FailureFilter(code="qbo-6200")
    return {
        "companies": ops_overview.company_lines,
        "groups": lambda: failures.failure_groups(failures.FailureFilter()),
        "list": lambda: failures.failures_page(closed, None),
        "text": lambda: failures.failures_page(failures.FailureFilter(text="maple"), None),
        "trend": lambda: ops_overview.trend(NOW),
        "chart": lambda: hours_of(NOW),
        "metered": ops_overview.metered_calls_this_month,
        "stuck calls": ops_overview.stuck_call_count,
        "stuck runs": ops_overview.stuck_runs,
        "one company": lambda: ops_company.company_facts(db.session.get(Company, 1)),
        "its usage": lambda: ops_company.usage_by_day(1),
        "retry all of a cause": lambda: _retried(closed),
        "worker: who is due": due_companies,
        "worker: its open calls": lambda: open_calls(1),
        "worker: its inspections due": lambda: due_count(cast(Work, SimpleNamespace(company_id=1))),
        "worker: its last night": lambda: latest_run(1, "nightly"),
        CONTROL: lambda: logbook.state_counts(1),
    }


def measured() -> dict[str, tuple[int, int]]:
    """Return (statements, rows or steps visited) of every question."""
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    found = {}
    for name, ask in questions().items():
        with reading(), counting() as count:
            ask()
        db.session.rollback()
        db.session.expunge_all()
        found[name] = (count["statements"], count["visited"])
    return found


@contextmanager
def counting() -> Iterator[dict[str, int]]:
    """Count the statements within the block and what they visit: instructions (in hundreds) on SQLite, rows on PostgreSQL."""
    count = {"statements": 0, "visited": 0}
    postgres = db.engine.dialect.name == "postgresql"

    def step() -> int:
        count["visited"] += 1
        return 0

    def before(connection, cursor, statement, parameters, context, executemany) -> None:
        count["statements"] += 1
        if postgres and statement.lstrip().startswith("SELECT") and not executemany:
            plan = connection.connection.cursor()
            plan.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
            count["visited"] += _rows(plan.fetchone()[0][0]["Plan"])
            plan.close()

    db.session.rollback()
    raw = db.session.connection().connection.driver_connection
    if not postgres:
        raw.set_progress_handler(step, STEP_ROWS)
    event.listen(db.engine, "before_cursor_execute", before)
    try:
        yield count
    finally:
        event.remove(db.engine, "before_cursor_execute", before)
        if not postgres:
            raw.set_progress_handler(None, 0)


def fill_companies(companies: int, failing: int) -> None:
    """Add companies, their connections, and the failures that stand at both sizes."""
    rows = [
        {
            "id": n,
            "name": f"Company {n}",
            "feed_url": "http://x",
            "feed_key": "k",
            "time_zone": "America/Denver",
            "last_poll_at": NOW,
        }
        for n in range(1, companies + 1)
    ]
    db.session.execute(insert(Company), rows)
    base = {"state": "connected", "realm": "r", "version": 1, "connected_at": NOW}
    db.session.execute(
        insert(Connection),
        [{"company_id": n, "realm_digest": f"d{n}", **base} for n in range(1, companies + 1)],
    )
    _chunks(
        InspectionRow,
        failing,
        lambda n: _inspection(
            n % companies + 1, f"f{n}", state="needs-you", reason=CODES[n % len(CODES)], held_since=NOW
        ),
    )


def fill_history(companies: int, operations: int) -> None:
    """Add history: operations in calls, inspections in sync (a third as many), runs (a fifth), usage, hours.

    Company 1 has OWN inspections more, and ten times as many at the large size.
    """
    start = db.session.query(Call).count()

    def day(n: int) -> datetime:
        # Nothing within the last day: what is fresh is the same at both sizes.
        return NOW - timedelta(days=2 + (n % 700), seconds=n % 80_000)

    _chunks(Call, operations // 20 or 1, lambda n: {
        "company_id": n % companies + 1, "request_id": f"r{start + n}", "path": "batch", "body": "{}", "body_hash": "h",
        "state": "answered", "created_at": day(n), "attempts": 1,
    })  # fmt: skip
    _chunks(Operation, operations, lambda n: {
        "company_id": n % companies + 1, "inspection_key": f"h{start}-{n // 3}", "kind": "Invoice", "action": "create",
        "source_key": str(n), "outcome": "refused" if n % 50 == 0 else "created", "code": CODES[n % 8] if n % 50 == 0 else "",
        "created_at": day(n), "settled_at": day(n),
    })  # fmt: skip
    _chunks(
        InspectionRow,
        operations // 3,
        lambda n: _inspection(n % companies + 1, f"h{start}-{n}", state="in-sync"),
    )
    _chunks(Run, operations // 5, lambda n: {
        "company_id": n % companies + 1, "kind": "sync", "state": "done", "queued_at": day(n), "finished_at": day(n),
    })  # fmt: skip
    _chunks(
        InspectionRow, OWN * (9 if start else 1), lambda n: _inspection(1, f"o{start}-{n}", state="in-sync")
    )
    if start == 0:
        hours = [
            NOW.replace(minute=0, second=0, microsecond=0) - timedelta(hours=back)
            for back in range(1, 24 * 30)
        ]
        db.session.execute(
            insert(HourlyCount),
            [{"hour": at, "series": "hours", "name": "counted", "count": 1} for at in hours],
        )
        db.session.execute(insert(ApiUsage), [
            {"company_id": n, "day": NOW.date().isoformat(), "kind": "query", "metered": True, "count": 9}
            for n in range(1, companies + 1)
        ])  # fmt: skip
    else:
        _chunks(ApiUsage, companies * 30, lambda n: {
            "company_id": n % companies + 1, "day": (NOW - timedelta(days=40 + n // companies)).date().isoformat(),
            "kind": "query", "metered": True, "count": 9,
        })  # fmt: skip
    db.session.commit()


def _inspection(company_id: int, key: str, **values: Any) -> dict[str, Any]:
    base = {
        "record": {},
        "content_hash": "h",
        "starts_at": NOW,
        "source_updated_at": NOW,
        "due": False,
        "client_name": "Ann",
    }
    return {"company_id": company_id, "key": key, **base, **values}


def _chunks(table: type, count: int, row: Callable[[int], dict[str, Any]]) -> None:
    for start in range(0, count, 5000):
        db.session.execute(insert(table), [row(n) for n in range(start, min(start + 5000, count))])
    db.session.commit()


def _retried(wanted: failures.FailureFilter) -> None:
    ops_acts.retry_failures(wanted, "bench", "bench")
    db.session.rollback()


def _rows(plan: dict[str, Any]) -> int:
    """Rows that the scans of a plan looked at, also those that a filter threw away."""
    below = sum(_rows(part) for part in plan.get("Plans", []))
    if "Scan" not in plan["Node Type"]:
        return below
    own = int((plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"])
    # A bitmap's rows are looked up in the index and then in the table: the same rows, as in a plain index scan.
    return max(own, below) if plan["Node Type"] == "Bitmap Heap Scan" else own + below


if __name__ == "__main__":
    sys.exit(main())
