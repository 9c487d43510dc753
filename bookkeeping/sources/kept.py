"""What sources are given to read of our own tables: the dropped files of a company."""

from sqlalchemy import or_, select

from bookkeeping.inspection_source.source import BadRecord
from bookkeeping.rules.inspection import Inspection
from bookkeeping.storage.base import db
from bookkeeping.storage.company.dropped import DroppedInspection


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
