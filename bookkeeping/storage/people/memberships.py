"""Who belongs to which company, and as what. One person may belong to several; the roles themselves are in `people.py`."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, relationship

from bookkeeping.storage.base import Base, BigId, UtcDateTime, db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.people import User


class Membership(Base):
    """One person in one company. The row goes when the person is removed; what was done stays in the audit log.

    `owner_since` is None for no owner, or one from before this was noted; `topics` is None for the topics of the role;
    `chosen_at` is when the person last went to this company; up to `notices_read_to` they have read its notices (`told.py`).
    """

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "company_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    owner_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    topics: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    chosen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notices_read_to: Mapped[int] = mapped_column(BigId, default=0, server_default="0")
    user: Mapped[User] = relationship()
    company: Mapped[Company] = relationship()

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def name(self) -> str:
        return self.user.name


def memberships_of(user_id: int) -> list[Membership]:
    """Return a person's memberships with their companies: the one chosen last comes first, those never chosen by the company's name.

    A company that is being erased is none any more.
    """
    open_to_people = (Membership.user_id == user_id, Company.erasing_since.is_(None))
    rows = select(Membership).join(Membership.company).where(*open_to_people)
    rows = rows.options(contains_eager(Membership.company))
    found = sorted(db.session.scalars(rows), key=lambda one: (one.company.name, one.company_id))
    return sorted(found, key=lambda one: one.chosen_at.timestamp() if one.chosen_at else 0.0, reverse=True)


def members_of(company_id: int) -> list[Membership]:
    """Return a company's memberships with their people, in the order in which they came."""
    rows = select(Membership).where(Membership.company_id == company_id).options(joinedload(Membership.user))
    return list(db.session.scalars(rows.order_by(Membership.id)))


def membership_in(company_id: int, user_id: int) -> Membership | None:
    """Return what this person is in this company, or None."""
    rows = select(Membership).where(Membership.company_id == company_id, Membership.user_id == user_id)
    return db.session.scalar(rows.options(joinedload(Membership.user)))


def add_membership(user: User, company_id: int, role: str) -> Membership:
    """Add a membership to the current transaction; the caller has made sure that there is none yet."""
    since = utcnow() if role == "owner" else None
    made = Membership(user_id=user.id, company_id=company_id, role=role, owner_since=since, user=user)
    db.session.add(made)
    db.session.flush()
    return made
