"""A company's connection to QuickBooks: its realm, its tokens at rest, and the states of its life."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, Text, and_, update
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, UtcDateTime, db, utcnow

USABLE = ("checking", "connected")
HELD = (*USABLE, "reconnect")
LET_IN = ("connected", "reconnect")
WARN_BEFORE = timedelta(days=30)
GRANTED_BY = {
    "environment": "INTUIT_ENVIRONMENT",
    "issuer": "INTUIT_DISCOVERY_URL",
    "api": "INTUIT_API_URL",
    "client_id": "INTUIT_CLIENT_ID",
}
"""What is remembered of the Intuit that granted a connection, with the setting that says it of a process."""


class Connection(Base):
    """One row a company that ever connected. `state`:

    checking   consent given, country and currency not looked at yet (counts as connected)
    connected  in use
    reconnect  QuickBooks no longer lets us in; `code` says why
    refused    not a US company, not in US dollars, another company's, or not open to that consent; the grant was revoked
    disconnected  ended here or inside QuickBooks

    `version` moves with every change of the tokens: it is the compare-and-set of the refresh. `proven_at` is when QuickBooks first
    let us into this realm with a consent for it: the realm in the callback's address is only what a browser said.
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
    proven_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # CompanyInfo answered to the consent's own tokens.
    set_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # Lists and name index read.
    changes_wanted_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # QuickBooks said that something changed.
    changes_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # Change data capture cursor.
    # When all numbers were last read (our clock, begun then), QuickBooks' clock at that, and the days of them. None: not whole.
    numbers_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    numbers_through: Mapped[datetime | None] = mapped_column(UtcDateTime)
    numbers_days: Mapped[str] = mapped_column(String(30), default="", server_default="")
    books_moved_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # When QuickBooks last showed what they were read without.
    quiet_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # The last night that left them as they are.
    connected_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    connected_by: Mapped[str] = mapped_column(String(200), default="")
    # Which Intuit granted it and to which app (`GRANTED_BY`); empty until a process has used it successfully.
    intuit_environment: Mapped[str] = mapped_column(String(20), default="", server_default="")
    intuit_issuer: Mapped[str] = mapped_column(String(300), default="", server_default="")
    intuit_api: Mapped[str] = mapped_column(String(300), default="", server_default="")
    intuit_client_id: Mapped[str] = mapped_column(String(200), default="", server_default="")
    # When a process of another Intuit last wanted to use it, and how that one differs. It was let do nothing.
    refused_use: Mapped[str] = mapped_column(Text, default="", server_default="")
    refused_use_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @hybrid_property
    def usable(self) -> bool:
        """True when calls can be made. On the class: the condition for a query."""
        return self.state in USABLE

    @usable.inplace.expression
    @classmethod
    def _usable_in_sql(cls) -> ColumnElement[bool]:
        return cls.state.in_(USABLE)

    @hybrid_property
    def held(self) -> bool:
        """True while the company counts as integrated: usable, or waiting for an owner to reconnect. On the class: the condition."""
        return self.state in HELD

    @held.inplace.expression
    @classmethod
    def _held_in_sql(cls) -> ColumnElement[bool]:
        return cls.state.in_(HELD)

    @hybrid_property
    def holds_realm(self) -> bool:
        """True while no other company may have its realm: let in with the present consent. On the class: the condition."""
        return self.state in LET_IN and self.proven_at is not None

    @holds_realm.inplace.expression
    @classmethod
    def _holds_realm_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.state.in_(LET_IN), cls.proven_at.is_not(None))

    @property
    def closed_through(self) -> date | None:
        """The last day of the closed period, as last read from QuickBooks: nothing on or before it can be changed."""
        closed_on = (self.facts or {}).get("close_date")
        return date.fromisoformat(closed_on) if closed_on else None

    @property
    def blocked(self) -> str:
        """The code of what keeps QuickBooks from taking any write, or ""."""
        return (self.facts or {}).get("blocked") or ""

    @property
    def reconnect_by(self) -> datetime | None:
        """The instant at which a usable grant ends if nobody reconnects: the earlier of the two refresh limits."""
        ends = [end for end in (self.refresh_expires_at, self.hard_expires_at) if end]
        return min(ends) if ends and self.usable else None

    @property
    def reconnect_soon(self) -> bool:
        """True in the last 30 days of the grant."""
        return self.reconnect_by is not None and self.reconnect_by - utcnow() < WARN_BEFORE

    def granted_elsewhere(self, mine: Mapping[str, str]) -> str:
        """Return how a process with this Intuit (`GRANTED_BY`) differs from the one that granted it; "" when it does not, or nobody knows yet.

        Source: bookkeeping decision 10 ("Bound to where it was granted").
        """
        if not self.intuit_environment:
            return ""
        said = [
            f"{setting} is {mine[name]} here and {getattr(self, f'intuit_{name}')} where the connection was granted."
            for name, setting in GRANTED_BY.items()
            if mine[name] != getattr(self, f"intuit_{name}")
        ]
        return " ".join(said)

    def bind(self, mine: Mapping[str, str]) -> None:
        """Remember, in the current transaction, that this Intuit grants it; an empty mapping: that nobody knows."""
        for name in GRANTED_BY:
            setattr(self, f"intuit_{name}", mine.get(name, ""))
        self.refused_use, self.refused_use_at = "", None


def bind_unbound(company_id: int, mine: Mapping[str, str]) -> None:
    """Remember, in the current transaction, the Intuit with which the connection was used successfully, unless one is on record."""
    unbound = update(Connection).where(
        Connection.company_id == company_id, Connection.intuit_environment == ""
    )
    db.session.execute(unbound.values(**{f"intuit_{name}": mine[name] for name in GRANTED_BY}))


def note_refused_use(company_id: int, how: str) -> None:
    """Note for ops, in the current transaction, that a process of another Intuit wanted to use the connection."""
    mine = update(Connection).where(Connection.company_id == company_id)
    db.session.execute(mine.values(refused_use=how, refused_use_at=utcnow()))


def connection_of(company_id: int) -> Connection | None:
    """Return the company's connection, or None before its first consent."""
    return db.session.get(Connection, company_id)


def stood_until(company_id: int, read_at: datetime | None) -> datetime | None:
    """Return the last night that found nothing moved since numbers or a statement were made at that moment; None without one."""
    row = connection_of(company_id)
    at = row.quiet_at if row else None
    return at if at is not None and read_at is not None and at > read_at else None


class ConsentState(Base):
    """The `state` of an OAuth round trip: random, of one session and company, used once, for ten minutes."""

    __tablename__ = "consent_states"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    session_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
