"""Who belongs to a company: inviting by a one-time link, taking an invitation up, changing roles, removing. A company keeps an owner.

Each function changes rows and writes the audit entry in the current transaction; the caller commits.
"""

import secrets
from datetime import timedelta

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, func, select, update

from bookkeeping.acts.joining import add_user, check_password
from bookkeeping.acts.telling import tell_owners, with_article
from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.people import Invitation, LoginSession, User
from bookkeeping.storage.people.sessions import SESSION_HOURS, end_sessions_of, hash_password, token_digest

NEW_OWNER_FOR = timedelta(hours=24)
"""So long an owner is new: whoever came in as one with a stolen login cannot put the others out before they had their mail."""

INVITATION_LASTS = timedelta(days=7)
MOST_OPEN = 50
ROLES = ("owner", "bookkeeper")


def people_of(company_id: int) -> list[User]:
    """Return the company's people, owners first."""
    rows = select(User).where(User.company_id == company_id, User.removed_at.is_(None))
    return sorted(db.session.scalars(rows), key=lambda one: (one.role != "owner", one.name or one.email))


def open_invitations(company_id: int) -> list[Invitation]:
    """Return the invitations that can still be taken up, the newest first."""
    rows = select(Invitation).where(Invitation.company_id == company_id, *usable())
    return list(db.session.scalars(rows.order_by(Invitation.created_at.desc())))


