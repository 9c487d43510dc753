"""Notices for a company's people, and for those who are invited, written down where their cause is noted and ready to be mailed. Mailing them is not done here."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.faults import Fault, fault
from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow
from bookkeeping.storage.company.companies import Company


class Notice(Base):
    """One notice. `kind` is a code of the fault catalogue; `occasion` tells one occasion of it from the next.

    `link` is the page of ours where something can be done. `urgent`: nothing is synced until somebody acts, or somebody waits for it.
    From `sent_at` on nothing more happens to it, and `outcome` says what did: `mailed`, `nobody` (chose to be told), `screen` (too old
    when mail was set up) or `ended` (an invitation that can no longer be taken up). `trouble` says why it was not mailed yet, or not to
    all. With an `address` it is for that person alone; `sealed_link` is then the path of a one-time link, kept only until it is mailed.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("company_id", "kind", "occasion"),
        Index("ix_notices_unsent", "sent_at", "id"),
        # Whom each is for is told by the index alone: the bell of every page asks it.
        Index("ix_notices_told", "company_id", "id", "address", "kind", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    kind: Mapped[str] = mapped_column(String(40))
    occasion: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(String(200), default="")
    urgent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # While somebody mails it, or after mailing failed.
    outcome: Mapped[str] = mapped_column(String(20), default="", server_default="")
    trouble: Mapped[str] = mapped_column(String(200), default="", server_default="")
    address: Mapped[str] = mapped_column(String(254), default="", server_default="")
    sealed_link: Mapped[str] = mapped_column(Text, default="", server_default="")


def notify_once(
    company_id: int,
    kind: str,
    occasion: str,
    *,
    urgent: bool = False,
    more: str = "",
    at: datetime | None = None,
) -> Notice | None:
    """Write the notice in the current transaction, unless it was written for this occasion already.

    Subject and text are the catalogue's words for `kind`; `more` is a sentence in front of them. `at` is the moment whose facts are
    told, if that is not now.
    """
    words = fault(kind, db.session.get_one(Company, company_id).source_kind)
    after = _afterwards(words) if urgent else ""
    text = "\n\n".join(part for part in (more, words.cause, words.remedy, after) if part)
    return write_once(company_id, kind, occasion, words.title, text, words.link or "", urgent=urgent, at=at)


def _afterwards(words: Fault) -> str:
    """Return what becomes of the rest, where the remedy does not say it: the whole company waits, or only what a person has to let go."""
    if words.held_by_person:
        return "Everything else goes on."
    return "" if "goes on" in words.remedy else "Every record is kept, and syncing goes on where it stopped."


def write_once(
    company_id: int,
    kind: str,
    occasion: str,
    title: str,
    text: str,
    link: str = "",
    *,
    urgent: bool = False,
    at: datetime | None = None,
) -> Notice | None:
    """Write a notice in words of one's own in the current transaction, unless it was written for this occasion already.

    `at` as for `notify_once`.
    """
    same = select(Notice.id).where(
        Notice.company_id == company_id, Notice.kind == kind, Notice.occasion == occasion
    )
    if db.session.scalar(same) is not None:
        return None
    notice = Notice(
        company_id=company_id,
        kind=kind,
        occasion=occasion,
        subject=f"{db.session.get_one(Company, company_id).name}: {title}"[:300],
        text=text,
        link=link,
        urgent=urgent,
        created_at=at or utcnow(),
    )
    db.session.add(notice)
    db.session.flush()
    return notice
