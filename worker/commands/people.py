"""`flask user …`: who may log in, from the command line. Each act stands in the audit log of the company, or of the house for ops."""

import sys
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from bookkeeping.acts import inviting
from bookkeeping.acts.joining import add_user
from bookkeeping.acts.resetting import make_link
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.people import ROLES, User
from bookkeeping.storage.people.sessions import end_sessions_of
from worker.commands.answering import PlainCommand, Refusal, answering
from worker.commands.foreground import company_of

WHO = "command line"
user = AppGroup("user", help="People who log in.")


@user.command("create", cls=PlainCommand)
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--company", "company_id", type=int, help="The company's id, for owners and bookkeepers.")
@click.option("--name", default="", help="The person's name.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
@answering
def create_user(
    email: str, role: str, company_id: int | None, name: str, password_stdin: bool
) -> dict[str, Any]:
    """Add a person. The password is the first line of standard input."""
    if (role == "ops") != (company_id is None):
        raise Refusal("Owners and bookkeepers need --company; ops people have none.")
    if company_id is not None:
        company_of(company_id)
    password = sys.stdin.readline().rstrip("\r\n")
    try:
        person = add_user(email, password, role, company_id, name)
    except ValueError as error:
        raise Refusal(str(error)) from error
    record_act(company_id, WHO, "added a person", subject=person.email, after={"role": role})
    db.session.commit()
    return {"id": person.id, "email": person.email, "role": person.role, "company": person.company_id}


@user.command("list", cls=PlainCommand)
@click.option("--company", "company_id", type=int, help="Only the people of this company.")
@answering
def list_users(company_id: int | None) -> dict[str, Any]:
    """List who may log in."""
    rows = select(User).where(User.removed_at.is_(None)).order_by(User.company_id, User.email)
    if company_id is not None:
        company_of(company_id)
        rows = rows.where(User.company_id == company_id)
    return {"users": [_said(person) for person in db.session.scalars(rows)]}


@user.command("invite", cls=PlainCommand)
@click.argument("email")
@click.option("--role", type=click.Choice(inviting.ROLES), required=True)
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
@click.option("--role", type=click.Choice(inviting.ROLES), required=True)
@click.option(
    "--company", "company_id", type=int, help="The company, to be sure that it is the right person."
)
@answering
def set_role(email: str, role: str, company_id: int | None) -> dict[str, Any]:
    """Make somebody of a company an owner or a bookkeeper."""
    person = _person(email, company_id)
    if person.company_id is None:
        raise Refusal(
            f"{person.email} is of ops and belongs to no company: remove that login and invite the person."
        )
    try:
        inviting.change_role(person.company_id, person.id, role, WHO)
    except ValueError as error:
        raise Refusal(str(error)) from error
    db.session.commit()
    return _said(_person(email, company_id))


@user.command("remove", cls=PlainCommand)
@click.argument("email")
@click.option(
    "--company", "company_id", type=int, help="The company, to be sure that it is the right person."
)
@answering
def remove(email: str, company_id: int | None) -> dict[str, Any]:
    """Take somebody's login away, of ops too, and end every session at once."""
    person = _person(email, company_id)
    if person.company_id is not None:
        try:
            inviting.remove(person.company_id, person.id, WHO)
        except ValueError as error:
            raise Refusal(str(error)) from error
    else:
        person.removed_at = utcnow()
        end_sessions_of(person.id)
        record_act(None, WHO, "removed", subject=person.email, before={"role": person.role})
    db.session.commit()
    return {"email": person.email, "removed": True}


@user.command("reset-link", cls=PlainCommand)
@click.argument("email")
@answering
def reset_link(email: str) -> dict[str, Any]:
    """Print a link, good once and for an hour, with which the person chooses another password."""
    person = _person(email, None)
    token = make_link(person)
    record_act(person.company_id, WHO, "made a link for another password", subject=person.email)
    db.session.commit()
    return {"email": person.email, "link": _link(f"/reset-password/{token}")}


@user.command("end-sessions", cls=PlainCommand)
@click.argument("email")
@answering
def end_sessions(email: str) -> dict[str, Any]:
    """Log somebody out everywhere."""
    person = _person(email, None)
    ended = end_sessions_of(person.id)
    record_act(person.company_id, WHO, "ended sessions", subject=person.email, after={"sessions": ended})
    db.session.commit()
    return {"email": person.email, "ended": ended}


def _person(email: str, company_id: int | None) -> User:
    rows = select(User).where(User.email == email.strip().lower(), User.removed_at.is_(None))
    person = db.session.scalar(rows.execution_options(populate_existing=True))
    if person is None or company_id not in (None, person.company_id):
        where = f" in company {company_id}" if company_id is not None else ""
        raise Refusal(
            f"Nobody logs in with {email.strip()}{where}. `flask user list` shows who does.", "no-such-person"
        )
    return person


def _said(person: User) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "role": person.role,
        "company": person.company_id,
        "name": person.name,
    }


def _link(path: str) -> str:
    return str(current_app.extensions["settings"].public_url) + path
