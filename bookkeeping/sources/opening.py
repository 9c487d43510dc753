"""The one place that opens a company's source of inspections: its kind, its credentials, and what of ours it is given to read.

A kind is added here and in `inspection_source`: docs/sources.md says how.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bookkeeping.inspection_source.feed import Feed
from bookkeeping.inspection_source.source import Source
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import credentials_of

PATIENCE = (5.0, 30.0)


@dataclass(frozen=True)
class Opening:
    """With what a source is opened. `company_id` is None while the company is still to be made.

    `patience` is how many seconds it waits for a connection, and for an answer; `public_only`: the address leads to no machine of our own network.
    """

    company_id: int | None
    credentials: dict[str, Any]
    patience: tuple[float, float]
    public_only: bool


def _feed(given: Opening) -> Source:
    url, key = given.credentials["url"], given.credentials["key"]
    return Feed(url, key, timeout=given.patience, public_only=given.public_only)


KINDS: dict[str, Callable[[Opening], Source]] = {"feed": _feed}
"""How a source of each kind is opened."""


def open_source(company: Company, *, public_only: bool, patience: tuple[float, float] = PATIENCE) -> Source:
    """Return the company's source. Nothing is asked yet.

    Raises:
        MisconfiguredError: its credentials were sealed under a key that is not among TOKEN_KEYS.
    """
    given = Opening(company.id, credentials_of(company), patience, public_only)
    return KINDS[company.source_kind](given)


def try_source(
    kind: str,
    credentials: dict[str, Any],
    *,
    public_only: bool,
    patience: tuple[float, float] = PATIENCE,
) -> Source:
    """Return a source with these credentials, of a company that is still to be made or changed."""
    return KINDS[kind](Opening(None, credentials, patience, public_only))
