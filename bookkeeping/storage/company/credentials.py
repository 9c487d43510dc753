"""What a company's source is opened with: an object of any shape, sealed as JSON. What belongs in it is the source's business.

A feed's address and key stay in the columns that the previous release reads as well.
"""

import json
from typing import Any

from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault

FEED = "feed"


def credentials_of(company: Company) -> dict[str, Any]:
    """Return the company's credentials; a feed's are {url, key}, and a company whose files are dropped has none.

    Raises:
        MisconfiguredError: they were sealed under a key that is not among TOKEN_KEYS.
    """
    if company.source_kind == FEED:
        return {"url": company.feed_url, "key": vault().open(company.feed_key, company.id, "feed_key")}
    if not company.source_credentials:
        return {}  # Files need none.
    opened = vault().open(company.source_credentials, company.id, "source_credentials")
    found: dict[str, Any] = json.loads(opened)
    return found


def keep_credentials(company: Company, kind: str, credentials: dict[str, Any]) -> None:
    """Seal them in the current transaction; the company has its id. An address among them, which is no secret, is kept to be shown."""
    company.source_kind, company.feed_url = kind, str(credentials.get("url", ""))
    company.feed_key = company.source_credentials = ""
    if kind == FEED:
        company.feed_key = vault().seal(credentials["key"], company.id, "feed_key")
    else:
        sealed = vault().seal(json.dumps(credentials), company.id, "source_credentials")
        company.source_credentials = sealed
