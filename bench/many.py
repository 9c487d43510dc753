"""What many companies cost: readings of unchanged ones, a midnight of real workers, and a small company behind a large one.

    python -m bench.many                           # 1,000 companies read; 500 at midnight on 1, 2 and 4 workers
    python -m bench.many --companies 50 --midnight 20

Readings are done in this process, one company after the other. At midnight workers are processes as Procfile starts them, on PostgreSQL,
and every company has its night queued at once, the worst case: the tick spreads them over the hour.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from bench.reporting import place, tell
from bookkeeping.queueing import Bell
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.work.runs import Run, is_unfinished, queue_run
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop, outside_world
from tests.harness.processes import wait_until
from tests.harness.servers import Postgres
from tests.harness.tieout import Tieout
from worker.holding.work import SLICE_SECONDS

A_DAY = 24 * 3600.0
EACH, LARGE = 5, 1_500
WORKERS = (1, 2, 4)


def main() -> int:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--companies", type=int, default=1_000)
    parser.add_argument("--midnight", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with place() as (folder, postgres):
        tell(measured(folder, postgres, given.companies, given.midnight), as_json=given.json)
    return 0


def measured(folder: Path, postgres: Postgres, companies: int, midnight: int) -> dict[str, Any]:
    """Return the figures."""
    url = postgres.url(postgres.new_database())
    with outside_world(folder) as (platform, intuit, valkey):
        shop = Shop(url, valkey.url, platform, intuit, POLL_SECONDS="3600")
        with shop.app.app_context():
            db.create_all()
        found: dict[str, Any] = {f"{companies:,} unchanged companies read": readings(shop, companies)}
        desks = [shop.open() for _ in range(midnight)]
        for desk in desks:
            desk.book(*[inspection(number) for number in range(EACH)])
            desk.run()
        for workers in WORKERS:
            with crew(folder / f"crew{workers}", shop, workers):
                found[f"midnight of {midnight} companies, {workers} workers"] = night(shop, desks)
        with crew(folder / "one", shop, 1):
            found[f"a company of {EACH} behind one of {LARGE:,}"] = behind(shop)
        return found


def readings(shop: Shop, companies: int) -> dict[str, float]:
    """Return what reading a company without a change costs, each with a few inspections, a day after their last change."""
    desks = [shop.open() for _ in range(companies)]
    for desk in desks:
        desk.book(*[inspection(number) for number in range(2)])
        desk.run("poll")
    with shop.app.app_context():
        db.session.execute(update(Company).values(cursor=utcnow() + timedelta(minutes=20)))
        db.session.commit()
    wall, cpu = time.monotonic(), time.process_time()
    for desk in desks:
        desk.run("poll")
    return {
        "milliseconds a company": round((time.monotonic() - wall) / companies * 1000, 1),
        "processor milliseconds a company": round((time.process_time() - cpu) / companies * 1000, 1),
        "calls to QuickBooks": sum(len(desk.calls()) for desk in desks[:20]),
    }


@contextmanager
def crew(folder: Path, shop: Shop, workers: int) -> Iterator[None]:
    """So many workers of this installation at work, until the block ends."""
    folder.mkdir()
    settings = dict(shop.environment)
    tieout = Tieout(folder, settings.pop("DATABASE_URL"), settings.pop("REDIS_URL"), **settings)
    try:
        for _ in range(workers):
            tieout.worker()
        yield
    finally:
        tieout.stop()


def night(shop: Shop, desks: list[Desk]) -> dict[str, float]:
    """Queue every company's night at once; return how long all took, and the one that waited longest."""
    begun = time.monotonic()
    with shop.app.app_context():
        runs = [queue_run(desk.id, "nightly", "nightly").id for desk in desks]
        db.session.commit()
        bell = Bell(shop.environment["REDIS_URL"])
        for desk in desks:
            bell.ring(desk.id)
        left = select(func.count()).where(Run.id.in_(runs), is_unfinished())

        def over() -> bool:
            db.session.rollback()
            return not db.session.scalar(left)

        wait_until(over, "the night to end", A_DAY)
        failed = db.session.scalar(select(func.count()).where(Run.id.in_(runs), Run.state == "failed"))
    took = time.monotonic() - begun
    return {
        "seconds": round(took, 1),
        "nights a minute": round(len(desks) / took * 60),
        "not whole": int(failed or 0),
    }


def behind(shop: Shop) -> dict[str, float]:
    """Return how long a small company's first sync waited for the one worker, which was at a large one's."""
    large, small = shop.open(), shop.open()
    large.book(*[inspection(number) for number in range(LARGE)])
    small.book(*[inspection(number) for number in range(EACH)])
    shop.intuit.post("/_standin/settings", {"latency_ms": 50, "item_latency_ms": 160})
    bell = Bell(shop.environment["REDIS_URL"])
    with shop.app.app_context():
        ids = [queue_run(desk.id, "sync", "bench").id for desk in (large, small)]
        db.session.commit()
        bell.ring(large.id)

        def state(number: int) -> str:
            db.session.rollback()
            return db.session.get_one(Run, ids[number]).state

        wait_until(lambda: state(0) == "running", "the large one to be under way", 60)
        rung = time.monotonic()
        bell.ring(small.id)
        wait_until(lambda: state(1) != "queued", "the small one's turn", 600)
        waited = time.monotonic() - rung
        still = state(0) == "running"
    shop.intuit.post("/_standin/settings", {"latency_ms": 0, "item_latency_ms": 0})
    return {"seconds waited": round(waited, 1), "a slice": SLICE_SECONDS, "the large one still at it": still}


if __name__ == "__main__":
    sys.exit(main())
