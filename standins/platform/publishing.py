"""What the feed shows and when: each change is published at once, or late while that switch is on."""

import json
import sqlite3
from datetime import timedelta

from standins.platform import clock, resources, store

MAX_LATE_SECONDS = 120


def touch(db: sqlite3.Connection, inspection_id: int, updated_at: str | None = None) -> None:
    """Move an inspection's `updated_at` (to now unless given) and publish it, or hold it back while commits are late."""
    now = clock.now(db)
    db.execute(
        "UPDATE inspections SET updated_at = ? WHERE id = ?",
        (updated_at or clock.to_text(now), inspection_id),
    )
    if late := late_seconds(db):
        visible_at = clock.to_text(now + timedelta(seconds=late))
        db.execute(
            "INSERT OR IGNORE INTO pending (inspection_id, visible_at) VALUES (?, ?)",
            (inspection_id, visible_at),
        )
    else:
        publish(db, inspection_id)


def publish(db: sqlite3.Connection, inspection_id: int) -> None:
    """Let the feed serve an inspection as it is now."""
    row = db.execute(
        "SELECT company_id, updated_at FROM inspections WHERE id = ?", (inspection_id,)
    ).fetchone()
    rendered = json.dumps(resources.document(db, inspection_id))
    db.execute("DELETE FROM pending WHERE inspection_id = ?", (inspection_id,))
    db.execute(
        "INSERT OR REPLACE INTO feed (inspection_id, company_id, updated_at, document) VALUES (?, ?, ?, ?)",
        (inspection_id, row["company_id"], row["updated_at"], rendered),
    )


def keep(db: sqlite3.Connection, company_id: int) -> int:
    """Keep what the feed of a company serves now, in place of what was kept before; return how many rows."""
    db.execute("DELETE FROM kept_feed WHERE company_id = ?", (company_id,))
    names = "inspection_id, company_id, updated_at, document"
    sql = f"INSERT INTO kept_feed ({names}) SELECT {names} FROM feed WHERE company_id = ?"
    return db.execute(sql, (company_id,)).rowcount


def late_seconds(db: sqlite3.Connection) -> float:
    """Return how long a change stays unseen by the feed; 0 means it is committed at once."""
    return float(store.setting(db, "late_seconds", "0"))


def any_due(db: sqlite3.Connection) -> bool:
    """Return whether a late change has come due."""
    return bool(
        db.execute("SELECT 1 FROM pending WHERE visible_at <= ?", (clock.to_text(clock.now(db)),)).fetchone()
    )


def publish_due(db: sqlite3.Connection, everything: bool = False) -> int:
    """Publish the late changes whose time has come, or all of them, and return how many."""
    limit = "9999" if everything else clock.to_text(clock.now(db))
    due = db.execute("SELECT inspection_id FROM pending WHERE visible_at <= ?", (limit,)).fetchall()
    for row in due:
        publish(db, row["inspection_id"])
    return len(due)
