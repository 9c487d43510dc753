"""Commands for keeping an installation: archive old history, and copy a SQLite database while everything runs.

Backing up PostgreSQL is pg_dump's business.
"""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import acting_from, record_act
from worker.app import settings
from worker.clock.retention import archive_old
from worker.commands.answering import PlainCommand, Refusal, answering
from worker.commands.upkeep.sealing import new_file, public_key, seal_file

logger = logging.getLogger("tieout.security")
WHO = "command line"
WHOLE = 1_000_000


@click.command("archive", cls=PlainCommand)
@answering
def archive() -> dict[str, Any]:
    """Move all history that is older than KEEP_OPERATIONS_DAYS into ARCHIVE_FOLDER."""
    moved = archive_old(settings(), utcnow(), batches=WHOLE)
    record_act(None, WHO, "archived old history", after=moved)
    db.session.commit()
    return {**moved, "folder": settings().archive_folder}


@click.command("backup", cls=PlainCommand)
@click.argument("target", type=click.Path(dir_okay=False))
@click.option(
    "--seal-to", help="The public key that `backup-key` printed: only its private key opens the copy."
)
@answering
def backup(target: str, seal_to: str | None) -> dict[str, Any]:
    """Copy the SQLite database into a new file, whole and consistent, without stopping anything."""
    to = public_key(seal_to) if seal_to is not None else None
    if db.engine.dialect.name != "sqlite":
        raise Refusal("This is PostgreSQL: use pg_dump --format=custom (docs/ops/runbook.md, Backup).")
    path = Path(target)
    if path.exists():
        raise Refusal(f"{target} is there already: name a new file.")
    plain = path if to is None else path.with_name(f".{path.name}.plain")
    new_file(str(plain)).close()
    try:
        _copy_into(plain)
        if to is not None:
            with open(plain, "rb") as copy, new_file(target) as sealed:
                seal_file(copy, sealed, to)
    finally:
        if to is not None:
            plain.unlink(missing_ok=True)
    _note_copy()
    return {"file": str(path), "bytes": path.stat().st_size, "sealed": to is not None}


def _note_copy() -> None:
    """Leave an act of it, unless somebody writes for long: a copy waits for nobody, and then the log line has to do."""
    raw = db.engine.raw_connection()
    raw.cursor().execute("PRAGMA busy_timeout=1000")
    raw.close()
    try:
        record_act(None, WHO, "backed up the database")
        db.session.commit()
    except OperationalError:
        db.session.rollback()
    logger.warning("The database was copied", extra={"by": acting_from.get()})


def _copy_into(path: Path) -> None:
    source = sqlite3.connect(f"file:{db.engine.url.database}?mode=ro", uri=True)
    copy = sqlite3.connect(path)
    try:
        source.backup(copy)
        whole = copy.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        copy.close()
        source.close()
    if whole != "ok":
        raise Refusal(f"The copy is not whole ({whole}): check the disk and the database.")
