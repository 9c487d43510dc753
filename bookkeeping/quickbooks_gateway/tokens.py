"""Keeping one connection's tokens fresh: refreshed ahead of time, by one process at a time, stored before use.

What Intuit's sign-in answers is `oauth.py`; where tokens are kept (encrypted) is behind `TokenStore`.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bookkeeping.errors import MisconfiguredError, NotConnectedError, TemporaryError
from bookkeeping.quickbooks_gateway.config import utc_now
from bookkeeping.quickbooks_gateway.oauth import OAuth, TokenSet

logger = logging.getLogger(__name__)

_AHEAD = timedelta(minutes=5)
_CLAIM_SECONDS = 90  # Longer than the slowest answer, and that of the discovery document before it: a claim must not run out under its holder.
_LONGEST_WAIT = timedelta(seconds=15)
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class StoredTokens:
    """Tokens as stored; `version` grows with every save."""

    token_set: TokenSet
    version: int


class TokenStore(Protocol):
    """One connection's row. All methods commit before they return."""

    def load(self) -> StoredTokens | None:
        """Return what is stored now, or None when there is no usable connection."""

    def begin_refresh(self, version: int, seconds: int) -> bool:
        """Claim the refresh of this version for so long. False if another holds it or the version has moved on."""

    def release_claim(self, version: int) -> None:
        """Give the claim back after a refresh that failed for a passing reason."""

    def save(self, version: int, token_set: TokenSet) -> bool:
        """Store tokens if the version is still this one (and raise it). False if it has moved on."""

    def mark_reconnect_needed(self, version: int, code: str) -> None:
        """Note that this version's tokens are dead, unless the version has moved on."""


class TokenKeeper:
    """Hands out access tokens for one connection. Threads may share it; processes meet in the store."""

    def __init__(
        self,
        oauth: OAuth,
        store: TokenStore,
        clock: Callable[[], datetime] = utc_now,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._oauth, self._store, self._clock, self._sleep = oauth, store, clock, sleep
        self._lock = threading.Lock()
        self._kept: TokenSet | None = None

    def access_token(self) -> str:
        """Return an access token that is good for a while yet, refreshing it when less than five minutes are left.

        Raises:
            NotConnectedError: no usable tokens: the owner must reconnect.
            TemporaryError: Intuit's sign-in cannot be reached and the old token has run out.
            MisconfiguredError: Intuit refuses our app keys.
        """
        with self._lock:
            if self._kept is None or not self._lasts(self._kept, _AHEAD):
                self._kept = self._fresh()
            return self._kept.access_token

    def force_refresh(self, stale_access_token: str) -> str:
        """Return another access token than the one QuickBooks refused. Raises as `access_token` does."""
        with self._lock:
            self._kept = self._refresh_unless(lambda tokens: tokens.access_token != stale_access_token)
            return self._kept.access_token

    def refused(self, access_token: str, code: str) -> None:
        """Mark the connection for reconnecting: QuickBooks refuses this token though it was just refreshed."""
        with self._lock:
            self._kept = None
            stored = self._load()
            if stored.token_set.access_token == access_token:
                self._store.mark_reconnect_needed(stored.version, code)

    def _fresh(self) -> TokenSet:
        stored = self._load().token_set
        still_works = self._lasts(stored, timedelta(seconds=30))
        try:
            return self._refresh_unless(lambda tokens: self._lasts(tokens, _AHEAD), wait=not still_works)
        except TemporaryError:
            if still_works:
                return stored  # Not refreshed ahead of time after all: the next call tries again.
            raise

    def _refresh_unless(self, good: Callable[[TokenSet], bool], *, wait: bool = True) -> TokenSet:
        """Return stored tokens that are `good`, or refresh them: whoever gets the claim does it, the others read the result."""
        deadline = self._clock() + (_LONGEST_WAIT if wait else timedelta(0))
        while True:
            stored = self._load()
            if good(stored.token_set):
                return stored.token_set
            if self._store.begin_refresh(stored.version, _CLAIM_SECONDS):
                refreshed = self._refresh(stored)
                if refreshed:
                    return refreshed
            elif self._clock() >= deadline:
                raise TemporaryError(
                    "Another process is renewing the sign-in.",
                    not_before=self._clock() + timedelta(seconds=30),
                )
            else:
                self._sleep(_POLL_SECONDS)

    def _refresh(self, stored: StoredTokens) -> TokenSet | None:
        """Refresh once and store the result; None when somebody else's tokens are there by now and must be read."""
        try:
            fresh = self._oauth.refresh(stored.token_set.refresh_token)
        except NotConnectedError as error:
            if self._load().version != stored.version:
                return None
            self._store.mark_reconnect_needed(stored.version, error.code)
            logger.error("QuickBooks must be reconnected", extra={"intuit_tid": error.reference})
            raise
        except (TemporaryError, MisconfiguredError) as error:
            self._store.release_claim(stored.version)
            if isinstance(error, TemporaryError):
                error.outcome_unknown = False  # Of the write that wants a token: it was not sent.
            raise
        return fresh if self._store.save(stored.version, fresh) else None

    def _load(self) -> StoredTokens:
        stored = self._store.load()
        if stored is None:
            raise NotConnectedError("There are no usable tokens for this connection.")
        return stored

    def _lasts(self, tokens: TokenSet, margin: timedelta) -> bool:
        return tokens.access_expires_at - self._clock() > margin
