"""Passkeys of the present browser: for which site they are, and which question it was asked last. Checking answers is the storage's."""

import time
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app, session

from bookkeeping.settings import Settings
from bookkeeping.storage.people import passkeys
from bookkeeping.storage.people.people import User

FIELD = "passkey"
SECONDS_TO_ANSWER = 600
_ASKED = "passkey_asked"


def passkeys_work() -> bool:
    """Return whether browsers take passkeys for this site: a name, behind TLS or on the machine itself; never a bare address."""
    parts = urlsplit(_settings().public_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return parts.scheme == "https" or host == "localhost"
    return False


def ask_for_new(user: User) -> str:
    """Return what the browser is asked for a new passkey, or "" where none work."""
    return passkeys.options_to_make(user, _site(), _challenge()) if passkeys_work() else ""


def ask_for_one(user: User) -> str:
    """Return what the browser is asked for a passkey of this person, or "" where there is none."""
    if not passkeys_work() or not passkeys.passkeys_of(user.id):
        return ""
    return passkeys.options_to_show(user.id, _site(), _challenge())


def keep(user: User, answer: str, name: str) -> bool:
    """Take over the passkey that the browser made, in the current transaction."""
    return passkeys.keep_passkey(user.id, answer, _asked(), _site(), _settings().public_url, name)


def fits(user: User, answer: str) -> bool:
    """Return whether a passkey of this person answered what was asked. The caller commits."""
    return passkeys.passkey_fits(user.id, answer, _asked(), _site(), _settings().public_url)


def _challenge() -> str:
    made = passkeys.new_challenge()
    session[_ASKED] = {"challenge": made, "at": int(time.time())}
    return made


def _asked() -> str:
    kept = session.pop(_ASKED, None) or {"challenge": "", "at": 0}
    return str(kept["challenge"]) if 0 <= time.time() - kept["at"] < SECONDS_TO_ANSWER else ""


def _site() -> str:
    return urlsplit(_settings().public_url).hostname or ""


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
