"""How fast a database moves from SQLite to PostgreSQL, beside the plain way: read through the models' types, insert, read back and compare.

    python -m bench.copying                        # 20,000 inspections with their documents, Customers and names: 100,000 rows

Both ways prove that each table arrived. Only the ratio says anything on a busy machine.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, Table, insert, select

from bench.large import fill
from bench.reporting import place, tell
from bookkeeping.storage.base import connect_storage, db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.copying import CHUNK, Seen, all_tables, copy_rows, look_at
from tests.harness.servers import Postgres


def main() -> int:
    """Fill a SQLite file, copy it both ways, and print rows a second of each and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inspections", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with place() as (folder, postgres):
        tell(measured(folder, postgres, given.inspections), as_json=given.json)
    return 0


def measured(folder: Path, postgres: Postgres, inspections: int) -> dict[str, float]:
    """Return the figures."""
    source = storage(f"sqlite:///{folder / 'tieout.db'}")
    with source.app_context():
        db.create_all()
        company = Company(name="Blue Ridge", feed_url="http://x", feed_key="", time_zone="America/Denver")
        company.start_date = date(2026, 1, 1)
        db.session.add(company)
        db.session.commit()
        fill(company.id, inspections)
        db.session.remove()
        plain = rows_a_second(plainly, postgres)
        ours = rows_a_second(copied, postgres)
    return {"plain, rows a second": plain, "ours, rows a second": ours, "times": round(ours / plain, 1)}


def storage(url: str) -> Flask:
    """Return an app on this database."""
    app = Flask("bench")
    connect_storage(app, url)
    return app


def rows_a_second(way: Callable[[Table, Connection, Connection], int], postgres: Postgres) -> int:
    """Copy all tables of the current app's database into a new one in this way."""
    target = storage(postgres.url(postgres.new_database()))
    with db.engine.connect() as source, target.app_context():
        db.create_all()
        begun = time.monotonic()
        rows = 0
        for table in all_tables():
            rows += way(table, source, db.session.connection())
            db.session.commit()
        took = time.monotonic() - begun
        db.session.remove()
        db.engine.dispose()
    return round(rows / took)


def copied(table: Table, source: Connection, target: Connection) -> int:
    """As the command does it."""
    seen = copy_rows(table, source, target)
    assert look_at(table, target) == seen
    return seen.rows


def plainly(table: Table, source: Connection, target: Connection) -> int:
    """As one would write it first."""
    sent = Seen()
    for some in source.execute(select(table).order_by(*table.primary_key)).partitions(CHUNK):
        for row in some:
            sent = sent.and_row(row)
        target.execute(insert(table), [dict(row._mapping) for row in some])
    arrived = Seen()
    for row in target.execute(select(table).execution_options(yield_per=CHUNK)):
        arrived = arrived.and_row(row)
    assert arrived == sent
    return sent.rows


if __name__ == "__main__":
    sys.exit(main())
