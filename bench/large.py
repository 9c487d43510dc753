"""A company with many inspections: what one more document costs, what planning all of it takes, and what the worker holds in memory.

    python -m bench.large                          # 1,000 and 100,000 inspections
    python -m bench.large --sizes 1000 10000

The inspections are put into the mirror with their documents, Customers and entries of the name index, as years of work would have left
them; then more are booked through the platform and written to the stand-in. Each size has a process of its own, whose peak of memory is
taken by the operating system.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, inspect, select

from bench.reporting import tell
from bench.writing import written
from bookkeeping.rules.inspection import Client
from bookkeeping.storage.base import Base, db, utcnow
from bookkeeping.storage.company.names import NamedThing, name_key
from bookkeeping.storage.records.documents import CustomerLink, Document
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.office import inspection
from tests.harness.in_process import Shop, outside_world
from tests.webapp.records import inspection_row, paid
from worker.reading.company import set_up
from worker.reading.poll import poll

CHUNK = 2_000
MORE = 480
MEGABYTE = 1024


def main() -> int:
    """Measure each size in a process of its own and print the figures, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    tell(compared(given.sizes), as_json=given.json)
    return 0


def compared(sizes: list[int]) -> dict[str, Any]:
    """Return the figures of each size, and how many times the first one's a document of the last costs."""
    spawning = multiprocessing.get_context("spawn")
    found: dict[str, Any] = {}
    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=spawning) as process:
            found[f"{size:,} inspections"] = process.submit(measured, size).result()
    first, *_, last = (one["CPU milliseconds a document"] for one in found.values())
    return {**found, "times the first size's": round(last / first, 2)}


def measured(size: int) -> dict[str, Any]:
    """Return the figures of a company of this size."""
    with tempfile.TemporaryDirectory() as name, outside_world(Path(name)) as (platform, intuit, valkey):
        shop = Shop(f"sqlite:///{Path(name) / 'tieout.db'}", valkey.url, platform, intuit)
        with shop.app.app_context():
            db.create_all()
        desk = shop.open()
        desk.do(set_up)
        desk.book(*[inspection(number) for number in range(MORE)])
        desk.do(poll)
        with shop.app.app_context():
            fill(desk.id, size)
        cpu, before = time.process_time(), written(desk)
        desk.run("reconcile", patience=20)
        used, documents = time.process_time() - cpu, written(desk) - before
        begun, cpu = time.monotonic(), time.process_time()
        desk.run("practice")
        planned = time.monotonic() - begun, time.process_time() - cpu
        return {
            "documents written": documents,
            "CPU milliseconds a document": round(used / documents * 1000, 2),
            "seconds to plan all": round(planned[0], 1),
            "CPU microseconds an inspection planned": round(planned[1] / (size + MORE) * 1e6),
            "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE),
        }


def fill(company_id: int, size: int) -> None:
    """Put so many inspections that are in the books on record, each with a client of its own, an Invoice and a Payment."""
    for start in range(0, size, CHUNK):
        numbers = range(start, min(size, start + CHUNK))
        for table, row in ROWS:
            db.session.execute(insert(table), [values(row(company_id, number)) for number in numbers])
        db.session.commit()
    assert (db.session.scalar(select(func.count()).select_from(InspectionRow)) or 0) >= size


def values(row: Base) -> dict[str, Any]:
    """Return what is set on a row, by column."""
    return {name: value for name, value in row.__dict__.items() if name in inspect(type(row)).columns}


def _inspections(company_id: int, number: int) -> InspectionRow:
    at = utcnow() - timedelta(hours=number)
    facts = {
        "client": Client(f"old{number}", "Ada", f"Reyes {number}", f"ada{number}@client.example", ""),
        "payments": (paid(key=f"old-p{number}"),),
    }
    return inspection_row(company_id, f"old{number}", "in-sync", at, facts, {"last_synced_at": at})


def _documents(kind: str, company_id: int, number: int) -> Document:
    key = f"old{number}" if kind == "Invoice" else f"old-p{number}"
    return Document(
        company_id=company_id,
        inspection_key=f"old{number}",
        kind=kind,
        source_key=key,
        qbo_id=f"{kind[0]}{number}",
        sync_token="0",
        doc_number=key,
        fingerprint="f",
        customer_id=f"C{number}",
        body={},
        total=Decimal("425.00"),
        txn_date=utcnow().date(),
    )


def _links(company_id: int, number: int) -> CustomerLink:
    return CustomerLink(
        company_id=company_id, client_key=f"old{number}", state="linked", qbo_id=f"C{number}", fingerprint="f"
    )


def _names(company_id: int, number: int) -> NamedThing:
    name = f"Ada Reyes {number}"
    return NamedThing(
        company_id=company_id,
        kind="Customer",
        qbo_id=f"C{number}",
        name=name,
        name_key=name_key(name),
        email=f"ada{number}@client.example",
        sync_token="0",
        active=True,
    )


def _invoices(company_id: int, number: int) -> Document:
    return _documents("Invoice", company_id, number)


def _payments(company_id: int, number: int) -> Document:
    return _documents("Payment", company_id, number)


ROWS = (
    (InspectionRow, _inspections),
    (Document, _invoices),
    (Document, _payments),
    (CustomerLink, _links),
    (NamedThing, _names),
)


if __name__ == "__main__":
    sys.exit(main())
