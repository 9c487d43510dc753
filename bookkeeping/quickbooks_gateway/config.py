"""Where Intuit is and how hard we may lean on it: plain values, no environment (that is `bookkeeping.settings`)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

BOOKS_URLS = {"production": "https://qbo.intuit.com", "sandbox": "https://sandbox.qbo.intuit.com"}


def utc_now() -> datetime:
    """The default clock of this package, aware UTC; tests pass their own."""
    return datetime.now(UTC)


# QuickBooks' own page names, with the name of the parameter that carries the id.
_PAGES = {
    "invoice": ("invoice", "txnId"),
    "payment": ("recvpayment", "txnId"),
    "salesreceipt": ("salesreceipt", "txnId"),
    "creditmemo": ("creditmemo", "txnId"),
    "refundreceipt": ("refundreceipt", "txnId"),
    "deposit": ("deposit", "txnId"),
    "customer": ("customerdetail", "nameId"),
}


@dataclass(frozen=True)
class IntuitConfig:
    """App keys, addresses and limits per realm.

    `environment` is sandbox, production or standin; `api_url` is scheme and host without a slash at the end; `timeout` is
    (connect, read) in seconds.
    """

    client_id: str
    client_secret: str = field(repr=False)
    environment: str
    discovery_url: str
    api_url: str
    redirect_uri: str
    requests_per_minute: int = 450
    requests_per_second: int = 8
    batches_per_minute: int = 38
    concurrency: int = 8
    timeout: tuple[float, float] = (5, 30)

    @classmethod
    def from_settings(cls, settings: Any) -> "IntuitConfig":
        """Return what the settings' `intuit_…` values and `redirect_uri` say."""
        names = ("client_id", "client_secret", "environment", "discovery_url", "api_url")
        limits = ("requests_per_minute", "requests_per_second", "batches_per_minute", "concurrency")
        values = {name: getattr(settings, f"intuit_{name}") for name in names + limits}
        return cls(**values, redirect_uri=settings.redirect_uri)

    @property
    def identity(self) -> dict[str, str]:
        """What a connection remembers of the Intuit that granted it: {environment, issuer, api, client_id}.

        `issuer` and `api` are scheme, host and port of sign-in and interface: known without asking anybody, so that a process which is
        set up for another Intuit is found out before it sends a token there.
        """
        return {
            "environment": self.environment,
            "issuer": _origin(self.discovery_url),
            "api": _origin(self.api_url),
            "client_id": self.client_id,
        }

    def books_url(self, kind: str, qbo_id: str, realm_id: str) -> str:
        """Return the address at which a person sees the document or Customer in QuickBooks.

        `kind` is the entity's name in any casing (Invoice, Payment, Customer …). The address names the company, because QuickBooks
        would otherwise look the id up in whichever company the person has open.
        """
        name = kind.replace("_", "").lower()
        if self.environment not in BOOKS_URLS:
            return f"{self.api_url}/books/{realm_id}/{name}/{qbo_id}"
        page, parameter = _PAGES[name]
        asked = urlencode({"pagereq": f"{page}?{parameter}={qbo_id}", "deeplinkcompanyid": realm_id})
        return f"{BOOKS_URLS[self.environment]}/app/login?{asked}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
