"""Inspection companies: how they want their books, where their feed is, and when they are due for work."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, String, Text, case, false, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.inspection import BookSettings
from bookkeeping.storage.base import Base, UtcDateTime, db, utcnow

FEED_STOPPED = {
    "refused": "feed-refused",
    "foreign": "feed-foreign",
    "other-company": "feed-other-company",
    "abroad": "platform-not-us",
}
"""States of a feed in which nothing is read until somebody acts, with their cause in the catalogue."""

FEED_CAUSES = {**FEED_STOPPED, "unavailable": "feed-unavailable"}


class Company(Base):
    """One inspection company."""

    __tablename__ = "companies"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64))  # IANA name; nobody guesses it.
    legacy: Mapped[bool] = mapped_column(default=False)  # Integrated before August 2019, with SalesReceipts.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    # Where its inspections come from (`storage.company.credentials`). `source_credentials`, `feed_key` and `hook_digest` are ciphertexts and a digest.
    source_kind: Mapped[str] = mapped_column(String(20), default="feed", server_default="feed")
    source_credentials: Mapped[str] = mapped_column(Text, default="", server_default="")
    source_cursor: Mapped[str | None] = mapped_column(Text)  # The source's own words; None: read everything.
    feed_url: Mapped[str] = mapped_column(String(500))
    feed_key: Mapped[str] = mapped_column(Text)
    feed_state: Mapped[str] = mapped_column(
        String(20), default="ok"
    )  # ok | refused | foreign | other-company | abroad | unavailable
    feed_detail: Mapped[str] = mapped_column(Text, default="")
    us_based: Mapped[bool | None]  # As the platform says; None while it was never asked.
    feed_not_before: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # Until when the platform asked us to wait.
    hook_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    cursor: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # The newest change that was read: the next reading is paced by it.
    last_poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_full_poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # How the books are kept.
    start_date: Mapped[date | None]
    cutoff: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # Set when a migration starts; only ever moves earlier.
    invoice_date: Mapped[str] = mapped_column(String(20), default="inspection")
    due_days: Mapped[int] = mapped_column(default=0)
    books: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict
    )  # Mappings and accounts; keys in `storage.records.choices`.
    hold_first_sync: Mapped[bool] = mapped_column(default=False)
    factor_required: Mapped[bool] = mapped_column(default=False, server_default=false())  # By its owner.
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_by: Mapped[str] = mapped_column(String(200), default="")

    # When it is due. `not_before` holds the whole company back after an outage or a throttle.
    next_poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wait_code: Mapped[str] = mapped_column(String(40), default="")
    failures: Mapped[int] = mapped_column(default=0)
    last_sync_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_nightly_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # Everything of it is being taken out; nothing is left but this row and the audit log.
    erasing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # The mass-delete brake (decision 17).
    brake_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    brake_count: Mapped[int] = mapped_column(default=0)

    @property
    def feed_cause(self) -> str:
        """The catalogue's code of what is wrong with the feed, or ""."""
        return FEED_CAUSES.get(self.feed_state, "")

    @property
    def feed_stopped(self) -> bool:
        """True while nothing is read from the platform until somebody acts."""
        return self.feed_state in FEED_STOPPED

    @property
    def feed_waits_until(self) -> datetime | None:
        """Until when the platform asked us to send it nothing; None when it did not, or when that is over."""
        until = self.feed_not_before
        return until if until is not None and until > utcnow() else None

    def read_ahead_of(self, now: datetime) -> bool:
        """True when the last reading lies ahead of this moment: the machine's clock was set back since, and what is planned by it is too late."""
        return self.last_poll_at is not None and self.last_poll_at > now

    @property
    def halted(self) -> bool:
        """True while nothing may be sent for this company: a person paused it, or the platform says that it is not in the US."""
        return self.paused_at is not None or self.us_based is False

    def book_settings(
        self, kept: dict[str, Any] | None = None, *, start_date: date | None = None
    ) -> BookSettings:
        """Return what the rules need to know of this company; with `kept` (books, due_days and invoice_date), as it stood at an earlier choice.

        `start_date` takes the place of the company's, to try what it would bring.
        """
        books = (self.books if kept is None else kept["books"]) or {}
        return BookSettings(
            time_zone=self.time_zone,
            start_date=start_date or self.start_date,
            cutoff=self.cutoff,
            invoice_date=(kept or {}).get("invoice_date", self.invoice_date),
            due_days=self.due_days if kept is None else kept["due_days"],
            one_item=books.get("one_item"),
            item_names=_pairs(books, "item_names"),
            item_ids=_pairs(books, "item_ids"),
            discount_item=books.get("discount_item") or BookSettings.discount_item,
            tax_item=books.get("tax_item") or BookSettings.tax_item,
            method_names=_pairs(books, "method_names"),
            deposit_account_id=books.get("deposit_account_id") or "",
            refunds="wait" if books.get("refunds") == "wait" else "book",
            refund_account_id=books.get("refund_account_id") or "",
            classes=_pairs(books, "classes"),
            class_on=books.get("class_on") or "line",
            locations=_pairs(books, "locations"),
        )


def _pairs(books: dict[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((books.get(key) or {}).items()))


def company_or_none(company_id: int) -> Company | None:
    """Return the company, or None when there is none of that id (or no column could hold it), or none any more."""
    found = db.session.get(Company, company_id) if 0 < company_id < 2**31 else None
    return None if found is None or found.erased_at is not None else found


def is_being_erased(company_id: int) -> bool:
    """Return whether it was begun to erase the company, whatever is known of it from earlier in this session."""
    begun = select(Company.id).where(Company.id == company_id, Company.erasing_since.is_not(None))
    return db.session.scalar(begun) is not None


def make_poll_due(company_id: int, within: timedelta = timedelta(0)) -> None:
    """Note in the current transaction that this company's next poll is due at once, or when the wait is over that the platform asked for.

    `within`: that much later is soon enough, and what is due before stays.
    """
    now = utcnow()
    at = case((Company.feed_not_before > now, Company.feed_not_before), else_=now)
    which = [Company.id == company_id]
    if within:
        soon = now + within
        which.append(or_(Company.next_poll_at.is_(None), Company.next_poll_at > soon))
        at = case((Company.feed_not_before > soon, Company.feed_not_before), else_=soon)
    db.session.execute(update(Company).where(*which).values(next_poll_at=at))
