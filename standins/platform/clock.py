"""The stand-in's clock and its one way to write a moment: UTC text of fixed width, so that text order is time order."""

import sqlite3
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def now(db: sqlite3.Connection) -> datetime:
    """Return the stand-in's current time (aware, UTC, whole milliseconds): the machine's, moved by the clock offset."""
    row = db.execute("SELECT value FROM settings WHERE name = 'clock_offset'").fetchone()
    moment = datetime.now(UTC) + timedelta(seconds=float(row["value"]) if row else 0)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_text(moment: datetime) -> str:
    """Return an aware moment as UTC text with milliseconds, e.g. `2026-03-02T14:15:04.118Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Return the aware UTC datetime that `to_text` wrote."""
    return datetime.fromisoformat(text)


def in_zone(text: str, zone: str) -> datetime:
    """Return stored UTC text as a datetime in the company's own time zone."""
    return from_text(text).astimezone(ZoneInfo(zone))
