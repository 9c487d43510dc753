"""Moving old history to files: operations, their calls, and runs that are long over. Nothing is dropped without being written first.

A file is gzip-compressed JSON lines, {"table": …, "row": {…}}, one member a batch: `zcat` reads it, and so does `python -m gzip`.
Written and synced before the rows are deleted, so a crash between the two leaves a row in both places, never in none. The documents,
the Customers, the audit log and the archived SalesReceipts of migrations are never moved.
"""

import fcntl
import gzip
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, inspect, or_, select

from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.records.migrations import Migration
from bookkeeping.storage.work.journal import Attempt, Call, Operation
from bookkeeping.storage.work.runs import Run

logger = logging.getLogger(__name__)

BATCH = 1000
UNSETTLED = ("planned", "unknown")
OPEN_CALLS = ("written", "unknown")
IDLE_WINDOW = timedelta(days=7)
Row = dict[str, Any]


def archive_old(values: Settings, now: datetime, batches: int = 10) -> dict[str, int]:
    """Move what is older than the settings keep, at most `batches` batches of each; return how many rows went."""
    folder, before = Path(values.archive_folder), now - timedelta(days=values.keep_operations_days)
    idle_before = now - timedelta(days=values.keep_idle_runs_days)
    moved = {
        "operations": archive_operations(folder, before, batches),
        "runs": archive_runs(folder, before, idle_before=idle_before, batches=batches),
    }
    if any(moved.values()):
        logger.info("Old history moved to files", extra=moved)
    return moved


def archive_operations(folder: Path, before: datetime, batches: int = 10) -> int:
    """Move settled operations created before then, oldest first, with calls that nothing is left of; return how many.

    Works in its own transactions of at most BATCH rows, so nobody waits long behind it.
    """
    moved = 0
    for _ in range(batches):
        # Ids follow the clock, so the oldest are at the front: looking at more than those would walk the whole history.
        first = (
            select(Operation).where(Operation.outcome.not_in(UNSETTLED)).order_by(Operation.id).limit(BATCH)
        )
        rows = [row for row in db.session.scalars(first) if row.created_at < before]
        if not rows:
            db.session.rollback()
            break
        ids, call_ids = [row.id for row in rows], sorted({row.call_id for row in rows if row.call_id})
        calls = _calls_left_empty(call_ids, ids)
        gone = [call.id for call in calls]
        attempts = db.session.scalars(select(Attempt).where(Attempt.call_id.in_(gone)))
        _write(folder, [*rows, *calls, *attempts])
        db.session.execute(delete(Operation).where(Operation.id.in_(ids)))
        db.session.execute(delete(Attempt).where(Attempt.call_id.in_(gone)))
        db.session.execute(delete(Call).where(Call.id.in_(gone)))
        db.session.commit()
        db.session.expunge_all()
        moved += len(ids)
    return moved


def archive_runs(folder: Path, before: datetime, *, idle_before: datetime, batches: int = 10) -> int:
    """Move runs that ended before then, and those that met nothing already from `idle_before` on; return how many.

    A run that an operation, a call or a migration still names stays. Idle ones are looked for within IDLE_WINDOW alone, or each
    round would walk over all that is kept; what an outage makes it miss goes with the others.
    """
    moved = 0
    idle = and_(
        Run.finished_at.between(idle_before - IDLE_WINDOW, idle_before),
        Run.calls == 0,
        Run.state == "done",
        Run.reason == "scheduled",
    )
    for _ in range(batches):
        named = (
            select(Operation.id).where(Operation.run_id == Run.id).exists(),
            select(Call.id).where(Call.run_id == Run.id).exists(),
            select(Migration.id).where(Migration.run_id == Run.id).exists(),
        )
        chosen = select(Run).where(or_(Run.finished_at < before, idle), *(~each for each in named))
        rows = list(db.session.scalars(chosen.limit(BATCH)))
        if not rows:
            db.session.rollback()
            break
        _write(folder, rows)
        db.session.execute(delete(Run).where(Run.id.in_([row.id for row in rows])))
        db.session.commit()
        db.session.expunge_all()
        moved += len(rows)
    return moved


def take_out_of_files(folder: Path, company_id: int) -> int:
    """Write every file that holds rows of a company anew, without them; return how many rows went."""
    calls: set[tuple[str, int]] = set()

    def without(file: str, table: str, row: Row) -> Row | None:
        """Leave out the company's rows, and the times that calls of its were sent, which stand behind their calls."""
        if row.get("company_id") == company_id:
            calls.update({(file, row["id"])} if table == Call.__tablename__ else ())
            return None
        return None if table == Attempt.__tablename__ and (file, row["call_id"]) in calls else row

    return change_in_files(folder, without)


def change_in_files(folder: Path, change: Callable[[str, str, Row], Row | None]) -> int:
    """Write every file anew in which `change` (of file, table and row) makes a row another one, or None for none; return how many rows it did.

    A crash leaves a file as it was, or done.
    """
    with _alone_with(folder):
        return sum(_write_anew(path, change) for path in sorted(folder.glob("*.jsonl.gz")))


def _write_anew(path: Path, change: Callable[[str, str, Row], Row | None]) -> int:
    part, count = path.with_suffix(".part"), 0
    with gzip.open(path, "rt", encoding="utf-8") as old, open(part, "wb", opener=_for_its_owner_alone) as raw:
        with gzip.open(raw, "wt", encoding="utf-8") as new:
            for line in old:
                kept = json.loads(line)
                row = change(path.name, kept["table"], kept["row"])
                count += row != kept["row"]
                if row is not None:
                    new.write(line if row == kept["row"] else json.dumps({**kept, "row": row}) + "\n")
        raw.flush()
        os.fsync(raw.fileno())
    if count:
        os.replace(part, path)
    else:
        part.unlink()
    return count


@contextmanager
def _alone_with(folder: Path) -> Iterator[None]:
    """Keep others from writing there meanwhile: nothing that is added while a file is written anew gets lost."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / ".lock", "wb", opener=_for_its_owner_alone) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _for_its_owner_alone(file: str, flags: int) -> int:
    return os.open(file, flags, 0o600)


def _calls_left_empty(call_ids: list[int], leaving: list[int]) -> list[Call]:
    """Return the answered calls of which no operation stays."""
    staying = select(Operation.call_id).where(Operation.call_id.in_(call_ids), Operation.id.not_in(leaving))
    kept = set(db.session.scalars(staying))
    gone = [call_id for call_id in call_ids if call_id not in kept]
    rows = select(Call).where(Call.id.in_(gone), Call.state.not_in(OPEN_CALLS))
    return list(db.session.scalars(rows))


def _write(folder: Path, rows: list[Any]) -> None:
    """Append the rows to the month's file and sync it to disk; when it does not take all of them, it is left as it was."""
    text = "".join(
        json.dumps({"table": row.__tablename__, "row": _plain(row)}, default=_text) + "\n" for row in rows
    )
    month = f"{_moment(rows[0]):%Y-%m}"
    path = folder / f"{rows[0].__tablename__}-{month}.jsonl.gz"
    with _alone_with(folder), open(path, "ab", buffering=0, opener=_for_its_owner_alone) as file:
        size, rest = file.tell(), memoryview(gzip.compress(text.encode()))
        try:
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)  # Behind half a member nobody could read what is added later.
            raise


def _plain(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _moment(row: Any) -> datetime:
    moment: datetime = row.created_at if hasattr(row, "created_at") else row.finished_at
    return moment


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"cannot archive {value!r}")
