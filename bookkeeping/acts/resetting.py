"""The way back for who forgot the password: a link by mail, good once and for an hour.

Asking only notes the typed address, so that known and unknown ones take as long and get the same answer; `send_asked_links`, run beside the
mailing, looks whose it is. Each function changes rows in the current transaction; the caller commits.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from bookkeeping.acts.joining import choose_password
from bookkeeping.acts.telling import record_of_person, tell_of_login
from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.memberships import memberships_of
from bookkeeping.storage.people.notices import write_once
from bookkeeping.storage.people.people import ResetLink, ResetRequest, User
from bookkeeping.storage.people.sessions import end_sessions_of, token_digest

LINK_LASTS = timedelta(hours=1)
KIND = "reset-link"
PATH = "/reset-password/"


def ask_for_link(email: str, address: str) -> None:
    """Note that somebody wants a link for this address, whosever it is."""
    db.session.add(ResetRequest(email=email.strip().lower()[:254], address=address[:64]))


def send_asked_links(now: datetime) -> int:
    """Make links for what was asked and known, to be mailed, and forget the rest; return how many."""
    asked = db.session.scalars(select(ResetRequest).order_by(ResetRequest.id)).all()
    made = 0
    for request in asked:
        person = db.session.scalar(select(User).where(User.email == request.email, User.removed_at.is_(None)))
        if person is not None and now - request.asked_at < LINK_LASTS:
            made += _mail_link(person, request.address)
        db.session.delete(request)
    ended = ResetLink.expires_at < now - timedelta(days=30)
    db.session.execute(delete(ResetLink).where(ended))
    return made


def make_link(person: User) -> str:
    """Add a link for this person and return its token, which nobody can find out again; the ones before it end."""
    end_links_of(person.id)
    token = secrets.token_urlsafe(32)
    db.session.add(ResetLink(digest=token_digest(token), user_id=person.id, expires_at=utcnow() + LINK_LASTS))
    db.session.flush()
    return token


def end_links_of(user_id: int) -> None:
    """End the links that could still change this person's password."""
    open_ones = (ResetLink.user_id == user_id, ResetLink.used_at.is_(None), ResetLink.expires_at > utcnow())
    db.session.execute(update(ResetLink).where(*open_ones).values(expires_at=utcnow()))


def person_of_link(token: str) -> User | None:
    """Return whose password this link changes, while it can be used."""
    rows = (
        select(User)
        .join(ResetLink, ResetLink.user_id == User.id)
        .where(*_usable(token), User.removed_at.is_(None))
    )
    return db.session.scalars(rows).first()


def change_forgotten(token: str, password: str, address: str = "") -> User | None:
    """Take over the new password, use the link up, and end every session; None when the link cannot be used any more.

    Raises:
        ValueError: the password cannot be taken; a sentence says why. The link stays good.
    """
    person = person_of_link(token)
    if person is None:
        return None
    choose_password(person, password)
    if rows_changed(update(ResetLink).where(*_usable(token)).values(used_at=utcnow())) != 1:
        return None
    ended = end_sessions_of(person.id)
    act = "chose another password by link"
    record_of_person(person, person.email, act, after={"sessions_ended": ended}, address=address)
    sentence = f"The password of {person.email} was changed with a link sent by mail, and every browser is logged out."
    tell_of_login(person, "A password was changed", sentence, address=address)
    return person


def _mail_link(person: User, address: str) -> int:
    """Write the mail and return 1; ops have no mail from us: 0."""
    places = memberships_of(person.id)
    if not places:
        return 0
    company_id = places[0].company_id
    token = make_link(person)
    text = (
        f"Somebody{f' at the address {address}' if address else ''} asked for another password for {person.email}.\n\n"
        "Open this link and choose one. It works once, for an hour. If that was not you, do nothing: the password stays as it is."
    )
    notice = write_once(
        company_id, KIND, token_digest(token)[:40], "Choose another password", text, urgent=True
    )
    if notice is not None:
        notice.address = person.email
        notice.sealed_link = vault().seal(PATH + token, company_id, "sealed_link")
    return 1


def _usable(token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        ResetLink.digest == token_digest(token),
        ResetLink.used_at.is_(None),
        ResetLink.expires_at > utcnow(),
    )
