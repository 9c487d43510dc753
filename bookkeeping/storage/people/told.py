"""What one person is told of a company: the notices of their topics, and those for them alone; which of them they have read.

Writing notices is `notices.py`, mailing them the worker's. Everything up to a mark on the membership is read, and after it what has a row here.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Select, delete, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow
from bookkeeping.storage.paging import Page, Position, keyset_page
from bookkeeping.storage.people.mail_queue import about, topics_of
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.notices import Notice

ORDER = (Notice.id,)
A_PAGE = 30
MOST_COUNTED = 100
"""From so many on the bell says 99+."""


class NoticeRead(Base):
    """One notice that one person opened."""

    __tablename__ = "notices_read"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    notice_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    read_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def unread_count(person: Membership) -> int:
    """Return how many notices the person has not read, MOST_COUNTED at most."""
    return (
        db.session.scalar(select(func.count()).select_from(_unread(person).limit(MOST_COUNTED).subquery()))
        or 0
    )


def notices_page(person: Membership, position: Position | None) -> Page[Notice]:
    """Return a page of the person's notices, newest first."""
    return keyset_page(select(Notice).where(*_theirs(person)), ORDER, position, A_PAGE)


def unread_of(person: Membership, notices: list[Notice]) -> set[int]:
    """Return which of these the person has not read."""
    ids = [notice.id for notice in notices]
    return set(db.session.scalars(_unread(person).where(Notice.id.in_(ids))))


def notice_told(person: Membership, notice_id: int) -> Notice | None:
    """Return the notice of that id, if the person is told of it."""
    return db.session.scalar(select(Notice).where(*_theirs(person), Notice.id == notice_id))


def read_one(person: Membership, notice: Notice) -> None:
    """Note in the current transaction that the person read it."""
    if unread_of(person, [notice]):
        db.session.add(NoticeRead(user_id=person.user_id, notice_id=notice.id, company_id=person.company_id))


def read_all(person: Membership) -> None:
    """Note in the current transaction that the person has read all that there is."""
    newest = select(func.max(Notice.id)).where(Notice.company_id == person.company_id)
    person.notices_read_to = db.session.scalar(newest) or 0
    mine = (NoticeRead.user_id == person.user_id, NoticeRead.company_id == person.company_id)
    db.session.execute(delete(NoticeRead).where(*mine))


def _theirs(person: Membership) -> tuple[ColumnElement[bool], ...]:
    of_topics = (Notice.address == "") & about(topics_of(person))
    return Notice.company_id == person.company_id, or_(of_topics, Notice.address == person.email)


def _unread(person: Membership) -> Select[int]:
    """Return the query for the ids; what was told before somebody came is not new to them."""
    opened = select(NoticeRead.notice_id).where(NoticeRead.user_id == person.user_id)
    since = (
        Notice.id > person.notices_read_to,
        Notice.created_at >= person.created_at,
        Notice.id.not_in(opened),
    )
    return select(Notice.id).where(*_theirs(person), *since)
