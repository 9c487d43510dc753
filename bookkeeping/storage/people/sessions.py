"""Who may come in: passwords checked and made, login sessions opened, found and ended. The tables are in `people.py`.

The browser holds a random token; the row holds only its digest, so a copy of the database opens nothing.
"""

import hashlib
import secrets
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import or_, select, update
from sqlalchemy.orm import joinedload

from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.people import LoginSession, User

SESSION_HOURS = 12
OPS_IDLE_MINUTES = 15
SEEN_EVERY = timedelta(minutes=1)

NO_PASSWORD = "none"  # noqa: S105 - no hash, so nothing fits it.
"""In place of a hash: no password fits."""

_hasher = PasswordHasher()  # argon2id with the library's own current parameters.


@cache
def _nobody() -> str:
    """Return a hash that no password fits, checked for unknown addresses so that both answers take as long."""
    return _hasher.hash(secrets.token_urlsafe(16))


def hash_password(plain: str) -> str:
    """Return the argon2id hash to store."""
    return _hasher.hash(plain)


def password_fits(password_hash: str, plain: str) -> bool:
    """Return whether this is the password behind the hash. Takes about a tenth of a second, by design."""
    try:
        return _hasher.verify(password_hash, plain)
    except (VerificationError, InvalidHashError):
        return False


def user_by_password(email: str, plain: str) -> User | None:
    """Return the person whose email and password these are, or None without telling which of the two is wrong.

    Ends the current transaction before the slow check, so that no writer waits behind a login.
    """
    user = db.session.scalar(
        select(User).where(User.email == email.strip().lower(), User.removed_at.is_(None))
    )
    user_id, stored = (user.id, user.password_hash) if user else (None, _nobody())
    db.session.commit()
    if not password_fits(stored, plain) or user_id is None:
        return None
    user = db.session.get(User, user_id)
    if user is not None and _hasher.check_needs_rehash(stored):
        user.password_hash = hash_password(plain)
    return user


def open_session(user: User, address: str, agent: str, company_id: int | None = None) -> str:
    """Add a login session, which looks at this company, to the current transaction and return its token; the caller commits."""
    token = secrets.token_urlsafe(32)
    where = {"address": address[:64], "agent": agent[:300], "company_id": company_id}
    db.session.add(LoginSession(digest=token_digest(token), user_id=user.id, **where))
    db.session.flush()
    return token


def live_session(token: str, idle_minutes: int) -> LoginSession | None:
    """Return the session of this token with its user, or None when it has ended in any way.

    It ends by itself after `idle_minutes` without a click, of ops after a quarter of an hour at most, and after SESSION_HOURS.
    """
    rows = (
        select(LoginSession)
        .where(LoginSession.digest == token_digest(token), LoginSession.ended_at.is_(None))
        .where(LoginSession.created_at > utcnow() - timedelta(hours=SESSION_HOURS))
        .options(joinedload(LoginSession.user))
    )
    found = db.session.scalar(rows)
    if found is None or found.user.removed_at is not None:
        return None
    idle = min(idle_minutes, OPS_IDLE_MINUTES) if found.user.is_ops else idle_minutes
    return found if utcnow() - found.seen_at < timedelta(minutes=idle) else None


def note_seen(digest: str) -> None:
    """Write when the session was last seen. Callers ask `seen_is_old` first and give it a transaction of its own."""
    db.session.execute(update(LoginSession).where(LoginSession.digest == digest).values(seen_at=utcnow()))


def logged_in_before(user_id: int) -> bool:
    """Return whether the person had a session before the newest one."""
    rows = select(LoginSession.digest).where(LoginSession.user_id == user_id).limit(2)
    return len(db.session.scalars(rows).all()) > 1


def note_confirmed(digest: str) -> None:
    """Write in the current transaction that the person behind this session has just typed the password."""
    db.session.execute(
        update(LoginSession).where(LoginSession.digest == digest).values(confirmed_at=utcnow())
    )


def seen_is_old(session: LoginSession) -> bool:
    """Return whether `seen_at` is worth writing again: at most once a minute."""
    return utcnow() - session.seen_at >= SEEN_EVERY


def end_session(digest: str) -> None:
    """End one session in the current transaction."""
    mine = (LoginSession.digest == digest, LoginSession.ended_at.is_(None))
    db.session.execute(update(LoginSession).where(*mine).values(ended_at=utcnow()))


def end_sessions_of(user_id: int, *, but: str = "", company_id: int | None = None) -> int:
    """End all sessions of a person, or those that look at one company, but the one of digest `but`; return how many ended."""
    theirs = [LoginSession.user_id == user_id, LoginSession.ended_at.is_(None), LoginSession.digest != but]
    if company_id is not None:
        theirs.append(or_(LoginSession.company_id == company_id, LoginSession.company_id.is_(None)))
    return rows_changed(update(LoginSession).where(*theirs).values(ended_at=utcnow()))


def look_at(digest: str, membership: Membership) -> None:
    """Note in the current transaction that this session goes to that company, and that the person chose it last."""
    membership.chosen_at = utcnow()
    mine = update(LoginSession).where(LoginSession.digest == digest)
    db.session.execute(mine.values(company_id=membership.company_id))


def token_digest(token: str) -> str:
    """Return the digest under which a random token (session, consent, hook) is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
