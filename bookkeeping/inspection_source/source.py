"""What every source of inspections is to the rest of the house: its company, what changed since a cursor, one inspection. How one is written: docs/sources.md.

A source answers in our neutral words and raises our errors; nobody above it knows over which wire it speaks. A company's cursor is the source's own
text: kept as it came, with the rows that it covers, and given back the next time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bookkeeping.rules.inspection import Inspection

OVERLAP = timedelta(minutes=10)
"""Rows may be committed up to two minutes late; ten covers that and the clocks between us."""


@dataclass(frozen=True)
class SourceCompany:
    """The company as its platform knows it. `time_zone` is an IANA name, or empty when the platform's is not one.

    `us_based`: it says so itself, and names no other country beside it.
    """

    name: str
    country: str
    us_based: bool
    time_zone: str


@dataclass(frozen=True)
class BadRecord:
    """A record that could not be read: kept aside, shown to a person. `key` may be empty, `updated_at` None."""

    key: str
    reason: str
    raw: dict[str, Any]
    updated_at: datetime | None


@dataclass(frozen=True)
class Page:
    """One page of changes. `source_time` is the platform's own clock (aware UTC), if it told the time.

    `cursor`: where reading goes on once this page is kept; None while that is where it began.
    """

    inspections: tuple[Inspection, ...]
    bad: tuple[BadRecord, ...]
    source_time: datetime | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Reach:
    """Which inspections a walk has to bring again, changed or not: those changed since then, or that start then, from first to before last.

    By one of them a walk is known to be this company's. `deleted_too`: those that were deleted come as well, for thirty days at least.
    """

    changed_since: datetime | None = None
    starts: tuple[datetime, datetime] | None = None
    deleted_too: bool = True


class Source(Protocol):
    """One company's source of inspections.

    Each function raises these, and no other error of a library:
        FeedRefusedError: the credentials are dead; nothing more is asked until somebody acts.
        FeedForeignError: what answers is not such a platform, or shows that inspections would be left out.
        FeedUnavailableError: it cannot be reached now, wants to be left alone (`not_before`), or answers nonsense.
    """

    def company(self) -> SourceCompany:
        """Return the company."""

    def changed(self, cursor: str | None, *, everything: bool = False) -> Iterator[Page]:
        """Yield what changed since the cursor, a page at a time: all there is without one, or when `everything` is wanted.

        Never less than what changed; what did not change may come along. No page's cursor lies before the given one. A record that cannot be
        read is in its page's `bad` and stops nothing.
        """

    def one(self, key: str) -> Inspection | None:
        """Return one inspection as it is now; None where it is not found, which never means deleted.

        Raises:
            RuleError: the record cannot be read (`bad-record`).
        """

    def reach(self, cursor: str | None, *, everything: bool = False) -> Reach | None:
        """Return what `changed` has to bring of what we know; None where that proves nothing, since nobody else's inspections can come."""


class Received(Protocol):
    """What a company's platform told of payments by events, for sources that read them from there."""

    def payments(self, keys: list[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Return the payments of these inspections that stand, as JSON:API objects."""

    def touched(self, since: datetime) -> frozenset[str]:
        """Return the ids of the inspections that events since then are about."""


class Known(Protocol):
    """What we keep of a company's inspections, for sources whose platform tells no changes by itself."""

    def stamps(self, keys: list[str]) -> Mapping[str, tuple[str, datetime, str]]:
        """Return (content hash, `updated_at`, number) of those of these ids that we know, deleted ones too."""

    def starting(self, first: datetime, last: datetime) -> frozenset[str]:
        """Return the ids of all that start from first to before last and were not deleted."""

    def inspection(self, key: str) -> Inspection | None:
        """Return one as we know it."""
