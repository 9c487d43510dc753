"""One company's tokens at rest, and the claim by which one process at a time renews them. Sealing is `storage.company.vault`."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, update

from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.notices import notify_once


class ConnectionTokens:
    """The store behind one company's token refresh: a claim, and compare-and-set on `version`.

    Speaks plain dicts {access_token, refresh_token} with the three expiries; the gateway makes TokenSets of them. Every method is
    one transaction, and none is open while a refresh is under way.
    """

    def __init__(self, company_id: int) -> None:
        self.company_id = company_id

    def load(self) -> tuple[dict[str, Any], int] | None:
        """Return (tokens, version), or None when the company has no usable connection."""
        connection = db.session.get(Connection, self.company_id, populate_existing=True)
        found = None
        if connection is not None and connection.usable and connection.tokens:
            tokens = json.loads(vault().open(connection.tokens, self.company_id, "tokens"))
            tokens |= {name: getattr(connection, name) for name in EXPIRIES}
            found = tokens, connection.version
        db.session.commit()
        return found

    def take_leftover(self) -> str | None:
        """Forget the tokens of a connection that was refused, and return the refresh token to be revoked; None without any."""
        connection = db.session.get(Connection, self.company_id, with_for_update=True, populate_existing=True)
        left = None
        if connection is not None and connection.state == "refused" and connection.tokens:
            left = json.loads(vault().open(connection.tokens, self.company_id, "tokens"))["refresh_token"]
            connection.tokens = None
            connection.version += 1
        db.session.commit()
        return left

    def begin_refresh(self, version: int, seconds: int) -> bool:
        """Claim the refresh of this version for `seconds`; False when another process holds the claim or was quicker."""
        now = utcnow()
        free = or_(Connection.refresh_claimed_until.is_(None), Connection.refresh_claimed_until < now)
        mine = (Connection.company_id == self.company_id, Connection.version == version, free)
        claimed = rows_changed(
            update(Connection).where(*mine).values(refresh_claimed_until=now + timedelta(seconds=seconds))
        )
        db.session.commit()
        return claimed == 1

    def release_claim(self, version: int) -> None:
        """Give the claim back after a refresh that failed for a passing reason."""
        self._write(version, {"refresh_claimed_until": None})

    def save(self, version: int, tokens: dict[str, Any]) -> bool:
        """Store the new pair if `version` is still the stored one; False when it is not."""
        secret = json.dumps({name: tokens[name] for name in ("access_token", "refresh_token")})
        values = {"tokens": vault().seal(secret, self.company_id, "tokens"), "version": version + 1}
        values |= {name: tokens[name] for name in EXPIRIES if tokens.get(name)} | {
            "refresh_claimed_until": None
        }
        return self._write(version, values)

    def mark_reconnect_needed(self, version: int, code: str, detail: str = "") -> bool:
        """Note that QuickBooks no longer lets us in, with a notice for the owner. Everything is kept; an owner has to reconnect.

        A consent that the realm never let in (`checking`) ends as `refused`, whatever the code, and holds nothing back: the realm is
        only what a browser said, also where the company was once let in with another consent.
        """
        connection = db.session.get(Connection, self.company_id, populate_existing=True)
        state = {"state": "reconnect", "code": code, "detail": detail, "state_since": utcnow()}
        if connection is not None and (connection.state == "checking" or connection.proven_at is None):
            code = NOT_PROVEN
            state |= {"state": "refused", "code": code, "detail": ""}
        mine = (Connection.company_id == self.company_id, Connection.version == version)
        ended = update(Connection).where(*mine).values(**state, refresh_claimed_until=None)
        noted = rows_changed(ended) == 1
        if noted:
            notify_once(self.company_id, code, f"version {version}", urgent=True)
        db.session.commit()
        return noted

    def _write(self, version: int, values: dict[str, Any]) -> bool:
        mine = (Connection.company_id == self.company_id, Connection.version == version)
        changed = rows_changed(update(Connection).where(*mine).values(**values))
        db.session.commit()
        return changed == 1


NOT_PROVEN = "not-let-in"
"""The catalogue's code of a realm that does not open to the consent that named it."""

EXPIRIES: tuple[str, ...] = ("access_expires_at", "refresh_expires_at", "hard_expires_at")
