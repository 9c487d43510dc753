"""A passkey authenticator in a few lines, for tests: makes a key for a site and answers challenges with it, as a browser would send it.

key = Authenticator("https://books.example")
key.create(options)      # the answer to `navigator.credentials.create`, as JSON
key.get(options)         # the answer to `navigator.credentials.get`
"""

import hashlib
import json
import secrets
import struct
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


class Authenticator:
    """One security key, asked by a browser at `origin`. `count` is its counter, which goes up with every answer."""

    def __init__(self, origin: str) -> None:
        self.origin, self.count = origin, 0
        self.credential = secrets.token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: str) -> str:
        """Return the answer to what a site asks for a new passkey."""
        asked = json.loads(options)
        numbers = self._key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + public
        site = self._site(asked["rp"]["id"], PRESENT | VERIFIED | WITH_KEY) + attested
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": site})
        told = self._told("webauthn.create", asked["challenge"])
        return self._answer(clientDataJSON=told, attestationObject=made)

    def get(self, options: str) -> str:
        """Return the answer to what a site asks of a passkey that was made."""
        asked = json.loads(options)
        self.count += 1
        site, told = (
            self._site(asked["rpId"], PRESENT | VERIFIED),
            self._told("webauthn.get", asked["challenge"]),
        )
        signature = self._key.sign(site + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=told, authenticatorData=site, signature=signature)

    def _site(self, name: str, flags: int) -> bytes:
        assert urlsplit(self.origin).hostname == name, "a browser asks for no other site"
        return hashlib.sha256(name.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _told(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: bytes) -> str:
        number = bytes_to_base64url(self.credential)
        texts = {name: bytes_to_base64url(value) for name, value in response.items()}
        return json.dumps({"id": number, "rawId": number, "type": "public-key", "response": texts})
