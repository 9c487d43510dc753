"""What a company leaves behind and asks for: rows and bytes, calls, commands to Valkey and processor time, unit by unit.

    python -m bench.footprint                      # 300 paid inspections, on PostgreSQL
    python -m bench.footprint --inspections 60 --json

One company is opened, its inspections booked in two halves (the second shows what one more costs), then read again where nothing changed,
then left alone for some nights. `docs/scale.md` counts with these figures. Bytes are PostgreSQL's own (tables with their indexes), so the
second half's are marginal ones; processor time is this process's, which is higher on a busy machine.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine
from sqlalchemy import func, select, text, update

from bench.reporting import place, tell
from bench.writing import calls_of, written
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.migrations import Migration
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop, outside_world
from tests.harness.servers import Postgres
from tests.worker.migration.conftest import asked, enter_receipts, open_legacy, scheduled
from worker.migration.night import migrate_tonight
from worker.migration.preview import preview

QUIET_POLLS = 20
NIGHTS = 4
RECEIPTS = 30


def main() -> int:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inspections", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with place() as (folder, postgres):
        tell(measured(folder, postgres, given.inspections), as_json=given.json)
    return 0


def measured(folder: Path, postgres: Postgres, several: int) -> dict[str, dict[str, Any]]:
    """Return the figures by unit: one more paid inspection, a reading without a change, a quiet night."""
    url = postgres.url(postgres.new_database())
    with outside_world(folder) as (platform, intuit, valkey):
        shop = Shop(url, valkey.url, platform, intuit)
        with shop.app.app_context():
            db.create_all()
        desk = shop.open()
        half = several // 2
        desk.book(*[inspection(number) for number in range(half)])
        desk.run(patience=20)
        before = written(desk)
        keys = desk.book(*[inspection(number) for number in range(half, several)])
        booked = _cost(desk, lambda: desk.run(patience=20), several - half)
        changes = _changes(desk, keys[0], several)
        booked["documents"] = round((written(desk) - before) / (several - half), 2)
        intuit.post(f"/_standin/realms/{desk.realm_id}/backdate", {"days": 1})
        return {
            "one more paid inspection": booked,
            **changes,
            "one migrated receipt": _migrated(shop),
            "a reading in which nothing changed": _quiet_readings(desk),
            "a quiet night": _nights(desk, range(3, 3 + NIGHTS), []),
            "a night after a day with changes": _nights(desk, range(8, 8 + NIGHTS), keys),
            "the whole company": {"inspections": several, **_sizes(desk)},
        }


def _changes(desk: Desk, key: str, number: int) -> dict[str, dict[str, Any]]:
    """What acts of the office cost, each synced by itself. Aims: three batches for 30 booked, one for a fee, two for a cancellation.

    Before an Invoice is changed or deleted it is read once, so that what others put on it is kept.
    """

    def booked() -> None:
        desk.book(*[inspection(1000 + number + place) for place in range(30)])
        desk.run(patience=20)

    def changed(**values: Any) -> None:
        desk.change(key, **values)
        desk.run(patience=20)

    fee = {"kind": "service", "name": "Full Home Inspection", "amount": "600.00"}
    return {
        "30 new paid inspections": _cost(desk, booked, 1),
        "a changed fee": _cost(desk, lambda: changed(line_items=[fee]), 1),
        "a cancellation with one payment": _cost(desk, lambda: changed(canceled=True), 1),
    }


def _migrated(shop: Shop) -> dict[str, Any]:
    """What a night costs that replaces thirty SalesReceipts, a receipt: each is read, deleted, and an Invoice and a Payment made."""
    desk = open_legacy(shop)
    enter_receipts(desk, *[f"2019-03-{day:02}T09:00:00" for day in range(1, RECEIPTS + 1)])
    migration_id = asked(desk)
    desk.do(preview, "preview", migration=migration_id)
    with shop.app.app_context():
        scheduled(db.session.get_one(Migration, migration_id))
        db.session.commit()

    def night() -> None:
        with desk.holding("nightly") as work:
            while not migrate_tonight(work):
                pass

    found = _cost(desk, night, RECEIPTS)
    with shop.app.app_context():
        assert db.session.get_one(Migration, migration_id).state == "done"
    return found


def _quiet_readings(desk: Desk) -> dict[str, Any]:
    """Later than what is read again for late commits: a day after the last change."""
    with time_machine.travel(utcnow() + timedelta(days=1)):
        with desk.shop.app.app_context():
            db.session.execute(update(Company).values(cursor=utcnow() - timedelta(minutes=1)))
            db.session.commit()
        return _cost(desk, lambda: [desk.run() for _ in range(QUIET_POLLS)], QUIET_POLLS)


def _nights(desk: Desk, numbers: range, changing: list[str]) -> dict[str, Any]:
    """Nights after one that had everything to read, with a fee changed and synced on each day before when `changing` has inspections."""
    now = utcnow()

    def night(number: int) -> None:
        with time_machine.travel(now.replace(hour=7, minute=30) + timedelta(days=number)):
            done = desk.run("nightly", patience=20)
        assert done["state"] == "done", done["problems"]

    def days() -> None:
        for number in numbers:
            if changing:
                fee = {"kind": "service", "name": "Full Home Inspection", "amount": f"{500 + number}.00"}
                desk.change(changing[number], line_items=[fee])
                desk.run(patience=20)
            night(number)

    for number in (numbers[0] - 2, numbers[0] - 1):
        night(number)
    return _cost(desk, days, NIGHTS)


def _cost(desk: Desk, act: Callable[[], Any], several: int) -> dict[str, Any]:
    """Return what the act added, each divided by `several`."""
    sizes, calls, commands, cpu = _sizes(desk), calls_of(desk), _commands(desk), time.process_time()
    act()
    used = time.process_time() - cpu
    return {
        "calls to QuickBooks": {
            kind: round(count / several, 3) for kind, count in (calls_of(desk) - calls).items()
        },
        "commands to Valkey": round((_commands(desk) - commands).total() / several, 2),
        "processor milliseconds": round(used / several * 1000, 1),
        **{name: round((value - sizes[name]) / several, 1) for name, value in _sizes(desk).items()},
    }


def _sizes(desk: Desk) -> dict[str, int]:
    """Return rows of all tables, and bytes with and without indexes."""
    with desk.shop.app.app_context():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        rows = {
            table.name: db.session.scalar(select(func.count()).select_from(table)) or 0
            for table in db.metadata.sorted_tables
        }
        whole, bare = db.session.execute(
            text(
                "SELECT sum(pg_total_relation_size(relid)), sum(pg_table_size(relid)) FROM pg_stat_user_tables"
            )
        ).one()
        run = db.session.scalar(text("SELECT avg(pg_column_size(runs.*)) FROM runs")) or 0
        held = int(desk.shop.redis.info("memory")["used_memory_dataset"])
        return {
            "rows": sum(rows.values()),
            "bytes": int(whole),
            "bytes without indexes": int(bare),
            "bytes of a run's row": int(run),
            "bytes in Valkey": held,
        }


def _commands(desk: Desk) -> Counter[str]:
    """Return how often each command was asked of Valkey by anybody but us here."""
    found = desk.shop.redis.info("commandstats")
    return Counter(
        {name: int(one["calls"]) for name, one in found.items() if not name.startswith("cmdstat_info")}
    )


if __name__ == "__main__":
    sys.exit(main())
