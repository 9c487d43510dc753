"""Who belongs to a company: links that work once and for a while, roles, and that an owner is always left."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.acts.inviting import (
    INVITATION_LASTS,
    MOST_OPEN,
    change_role,
    invitation_of,
    invite,
    live_sessions,
    open_invitations,
    people_of,
    remove,
    take_up,
    withdraw,
)
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.memberships import Membership, membership_in
from bookkeeping.storage.people.people import Invitation, LoginSession, User

NEW = "a password nobody has guessed"


@pytest.fixture
def acting(house, company):
    """The company's id, in an app context."""
    with house.app.app_context():
        yield company


def _person(company: int, role: str = "owner", email: str = "ann@x.example", **values) -> int:
    row = User(email=email, password_hash="h", name=role.title(), **values)
    db.session.add(row)
    db.session.flush()
    if row.removed_at is None:
        db.session.add(Membership(user_id=row.id, company_id=company, role=role))
    db.session.commit()
    return row.id


def _acts(company: int) -> list[tuple[str, str, str]]:
    db.session.commit()
    rows = select(AuditEntry).where(AuditEntry.company_id == company).order_by(AuditEntry.id)
    return [(one.who, one.act, one.subject) for one in db.session.scalars(rows)]


def test_an_invitation_is_found_by_its_token_alone_and_lasts_a_week(acting):
    token = invite(acting, " Bo@X.Example ", "bookkeeper", "ann")
    db.session.commit()
    found = invitation_of(token)
    assert (found.email, found.role, found.company_id, found.created_by) == (
        "bo@x.example",
        "bookkeeper",
        acting,
        "ann",
    )
    assert timedelta(days=6, hours=23) < found.expires_at - utcnow() <= INVITATION_LASTS
    assert token not in found.digest and invitation_of(token + "x") is None
    assert _acts(acting) == [("ann", "invited", "bo@x.example")]


def test_a_newer_invitation_ends_the_older_one_of_that_address(acting):
    first, second = (invite(acting, "bo@x.example", "owner", "ann") for _ in range(2))
    db.session.commit()
    assert invitation_of(first) is None and invitation_of(second) is not None
    assert len(open_invitations(acting)) == 1


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("no address", "owner", "That is no email address"),
        (f"bo@{'.'.join(['x' * 60] * 4)}", "owner", "longer than 200 letters"),
        ("bo@x.example", "ops", "Choose owner, bookkeeper or accountant."),
        ("ann@x.example", "owner", "That person is in your company already"),
    ],
)
def test_whom_nobody_can_invite_is_refused_in_a_sentence(email, role, said, acting):
    _person(acting)
    with pytest.raises(ValueError, match=said):
        invite(acting, email, role, "ann")
    assert open_invitations(acting) == []


def test_only_so_many_invitations_are_open_at_once(acting):
    for number in range(MOST_OPEN):
        invite(acting, f"p{number}@x.example", "bookkeeper", "ann")
    with pytest.raises(ValueError, match="Withdraw some first"):
        invite(acting, "more@x.example", "bookkeeper", "ann")


def test_an_invitation_makes_one_login_and_no_second(acting):
    token = invite(acting, "bo@x.example", "bookkeeper", "ann")
    with pytest.raises(ValueError, match="password"):
        take_up(token, "Bo", "short")
    person = take_up(token, "Bo", NEW)
    db.session.commit()
    assert (person.email, person.role, person.company_id, person.name) == (
        "bo@x.example",
        "bookkeeper",
        acting,
        "Bo",
    )
    assert take_up(token, "Eve", NEW) is None
    assert _acts(acting)[-1] == ("bo@x.example", "took up the invitation", "")


def test_an_expired_or_withdrawn_invitation_makes_no_login(acting):
    expired, withdrawn = (invite(acting, f"{name}@x.example", "owner", "ann") for name in ("a", "b"))
    db.session.flush()
    invitation_of(expired).expires_at = utcnow() - timedelta(seconds=1)
    assert withdraw(acting, "b@x.example", "ann") is True
    assert withdraw(acting, "b@x.example", "ann") is False
    assert take_up(expired, "A", NEW) is take_up(withdrawn, "B", NEW) is None
    assert db.session.scalars(select(User)).all() == []


def test_somebody_who_was_removed_comes_back_with_a_new_role_and_password(acting):
    number = _person(acting, removed_at=utcnow())
    person = take_up(invite(acting, "ann@x.example", "bookkeeper", "bo"), "Ann", NEW)
    assert (person.user_id, person.role, person.user.removed_at) == (number, "bookkeeper", None)
    assert person.user.password_hash != "h"


def test_the_only_owner_can_neither_go_nor_be_made_a_bookkeeper(acting):
    owner = _person(acting)
    _person(acting, "bookkeeper", "bo@x.example")
    for act in (lambda: change_role(acting, owner, "bookkeeper", "bo"), lambda: remove(acting, owner, "bo")):
        with pytest.raises(ValueError, match="only owner"):
            act()
    assert [one.role for one in people_of(acting)] == ["owner", "bookkeeper"]


def test_with_a_second_owner_the_first_may_go_and_all_sessions_end(acting):
    first, second = _person(acting), _person(acting, "bookkeeper", "bo@x.example")
    db.session.add(LoginSession(digest="d", user_id=first))
    db.session.commit()
    assert len(live_sessions([first])) == 1
    assert change_role(acting, second, "owner", "ann").role == "owner"
    assert remove(acting, first, "bo").removed_at is not None
    db.session.commit()
    assert live_sessions([first]) == []
    assert [one.user_id for one in people_of(acting)] == [second]
    assert [act for _, act, _ in _acts(acting)] == ["changed a role", "removed"]


def test_who_is_removed_comes_back_by_no_invitation_of_their_own(acting):
    """A login in wrong hands invites a second address before it is found out."""
    thief = _person(acting)
    _person(acting, email="owner@x.example")
    own = invite(acting, "second@evil.example", "owner", "ann@x.example")
    others = invite(acting, "bo@x.example", "bookkeeper", "owner@x.example")
    remove(acting, thief, "owner@x.example")
    db.session.commit()
    assert take_up(own, "Thief", NEW) is None and invitation_of(others) is not None
    assert ("owner@x.example", "withdrew the invitation", "second@evil.example") in _acts(acting)


def test_nobody_of_another_company_is_touched(acting, house):
    theirs = house.make_company("Other")
    stranger = _person(theirs, "bookkeeper")
    assert change_role(acting, stranger, "owner", "ann") is remove(acting, stranger, "ann") is None
    assert membership_in(theirs, stranger).role == "bookkeeper"
    assert db.session.scalars(select(Invitation)).all() == []
