"""Connecting and disconnecting: the consent's `state`, which realm a company may have, storing and ending the connection.

Nothing here talks to Intuit. Each function changes rows in the current transaction; the caller commits.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, text, update

from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection, ConsentState
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.sessions import token_digest
from bookkeeping.storage.work.tokens import EXPIRIES

CONSENT_LASTS = timedelta(minutes=10)


def begin_consent(company_id: int, session_digest: str) -> str:
    """Note and return a new `state` for the way to Intuit and back; old ones are swept away."""
    state = secrets.token_urlsafe(32)
    db.session.execute(delete(ConsentState).where(ConsentState.created_at < utcnow() - timedelta(days=1)))
    db.session.add(
        ConsentState(digest=token_digest(state), company_id=company_id, session_digest=session_digest)
    )
    db.session.flush()
    return state


def use_consent(state: str, session_digest: str) -> int | None:
    """Use up `state` and return its company; None when it is unknown, used, too old or of another session."""
    mine = (
        ConsentState.digest == token_digest(state),
        ConsentState.session_digest == session_digest,
        ConsentState.used_at.is_(None),
        ConsentState.created_at > utcnow() - CONSENT_LASTS,
    )
    if rows_changed(update(ConsentState).where(*mine).values(used_at=utcnow())) != 1:
        return None
    return db.session.scalar(
        select(ConsentState.company_id).where(ConsentState.digest == token_digest(state))
    )


def is_another_realm(company_id: int, realm: str) -> bool:
    """Return whether this company's documents are in another realm than this one.

    Source: bookkeeping decision 10 ("Connecting").
    """
    before = db.session.get(Connection, company_id, populate_existing=True)
    if before is None or before.proven_at is None:
        return False  # Never let in anywhere.
    return before.realm_digest not in vault().digests(realm)


def realm_is_taken(company_id: int, realm: str) -> bool:
    """Return whether another company was let into this realm and has it still. Asked once the realm is proven, never before:
    what a browser says about realms is no reason to tell it who is a customer.

    Holds back other proofs until the transaction ends, so that two companies cannot take one realm at the same moment.

    Source: bookkeeping decision 10 ("Connecting").
    """
    if db.engine.dialect.name == "postgresql":  # On SQLite the transaction is the only writer anyway.
        db.session.execute(text("LOCK TABLE connections IN SHARE ROW EXCLUSIVE MODE"))
    others = select(Connection.company_id).where(
        Connection.realm_digest.in_(vault().digests(realm)),
        Connection.company_id != company_id,
        Connection.holds_realm,
    )
    return db.session.scalar(others.limit(1)) is not None


def store_connection(
    company_id: int, realm: str, tokens: dict[str, Any], by: str, granted_by: Mapping[str, str] | None = None
) -> Connection:
    """Write the connection that consent has given, to be checked by the next run, and return it.

    `tokens` holds access_token, refresh_token and the three expiries (aware UTC). `granted_by` is the Intuit that gave it
    (`connections.GRANTED_BY`); None: the first that it is used with. Whatever held the company back is lifted.
    """
    keys, now = vault(), utcnow()
    connection = db.session.get(Connection, company_id, with_for_update=True, populate_existing=True)
    if connection is None:
        connection = Connection(company_id=company_id, version=0)
        db.session.add(connection)
    secret = json.dumps({name: tokens[name] for name in ("access_token", "refresh_token")})
    connection.realm = keys.seal(realm, company_id, "realm")
    connection.realm_digest = keys.digests(realm)[0]
    connection.tokens = keys.seal(secret, company_id, "tokens")
    connection.version += 1
    connection.refresh_claimed_until = None
    for name in EXPIRIES:
        setattr(connection, name, tokens.get(name))
    connection.state, connection.code, connection.detail, connection.state_since = "checking", "", "", now
    connection.connected_at, connection.connected_by = now, by
    connection.bind(granted_by or {})
    held = {"not_before": None, "wait_code": "", "failures": 0}
    db.session.execute(update(Company).where(Company.id == company_id).values(**held))
    db.session.flush()
    return connection


def end_connection(company_id: int) -> None:
    """Forget the tokens and note the connection as disconnected; realm and records stay for a later reconnect."""
    connection = db.session.get_one(Connection, company_id, with_for_update=True, populate_existing=True)
    connection.state, connection.state_since = "disconnected", utcnow()
    connection.code = connection.detail = ""
    connection.tokens = connection.refresh_claimed_until = None
    connection.access_expires_at = connection.refresh_expires_at = connection.hard_expires_at = None
    connection.version += 1
    db.session.flush()


def company_of_realm(realm: str) -> int | None:
    """Return the company that has this realm, or None."""
    rows = select(Connection.company_id).where(
        Connection.realm_digest.in_(vault().digests(realm)), Connection.holds_realm
    )
    return db.session.scalar(rows.limit(1))
