"""Who is told what: each person's choice of topics, and the notices that are due to be mailed.

Writing notices down is `notices.py`; mailing them is the worker's.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select, update

from bookkeeping.faults import UNTIED
from bookkeeping.storage.base import db, rows_changed
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.memberships import Membership, members_of
from bookkeeping.storage.people.notices import Notice

TOPICS = {
    "failures": "Inspections that need somebody",
    "connection": "QuickBooks no longer lets us in, or inspections cannot be read",
    "migrations": "Results of a migration",
}
BY_ROLE = {"owner": ("failures", "connection", "migrations"), "bookkeeper": ("failures",)}
_TOPIC_OF = {
    "needs-you-digest": "failures",
    "mass-delete-brake": "failures",
    "merged": "failures",
    UNTIED: "failures",
    "migration-result": "migrations",
}
RETRY_AFTER = timedelta(minutes=5)
STALE_AFTER = timedelta(days=2)
"""A notice that nobody tried to mail for so long, as mail was not set up, is on screen only: nobody wants last month's mails at once."""


def topic_of(kind: str) -> str:
    """Return the topic of a notice: what is not about single inspections or migrations is about being let in."""
    return _TOPIC_OF.get(kind, "connection")


def about(topics: set[str]) -> ColumnElement[bool]:
    """Return the condition for the notices of these topics."""
    named = [kind for kind, topic in _TOPIC_OF.items() if topic in topics]
    rest = Notice.kind.not_in(_TOPIC_OF) if "connection" in topics else false()
    return or_(Notice.kind.in_(named), rest)


def topics_of(person: Membership) -> set[str]:
    """Return the topics that this person is told of about the company: what they chose, else what their role is told."""
    return set(BY_ROLE.get(person.role, ()) if person.topics is None else person.topics)


def choose_topics(person: Membership, topics: list[str], who: str, address: str = "") -> None:
    """Take over a person's topics in the current transaction."""
    before = sorted(topics_of(person))
    after = sorted(topic for topic in TOPICS if topic in topics)
    if before == after:
        return
    person.topics = after
    facts: dict[str, Any] = {"before": {"topics": ", ".join(before)}, "after": {"topics": ", ".join(after)}}
    record_act(
        person.company_id, who, "changed notifications", subject=person.email, address=address, **facts
    )


def recipients(company_id: int, topic: str) -> list[str]:
    """Return the addresses of the company's people who are told of this topic."""
    return [person.email for person in members_of(company_id) if topic in topics_of(person)]


def newest_notices(company_id: int, limit: int = 30) -> list[Notice]:
    """Return the company's newest notices, without the mails to people who are only invited."""
    rows = (
        select(Notice).where(Notice.company_id == company_id, Notice.address == "").order_by(Notice.id.desc())
    )
    return list(db.session.scalars(rows.limit(limit)))


def due_notices(now: datetime, *, urgent: bool, limit: int = 200) -> list[Notice]:
    """Return the notices that nobody was mailed yet and nobody is mailing now, the oldest first."""
    rows = select(Notice).where(Notice.sent_at.is_(None), Notice.urgent.is_(urgent), _free(now))
    return list(db.session.scalars(rows.order_by(Notice.id).limit(limit)))


def claim(notices: list[Notice], now: datetime) -> list[Notice]:
    """Take these notices for mailing in the current transaction, so that two processes mail none twice; return those taken."""
    taken = []
    for notice in notices:
        mine = (Notice.id == notice.id, Notice.sent_at.is_(None), _free(now))
        values = {"not_before": now + RETRY_AFTER * (notice.attempts + 1), "attempts": Notice.attempts + 1}
        rows = update(Notice).where(*mine).values(**values).execution_options(synchronize_session=False)
        if rows_changed(rows):
            taken.append(notice)
    return taken


def settle(notices: list[Notice], outcome: str, now: datetime, trouble: str = "") -> None:
    """Note in the current transaction what became of these, and forget their secrets."""
    what = {"outcome": outcome, "trouble": trouble[:200], "sealed_link": ""}
    _write(notices, sent_at=now, not_before=None, **what)


def note_trouble(notices: list[Notice], trouble: str) -> None:
    """Note in the current transaction why these were not mailed yet."""
    _write(notices, trouble=trouble[:200])


def settle_stale(now: datetime) -> None:
    """Leave the notices from before mail was set up on screen, in the current transaction."""
    stale = (Notice.sent_at.is_(None), Notice.attempts == 0, Notice.created_at < now - STALE_AFTER)
    db.session.execute(update(Notice).where(*stale).values(sent_at=now, outcome="screen", sealed_link=""))


def unmailed() -> tuple[int, str]:
    """Return how many notices were tried and not mailed, and why the newest of them was not."""
    tried = (Notice.sent_at.is_(None), Notice.trouble != "")
    count = db.session.scalar(select(func.count()).select_from(Notice).where(*tried)) or 0
    newest = select(Notice.trouble).where(*tried).order_by(Notice.id.desc()).limit(1)
    return count, db.session.scalar(newest) or ""


def _write(notices: list[Notice], **values: Any) -> None:
    rows = update(Notice).where(Notice.id.in_([notice.id for notice in notices])).values(**values)
    db.session.execute(rows.execution_options(synchronize_session=False))


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(Notice.not_before.is_(None), Notice.not_before <= now)
