"""Files of inspections that people dropped: each as it was read, and of every inspection what was told of it last.

Each taking and each taking back is a turn of its company, counted from 1: the source reads what has a later turn than its cursor.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.inspection import Inspection
from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow

WAITING, TAKEN, LEFT, TAKEN_BACK = "waiting", "taken", "left", "taken-back"


class DroppedFile(Base):
    """One drop: a file, or several at once. `tables` are [{name, rows}] as text, all that is kept of the files themselves.

    `before` is what stood of each inspection that it changed: {key: as `DroppedInspection.said`, or None for none}. `turn` is that of its taking,
    `back_turn` that of its taking back.
    """

    __tablename__ = "dropped_files"
    __table_args__ = (Index("ix_dropped_files_company", "company_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str] = mapped_column(String(300))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    tables: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), default=WAITING)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    turn: Mapped[int | None]
    back_turn: Mapped[int | None]
    dropped_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    dropped_by: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str] = mapped_column(String(200), default="")


class DroppedInspection(Base):
    """What was told last of one inspection: `record` as `Inspection.to_record` gives it, None before the first that could be read.

    `reason` says why what came last could not be read, `raw` of which lines; the record is then that of before.
    """

    __tablename__ = "dropped_inspections"
    __table_args__ = (
        Index("ix_dropped_inspections_turn", "company_id", "turn", "key"),
        Index("ix_dropped_inspections_start", "company_id", "starts_at"),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    turn: Mapped[int]
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    record: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str] = mapped_column(Text, default="")
    raw: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)

    @property
    def said(self) -> dict[str, Any]:
        """What `say` takes, to say it again."""
        return {"record": self.record, "reason": self.reason, "raw": self.raw}

    def say(self, turn: int, *, record: dict[str, Any] | None, reason: str = "", raw: Any = None) -> None:
        """Let it say something else from this turn on."""
        self.turn, self.record, self.reason, self.raw = turn, record, reason, raw
        self.starts_at = Inspection.from_record(record).starts_at if record else None

    def inspection(self) -> Inspection | None:
        """Return the inspection as it was told last, None before the first that could be read."""
        return Inspection.from_record(self.record) if self.record else None


def last_turn(company_id: int) -> int:
    """Return the number of the company's last turn, 0 before the first."""
    turns = (
        select(func.max(column)).where(DroppedFile.company_id == company_id)
        for column in (DroppedFile.turn, DroppedFile.back_turn)
    )
    return max(db.session.scalar(one) or 0 for one in turns)


def dropped_files(company_id: int, most: int) -> list[DroppedFile]:
    """Return the company's newest files, the newest first."""
    rows = select(DroppedFile).where(DroppedFile.company_id == company_id)
    return list(db.session.scalars(rows.order_by(DroppedFile.id.desc()).limit(most)))


def newest_taken(company_id: int) -> DroppedFile | None:
    """Return the file that was taken last and stands: the one that can be taken back."""
    rows = select(DroppedFile).where(DroppedFile.company_id == company_id, DroppedFile.state == TAKEN)
    return db.session.scalars(rows.order_by(DroppedFile.turn.desc()).limit(1)).first()


def dropped_rows(
    company_id: int, keys: list[str], starts: tuple[datetime, datetime] | None
) -> dict[str, DroppedInspection]:
    """Return what was told of these inspections, and of those that start from first to before last."""
    mine = select(DroppedInspection).where(DroppedInspection.company_id == company_id)
    found: dict[str, DroppedInspection] = {}
    for place in range(0, len(keys), 500):
        chunk = mine.where(DroppedInspection.key.in_(keys[place : place + 500]))
        found |= {row.key: row for row in db.session.scalars(chunk)}
    if starts is not None:
        within = mine.where(DroppedInspection.starts_at >= starts[0], DroppedInspection.starts_at < starts[1])
        found |= {row.key: row for row in db.session.scalars(within)}
    return found
