"""Secrets at rest: sealed with AES-256-GCM, bound to their company and column, under keys that can be rotated.

A sealed text reads `v1.<key id>.<base64 of nonce and ciphertext>`. The company id and the column's name are authenticated with
it, so that a ciphertext moved to another row does not open. The keys come from TOKEN_KEYS (newest first), never the database.
"""

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from bookkeeping.errors import MisconfiguredError


class Vault:
    """Seals and opens secrets. `keys` are Fernet keys: 32 bytes in URL-safe base64."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = {}
        for text in keys:
            try:
                key = urlsafe_b64decode(text)
            except ValueError as error:
                raise MisconfiguredError("TOKEN_KEYS holds something that is no Fernet key") from error
            if len(key) != 32:
                raise MisconfiguredError("TOKEN_KEYS holds something that is no Fernet key (32 bytes)")
            self._keys[hashlib.sha256(key).hexdigest()[:8]] = key
        if not self._keys:
            raise MisconfiguredError("TOKEN_KEYS holds no key")
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

    def sign(self, purpose: str, text: str) -> str:
        """Return a mark on a text that only the holder of TOKEN_KEYS can make: `<key id>.<HMAC under a key derived for the purpose>`."""
        return f"{self.newest}.{_mac(self._keys[self.newest], purpose, text)}"

    def is_signed(self, purpose: str, text: str, mark: str) -> bool | None:
        """Return whether the mark is of this text; None when its key is no longer among TOKEN_KEYS, so that nobody can say."""
        key_id, _, given = mark.partition(".")
        if key_id not in self._keys:
            return None
        return hmac.compare_digest(_mac(self._keys[key_id], purpose, text).encode(), given.encode())

    def digests(self, plain: str) -> list[str]:
        """Return the keyed digests under every key, newest first: for finding equal secrets without storing them."""
        return [hmac.new(key, plain.encode(), hashlib.sha256).hexdigest() for key in self._keys.values()]


def _mac(key: bytes, purpose: str, text: str) -> str:
    derived = hmac.new(key, f"tieout {purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(derived, text.encode(), hashlib.sha256).hexdigest()


def _bound(company_id: int, column: str) -> bytes:
    return f"{company_id}:{column}".encode()


def vault() -> Vault:
    """Return the running app's vault."""
    kept: Vault = current_app.extensions["vault"]
    return kept
