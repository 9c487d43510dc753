"""A second factor asked of somebody: a code from an app, a recovery code, or a passkey. Counted like guesses of a password, with them.

Two moments: a login whose password was right and whose session is not opened yet, and a person who confirms that it is they. Setting
factors up is `webapp/people/second_factor.py`'s.
"""

import hmac
import time

from flask import request, session
from flask_login import current_user

from bookkeeping.acts.telling import record_of_person, tell_of_login
from bookkeeping.storage.base import db
from bookkeeping.storage.people.factors import code_fits, recovery_codes_left
from bookkeeping.storage.people.people import User
from bookkeeping.storage.people.sessions import note_confirmed
from webapp.access import passkeys
from webapp.access.evidence import note_security
from webapp.access.limits import GUESSES, client_address, digest, forgive, guessing, limiter
from webapp.access.security import start_writing

CODE = "confirm_code"
SECONDS_TO_ANSWER = 600
_WAITING = "second_step"


def wait_for_factor(user: User) -> None:
    """Note in the browser's signed cookie that this person's password was right, and nothing more."""
    session[_WAITING] = {"user": user.id, "mark": _mark(user), "at": int(time.time())}


def waiting_person() -> User | None:
    """Return whose password was right a while ago, unless it was changed since."""
    kept = session.get(_WAITING) or {}
    if not kept or not 0 <= time.time() - kept["at"] < SECONDS_TO_ANSWER:
        return None
    user = db.session.get(User, kept["user"])
    if user is None or user.removed_at is not None or not hmac.compare_digest(_mark(user), kept["mark"]):
        return None
    return user


def by_waiting_person() -> str:
    """Count guesses of the second factor together with those of the same person's password."""
    kept = session.get(_WAITING) or {}
    return f"person:{kept['user']}" if kept else f"address:{digest(client_address())}"


guessing_second = limiter.shared_limit(GUESSES, scope="password", key_func=by_waiting_person)


def second_factor_fits(user: User) -> bool:
    """Use up the code or the passkey's answer that the form holds; return whether it was one of this person's. The caller commits."""
    answer = request.form.get(passkeys.FIELD, "")
    if answer:
        kind = "passkey" if passkeys.fits(user, answer) else ""
    else:
        kind = code_fits(user.id, request.form.get("code", "") or request.form.get(CODE, ""))
    if not kind:
        note_security("factor-wrong")
        return False
    if kind == "recovery":
        _tell_of_recovery(user)
    return True


@guessing
def factor_is_right() -> bool:
    """Return whether the form holds a code of the logged-in person, who is then confirmed from now on."""
    start_writing()
    if not second_factor_fits(current_user.user):
        db.session.rollback()
        return False
    forgive()
    note_confirmed(current_user.session_digest)
    db.session.commit()
    return True


def _tell_of_recovery(user: User) -> None:
    left = recovery_codes_left(user.id)
    record_of_person(user, user.email, "used a recovery code", after={"left": left}, address=client_address())
    sentence = f"A recovery code of {user.email} was used in place of the second factor. {left} are left."
    tell_of_login(user, "A recovery code was used", sentence, address=client_address())


def _mark(user: User) -> str:
    return digest(user.password_hash)[:16]
