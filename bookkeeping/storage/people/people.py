"""People who log in, their sessions, invitations, and links for a forgotten password. Passwords are argon2id; session tokens are kept as digests.

Which companies a person belongs to, and as what, is `memberships.py`'s.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bookkeeping.storage.base import Base, UtcDateTime, utcnow

COMPANY_ROLES = ("owner", "bookkeeper", "accountant")
"""What a person can be in a company. Accountants read everything and change nothing."""

OPS_ROLES = ("ops", "ops-read-only")
"""What our own staff can be, across companies; the first acts, the second only looks."""


class User(Base):
    """A person. Those of companies have memberships; ops have none, and are what `ops_role` says."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    ops_role: Mapped[str] = mapped_column("role", String(20), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    short_password: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # Long enough only as long as there is a second factor.

    @property
    def is_ops(self) -> bool:
        """Return whether this is one of our own staff. The column may still say what a person of a company was before memberships."""
        return self.ops_role in OPS_ROLES


class LoginSession(Base):
    """One browser that is logged in. Ending the row ends the session, wherever its cookie is."""

    __tablename__ = "login_sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, default=utcnow
    )  # The password typed last.
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")
    company_id: Mapped[int | None] = mapped_column(
        ForeignKey("companies.id")
    )  # The one that this browser looks at; None: ops, or chosen by nobody yet.
    user: Mapped[User] = relationship()


class Invitation(Base):
    """A one-time link by which an owner brings in another person."""

    __tablename__ = "invitations"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(20))
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ResetRequest(Base):
    """Somebody typed this address on *Forgotten password*; looked at, and forgotten, with the next mailing."""

    __tablename__ = "reset_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(64), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class ResetLink(Base):
    """A link with which one person chooses another password, once."""

    __tablename__ = "reset_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
