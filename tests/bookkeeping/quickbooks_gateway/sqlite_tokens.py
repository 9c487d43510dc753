"""A token store in a SQLite file, so that processes can meet in it; and what a process does that needs a token.

python -m tests.bookkeeping.quickbooks_gateway.sqlite_tokens FILE URL
"""

import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bookkeeping.quickbooks_gateway.oauth import OAuth, TokenSet
from bookkeeping.quickbooks_gateway.tokens import StoredTokens, TokenKeeper


class SqliteTokens:
    """The `TokenStore` protocol over one row."""

    def __init__(self, path: Path):
        self._path = path
        with closing(self._open()) as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS t (access, access_at, refresh, refresh_at, version, claimed DEFAULT 0, dead)"
            )

    def put(self, tokens: TokenSet) -> None:
        """Start over with these tokens, as a reconnect does."""
        with closing(self._open()) as database:
            row = database.execute("SELECT max(version) FROM t").fetchone()
            database.execute("DELETE FROM t")
            database.execute(
                "INSERT INTO t (access, access_at, refresh, refresh_at, version) VALUES (?, ?, ?, ?, ?)",
                (*_row(tokens), (row[0] or 0) + 1),
            )

    def load(self) -> StoredTokens | None:
        with closing(self._open()) as database:
            row = database.execute(
                "SELECT access, access_at, refresh, refresh_at, version, dead FROM t"
            ).fetchone()
        if row is None or row[5]:
            return None
        at = datetime.fromisoformat
        return StoredTokens(TokenSet(row[0], at(row[1]), row[2], at(row[3])), row[4])

    def begin_refresh(self, version: int, seconds: int) -> bool:
        now = time.time()
        return self._change("claimed = ?", "version = ? AND claimed < ?", now + seconds, version, now)

    def release_claim(self, version: int) -> None:
        self._change("claimed = 0", "version = ?", version)

    def save(self, version: int, token_set: TokenSet) -> bool:
        new = "access = ?, access_at = ?, refresh = ?, refresh_at = ?, version = version + 1, claimed = 0"
        return self._change(new, "version = ?", *_row(token_set), version)

    def mark_reconnect_needed(self, version: int, code: str) -> None:
        self._change("dead = ?", "version = ?", code, version)

    def dead(self) -> str | None:
        """Return the code with which the tokens were marked, or None."""
        with closing(self._open()) as database:
            return database.execute("SELECT dead FROM t").fetchone()[0]

    def _change(self, values: str, where: str, *parameters) -> bool:
        with closing(self._open()) as database:
            return database.execute(f"UPDATE t SET {values} WHERE {where}", parameters).rowcount == 1

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)


def tokens(name: str, minutes: float = 60) -> TokenSet:
    """Return a token set `access-<name>`, `refresh-<name>` whose access token lasts so long from now."""
    now = datetime.now(UTC)
    return TokenSet(
        f"access-{name}", now + timedelta(minutes=minutes), f"refresh-{name}", now + timedelta(days=100)
    )


def _row(token_set: TokenSet) -> tuple[str, str, str, str]:
    return (
        token_set.access_token,
        token_set.access_expires_at.isoformat(),
        token_set.refresh_token,
        token_set.refresh_expires_at.isoformat(),
    )


if __name__ == "__main__":
    from tests.bookkeeping.quickbooks_gateway.conftest import config_for

    print(TokenKeeper(OAuth(config_for(sys.argv[2])), SqliteTokens(Path(sys.argv[1]))).access_token())
