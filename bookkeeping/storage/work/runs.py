"""Runs: every piece of work that takes time, with its progress and result; and the slots of the clock that fell due."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow

BEGINS_WITHIN = timedelta(minutes=1)
"""So long after it was asked for a run begins: the sweep rings twice in it."""

UNFINISHED = ("queued", "running")
_IS_UNFINISHED = f"state IN {UNFINISHED}"


class Run(Base):
    """One run of one company. `kind` names its steps in `worker.runs`; `step` is the one it stands at.

    `reason` is why (scheduled, nightly, connected, by a person …) and `asked_by` the person. `counts` holds operations by
    outcome. `done` of `total` inspections (of a migration: receipts) are looked at; `to_write` is how many documents it writes in all,
    0 until that is known. `state`: queued → running → done | failed. `moved_at` is when anything of it last changed.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_log", "company_id", "id"),
        Index("ix_runs_open", "state", "company_id"),
        Index("ix_runs_finished", "finished_at"),
        # Of all runs only those that are not over: found without reading the ones that are.
        Index(
            "ix_runs_unfinished",
            *("company_id", "id"),
            sqlite_where=text(_IS_UNFINISHED),
            postgresql_where=text(_IS_UNFINISHED),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40), default="scheduled")
    asked_by: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(10), default="queued")
    step: Mapped[int] = mapped_column(default=0)
    phase: Mapped[str] = mapped_column(String(200), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    to_write: Mapped[int] = mapped_column(default=0, server_default="0")
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    calls: Mapped[int] = mapped_column(default=0)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    problems: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)  # [{step, code, detail}]
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime | None] = mapped_column(UtcDateTime, onupdate=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_code: Mapped[str] = mapped_column(String(40), default="")
    error_detail: Mapped[str] = mapped_column(Text, default="")


class ScheduledRun(Base):
    """One due slot of the clock: unique, so that many ticks make one run of it. `late` = caught up after an outage.

    `queued_to`: of the companies up to this id the night's run is queued; None once it is of all.
    """

    __tablename__ = "scheduled_runs"
    __table_args__ = (UniqueConstraint("kind", "slot"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    slot: Mapped[datetime] = mapped_column(UtcDateTime)
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    outcome: Mapped[str] = mapped_column(String(10), default="queued")  # queued | late | skipped
    queued_to: Mapped[int | None] = mapped_column()


class Heartbeat(Base):
    """When a long-lived process was last seen, by its name (tick, worker names)."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    detail: Mapped[str] = mapped_column(String(200), default="")


def is_unfinished() -> ColumnElement[bool]:
    """The condition for runs that are not over, in words of the index over them (as `failures.in_states`)."""
    return Run.state.in_([literal_column(f"'{state}'") for state in UNFINISHED])


def queue_run(company_id: int, kind: str, reason: str, asked_by: str = "", **parameters: Any) -> Run:
    """Note in the current transaction that this run is wanted, or return the one of that kind already queued.

    The caller commits and then rings the bell.
    """
    waiting = select(Run).where(Run.company_id == company_id, Run.kind == kind, Run.state == "queued")
    run = db.session.scalars(waiting.order_by(Run.id)).first()
    if run is None or run.parameters != parameters:
        run = Run(company_id=company_id, kind=kind, reason=reason, asked_by=asked_by, parameters=parameters)
        db.session.add(run)
    db.session.flush()
    return run


def latest_run(company_id: int, *kinds: str) -> Run | None:
    """Return the company's newest run of these kinds."""
    rows = select(Run).where(Run.company_id == company_id, Run.kind.in_(kinds)).order_by(Run.id.desc())
    return db.session.scalars(rows.limit(1)).first()


def longest_waiting(company_id: int, kinds: tuple[str, ...]) -> datetime | None:
    """Return since when the oldest run of these kinds is queued; None where there is none, or where any run of the company goes on."""
    open_ones = select(Run.state, Run.kind, Run.queued_at).where(
        Run.company_id == company_id, is_unfinished()
    )
    found = db.session.execute(open_ones).all()
    if any(state == "running" for state, _, _ in found):
        return None
    return min((at for _, kind, at in found if kind in kinds), default=None)
