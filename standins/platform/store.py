"""The state file: tables, connections and switches. What the rows mean to the feed is in `resources`, changes are in `changes`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS companies (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, country TEXT NOT NULL, us_based INTEGER NOT NULL,
    time_zone TEXT NOT NULL, hook_url TEXT);
CREATE TABLE IF NOT EXISTS api_keys (
    key TEXT PRIMARY KEY, company_id INTEGER NOT NULL REFERENCES companies ON DELETE CASCADE,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'forbidden', 'revoked')));
CREATE TABLE IF NOT EXISTS contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, company_id INTEGER NOT NULL REFERENCES companies ON DELETE CASCADE, ref TEXT,
    first_name TEXT, last_name TEXT, email TEXT, phone TEXT, mobile_phone TEXT, raw TEXT, UNIQUE (company_id, ref));
CREATE TABLE IF NOT EXISTS inspections (
    id INTEGER PRIMARY KEY AUTOINCREMENT, company_id INTEGER NOT NULL REFERENCES companies ON DELETE CASCADE,
    buyer_id INTEGER REFERENCES contacts, datetime TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    confirmed_at TEXT, canceled_at TEXT, cancel_reason TEXT, deleted_at TEXT, published_at TEXT, property_address TEXT,
    property_address_2 TEXT, property_city TEXT, property_state TEXT, property_zip TEXT, inspector_name TEXT, slug TEXT,
    raw TEXT);
CREATE INDEX IF NOT EXISTS inspections_by_day ON inspections (company_id, datetime, id);
CREATE INDEX IF NOT EXISTS inspections_by_buyer ON inspections (buyer_id);
CREATE TABLE IF NOT EXISTS line_items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, inspection_id INTEGER NOT NULL REFERENCES inspections ON DELETE CASCADE,
    kind TEXT NOT NULL, name TEXT NOT NULL, amount TEXT NOT NULL, service_id TEXT, position INTEGER NOT NULL, raw TEXT);
CREATE INDEX IF NOT EXISTS line_items_by_inspection ON line_items (inspection_id, position, id);
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, inspection_id INTEGER NOT NULL REFERENCES inspections ON DELETE CASCADE,
    amount TEXT NOT NULL, method TEXT NOT NULL, received_at TEXT NOT NULL, reference TEXT,
    refunded_amount TEXT NOT NULL DEFAULT '0.00', voided_at TEXT, raw TEXT);
CREATE INDEX IF NOT EXISTS payments_by_inspection ON payments (inspection_id, received_at, id);
-- What the feed serves. A change committed late waits in `pending`, while the feed shows the row as it was.
CREATE TABLE IF NOT EXISTS feed (
    inspection_id INTEGER PRIMARY KEY REFERENCES inspections ON DELETE CASCADE, company_id INTEGER NOT NULL,
    updated_at TEXT NOT NULL, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS feed_in_order ON feed (company_id, updated_at, inspection_id);
-- What the feed served at the moment a test kept it, for the fault `past`.
CREATE TABLE IF NOT EXISTS kept_feed (
    inspection_id INTEGER PRIMARY KEY REFERENCES inspections ON DELETE CASCADE, company_id INTEGER NOT NULL,
    updated_at TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pending (
    inspection_id INTEGER PRIMARY KEY REFERENCES inspections ON DELETE CASCADE, visible_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, times INTEGER, skip INTEGER NOT NULL, path TEXT NOT NULL,
    company_id INTEGER, options TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
    company_id INTEGER, status INTEGER NOT NULL, fault TEXT, key_ending TEXT);
"""
TABLES = (
    "calls", "faults", "pending", "kept_feed", "feed", "payments", "line_items", "inspections", "contacts", "api_keys", "companies",
    "settings",
)  # fmt: skip
# First ids, so that an inspection, a payment and a line item are never mistaken for one another.
FIRST_IDS = {"contacts": 5001, "inspections": 20001, "line_items": 70001, "payments": 90001}


class Store:
    """One SQLite state file. Every request opens its own connection, so threads share nothing."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = self._connect()
        db.execute("PRAGMA journal_mode = WAL")  # Not possible inside a transaction.
        db.close()
        with self.writing() as db:
            _make_tables(db)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for reading one consistent state."""
        db = self._connect()
        try:
            db.execute("BEGIN")
            yield db
        finally:
            db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in one write transaction: committed at the end, undone on any error."""
        db = self._connect()
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()

    def reset(self) -> None:
        """Forget everything, ids included."""
        with self.writing() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")
            db.execute("DELETE FROM sqlite_sequence")
            _make_tables(db)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = NORMAL")
        return db


def setting(db: sqlite3.Connection, name: str, default: str) -> str:
    """Return a switch of the stand-in as text, or the default."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else default


def set_setting(db: sqlite3.Connection, name: str, value: str) -> None:
    """Set a switch of the stand-in."""
    db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))


def _make_tables(db: sqlite3.Connection) -> None:
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    for table, first in FIRST_IDS.items():
        if not db.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (table,)).fetchone():
            db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, first - 1))
