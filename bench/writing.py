"""How fast one company is written, as a share of Intuit's ceiling, beside a plain loop that saves one object after the other.

    python -m bench.writing                        # 1,200 paid inspections, 0.05 s a call and 0.16 s an item, default limits
    python -m bench.writing --inspections 300 --item 0 --no-limits
    python -m bench.writing --inspections 10000 --scale 5    # a first sync of 10,000, on a clock five times as fast

The stand-in takes as long as Intuit does (a call, and each item of a batch, one after another) and enforces Intuit's limits. The loop is
python-quickbooks as its manual shows it, against the same stand-in in the same run; it is measured on a few documents.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.reporting import tell
from bookkeeping.storage.base import db
from bookkeeping.storage.work.journal import ApiUsage, Operation
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop, outside_world
from tests.harness.standins import StandIn
from tests.standins.conftest import Company
from worker.reading.company import set_up
from worker.reading.poll import poll

CEILING = 1200
"""Writes a minute that Intuit takes of one company: 30 items in each of 40 batches."""

DEFAULTS = {
    "INTUIT_REQUESTS_PER_SECOND": "8",
    "INTUIT_REQUESTS_PER_MINUTE": "450",
    "INTUIT_BATCHES_PER_MINUTE": "38",
}
LOOP = 20


def main() -> int:
    """Write one company whole, loop over a few, and print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inspections", type=int, default=1200)
    parser.add_argument("--call", type=float, default=0.05, help="seconds a call")
    parser.add_argument("--item", type=float, default=0.16, help="seconds an item of a batch")
    parser.add_argument("--no-limits", action="store_true", help="neither Intuit's limits nor ours")
    parser.add_argument(
        "--scale", type=int, default=1, help="a clock so many times as fast: waits and limits"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), given)
    tell(found, as_json=given.json)
    return 0


def measured(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one run."""
    url = f"sqlite:///{folder / 'tieout.db'}"
    with outside_world(folder) as (platform, intuit, valkey):
        shop = Shop(url, valkey.url, platform, intuit, **_limits(given))
        with shop.app.app_context():
            db.create_all()
        desk = shop.open()
        desk.book(*[inspection(number) for number in range(given.inspections)])
        desk.do(poll)
        lags = {
            "latency_ms": int(given.call * 1000 / given.scale),
            "item_latency_ms": int(given.item * 1000 / given.scale),
            "limits": not given.no_limits and given.scale == 1,  # Its own go by the real clock.
        }
        desk.do(set_up)  # Connects and reads the lists, at no cost of time.
        intuit.post("/_standin/settings", lags)
        loop = documents_a_minute_of_a_loop(intuit)
        before = calls_of(desk)
        started, cpu = time.monotonic(), time.process_time()
        runs = 0
        while written(desk) < given.inspections * 3:
            desk.run("reconcile", patience=20)
            runs += 1
        took, used = time.monotonic() - started, time.process_time() - cpu
        documents = written(desk)
        calls = calls_of(desk) - before
    rate, loop = documents / took * 60 / given.scale, loop / given.scale
    return {
        "inspections": given.inspections,
        "documents written": documents,
        "seconds": round(took, 1),
        "documents a minute": round(rate),
        "share of Intuit's ceiling": f"{rate / CEILING:.0%}",
        "times a plain loop": round(rate / loop, 1),
        "a plain loop a minute": round(loop),
        "CPU milliseconds a document": round(used / documents * 1000, 1),
        "calls": dict(calls),
    }


def _limits(given: argparse.Namespace) -> dict[str, str]:
    return (
        {} if given.no_limits else {name: str(int(value) * given.scale) for name, value in DEFAULTS.items()}
    )


def written(desk: Desk) -> int:
    """Return how many documents, Customers and Items included, the journal says are in QuickBooks."""
    with desk.shop.app.app_context():
        rows = select(func.count()).where(Operation.company_id == desk.id, Operation.outcome == "created")
        return db.session.scalar(rows) or 0


def calls_of(desk: Desk) -> Counter[str]:
    """Return the calls to QuickBooks by kind."""
    with desk.shop.app.app_context():
        days = select(ApiUsage.kind, func.sum(ApiUsage.count)).where(ApiUsage.company_id == desk.id)
        return Counter({kind: int(count) for kind, count in db.session.execute(days.group_by(ApiUsage.kind))})


def documents_a_minute_of_a_loop(intuit: StandIn) -> float:
    """Save a few Customers one after the other with the real client, in a company of their own."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # The stand-in speaks http on this machine.
    client = Company(intuit).client()
    started = time.monotonic()
    for number in range(LOOP):
        client.create_object(
            "Customer", json.dumps({"DisplayName": f"Ada Reyes {number}"})
        )  # What `save()` calls.
    return LOOP / (time.monotonic() - started) * 60


if __name__ == "__main__":
    sys.exit(main())
