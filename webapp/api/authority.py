"""With which key somebody asks the API: what the key is good for, how often it may ask, and when it was last used. Logins of people are not taken here."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Response, abort, g, request
from sqlalchemy import update

from bookkeeping.storage.base import db, set_reading, utcnow
from bookkeeping.storage.company.api_keys import ApiKey, live_key
from bookkeeping.storage.company.companies import Company, company_or_none
from bookkeeping.storage.people.sessions import token_digest
from webapp.access.evidence import note_security
from webapp.access.limits import by_address, digest, limiter
from webapp.access.roles import public

P = ParamSpec("P")
Answer = TypeVar("Answer")
NOTED_EVERY = timedelta(minutes=1)
ASKS = "600 per minute"
"""Of one key."""

GUESSES = "60 per minute; 600 per hour"
"""Of one address, with keys that are none."""


def with_key(scope: str) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Mark a view for who sends a key that is good for this; it finds the company in `asking_company()`."""

    def mark(view: Callable[P, Answer]) -> Callable[P, Answer]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            key = live_key(token_digest(_sent()))
            company = company_or_none(key.company_id) if key is not None else None
            if key is None or company is None or company.erasing_since is not None:
                if _sent():
                    note_security("api-key")
                abort(401)
            if not key.allows(scope):
                abort(403)
            g.asking_company_id = company.id
            _note_used(key)
            return view(*args, **kwargs)

        limited = limiter.limit(ASKS, key_func=_by_key)(guarded)
        limited = limiter.limit(GUESSES, key_func=by_address, deduct_when=_was_guessed)(limited)
        limited.__dict__["scope"] = scope
        return public(limited)

    return mark


def asking_company() -> Company:
    """Return the company whose key was sent."""
    return db.session.get_one(Company, g.asking_company_id)


def _sent() -> str:
    """Return the key of the Authorization header, "" without one."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip()[:200] if kind.lower() == "bearer" else ""


def _by_key() -> str:
    return f"key:{digest(_sent())}"


def _was_guessed(answer: Response) -> bool:
    return answer.status_code == 401


def _note_used(key: ApiKey) -> None:
    """Note when the key was used, a minute apart, in a transaction of its own: what is read after it holds no writer's place."""
    now, key_id, last = utcnow(), key.id, key.last_used_at
    if last is not None and now - last < NOTED_EVERY:
        return
    was_reading = request.method in ("GET", "HEAD", "OPTIONS")
    db.session.commit()
    set_reading(False)
    db.session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
    db.session.commit()
    set_reading(was_reading)
