"""What people do with files of inspections: drop one, take it, put it aside, take it back.

Each function changes rows and writes the audit entry in the current transaction; the caller commits. What a file's lines mean is
`inspection_source.dropped`; what follows in the books is the next sync's business, as after any reading.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, update

from bookkeeping.inspection_source.dropped.cells import Problem
from bookkeeping.inspection_source.dropped.differences import (
    Difference,
    days_of,
    difference,
    keys_of,
    taken_out,
)
from bookkeeping.inspection_source.dropped.lines import Checked, check_tables
from bookkeeping.inspection_source.dropped.sheets import Table, read_tables
from bookkeeping.rules.local_time import zone_named
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company, make_poll_due
from bookkeeping.storage.company.dropped import (
    LEFT,
    TAKEN,
    TAKEN_BACK,
    WAITING,
    DroppedFile,
    DroppedInspection,
    dropped_rows,
    last_turn,
    newest_taken,
)
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.inspections import BadRecord
from bookkeeping.storage.work.runs import queue_run

SAID_OF_LINES = 20
"""How many problems of one inspection are kept with it."""


class NotTakenError(ValueError):
    """What was asked for does not fit how the file stands by now; the message says what to do."""


@dataclass(frozen=True)
class Look:
    """A dropped file as it stands now: what was read, what it would change, and the turn since which that holds."""

    checked: Checked
    difference: Difference
    turn: int

    @property
    def can_be_taken(self) -> bool:
        return not self.checked.blocking and not self.difference.is_empty


def drop_file(company: Company, who: str, files: Iterable[tuple[str, bytes]]) -> DroppedFile:
    """Keep what was dropped at once, to be looked at; nothing is changed by it. What waited before is put aside.

    Raises:
        FileRefusedError: a file cannot be read at all.
    """
    dropped = list(files)
    tables = [table for name, content in dropped for table in read_tables(name, content)]
    earlier = update(DroppedFile).where(DroppedFile.company_id == company.id, DroppedFile.state == WAITING)
    db.session.execute(earlier.values(state=LEFT, ended_at=utcnow(), ended_by=who, tables=[]))
    row = DroppedFile(
        company_id=company.id,
        name=", ".join(name for name, _ in dropped)[:300],
        size=sum(len(content) for _, content in dropped),
        digest=hashlib.sha256(b"".join(content for _, content in dropped)).hexdigest(),
        tables=[{"name": table.name, "rows": table.rows} for table in tables],
        dropped_by=who,
    )
    db.session.add(row)
    db.session.flush()
    record_act(company.id, who, "dropped a file", subject=row.name, after={"sha256": row.digest})
    return row


def look_at(company: Company, row: DroppedFile) -> Look:
    """Return what a file that waits would change, as things stand."""
    zone = zone_named(company.time_zone)
    tables = [Table(one["name"], tuple(tuple(cells) for cells in one["rows"])) for one in row.tables]
    checked = check_tables(tables, zone)
    known = dropped_rows(company.id, sorted(keys_of(checked)), days_of(checked, zone))
    standing = {key: one for key, told in known.items() if (one := told.inspection()) is not None}
    aside = {key for key, told in known.items() if told.reason}
    return Look(checked, difference(checked, standing, utcnow(), aside), last_turn(company.id))


def take_file(company: Company, row: DroppedFile, who: str, *, turn: int, take_out: bool) -> dict[str, int]:
    """Let the file say what it says from now on; return how many inspections are new, changed, taken out and set aside.

    `turn` is the one that was looked at; `take_out`: what is missing from the file was deleted.

    Raises:
        NotTakenError: it is no longer to be taken, or not as it was looked at; the detail says what to do.
    """
    db.session.get_one(Company, company.id, with_for_update={"key_share": True})
    db.session.refresh(row)
    if row.state != WAITING:
        raise NotTakenError("This file was taken or put aside already.")
    look = look_at(company, row)
    if look.turn != turn:
        raise NotTakenError("Another file was taken meanwhile. Look at this one again.")
    if look.checked.blocking:
        raise NotTakenError("Mend the lines that are marked, and drop the file again.")
    found, now = look.difference, utcnow()
    gone = taken_out(found.missing, now) if take_out else []
    said = {one.key: {"record": one.to_record()} for one in (*found.new, *found.changed, *gone)}
    said |= {key: _set_aside(problems) for key, problems in found.bad.items()}
    row.turn = turn + 1
    row.before = _say(company.id, row.turn, said)
    row.counts = {
        "new": len(found.new),
        "changed": len(found.changed),
        "gone": len(gone),
        "aside": len(found.bad),
        "same": len(found.same),
    }
    row.state, row.ended_at, row.ended_by = TAKEN, now, who
    record_act(company.id, who, "took a file", subject=row.name, after=dict(row.counts))
    _read_soon(company.id, who, "file taken")
    return row.counts


def leave_file(row: DroppedFile, who: str) -> None:
    """Put a file that waits aside: nothing of it is taken, and its lines are not kept.

    Raises:
        NotTakenError: it does not wait.
    """
    if row.state != WAITING:
        raise NotTakenError("This file was taken or put aside already.")
    row.state, row.ended_at, row.ended_by, row.tables = LEFT, utcnow(), who, []
    record_act(row.company_id, who, "put a file aside", subject=row.name)


def take_back(company: Company, row: DroppedFile, who: str) -> int:
    """Let everything say again what it said before this file; return how many inspections do. What was new with it is deleted.

    Raises:
        NotTakenError: a later file stands, which goes first.
    """
    db.session.get_one(Company, company.id, with_for_update={"key_share": True})
    newest = newest_taken(company.id)
    if newest is None or newest.id != row.id:
        raise NotTakenError("Only the file that was taken last can be taken back.")
    turn, now = last_turn(company.id) + 1, utcnow()
    standing = dropped_rows(company.id, sorted(row.before), None)
    said: dict[str, dict[str, Any]] = {}
    for key, before in row.before.items():
        one = standing[key].inspection()
        if before is not None:
            said[key] = _as_of_now(before, now.isoformat())
        elif one is not None:
            said[key] = {"record": replace(one, deleted_at=now, updated_at=now).to_record()}
        else:
            _forget(company.id, key)
    _say(company.id, turn, said)
    row.state, row.back_turn, row.ended_at, row.ended_by = TAKEN_BACK, turn, now, who
    record_act(company.id, who, "took a file back", subject=row.name, after={"inspections": len(row.before)})
    _read_soon(company.id, who, "file taken back")
    return len(row.before)


def _say(company_id: int, turn: int, said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Keep what is told of these inspections now; return what was told of them before."""
    standing = dropped_rows(company_id, sorted(said), None)
    before = {key: standing[key].said if key in standing else None for key in said}
    for key, what in said.items():
        told = standing.get(key)
        if told is None:
            told = DroppedInspection(company_id=company_id, key=key)
            db.session.add(told)
        # Where its lines cannot be read, what was told of it before stands, and goes on standing in the books.
        told.say(turn, **{"record": told.record, **what})
    db.session.flush()
    return before


def _set_aside(problems: list[Problem]) -> dict[str, Any]:
    """Return what is kept of an inspection with lines that cannot be read: a sentence of each problem, and where it stands."""
    told = problems[:SAID_OF_LINES]
    reason = " ".join(f"Line {one.line}: {one.says}" for one in told)
    raw = {f"line {one.line}, {one.column}": one.says for one in told}
    return {"reason": reason, "raw": raw}


def _as_of_now(said: dict[str, Any], now: str) -> dict[str, Any]:
    record = said["record"]
    return {**said, "record": {**record, "updated_at": now} if record else None}


def _forget(company_id: int, key: str) -> None:
    """Forget an inspection of which nothing was ever read but lines with problems."""
    for table in (DroppedInspection, BadRecord):
        db.session.execute(delete(table).where(table.company_id == company_id, table.key == key))


def _read_soon(company_id: int, who: str, why: str) -> None:
    make_poll_due(company_id)
    queue_run(company_id, "sync", why, who)
