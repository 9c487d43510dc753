"""Acts that cannot be taken back want the person, not only the browser: the password, or a second factor, within the last ten minutes.

One mark, `@recently_confirmed("What is asked for.")`, below `@open_to`. Logging in counts. Otherwise the act answers with a page that names it,
asks for the password and sends the same form once more, so that nothing typed is lost and nothing is done meanwhile; it works without
JavaScript. Views whose own form asks for the password each time (disconnecting, confirming a migration) do without the mark and call
`password_is_right`.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.factors import has_factor
from bookkeeping.storage.people.sessions import note_confirmed, password_fits
from webapp.access import passkeys
from webapp.access.evidence import note_security
from webapp.access.factors import CODE, factor_is_right
from webapp.access.limits import forgive, guessing
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.access.security import same_site_path, start_writing

P = ParamSpec("P")
Answer = TypeVar("Answer")
CONFIRMED_FOR = timedelta(minutes=10)
FIELD = "confirm_password"
_PROOFS = (FIELD, CODE, passkeys.FIELD)
_WRONG = "That is not your password. Nothing was changed."
_WRONG_CODE = "That code does not fit, or was used already. Nothing was changed."

bp = Blueprint("confirming", __name__)


def ask_first(sentence: str) -> tuple[str, int] | None:
    """Return the page that says what the sent form does and asks for the person, or None once password or code came with it."""
    if not _came():
        return _ask(sentence=sentence), 403
    return None if _is_right() else (_ask(_WRONG, sentence), 422)


def recently_confirmed(act: str) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Mark a view that needs a password typed, or a second factor shown, within the last ten minutes.

    `act` is a sentence that says what the person asked for: it stands above the question.
    """

    def mark(view: Callable[P, Answer]) -> Callable[P, Answer]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            if _came():
                if not _is_right():
                    return _ask(_WRONG, act), 422
            elif not is_recently_confirmed():
                return _ask(sentence=act), 403
            return view(*args, **kwargs)

        guarded.__dict__["recently_confirmed"] = act
        return guarded

    return mark


def is_recently_confirmed() -> bool:
    """Return whether the person showed within the last ten minutes that it is they."""
    return bool(utcnow() - current_user.confirmed_at < CONFIRMED_FOR)


def _came() -> bool:
    return any(name in request.form for name in _PROOFS)


def _is_right() -> bool:
    """Return whether the code is right, when one was typed, else whether the password is. One of them is counted as a guess."""
    return factor_is_right() if _by_factor() else password_is_right(FIELD)


def _by_factor() -> bool:
    return bool(request.form.get(CODE) or request.form.get(passkeys.FIELD))


@guessing
def password_is_right(field: str = "password") -> bool:
    """Return whether the form's field holds the person's password. A guess is counted first; a right one counts as confirmed from now on.

    Ends the current transaction before the slow check, so that no writer waits behind it.
    """
    stored, digest = current_user.user.password_hash, current_user.session_digest
    db.session.commit()
    if not password_fits(stored, request.form.get(field, "")[:1000]):
        note_security("password-wrong")
        return False
    forgive()
    start_writing()
    note_confirmed(digest)
    db.session.commit()
    return True


@bp.post("/account/confirm")
@open_to(Right.OWN_LOGIN)
def confirm() -> Response | tuple[str, int]:
    """Take the password for a page that was asked for, and lead there."""
    target = same_site_path(request.form.get("next")) or url_for("home.page")
    if not _is_right():
        return _page(url_for(".confirm"), [("next", target)], _WRONG, _act_at(target)), 422
    return redirect(target, 303)


def _act_at(address: str) -> str:
    """Return what is asked for at an address of ours that is only read; "" where nothing is to be confirmed."""
    try:
        found = current_app.create_url_adapter(request)
        endpoint = found.match(address.partition("?")[0], method="GET")[0] if found is not None else ""
    except HTTPException:
        return ""
    return str(getattr(current_app.view_functions.get(endpoint), "recently_confirmed", ""))


def _ask(error: str = "", sentence: str = "") -> str:
    if request.method == "POST":
        typed = [one for one in request.form.items(multi=True) if one[0] not in ("csrf_token", *_PROOFS)]
        return _page(request.full_path.rstrip("?"), typed, error, sentence)
    return _page(url_for("confirming.confirm"), [("next", request.full_path.rstrip("?"))], error, sentence)


def _page(action: str, fields: list[tuple[str, str]], error: str, sentence: str = "") -> str:
    return render_template(
        "confirm.html",
        action=action,
        fields=fields,
        error=_WRONG_CODE if error and _by_factor() else error,
        field_name=FIELD,
        code_name=CODE if has_factor(current_user.user.id) else "",
        passkey_options=passkeys.ask_for_one(current_user.user),
        sentence=sentence,
    )
