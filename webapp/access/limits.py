"""How often somebody may ask: whose requests are counted together, and what guessing a password costs.

A guess is counted before it is looked at, so that many at once get no further than many in a row; a right one gives back what the person's own
tries had cost. The counters lie in the queue's server under ids and digests: no address, email or token stands in a key.
"""

import hashlib
import secrets
from typing import Any

from flask import current_app, request
from flask_limiter import Limiter
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from bookkeeping.settings import Settings

GUESSES = "5 per minute; 30 per hour"
"""Of a password: by person, wherever it is asked for; by account at the login."""

KNOWN_FOR = 400 * 24 * 3600
"""Seconds for which a browser is known after a login: what browsers keep a cookie at most."""


def client_address() -> str:
    """Return the address the request came from; proxies are believed only as far as PROXY_HOPS says."""
    return request.remote_addr or "unknown"


def digest(text: str) -> str:
    """Return what stands for `text` in a counter's key."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def by_address() -> str:
    """Count requests of one address together."""
    return f"address:{digest(client_address())}"


def by_person() -> str:
    """Count requests of the logged-in person together, whatever the session."""
    return f"person:{current_user.user.id}"


def by_account() -> str:
    """Count logins of the typed email together; from a browser that logged in with it before, apart from everybody else's."""
    account = digest(typed_email())
    known = _known(account)
    return f"browser:{known}" if known else f"account:{account}"


limiter = Limiter(by_address, strategy="moving-window", headers_enabled=False)
guessing = limiter.shared_limit(GUESSES, scope="password", key_func=by_person)
"""Marks a view that asks for the password of the logged-in person: one limit for all of them."""


def set_up_limits(redis_url: str) -> dict[str, Any]:
    """Return the settings under which the counters are kept."""
    # The limits library calls a Unix socket redis+unix, where redis itself says unix.
    storage = f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url
    return {
        "RATELIMIT_STORAGE_URI": storage,
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        "RATELIMIT_KEY_PREFIX": "tieout",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
    }


def forgive() -> None:
    """Give back what guesses of this account, browser or person had cost: the password was right."""
    for one in limiter.current_limits:
        if not any(part.startswith("address:") for part in one.request_args):
            limiter.limiter.clear(one.limit, *one.request_args)


def typed_email() -> str:
    """Return the email of the login form, as accounts are found by it."""
    return request.form.get("email", "").strip().lower()[:254]


def is_known_browser(email: str) -> bool:
    """Return whether somebody logged in with this email in this browser before."""
    return bool(_known(digest(email)))


def know_this_browser(answer: Response, email: str) -> None:
    """Let later logins with this email in this browser be counted apart, so that nobody outside can use up the owner's tries."""
    account, known = digest(email), _cookie()
    seed = known.pop(account, "") or secrets.token_hex(8)
    known = dict(list(known.items())[-4:]) | {account: seed}  # A browser is shared by few.
    answer.set_cookie(
        _cookie_name(),
        _signer().dumps(known),
        max_age=KNOWN_FOR,
        secure=_settings().secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def _known(account: str) -> str:
    return _cookie().get(account, "")


def _cookie() -> dict[str, str]:
    try:
        found = _signer().loads(request.cookies.get(_cookie_name(), ""), max_age=KNOWN_FOR)
    except BadSignature:
        return {}
    return found if isinstance(found, dict) else {}


def _cookie_name() -> str:
    return "__Host-tieout-known" if _settings().secure_cookies else "tieout-known"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_settings().secret_key, salt="known browser")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
