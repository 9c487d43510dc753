"""The one place that opens a company's source of inspections: its kind, its credentials, and what of ours it is given to read.

A kind is added here and in `inspection_source`: docs/sources.md says how.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bookkeeping.inspection_source.dropped.source import Files
from bookkeeping.inspection_source.feed import Feed
from bookkeeping.inspection_source.pages import Pages
from bookkeeping.inspection_source.source import Source, SourceCompany
from bookkeeping.sources.kept import DroppedRows, Mirror, ReceivedRows
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import credentials_of

PATIENCE = (5.0, 30.0)


@dataclass(frozen=True)
class Opening:
    """With what a source is opened. `company` is None while it is still to be made.

    `patience` is how many seconds it waits for a connection, and for an answer; `public_only`: the address leads to no machine of our own network.
    """

    company: Company | None
    credentials: dict[str, Any]
    patience: tuple[float, float]
    public_only: bool


def _feed(given: Opening) -> Source:
    url, key = given.credentials["url"], given.credentials["key"]
    return Feed(url, key, timeout=given.patience, public_only=given.public_only)


def _pages(given: Opening) -> Source:
    days = {name: given.credentials[name] for name in _DAYS if name in given.credentials}
    company_id = given.company.id if given.company else None
    by_events = given.credentials.get("payments") == "events"
    return Pages(
        given.credentials["url"],
        given.credentials["key"],
        Mirror(company_id),
        received=ReceivedRows(company_id) if by_events else None,
        timeout=given.patience,
        public_only=given.public_only,
        **days,
    )


def _files(given: Opening) -> Source:
    company = given.company
    # Whoever made the company says that it is in the United States: no platform does.
    said = SourceCompany(company.name, "US", True, company.time_zone) if company else _UNMADE
    return Files(DroppedRows(company.id if company else None), said)


_DAYS = {"days_back": range(7, 1100), "days_ahead": range(7, 1100)}
_UNMADE = SourceCompany("", "US", True, "")


@dataclass(frozen=True)
class Kind:
    """One kind of source: how it is opened, and what it is opened with: texts that it needs, and whole numbers or words that it may be given."""

    open: Callable[[Opening], Source]
    needs: tuple[str, ...] = ()
    may: Mapping[str, range | tuple[str, ...]] = field(default_factory=dict)


KINDS = {
    "feed": Kind(_feed, ("url", "key")),
    "pages": Kind(_pages, ("url", "key"), {**_DAYS, "payments": ("resource", "events")}),
    "files": Kind(_files),
}


def checked_credentials(kind: str, given: Any) -> dict[str, Any]:
    """Return what was given to open a source of this kind, each text without blanks around it.

    Raises:
        ValueError: something is missing, unknown or of the wrong shape; the message is a sentence.
    """
    if not isinstance(given, dict):
        raise ValueError('The credentials must be an object such as {"url": …, "key": …}.')
    wanted = KINDS[kind]
    if unknown := sorted(given.keys() - {*wanted.needs, *wanted.may}):
        raise ValueError(f"A source of the kind {kind} takes no {unknown[0]}.")
    found: dict[str, Any] = {}
    for name in wanted.needs:
        value = given.get(name)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"The {name} of the source is missing or empty.")
        found[name] = value.strip()
    for name, allowed in wanted.may.items():
        value = given.get(name)
        if name not in given or (value in allowed and type(value) is type(allowed[0])):
            found |= {name: value} if name in given else {}
        elif isinstance(allowed, range):
            raise ValueError(f"{name} must be a whole number from {allowed[0]} to {allowed[-1]}.")
        else:
            raise ValueError(f"{name} must be one of {', '.join(allowed)}.")
    return found


def open_source(company: Company, *, public_only: bool, patience: tuple[float, float] = PATIENCE) -> Source:
    """Return the company's source. Nothing is asked yet.

    Raises:
        MisconfiguredError: its credentials were sealed under a key that is not among TOKEN_KEYS.
    """
    given = Opening(company, credentials_of(company), patience, public_only)
    return KINDS[company.source_kind].open(given)


def try_source(
    kind: str,
    credentials: dict[str, Any],
    *,
    public_only: bool,
    patience: tuple[float, float] = PATIENCE,
    company: Company | None = None,
) -> Source:
    """Return a source with these credentials, of a company that is still to be made, or of one whose source is to be another."""
    return KINDS[kind].open(Opening(company, credentials, patience, public_only))
