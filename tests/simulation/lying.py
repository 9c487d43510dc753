"""What a death leaves behind, told so that two deaths which leave the same have the same word: what follows is the same, too, moments aside.

Left out is what says when something was, what may be lost at any time (Valkey, leases) or only counts (calls made), and what chance made:
ids of requests and seals, of which the key that made them is told.
"""

import hashlib
import json
import re
from typing import Any

from sqlalchemy import DateTime, select

from bookkeeping.storage.base import UtcDateTime, db
from tests.simulation.life import Life

COUNTS = {"leases", "api_usage", "hourly_counts", "heartbeats"}
BY_CHANCE = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:?\d\d|Z)?"), "moment"),
    (re.compile(r"v1\.(\w+)\.[\w+/=-]+"), r"sealed by \1"),
    (re.compile(r"\b[0-9a-f]{20,}\b"), "chance"),
)


def state_of(life: Life) -> str:
    """Return the word for what lies in our database and in QuickBooks now."""
    told: list[Any] = [life.books()]
    with life.rows():
        for table in db.metadata.sorted_tables:
            columns = [one for one in table.c if not isinstance(one.type, (DateTime, UtcDateTime))]
            if columns and table.name not in COUNTS:
                told += [table.name, sorted(str(tuple(row)) for row in db.session.execute(select(*columns)))]
    said = json.dumps(_without_moments(told), sort_keys=True, default=str)
    for what, word in BY_CHANCE:
        said = what.sub(word, said)
    return hashlib.sha256(said.encode()).hexdigest()


def _without_moments(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _without_moments(one) for name, one in told.items() if name != "MetaData"}
    return [_without_moments(one) for one in told] if isinstance(told, list) else told
