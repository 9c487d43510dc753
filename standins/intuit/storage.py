"""The one file in which everything is kept: rows of JSON in SQLite, written when a change is whole.

The books live in memory; this is where they come back from after a restart.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from standins.intuit import wire

TABLES = """
CREATE TABLE IF NOT EXISTS record (realm TEXT, entity TEXT, id TEXT, data TEXT, PRIMARY KEY (realm, entity, id));
CREATE TABLE IF NOT EXISTS replay (realm TEXT, request_id TEXT, data TEXT, PRIMARY KEY (realm, request_id));
CREATE TABLE IF NOT EXISTS document (kind TEXT, name TEXT, data TEXT, PRIMARY KEY (kind, name));
"""


class Storage:
    """One SQLite file shared by all threads.

    `synchronous` is off: what is written survives the end of the process, which is all a stand-in promises.
    """

    def __init__(self, path: str):
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(TABLES)

    def save_change(
        self,
        realm: str,
        rows: Iterable[tuple[str, str, dict]],
        meta: dict | None = None,
        answer: tuple[str, dict] | None = None,
    ) -> None:
        """Write one change of a company as one transaction.

        `rows` are (entity, id, data), `meta` the company's own facts if they changed, `answer` a request id and what
        was answered to it.
        """
        values = [(realm, entity, each_id, wire.dumps(data)) for entity, each_id, data in rows]
        with self._lock, self._db:
            self._db.executemany("REPLACE INTO record VALUES (?, ?, ?, ?)", values)
            if meta is not None:
                self._db.execute("REPLACE INTO document VALUES ('realm', ?, ?)", (realm, wire.dumps(meta)))
            if answer is not None:
                self._db.execute(
                    "REPLACE INTO replay VALUES (?, ?, ?)", (realm, answer[0], wire.dumps(answer[1]))
                )

    def records(self, realm: str) -> Iterator[tuple[str, str, dict]]:
        """Yield the rows of one company, lowest id first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT entity, id, data FROM record WHERE realm = ? ORDER BY CAST(id AS INTEGER), id",
                (realm,),
            ).fetchall()
        for entity, each_id, data in rows:
            yield entity, each_id, wire.loads(data)

    def replay(self, realm: str, request_id: str) -> dict | None:
        """Return what was answered to this request id, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT data FROM replay WHERE realm = ? AND request_id = ?", (realm, request_id)
            ).fetchone()
        return wire.loads(row[0]) if row else None

    def put(self, kind: str, name: str, data: Any) -> None:
        """Write one small document."""
        with self._lock, self._db:
            self._db.execute("REPLACE INTO document VALUES (?, ?, ?)", (kind, name, wire.dumps(data)))

    def drop(self, kind: str, name: str) -> None:
        """Forget one small document."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM document WHERE kind = ? AND name = ?", (kind, name))

    def documents(self, kind: str) -> dict[str, Any]:
        """Return all documents of a kind by name."""
        with self._lock:
            rows = self._db.execute("SELECT name, data FROM document WHERE kind = ?", (kind,)).fetchall()
        return {name: wire.loads(data) for name, data in rows}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock, self._db:
            for table in ("record", "replay", "document"):
                self._db.execute(f"DELETE FROM {table}")
