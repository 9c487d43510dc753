"""What a death leaves behind, told so that two deaths which leave the same have the same word: what follows is the same, too, moments aside.

Left out is what says when something was, what may be lost at any time (Valkey, leases), what only counts or is only shown (how far a run is),
and what chance made: ids of requests and seals, of which the key that made them is told.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, select

from bookkeeping.storage.base import UtcDateTime, db, reading
from tests.simulation.life import Life
from worker.app import settings

COUNTS = {"leases", "api_usage", "hourly_counts", "heartbeats"}
SHOWN = {"runs": {"phase", "done", "total", "to_write", "counts", "calls"}}
MOMENTS = {"MetaData", "at"}
BY_CHANCE = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:?\d\d|Z)?"), "moment"),
    (re.compile(r"v1\.(\w+)\.[\w+/=-]+"), r"sealed by \1"),
    (re.compile(r"\b[0-9a-f]{20,}\b"), "chance"),
)


def state_of(life: Life) -> str:
    """Return the word for what lies in our database, in its archive and in QuickBooks now, and for what ever happened there."""
    grants = life.intuit.get("/_standin/realms")["realms"]
    told = [life.books(), life.history(), grants, *_ours(life)]
    said = json.dumps(_without_moments(told), sort_keys=True, default=str)
    for what, word in BY_CHANCE:
        said = what.sub(word, said)
    return hashlib.sha256(said.encode()).hexdigest()


def _ours(life: Life) -> Iterator[Any]:
    with reading(), life.rows():  # A worker in the midst of a transaction keeps nobody from reading.
        for path in sorted(Path(settings().archive_folder).glob("*")):
            content = path.read_bytes()
            yield (gzip.decompress(content) if path.suffix == ".gz" else content).decode(errors="replace")
        for table in db.metadata.sorted_tables:
            left_out = SHOWN.get(table.name, set())
            columns = [
                one
                for one in table.c
                if not isinstance(one.type, (DateTime, UtcDateTime)) and one.name not in left_out
            ]
            if columns and table.name not in COUNTS:
                yield [table.name, sorted(str(tuple(row)) for row in db.session.execute(select(*columns)))]


def _without_moments(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _without_moments(one) for name, one in told.items() if name not in MOMENTS}
    return [_without_moments(one) for one in told] if isinstance(told, list) else told
