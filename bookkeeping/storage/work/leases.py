"""Leases with a fence number: who may work on a company now. A stale holder's settles are refused in their own transaction."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, String, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.errors import LeaseLostError, LeaseTakenError
from bookkeeping.storage.base import Base, UtcDateTime, db, rows_changed, utcnow

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""The end of a lease that was given back: past by any clock. A moment ago would lie ahead again once the clock is set back."""


class LeaseRow(Base):
    """One lease by name ("company:7", "tick"). `fence` grows with every change of hands and never goes back."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120), default="")
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(default=0)


class Lease:
    """A lease that we hold. Every commit of the work goes through `commit`, which checks the fence in that transaction."""

    def __init__(self, name: str, owner: str, fence: int, seconds: int, until: datetime) -> None:
        self.name, self.owner, self.fence, self.seconds, self.until = name, owner, fence, seconds, until

    def commit(self) -> None:
        """Commit the session if the lease is still ours, and renew it when a third of its time has gone.

        Raises:
            LeaseLostError: another holder took over; everything uncommitted is rolled back.
        """
        self._guard()
        db.session.commit()

    def renew(self) -> None:
        """Push the end of the lease out, in a transaction of its own. Call it only with nothing uncommitted."""
        self.until = database_now() + timedelta(seconds=self.seconds)
        self._guard(force=True)
        db.session.commit()

    def _guard(self, force: bool = False) -> None:
        now = database_now()
        mine = (LeaseRow.name == self.name, LeaseRow.owner == self.owner, LeaseRow.fence == self.fence)
        # Writing the row, not only reading it, makes a rival's take-over wait for this transaction on both databases.
        if force or self.until - now < timedelta(seconds=self.seconds * 2 / 3):
            self.until = now + timedelta(seconds=self.seconds)
        if rows_changed(update(LeaseRow).where(*mine).values(until=self.until)) != 1:
            db.session.rollback()
            raise LeaseLostError(f"{self.name} was taken over")

    def release(self) -> None:
        """Give the lease back at once; a lease already lost is left alone."""
        mine = (LeaseRow.name == self.name, LeaseRow.owner == self.owner, LeaseRow.fence == self.fence)
        db.session.rollback()
        db.session.execute(update(LeaseRow).where(*mine).values(until=LONG_AGO))
        db.session.commit()


def take_lease(name: str, owner: str, seconds: int) -> Lease:
    """Take the lease for `seconds`, renewed by use.

    Raises:
        LeaseTakenError: somebody else holds it.
    """
    db.session.rollback()
    now = database_now()
    until = now + timedelta(seconds=seconds)
    free = update(LeaseRow).where(LeaseRow.name == name, or_(~_holds(now, seconds), LeaseRow.owner == owner))
    taken = free.values(owner=owner, until=until, fence=LeaseRow.fence + 1).returning(LeaseRow.fence)
    fence = db.session.execute(taken).scalar()
    if fence is None:
        if db.session.get(LeaseRow, name) is not None:
            db.session.rollback()
            raise LeaseTakenError(f"{name} is held")
        db.session.add(LeaseRow(name=name, owner=owner, until=until, fence=1))
        fence = 1
    try:
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise LeaseTakenError(f"{name} is held") from error
    return Lease(name, owner, fence, seconds, until)


def give_back(name: str, owner: str) -> None:
    """Give back what this owner holds, whatever its fence; a lease of somebody else is left alone."""
    db.session.rollback()
    mine = (LeaseRow.name == name, LeaseRow.owner == owner)
    db.session.execute(update(LeaseRow).where(*mine).values(until=LONG_AGO))
    db.session.commit()


def lease_names_held(seconds: int | None = None) -> set[str]:
    """Return the names of all leases that are held now; with `seconds`, of those that keep out whoever takes one for so long."""
    now = database_now()
    held = LeaseRow.until >= now if seconds is None else _holds(now, seconds)
    return set(db.session.scalars(select(LeaseRow.name).where(held)))


def _holds(now: datetime, seconds: int) -> ColumnElement[bool]:
    """The condition for a lease that keeps others out: its end is to come, and not further ahead than any lease of so many seconds lasts.

    One further ahead was taken before the machine's clock was set back. Its holder is dead, or goes on with the clock as it is at its next
    call; if it is overtaken until then, its fence is refused.
    """
    return LeaseRow.until.between(now, now + timedelta(seconds=2 * seconds + 60))


def database_now() -> datetime:
    """The database's own clock on PostgreSQL, where workers may sit on several machines; this machine's on SQLite."""
    if db.engine.dialect.name == "postgresql":
        return db.session.execute(select(func.clock_timestamp(type_=UtcDateTime))).scalar_one()
    return utcnow()
