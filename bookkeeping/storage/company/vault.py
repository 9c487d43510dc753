"""Secrets at rest: sealed with AES-256-GCM, bound to their company and column, under keys that can be rotated.

A sealed text reads `v1.<key id>.<base64 of nonce and ciphertext>`. The company id and the column's name are authenticated with
it, so that a ciphertext moved to another row does not open. The keys come from TOKEN_KEYS (newest first), never the database.
"""

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import or_, select, update

from bookkeeping.errors import MisconfiguredError
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.notices import Notice, notify_once


class Vault:
    """Seals and opens secrets. `keys` are Fernet keys: 32 bytes in URL-safe base64."""

    def __init__(self, keys: tuple[str, ...]):
        self._keys = {}
        for text in keys:
            try:
                key = urlsafe_b64decode(text)
            except ValueError as error:
                raise MisconfiguredError("TOKEN_KEYS holds something that is no Fernet key") from error
            if len(key) != 32:
                raise MisconfiguredError("TOKEN_KEYS holds something that is no Fernet key (32 bytes)")
            self._keys[hashlib.sha256(key).hexdigest()[:8]] = key
        self.newest = next(iter(self._keys))

    def seal(self, plain: str, company_id: int, column: str) -> str:
        """Return the sealed text."""
        nonce = os.urandom(12)
        cipher = AESGCM(self._keys[self.newest]).encrypt(nonce, plain.encode(), _bound(company_id, column))
        return f"v1.{self.newest}.{urlsafe_b64encode(nonce + cipher).decode()}"

    def open(self, sealed: str, company_id: int, column: str) -> str:
        """Return the plain text.

        Raises:
            MisconfiguredError: the key is not among TOKEN_KEYS, or the text belongs to another company or was altered.
        """
        _, key_id, packed = sealed.split(".", 2)
        if key_id not in self._keys:
            raise MisconfiguredError(
                f"TOKEN_KEYS has no key {key_id}, with which a secret was sealed: put the old key back"
            )
        raw = urlsafe_b64decode(packed)
        try:
            return AESGCM(self._keys[key_id]).decrypt(raw[:12], raw[12:], _bound(company_id, column)).decode()
        except InvalidTag as error:
            raise MisconfiguredError(f"a sealed {column} does not belong to company {company_id}") from error

    def digests(self, plain: str) -> list[str]:
        """Return the keyed digests under every key, newest first: for finding equal secrets without storing them."""
        return [hmac.new(key, plain.encode(), hashlib.sha256).hexdigest() for key in self._keys.values()]


def _bound(company_id: int, column: str) -> bytes:
    return f"{company_id}:{column}".encode()


def vault() -> Vault:
    """Return the running app's vault."""
    return current_app.extensions["vault"]


def rotate_keys() -> int:
    """Seal every secret again under the newest key, one company a transaction; return how many rows changed."""
    keys, changed = vault(), 0
    for company_id in db.session.scalars(select(Company.id)).all():
        # Not the strongest lock: rows that only refer to the company may be written meanwhile.
        company = db.session.get(Company, company_id, with_for_update={"key_share": True})
        changed += _reseal(keys, company, company_id, ("feed_key",))
        connection = db.session.get(Connection, company_id, with_for_update=True)
        if connection is not None:
            changed += _reseal(keys, connection, company_id, ("realm", "tokens"))
            connection.realm_digest = keys.digests(keys.open(connection.realm, company_id, "realm"))[0]
        links = select(Notice).where(Notice.company_id == company_id, Notice.sealed_link != "")
        for notice in db.session.scalars(links.with_for_update()):
            changed += _reseal(keys, notice, company_id, ("sealed_link",))
        db.session.commit()
    return changed


def _reseal(keys: Vault, row: Any, company_id: int, columns: tuple[str, ...]) -> int:
    changed = 0
    for column in columns:
        sealed = getattr(row, column)
        if sealed and sealed.split(".")[1] != keys.newest:
            setattr(row, column, keys.seal(keys.open(sealed, company_id, column), company_id, column))
            changed = 1
    return changed


class ConnectionTokens:
    """The store behind one company's token refresh: a claim, and compare-and-set on `version`.

    Speaks plain dicts {access_token, refresh_token} with the three expiries; the gateway makes TokenSets of them. Every method is
    one transaction, and none is open while a refresh is under way.
    """

    def __init__(self, company_id: int):
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

    def begin_refresh(self, version: int, seconds: int) -> bool:
        """Claim the refresh of this version for `seconds`; False when another process holds the claim or was quicker."""
        now = utcnow()
        free = or_(Connection.refresh_claimed_until.is_(None), Connection.refresh_claimed_until < now)
        mine = (Connection.company_id == self.company_id, Connection.version == version, free)
        row = db.session.execute(
            update(Connection).where(*mine).values(refresh_claimed_until=now + timedelta(seconds=seconds))
        )
        db.session.commit()
        return row.rowcount == 1

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
        """Note that QuickBooks no longer lets us in, with a notice for the owner. Everything is kept; an owner has to reconnect."""
        state = {"state": "reconnect", "code": code, "detail": detail, "state_since": utcnow()}
        mine = (Connection.company_id == self.company_id, Connection.version == version)
        ended = update(Connection).where(*mine).values(**state, refresh_claimed_until=None)
        noted = db.session.execute(ended).rowcount == 1
        if noted:
            notify_once(self.company_id, code, f"version {version}", urgent=True)
        db.session.commit()
        return noted

    def _write(self, version: int, values: dict[str, Any]) -> bool:
        mine = (Connection.company_id == self.company_id, Connection.version == version)
        row = db.session.execute(update(Connection).where(*mine).values(**values))
        db.session.commit()
        return row.rowcount == 1


EXPIRIES: tuple[str, ...] = ("access_expires_at", "refresh_expires_at", "hard_expires_at")
