"""Fits the vault's token rows to the gateway's token store: storage and gateway do not know each other."""

from dataclasses import asdict

from bookkeeping.errors import NotConnectedError
from bookkeeping.metrics import count
from bookkeeping.quickbooks_gateway.oauth import TokenSet
from bookkeeping.quickbooks_gateway.tokens import StoredTokens
from bookkeeping.storage.work.tokens import ConnectionTokens
from worker.app import bell


class GatewayTokens:
    """A `TokenStore` over one company's connection row."""

    def __init__(self, company_id: int) -> None:
        self._rows = ConnectionTokens(company_id)

    def load(self) -> StoredTokens:
        """Return the stored tokens with their version.

        Raises:
            NotConnectedError: there is no usable connection.
        """
        found = self._rows.load()
        if found is None:
            raise NotConnectedError("There are no usable tokens.")
        return StoredTokens(TokenSet(**found[0]), found[1])

    def begin_refresh(self, version: int, seconds: int) -> bool:
        """Claim the refresh of this version."""
        return self._rows.begin_refresh(version, seconds)

    def release_claim(self, version: int) -> None:
        """Give the claim back."""
        self._rows.release_claim(version)

    def save(self, version: int, token_set: TokenSet) -> bool:
        """Compare-and-set the new pair."""
        saved = self._rows.save(version, asdict(token_set))
        count(bell().redis, "tieout_token_refreshes", "renewed" if saved else "lost")
        return saved

    def mark_reconnect_needed(self, version: int, code: str) -> None:
        """Note that an owner has to reconnect."""
        self._rows.mark_reconnect_needed(version, code)
        count(bell().redis, "tieout_token_refreshes", "refused")
