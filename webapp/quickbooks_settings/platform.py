"""What the inspection platform says of the company, asked while somebody waits: before a consent, and before another address or key is taken.

What else the platform says is the worker's to read.
"""

from typing import Any

from flask import current_app
from flask_login import current_user

from bookkeeping.errors import FeedRefusedError, FeedUnavailableError
from bookkeeping.inspection_source.source import SourceCompany
from bookkeeping.sources.opening import open_source, try_source
from bookkeeping.storage.base import db

PATIENCE = (2, 4)
"""How many seconds somebody who pressed *Enable* waits for a connection, and for an answer."""


def is_abroad() -> bool:
    """Return whether the company is outside the United States, by what the platform says now, which is kept; else by what it said last.

    A company that is not connected is not polled, so that what is on record may be of long ago, or nothing at all.
    """
    company = current_user.company
    if company.feed_waits_until is not None:
        return company.us_based is False
    public_only = not current_app.extensions["settings"].with_standins
    source = open_source(company, public_only=public_only, patience=PATIENCE)
    db.session.commit()  # No transaction is open while somebody else is asked.
    try:
        said = source.company()
    except (FeedRefusedError, FeedUnavailableError):
        return current_user.company.us_based is False
    current_user.company.us_based = said.us_based
    db.session.commit()
    return not said.us_based


def asked(kind: str, credentials: dict[str, Any]) -> SourceCompany:
    """Return what a source of this kind says of the company with these credentials. Ends the current transaction first.

    Raises:
        FeedRefusedError, FeedUnavailableError: the key does not work there, or nothing answers.
    """
    public_only = not current_app.extensions["settings"].with_standins
    db.session.commit()  # No transaction is open while somebody else is asked.
    return try_source(kind, credentials, public_only=public_only, patience=PATIENCE).company()
