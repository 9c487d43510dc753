"""Who belongs to a company: inviting by a one-time link, taking an invitation up, changing roles, removing. A company keeps an owner.

Each function changes rows and writes the audit entry in the current transaction; the caller commits.
"""

import secrets
from datetime import timedelta

from email_validator import EmailNotValidError
from sqlalchemy import ColumnElement, func, or_, select, update

from bookkeeping.acts.joining import add_user, check_password, checked_email
from bookkeeping.acts.telling import tell_owners, with_article
from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.factors import drop_factors
from bookkeeping.storage.people.memberships import (
    Membership,
    add_membership,
    members_of,
    membership_in,
    memberships_of,
)
from bookkeeping.storage.people.people import COMPANY_ROLES, Invitation, LoginSession, User
from bookkeeping.storage.people.sessions import SESSION_HOURS, end_sessions_of, hash_password, token_digest

NEW_OWNER_FOR = timedelta(hours=24)
"""So long an owner is new: whoever came in as one with a stolen login cannot put the others out before they had their mail."""

INVITATION_LASTS = timedelta(days=7)
MOST_OPEN = 50
NO_SUCH_ROLE = "Choose owner, bookkeeper or accountant."


class HasLoginError(ValueError):
    """The invited address has a login: its person logs in and accepts, and makes no second one."""


def people_of(company_id: int) -> list[Membership]:
    """Return the company's people, owners first."""
    return sorted(members_of(company_id), key=lambda one: (one.role != "owner", one.name or one.email))


def open_invitations(company_id: int) -> list[Invitation]:
    """Return the invitations that can still be taken up, the newest first."""
    rows = select(Invitation).where(Invitation.company_id == company_id, *usable())
    return list(db.session.scalars(rows.order_by(Invitation.created_at.desc())))


def invite(company_id: int, email: str, role: str, who: str, address: str = "") -> str:
    """Add an invitation and return the token for its link, which nobody can find out again; an older one for the address ends.

    Whether the address has a login somewhere changes nothing here and is not told: only its person finds that out, by accepting.

    Raises:
        ValueError: a sentence that says what is wrong.
    """
    try:
        email = checked_email(email)
    except EmailNotValidError as error:
        raise ValueError(f"That is no email address: {error}") from None
    if role not in COMPANY_ROLES:
        raise ValueError(NO_SUCH_ROLE)
    if email in {one.email for one in members_of(company_id)}:
        raise ValueError("That person is in your company already. Change the role in the list above.")
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


def take_up(token: str, name: str, password: str, address: str = "") -> Membership | None:
    """Make the login that an invitation promises, and use the invitation up; None when it cannot be taken up any more.

    Raises:
        HasLoginError: the address has a login already. The invitation stays open for `accept`.
        ValueError: the password or the address cannot be taken; a sentence says why.
    """
    found = invitation_of(token)
    if found is None:
        return None
    company = db.session.get_one(Company, found.company_id)
    check_password(password, email=found.email, company=company.name)
    person = db.session.scalar(select(User).where(User.email == found.email))
    if person is not None and person.removed_at is None:
        raise HasLoginError(f"{found.email} has a login already. Log in with it, and accept there.")
    invitation = _use_up(token)
    if invitation is None:
        return None
    if person is None:
        person = add_user(invitation.email, password, invitation.role, invitation.company_id, name)
    else:  # Somebody who was removed comes back.
        person.removed_at, person.ops_role = None, ""
        person.password_hash, person.name, person.short_password = hash_password(password), name[:200], False
        drop_factors(person.id)
        add_membership(person, invitation.company_id, invitation.role)
    return _joined(invitation, person, address)


def accept(token: str, person: User, address: str = "") -> Membership | None:
    """Give a person who has a login the place they are invited to; None when the invitation cannot be taken up any more.

    Raises:
        ValueError: the invitation is for somebody else, or the person can belong to no company; a sentence says which.
    """
    found = invitation_of(token)
    if found is None:
        return None
    if found.email != person.email:
        raise ValueError(f"This invitation is for {found.email}. Log out, and log in with that address.")
    if person.is_ops:
        raise ValueError(
            "This is a login of operations, which belong to no company. Ask to be invited by another address."
        )
    if membership_in(found.company_id, person.id) is not None:
        raise ValueError("You are in that company already.")
    invitation = _use_up(token)
    if invitation is None:
        return None
    add_membership(person, invitation.company_id, invitation.role)
    return _joined(invitation, person, address)


