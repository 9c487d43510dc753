"""`flask user …`: who may log in, from the command line. Each act stands in the audit log of the company, or of the house for ops.

Of ops, `ops` acts and `ops-read-only` looks; `ops-admin` is another word for `ops`, whose staff retry and mute.
"""

import sys
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from bookkeeping.acts import inviting
from bookkeeping.acts.joining import add_user
from bookkeeping.acts.resetting import make_link
from bookkeeping.acts.telling import record_of_person, tell_of_login, tell_owners, with_article
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.factors import drop_factors
from bookkeeping.storage.people.memberships import Membership, members_of, membership_in, memberships_of
from bookkeeping.storage.people.people import COMPANY_ROLES, OPS_ROLES, User
from bookkeeping.storage.people.sessions import NO_PASSWORD, end_sessions_of
from worker.commands.answering import PlainCommand, Refusal, answering, company_of

WHO = "command line"
OPS_ADMIN = "ops-admin"
ROLES = (*COMPANY_ROLES, *OPS_ROLES, OPS_ADMIN)
user = AppGroup("user", help="People who log in.")


@user.command("create", cls=PlainCommand)
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--company", "company_id", type=int, help="The company's id, for all but ops.")
@click.option("--name", default="", help="The person's name.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
@answering
def create_user(
    email: str, role: str, company_id: int | None, name: str, password_stdin: bool
) -> dict[str, Any]:
    """Add a person. The password is the first line of standard input."""
    role = _plain(role)
    if (role in OPS_ROLES) != (company_id is None):
        raise Refusal("Owners, bookkeepers and accountants need --company; ops people have none.")
    if company_id is not None:
        company_of(company_id)
    password = sys.stdin.readline().rstrip("\r\n")
    try:
        person = add_user(email, password, role, company_id, name)
    except ValueError as error:
        more = (
            " One more company: `flask user invite`, and its person accepts."
            if "already" in str(error)
            else ""
        )
        raise Refusal(f"{error}{more}") from error
    record_act(company_id, WHO, "added a person", subject=person.email, after={"role": role})
    if company_id is not None and any(
        one.role == "owner" for one in members_of(company_id) if one.user is not person
    ):
        sentence = f"Whoever runs this installation made {person.email} {with_article(role)}."
        tell_owners(company_id, f"{person.email} joined", sentence)
    db.session.commit()
    return {"id": person.id, "email": person.email, "role": role, "company": company_id}


@user.command("list", cls=PlainCommand)
@click.option("--company", "company_id", type=int, help="Only the people of this company.")
@answering
def list_users(company_id: int | None) -> dict[str, Any]:
    """List who may log in: ops first, then company by company. Who belongs to several companies stands there once for each."""
    if company_id is not None:
        company_of(company_id)
        return {"users": [_said(one.user, one) for one in _by_address(members_of(company_id))]}
    ops = select(User).where(User.removed_at.is_(None), User.ops_role.in_(OPS_ROLES)).order_by(User.email)
    places = db.session.scalars(select(Membership).options(joinedload(Membership.user))).all()
    return {
        "users": [_said(person) for person in db.session.scalars(ops)]
        + [_said(one.user, one) for one in _by_address(list(places))]
    }


@user.command("invite", cls=PlainCommand)
@click.argument("email")
@click.option("--role", type=click.Choice(COMPANY_ROLES), required=True)
@click.option("--company", "company_id", type=int, required=True)
@answering
def invite(email: str, role: str, company_id: int) -> dict[str, Any]:
    """Make a one-time link by which somebody joins a company, and print it."""
    company_of(company_id)
    try:
        token = inviting.invite(company_id, email, role, WHO)
    except ValueError as error:
        raise Refusal(str(error)) from error
    db.session.commit()
    return {"email": email.strip().lower(), "company": company_id, "link": _link(f"/invitation/{token}")}


@user.command("set-role", cls=PlainCommand)
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--company", "company_id", type=int, help="The company; needed for who belongs to several.")
@answering
def set_role(email: str, role: str, company_id: int | None) -> dict[str, Any]:
    """Give somebody another role in a company, or one of ops the other role of ops."""
    person, role = _person(email, company_id), _plain(role)
    if person.is_ops != (role in OPS_ROLES):
        raise Refusal(
            f"{person.email} is {'of ops and belongs to no company' if person.is_ops else 'of a company'}: "
            "remove that login first, and then make the other."
        )
    if person.is_ops:
        before, person.ops_role = person.ops_role, role
        record_act(None, WHO, "changed a role", subject=email, before={"role": before}, after={"role": role})
        db.session.commit()
        return _said(person)
    place = _only_place(person, company_id)
    try:
        inviting.change_role(place.company_id, person.id, role, WHO)
    except ValueError as error:
        raise Refusal(str(error)) from error
    db.session.commit()
    return _said(person, membership_in(place.company_id, person.id))


@user.command("remove", cls=PlainCommand)
@click.argument("email")
@click.option("--company", "company_id", type=int, help="Only out of this company.")
@answering
def remove(email: str, company_id: int | None) -> dict[str, Any]:
    """Put somebody out of a company, or take the whole login away, of ops too; and end the sessions at once."""
    person = _person(email, company_id)
    places = [one.company_id for one in memberships_of(person.id) if company_id in (None, one.company_id)]
    if person.is_ops:
        person.removed_at = utcnow()
        end_sessions_of(person.id)
        record_act(None, WHO, "removed", subject=person.email, before={"role": person.ops_role})
    try:
        for place in places:
            inviting.remove(place, person.id, WHO)
    except ValueError as error:
        db.session.rollback()
        raise Refusal(f"Nothing was changed in company {place}: {error}") from error
    db.session.commit()
    return {"email": person.email, "removed": True, "companies": places, "login": person.removed_at is None}


@user.command("reset-link", cls=PlainCommand)
@click.argument("email")
@answering
def reset_link(email: str) -> dict[str, Any]:
    """Print a link, good once and for an hour, with which the person chooses another password."""
    person = _person(email, None)
    token = make_link(person)
    record_of_person(person, WHO, "made a link for another password")
    db.session.commit()
    return {"email": person.email, "link": _link(f"/reset-password/{token}")}


@user.command("reset-factor", cls=PlainCommand)
@click.argument("email")
@answering
def reset_factor(email: str) -> dict[str, Any]:
    """Take away every second factor of somebody who lost it, log them out everywhere, and tell them and their owners."""
    person = _person(email, None)
    dropped, ended = drop_factors(person.id), end_sessions_of(person.id)
    link = ""
    if person.short_password:  # Long enough only with a second factor: from now on only a new one does.
        person.password_hash, person.short_password = NO_PASSWORD, False
        link = _link(f"/reset-password/{make_link(person)}")
    record_of_person(person, WHO, "took every second factor away", after={"factors": dropped})
    sentence = f"Every second factor of {person.email} was taken away by whoever runs this installation, as it was lost."
    tell_of_login(person, "A second factor was taken away", sentence)
    db.session.commit()
    return {"email": person.email, "factors": dropped, "ended": ended, "link": link}


@user.command("end-sessions", cls=PlainCommand)
@click.argument("email")
@answering
def end_sessions(email: str) -> dict[str, Any]:
    """Log somebody out everywhere."""
    person = _person(email, None)
    ended = end_sessions_of(person.id)
    record_of_person(person, WHO, "ended sessions", after={"sessions": ended})
    db.session.commit()
    return {"email": person.email, "ended": ended}


def _person(email: str, company_id: int | None) -> User:
    rows = select(User).where(User.email == email.strip().lower(), User.removed_at.is_(None))
    person = db.session.scalar(rows.execution_options(populate_existing=True))
    elsewhere = person is not None and company_id is not None and not membership_in(company_id, person.id)
    if person is None or elsewhere:
        where = f" in company {company_id}" if company_id is not None else ""
        raise Refusal(
            f"Nobody logs in with {email.strip()}{where}. `flask user list` shows who does.", "no-such-person"
        )
    return person


def _only_place(person: User, company_id: int | None) -> Membership:
    places = [one for one in memberships_of(person.id) if company_id in (None, one.company_id)]
    if len(places) != 1:
        ids = ", ".join(str(one.company_id) for one in sorted(places, key=lambda one: one.company_id))
        raise Refusal(f"{person.email} belongs to several companies ({ids}): say which with --company.")
    return places[0]


def _by_address(places: list[Membership]) -> list[Membership]:
    return sorted(places, key=lambda one: (one.company_id, one.email))


def _plain(role: str) -> str:
    return "ops" if role == OPS_ADMIN else role


def _said(person: User, place: Membership | None = None) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "role": place.role if place is not None else person.ops_role,
        "company": place.company_id if place is not None else None,
        "name": person.name,
    }


def _link(path: str) -> str:
    return str(current_app.extensions["settings"].public_url) + path
