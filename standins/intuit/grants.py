"""What people have allowed apps to do: authorization codes, access tokens, refresh tokens, their ends and their revocation.

HTTP is in `oauth`; times are epoch seconds of the stand-in's clock.
"""

from __future__ import annotations

import secrets
from typing import Any

from standins.intuit.surroundings import Surroundings

CODE_SECONDS = 600


class InvalidGrantError(Exception):
    """The code or refresh token is wrong, used, expired, superseded or revoked."""


def _read_times(grant: dict[str, Any]) -> None:
    """Make the times of a grant that was read back numbers that the clock's can be compared with; stored fractions are Decimal."""
    for each in (grant, *grant["access"], *grant["refresh"]):
        for name in ("created", "hard_expires", "expires", "superseded"):
            if name in each:
                each[name] = float(each[name])


class Grants:
    """All grants. One grant is one app's access to one company; hold `world.lock` around changes."""

    def __init__(self, world: Surroundings):
        self._world = world
        self._codes: dict[str, dict[str, Any]] = {}
        self._grants: dict[str, dict[str, Any]] = world.storage.documents("grant")
        self._by_token: dict[str, str] = {}
        for grant in self._grants.values():
            _read_times(grant)
            self._index(grant)

    def _index(self, grant: dict) -> None:
        for each in (*grant["access"], *grant["refresh"]):
            self._by_token[each["token"]] = grant["id"]

    def _now(self) -> float:
        return self._world.now().timestamp()

    def _save(self, grant: dict) -> None:
        now = self._now()
        grant["access"] = [each for each in grant["access"] if each["expires"] > now - 86400][-50:]
        grant["refresh"] = grant["refresh"][-50:]
        self._index(grant)
        self._world.storage.put("grant", grant["id"], grant)

    def new_code(self, client_id: str, redirect_uri: str, realm_id: str, scope: str, email: str) -> str:
        """Return a code that can be exchanged once within ten minutes."""
        code = secrets.token_urlsafe(30)
        self._codes[code] = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "realm_id": realm_id,
            "scope": scope,
            "email": email,
            "expires": self._now() + CODE_SECONDS,
        }
        return code

    def exchange(self, client_id: str, code: str, redirect_uri: str) -> dict:
        """Return the grant a code stands for, with its first tokens. Raises InvalidGrantError."""
        found = self._codes.pop(code, None)
        if (
            found is None
            or found["client_id"] != client_id
            or found["redirect_uri"] != redirect_uri
            or found["expires"] < self._now()
        ):
            raise InvalidGrantError
        return self.new_grant(client_id, found["realm_id"], found["scope"], found["email"])

    def new_grant(
        self, client_id: str, realm_id: str, scope: str, email: str, unlimited: bool = False
    ) -> dict:
        """Return a new grant with an access and a refresh token. `unlimited` lifts the gateway's limits for it."""
        now, settings = self._now(), self._world.settings
        grant = {
            "id": secrets.token_hex(8),
            "client_id": client_id,
            "realm_id": realm_id,
            "scope": scope,
            "email": email,
            "created": now,
            "hard_expires": now + settings["hard_expiry_seconds"],
            "revoked": False,
            "unlimited": unlimited,
            "access": [],
            "refresh": [],
        }
        self._grants[grant["id"]] = grant
        self._new_access(grant)
        self._new_refresh(grant)
        self._save(grant)
        return grant

    def _new_access(self, grant: dict) -> None:
        expires = self._now() + self._world.settings["access_token_seconds"]
        grant["access"].append({"token": "eyJ" + secrets.token_urlsafe(48), "expires": expires})

    def _new_refresh(self, grant: dict) -> None:
        now = self._now()
        for each in grant["refresh"]:
            each.setdefault("superseded", now)
        token = {
            "token": "RT1-" + secrets.token_urlsafe(30),
            "expires": now + self._world.settings["refresh_token_seconds"],
        }
        grant["refresh"].append(token)

    def refresh(self, client_id: str, token: str) -> dict:
        """Return the grant with a new access token, its refresh token rotated as set. Raises InvalidGrantError."""
        grant, now, settings = self._of(token), self._now(), self._world.settings
        held = next((each for each in grant["refresh"] if each["token"] == token), None) if grant else None
        if held is not None and grant["client_id"] != client_id:
            raise InvalidGrantError("Incorrect Token type or clientID")  # The token stays alive.
        if held is None or grant["revoked"]:
            raise InvalidGrantError
        if min(held["expires"], grant["hard_expires"]) <= now:
            raise InvalidGrantError
        superseded = held.get("superseded")
        if superseded is not None and now - superseded >= settings["refresh_grace_seconds"]:
            raise InvalidGrantError
        self._new_access(grant)
        if superseded is None:
            if settings["rotate_refresh_token"]:
                self._new_refresh(grant)
            else:
                held["expires"] = now + settings["refresh_token_seconds"]
        self._save(grant)
        return grant

    def _of(self, token: str) -> dict | None:
        return self._grants.get(self._by_token.get(token, ""))

    def of_access(self, token: str) -> dict | None:
        """Return the grant of a valid access token, or None for one that is wrong, expired or revoked."""
        grant = self._of(token)
        if grant is None or grant["revoked"]:
            return None
        now = self._now()
        return (
            grant
            if any(each["token"] == token and each["expires"] > now for each in grant["access"])
            else None
        )

    def of_any(self, token: str) -> dict | None:
        """Return the grant an access or refresh token belongs to, or None."""
        return self._of(token)

    def end(self, grant: dict) -> None:
        """Revoke a grant: its access and refresh tokens stop working."""
        grant["revoked"] = True
        self._save(grant)

    def living(self, realm_id: str) -> list[dict]:
        """Return the grants of a company that are not revoked."""
        return [
            grant for grant in self._grants.values() if grant["realm_id"] == realm_id and not grant["revoked"]
        ]

    def expire_access(self, realm_id: str) -> int:
        """End all access tokens of a company now; refreshing still works. Return how many there were."""
        count = 0
        for grant in self.living(realm_id):
            count += len(grant["access"])
            for each in grant["access"]:
                each["expires"] = min(each["expires"], self._now())
            self._save(grant)
        return count

    def revoke_realm(self, realm_id: str) -> int:
        """Revoke every grant of a company, as a disconnect from within QuickBooks does. Return how many there were."""
        grants = self.living(realm_id)
        for grant in grants:
            self.end(grant)
        return len(grants)

    def reply(self, grant: dict, with_hard_expiry: bool) -> dict:
        """Return what the token endpoint answers for a grant."""
        now = self._now()
        access, refresh = grant["access"][-1], grant["refresh"][-1]
        rolling = min(refresh["expires"], grant["hard_expires"])
        result = {
            "token_type": "bearer",
            "access_token": access["token"],
            "expires_in": round(access["expires"] - now),
            "refresh_token": refresh["token"],
            "x_refresh_token_expires_in": max(0, round(rolling - now)),
        }
        if with_hard_expiry:
            result["x_refresh_token_hard_expires_in"] = max(0, round(grant["hard_expires"] - now))
        return result