def _use_up(token: str) -> Invitation | None:
    claim = update(Invitation).where(Invitation.digest == token_digest(token), *usable())
    if rows_changed(claim.values(used_at=utcnow())) != 1:
        return None
    return db.session.get_one(Invitation, token_digest(token), populate_existing=True)


def _joined(invitation: Invitation, person: User, address: str) -> Membership | None:
    """Write down and tell the owners that the person is in."""
    role, company_id = invitation.role, invitation.company_id
    record_act(company_id, person.email, "took up the invitation", after={"role": role}, address=address)
    tell_owners(
        company_id,
        f"{person.email} joined",
        f"{person.email} took up the invitation of {invitation.created_by} and is {with_article(role)} now.",
        address=address,
    )
    return membership_in(company_id, person.id)


def change_role(company_id: int, user_id: int, role: str, who: str, address: str = "") -> Membership | None:
    """Give a person another role in this company; None when it has no such person.

    Raises:
        ValueError: the last owner cannot become something else, an older owner not by one of the last day, or there is no such role.
    """
    if role not in COMPANY_ROLES:
        raise ValueError(NO_SUCH_ROLE)
    person = _locked(company_id, user_id)
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
    """Put a person out of this company: at once, with their open invitations; None when it has no such person.

    Who belongs to no other company has no login any more. What they are elsewhere stays as it is.

    Raises:
        ValueError: the last owner cannot be removed, nor an older owner by one of the last day.
    """
    membership = _locked(company_id, user_id)
    if membership is None:
        return None
    _keep_an_owner(company_id, membership)
    _keep_older_owners(membership, who)
    person, role = membership.user, membership.role
    db.session.delete(membership)
    db.session.flush()
    if not memberships_of(person.id):
        person.removed_at = utcnow()
        end_sessions_of(person.id)
    # A session that looks elsewhere goes on; one that looked here must not go on in another company with this one's forms.
    end_sessions_of(person.id, company_id=company_id)
    for invitation in open_invitations(company_id):
        if invitation.created_by == person.email:  # A second address of theirs would let them in again.
            withdraw(company_id, invitation.email, who, address)
    record_act(company_id, who, "removed", subject=person.email, before={"role": role}, address=address)
    sentence = f"{who} removed {person.email}, who was {with_article(role)} and can no longer come in."
    tell_owners(company_id, f"{person.email} was removed", sentence, address=address, also=person.email)
    return person


def live_sessions(user_ids: list[int], company_id: int | None = None) -> list[LoginSession]:
    """Return the sessions of these people that have not ended in any way, the one last seen first; those at one company, if asked for."""
    alive = [
        LoginSession.ended_at.is_(None),
        LoginSession.created_at > utcnow() - timedelta(hours=SESSION_HOURS),
    ]
    if company_id is not None:
        alive.append(or_(LoginSession.company_id == company_id, LoginSession.company_id.is_(None)))
    rows = select(LoginSession).where(LoginSession.user_id.in_(user_ids), *alive)
    return list(db.session.scalars(rows.order_by(LoginSession.seen_at.desc())))


def usable() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of an invitation that can still be taken up."""
    return Invitation.used_at.is_(None), Invitation.expires_at > utcnow()


def _locked(company_id: int, user_id: int) -> Membership | None:
    """Return the person's place, with all owners of the company locked, so that two acts at once cannot leave it without one."""
    owners = select(Membership.id).where(Membership.company_id == company_id, Membership.role == "owner")
    db.session.execute(owners.order_by(Membership.id).with_for_update()).all()
    rows = select(Membership).where(Membership.user_id == user_id, Membership.company_id == company_id)
    return db.session.scalars(rows.execution_options(populate_existing=True)).first()


def _keep_an_owner(company_id: int, person: Membership) -> None:
    mine = (Membership.company_id == company_id, Membership.role == "owner", Membership.id != person.id)
    if person.role == "owner" and not db.session.scalar(select(func.count()).where(*mine)):
        raise ValueError("That is the only owner. Make somebody else an owner first.")


def _keep_older_owners(person: Membership, who: str) -> None:
    acting = next((one for one in members_of(person.company_id) if one.email == who), None)
    since = acting.owner_since if acting is not None else None
    if person.role != "owner" or acting is None or acting.id == person.id or since is None:
        return
    older = (person.owner_since or person.created_at) < since
    if older and utcnow() - since < NEW_OWNER_FOR:
        raise ValueError(
            f"{person.email} was an owner before you. You can do that when you have been one for a day."
        )
