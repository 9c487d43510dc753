"""What sources are given to read of our own tables: the dropped files of a company, and its inspections as they were read last.

A platform is asked between two looks, so each look at the inspections ends the transaction that it began.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from bookkeeping.inspection_source.source import BadRecord
from bookkeeping.rules.inspection import Inspection
from bookkeeping.storage.base import db
from bookkeeping.storage.company.dropped import DroppedInspection
from bookkeeping.storage.company.received import received_of, touched_since
from bookkeeping.storage.records.inspections import InspectionRow


class Mirror:
    """The inspections of one company as they were read last; of none while it is still to be made."""

    def __init__(self, company_id: int | None) -> None:
        self._company_id = company_id

    def stamps(self, keys: list[str]) -> dict[str, tuple[str, datetime, str]]:
        """Return (content hash, `updated_at`, number) of those of these ids that we know."""
        columns = (
            InspectionRow.key,
            InspectionRow.content_hash,
            InspectionRow.source_updated_at,
            InspectionRow.number,
        )
        rows = select(*columns).where(
            InspectionRow.company_id == self._company_id, InspectionRow.key.in_(keys)
        )
        with _a_look():
            return {key: (content, since, number) for key, content, since, number in db.session.execute(rows)}

    def starting(self, first: datetime, last: datetime) -> frozenset[str]:
        """Return the ids of all that start from first to before last and were not deleted."""
        rows = select(InspectionRow.key).where(
            InspectionRow.company_id == self._company_id,
            InspectionRow.starts_at >= first,
            InspectionRow.starts_at < last,
            InspectionRow.record["deleted_at"].as_string().is_(None),
        )
        with _a_look():
            return frozenset(db.session.scalars(rows))

    def inspection(self, key: str) -> Inspection | None:
        """Return one as it was read last."""
        rows = select(InspectionRow.record).where(
            InspectionRow.company_id == self._company_id, InspectionRow.key == key
        )
        with _a_look():
            record = db.session.scalars(rows).first()
        return None if record is None else Inspection.from_record(record)


@contextmanager
def _a_look() -> Iterator[None]:
    """Read, and end the transaction if this began it: none stays open while a platform is asked."""
    began = not db.session().in_transaction()
    yield
    if began:
        db.session.commit()


class ReceivedRows:
    """The payments of one company that events told; none while it is still to be made."""

    def __init__(self, company_id: int | None) -> None:
        self._company_id = company_id

    def payments(self, keys: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the payments of these inspections that stand, as JSON:API objects."""
        found: dict[str, list[dict[str, Any]]] = {}
        with _a_look():
            for row in received_of(self._company_id or 0, keys):
                found.setdefault(row.inspection_key, []).append(row.told or {})
        return found

    def touched(self, since: datetime) -> frozenset[str]:
        """Return the ids of the inspections that events since then are about."""
        with _a_look():
            return touched_since(self._company_id or 0, since)


class DroppedRows:
    """What was told last of each inspection of one company; a cursor is "turn:key"."""

    def __init__(self, company_id: int | None) -> None:
        self._company_id = company_id

    def after(self, cursor: str | None, most: int) -> list[tuple[str, Inspection | BadRecord]]:
        """Return (cursor, what was told) of those that were told after the cursor, in that order."""
        rows = select(DroppedInspection).where(DroppedInspection.company_id == self._company_id)
        if cursor is not None:
            turn, key = cursor.split(":", 1)
            later, same = DroppedInspection.turn > int(turn), DroppedInspection.turn == int(turn)
            rows = rows.where(or_(later, same & (DroppedInspection.key > key)))
        ordered = rows.order_by(DroppedInspection.turn, DroppedInspection.key).limit(most)
        return [(f"{row.turn}:{row.key}", _read(row)) for row in db.session.scalars(ordered)]

    def one(self, key: str) -> Inspection | BadRecord | None:
        """Return what was told last of one."""
        row = db.session.get(DroppedInspection, (self._company_id, key))
        return None if row is None else _read(row)


def _read(row: DroppedInspection) -> Inspection | BadRecord:
    one = row.inspection()
    return one if one is not None and not row.reason else BadRecord(row.key, row.reason, row.raw or {}, None)
