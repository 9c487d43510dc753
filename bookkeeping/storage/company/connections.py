"""A company's connection to QuickBooks: its realm, its tokens at rest, and the states of its life."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, UtcDateTime, utcnow


class Connection(Base):
    """One row a company that ever connected. `state`:

    checking   consent given, country and currency not looked at yet (counts as connected)
    connected  in use
    reconnect  QuickBooks no longer lets us in; `code` says why
    refused    not a US company, or not in US dollars; the grant was revoked
    disconnected  ended here or inside QuickBooks

    `version` moves with every change of the tokens: it is the compare-and-set of the refresh.
    """

    __tablename__ = "connections"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(40), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    state_since: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    realm: Mapped[str] = mapped_column(Text)  # Ciphertext.
    realm_digest: Mapped[str] = mapped_column(String(64), index=True)
    tokens: Mapped[str | None] = mapped_column(Text)  # Ciphertext of access and refresh token together.
    version: Mapped[int] = mapped_column(default=1)
    access_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refresh_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hard_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refresh_claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    company_name: Mapped[str] = mapped_column(String(300), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict
    )  # Country, closing date, preferences, accounts.
    facts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    set_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # Lists and name index read.
    changes_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # Change data capture cursor.
    connected_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    connected_by: Mapped[str] = mapped_column(String(200), default="")

    @property
    def usable(self) -> bool:
        """True when calls can be made."""
        return self.state in ("checking", "connected")


class ConsentState(Base):
    """The `state` of an OAuth round trip: random, of one session and company, used once, for ten minutes."""

    __tablename__ = "consent_states"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    session_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
