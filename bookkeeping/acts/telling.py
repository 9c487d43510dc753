"""Telling owners, by mail and each by name, what was done that gives or takes access; and writing such acts down. They cannot choose not to be told.

Each function writes notices in the current transaction; the caller commits, and mailing is the worker's.
"""

import secrets
from typing import Any

from bookkeeping.faults import with_support
from bookkeeping.rules.local_time import say_moment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.memberships import members_of, memberships_of
from bookkeeping.storage.people.notices import write_once
from bookkeeping.storage.people.people import User

KIND = "access"
_NOT_YOU = (
    "If that was not you, or nobody you know: log in, change your password, end the other logins on your account's page, "
    "and contact support."
)


def tell_owners(company_id: int, title: str, sentence: str, *, address: str = "", also: str = "") -> None:
    """Write one mail for each owner, and for `also`, whom it happened to.

    `address` is where the request came from.
    """
    owners = {one.email for one in members_of(company_id) if one.role == "owner"}
    for email in sorted(owners | set(filter(None, [also]))):
        _tell(company_id, email, title, sentence, address)


def _tell_person(person: User, title: str, sentence: str, *, address: str = "") -> None:
    """Write one mail to this person alone. Ops belong to no company and have no mail from us: theirs is in the audit log."""
    for membership in memberships_of(person.id)[:1]:
        _tell(membership.company_id, person.email, title, sentence, address)


def tell_of_login(person: User, title: str, sentence: str, *, address: str = "") -> None:
    """Write a mail about a person's login to them, once, and to the owners of each of their companies."""
    _tell_person(person, title, sentence, address=address)
    for place in memberships_of(person.id):
        owners = {one.email for one in members_of(place.company_id) if one.role == "owner"}
        for email in sorted(owners - {person.email}):
            _tell(place.company_id, email, title, sentence, address)


def record_of_person(person: User, who: str, act: str, *, after: Any = None, address: str = "") -> None:
    """Write an act about a person's login into the audit log of each of their companies, or of the house for ops.

    Whose login it is stands in `who` when they did it themselves, else as the subject.
    """
    places: list[int | None] = [one.company_id for one in memberships_of(person.id)]
    subject = "" if who == person.email else person.email
    for company_id in places or [None]:
        record_act(company_id, who, act, subject=subject, after=after, address=address)


def with_article(role: str) -> str:
    """Return "an owner" for "owner"."""
    return f"{'an' if role[:1] in 'aeiou' else 'a'} {role}"


def _tell(company_id: int, email: str, title: str, sentence: str, address: str) -> None:
    company = db.session.get_one(Company, company_id)
    when = say_moment(utcnow(), company.time_zone)
    where = f", from the address {address}" if address else ""
    text = f"{sentence}\n\nThat was on {when}{where}.\n\n{with_support(_NOT_YOU)}"
    notice = write_once(company_id, KIND, secrets.token_hex(16), title, text, "/account", urgent=True)
    if notice is not None:
        notice.address = email