def invite(company_id: int, email: str, role: str, who: str, address: str = "") -> str:
    """Add an invitation and return the token for its link, which nobody can find out again; an older one for the address ends.

    Raises:
        ValueError: a sentence that says what is wrong.
    """
    try:
        email = validate_email(
            email.strip(), check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(f"That is no e-mail address: {error}") from None
    if role not in ROLES:
        raise ValueError("Choose owner or bookkeeper.")
    if db.session.scalar(select(User.id).where(User.email == email, User.removed_at.is_(None))):
        raise ValueError("That address has a login already. Use another one.")
    if len(open_invitations(company_id)) >= MOST_OPEN:
        raise ValueError("Too many invitations are open. Withdraw some first.")
    mine = (Invitation.company_id == company_id, Invitation.email == email, *usable())
    db.session.execute(update(Invitation).where(*mine).values(expires_at=utcnow()))
    token = secrets.token_urlsafe(32)
    db.session.add(
        Invitation(
            digest=token_digest(token),
            company_id=company_id,
            email=email,
            role=role,
            created_by=who,
            expires_at=utcnow() + INVITATION_LASTS,
        )
    )
    record_act(company_id, who, "invited", subject=email, after={"role": role}, address=address)
    return token


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation of this link while it can be taken up."""
    rows = select(Invitation).where(Invitation.digest == token_digest(token), *usable())
    return db.session.scalars(rows).first()


def withdraw(company_id: int, email: str, who: str, address: str = "") -> bool:
    """End the open invitation of an address; False when there is none."""
    mine = (Invitation.company_id == company_id, Invitation.email == email, *usable())
    if not rows_changed(update(Invitation).where(*mine).values(expires_at=utcnow())):
        return False
    record_act(company_id, who, "withdrew the invitation", subject=email, address=address)
    return True


def take_up(token: str, name: str, password: str, address: str = "") -> User | None:
    """Make the login that an invitation promises, and use the invitation up; None when it cannot be taken up any more.

    Raises:
        ValueError: the password or the address cannot be taken; a sentence says why.
    """
    found = invitation_of(token)
    if found is None:
        return None
    company = db.session.get_one(Company, found.company_id)
    check_password(password, email=found.email, company=company.name)
    claim = update(Invitation).where(Invitation.digest == token_digest(token), *usable())
    if rows_changed(claim.values(used_at=utcnow())) != 1:
        return None
    invitation = db.session.get_one(Invitation, token_digest(token), populate_existing=True)
    person = db.session.scalar(select(User).where(User.email == invitation.email))
    if person is None:
        person = add_user(invitation.email, password, invitation.role, invitation.company_id, name)
    elif person.removed_at is None:
        raise ValueError(f"{invitation.email} has a login already.")
    else:  # Somebody who was removed comes back.
        person.company_id, person.role, person.removed_at = invitation.company_id, invitation.role, None
        person.password_hash, person.name = hash_password(password), name[:200]
        person.owner_since = utcnow() if person.role == "owner" else None
    record_act(
        person.company_id,
        person.email,
        "took up the invitation",
        after={"role": person.role},
        address=address,
    )
    tell_owners(
        invitation.company_id,
        f"{person.email} joined",
        f"{person.email} took up the invitation of {invitation.created_by} and is {with_article(person.role)} now.",
        address=address,
    )
    return person


def change_role(company_id: int, user_id: int, role: str, who: str, address: str = "") -> User | None:
    """Give a person another role; None when the company has no such person.

    Raises:
        ValueError: the last owner cannot be made a bookkeeper, an older owner not by one of the last day, or there is no such role.
    """
    if role not in ROLES:
        raise ValueError("Choose owner or bookkeeper.")
    person = _person(company_id, user_id)
    if person is None or person.role == role:
        return person
    if role != "owner":
        _keep_an_owner(company_id, person)
        _keep_older_owners(person, who)
    before, person.role = person.role, role
    person.owner_since = utcnow() if role == "owner" else None
    record_act(
        company_id,
        who,
        "changed a role",
        subject=person.email,
        before={"role": before},
        after={"role": role},
        address=address,
    )
    sentence = f"{who} made {person.email} {with_article(role)}. Before that it was {before}."
    tell_owners(company_id, f"Another role for {person.email}", sentence, address=address, also=person.email)
    return person


def remove(company_id: int, user_id: int, who: str, address: str = "") -> User | None:
    """Take a person's login away, end all sessions and their open invitations; None when the company has no such person.

    Raises:
        ValueError: the last owner cannot be removed, nor an older owner by one of the last day.
    """
    person = _person(company_id, user_id)
    if person is None:
        return None
    _keep_an_owner(company_id, person)
    _keep_older_owners(person, who)
    person.removed_at = utcnow()
    end_sessions_of(person.id)
    for invitation in open_invitations(company_id):
        if invitation.created_by == person.email:  # A second address of theirs would let them in again.
            withdraw(company_id, invitation.email, who, address)
    record_act(
        company_id, who, "removed", subject=person.email, before={"role": person.role}, address=address
    )
    sentence = f"{who} removed {person.email}, who was {with_article(person.role)} and can no longer log in."
    tell_owners(company_id, f"{person.email} was removed", sentence, address=address, also=person.email)
    return person


def live_sessions(user_ids: list[int]) -> list[LoginSession]:
    """Return the sessions of these people that have not ended in any way, the one last seen first."""
    alive = (
        LoginSession.ended_at.is_(None),
        LoginSession.created_at > utcnow() - timedelta(hours=SESSION_HOURS),
    )
    rows = select(LoginSession).where(LoginSession.user_id.in_(user_ids), *alive)
    return list(db.session.scalars(rows.order_by(LoginSession.seen_at.desc())))


def usable() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of an invitation that can still be taken up."""
    return Invitation.used_at.is_(None), Invitation.expires_at > utcnow()


def _person(company_id: int, user_id: int) -> User | None:
    """Return the person, with all owners of the company locked, so that two acts at once cannot leave it without one."""
    owners = select(User.id).where(
        User.company_id == company_id, User.role == "owner", User.removed_at.is_(None)
    )
    db.session.execute(owners.order_by(User.id).with_for_update()).all()
    rows = select(User).where(User.id == user_id, User.company_id == company_id, User.removed_at.is_(None))
    return db.session.scalars(rows.execution_options(populate_existing=True)).first()


def _keep_an_owner(company_id: int, person: User) -> None:
    owners = select(func.count()).where(
        User.company_id == company_id, User.role == "owner", User.removed_at.is_(None), User.id != person.id
    )
    if person.role == "owner" and not db.session.scalar(owners):
        raise ValueError("That is the only owner. Make somebody else an owner first.")


def _keep_older_owners(person: User, who: str) -> None:
    acting = db.session.scalar(select(User).where(User.email == who))
    since = acting.owner_since if acting is not None else None
    if person.role != "owner" or acting is None or acting.id == person.id or since is None:
        return
    older = (person.owner_since or person.created_at) < since
    if older and utcnow() - since < NEW_OWNER_FOR:
        raise ValueError(
            f"{person.email} was an owner before you. You can do that when you have been one for a day."
        )
