"""Inviting, roles and removing; one's own password and sessions. A company always keeps an owner."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bookkeeping.acts.resetting import make_link
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.memberships import membership_in
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import Invitation, LoginSession, User
from tests.webapp.house import PASSWORD, Browser, House

PEOPLE = "/settings/people"
NEW = "another long password"


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    return house.browser(house.make_person("owner", company, "owner@office.example"))


def invite(owner: Browser, email: str = "pat@office.example", role: str = "bookkeeper") -> str:
    """Invite somebody and return the path of the link."""
    answer = owner.post(f"{PEOPLE}/invite", {"email": email, "role": role}, page=PEOPLE)
    assert answer.status_code == 200, answer.text
    return re.search(r"http://[^/]+(/invitation/[\w-]+)", answer.text).group(1)


def join(house: House, path: str, **values: str):
    """Take an invitation up."""
    typed = {"name": "Pat Lee", "password": NEW, "again": NEW, **values}
    return house.browser().post(path, typed, page="/login")


def user_id(house: House, email: str) -> int:
    with house.app.app_context():
        return db.session.scalar(select(User.id).where(User.email == email))


def test_invited_person_makes_a_login_with_the_link_once(house, owner):
    path = invite(owner)
    assert "Join Blue Ridge Home Inspections" in house.browser().read(path)
    assert join(house, path).location == "/login"
    pat = house.browser()
    assert pat.log_in("pat@office.example", NEW).status_code == 303
    assert "bookkeeper" in pat.read(PEOPLE)
    assert join(house, path, name="Thief").status_code == 404
    assert "cannot be used" in house.browser().get(path, follow_redirects=True).text


def test_link_is_kept_only_as_a_digest_and_ends_after_a_week(house, owner):
    path = invite(owner)
    with house.writing():
        row = db.session.scalars(select(Invitation)).one()
        assert path.rpartition("/")[2] not in (row.digest, row.email)
        db.session.execute(update(Invitation).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()
    assert join(house, path).status_code == 404


def test_withdrawn_and_replaced_links_do_not_work(house, owner):
    first = invite(owner)
    second = invite(owner)
    assert join(house, first).status_code == 404
    owner.post(f"{PEOPLE}/withdraw", {"email": "pat@office.example"}, page=PEOPLE)
    assert join(house, second).status_code == 404
    assert user_id(house, "pat@office.example") is None


@pytest.mark.parametrize(
    ("email", "role", "says"),
    [
        ("not an address", "owner", "no email address"),
        ("x" * 10_000, "owner", "too long"),
        ("<script>alert(1)</script>@x.example", "owner", "no email address"),
        ("owner@office.example", "owner", "is in your company already"),
        ("a@b.example", "ops", "Not a valid choice"),
    ],
)
def test_bad_invitations_get_a_sentence_and_keep_what_was_typed(owner, email, role, says):
    answer = owner.post(f"{PEOPLE}/invite", {"email": email, "role": role}, page=PEOPLE)
    assert answer.status_code == 422
    assert says in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"password": "short", "again": "short"}, "12 to 200"),
        ({"again": "different password"}, "The two differ"),
        ({"name": "x" * 10_000}, "at most 200"),
        ({"name": ""}, "Enter your name"),
        ({"password": "x" * 10_000, "again": "x" * 10_000}, "12 to 200"),
    ],
)
def test_bad_logins_leave_the_invitation_as_it_is(house, owner, typed, says):
    path = invite(owner)
    answer = join(house, path, **typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert join(house, path).status_code == 303


def test_last_owner_stays_owner(house, company, owner):
    mine = user_id(house, "owner@office.example")
    for path, values in ((f"{mine}/role", {"role": "bookkeeper"}), (f"{mine}/remove", {})):
        assert owner.post(f"{PEOPLE}/{path}", values, page=PEOPLE).location == PEOPLE
        assert "only owner" in owner.read(PEOPLE)
    house.make_person("owner", company, "second@office.example")
    owner.post(f"{PEOPLE}/{mine}/role", {"role": "bookkeeper"}, page=PEOPLE)
    with house.app.app_context():
        assert membership_in(company, mine).role == "bookkeeper"
    assert owner.post(f"{PEOPLE}/{mine}/role", {"role": "owner"}).status_code == 403


def test_removed_person_is_out_at_once_and_can_come_back(house, company, owner):
    pat_email = house.make_person("bookkeeper", company, "pat@office.example")
    pat = house.browser(pat_email)
    pat_id = user_id(house, pat_email)
    owner.post(f"{PEOPLE}/{pat_id}/remove", page=PEOPLE)
    assert pat.get("/").location == "/login"
    assert house.browser().log_in(pat_email).status_code == 401
    assert join(house, invite(owner, pat_email, "owner")).status_code == 303
    back = house.browser()
    assert back.log_in(pat_email, NEW).status_code == 303
    assert user_id(house, pat_email) == pat_id


def test_people_of_another_company_are_not_there(house, company, owner):
    other = house.make_company("Front Range Home Inspections")
    theirs = user_id(house, house.make_person("bookkeeper", other, "x@other.example"))
    for act in ("role", "remove", "end-sessions"):
        answer = owner.post(f"{PEOPLE}/{theirs}/{act}", {"role": "owner"}, page=PEOPLE)
        assert answer.status_code == 404
    assert "x@other.example" not in owner.read(PEOPLE)
    assert owner.post(f"{PEOPLE}/99999999999999/remove", page=PEOPLE).status_code == 404


def test_bookkeeper_sees_people_and_changes_nobody(house, company):
    bookkeeper = house.browser(house.make_person("bookkeeper", company, "pat@office.example"))
    assert "pat@office.example" in bookkeeper.read(PEOPLE)
    for path in ("invite", "withdraw", "1/role", "1/remove", "1/end-sessions"):
        assert bookkeeper.post(f"{PEOPLE}/{path}").status_code == 403


def test_owner_ends_sessions_of_others(house, company, owner):
    email = house.make_person("bookkeeper", company, "pat@office.example")
    pat = house.browser(email)
    owner.post(f"{PEOPLE}/{user_id(house, email)}/end-sessions", page=PEOPLE)
    assert pat.get("/").location == "/login"
    assert owner.get("/").status_code == 200


def test_new_password_ends_every_other_session(house, company, owner):
    other = house.browser("owner@office.example")
    typed = {"password": PASSWORD, "new_password": NEW, "again": NEW}
    assert owner.post("/account/password", typed, page="/account").location == "/account"
    assert owner.get("/account").status_code == 200
    assert other.get("/").location == "/login"
    assert house.browser().log_in("owner@office.example").status_code == 401
    assert house.browser().log_in("owner@office.example", NEW).status_code == 303


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"password": "wrong password"}, "not your present password"),
        ({"again": "different"}, "The two differ"),
        ({"new_password": "short", "again": "short"}, "12 to 200"),
        ({"password": "x" * 10_000}, "too long"),
    ],
)
def test_password_stays_when_something_is_wrong(house, owner, typed, says):
    values = {"password": PASSWORD, "new_password": NEW, "again": NEW, **typed}
    answer = owner.post("/account/password", values, page="/account")
    assert answer.status_code == 422
    assert says in answer.text
    assert house.browser().log_in("owner@office.example").status_code == 303


def test_sessions_are_listed_and_ended_one_by_one(house, company, owner):
    other = house.browser("owner@office.example")
    stranger = house.browser(house.make_person("bookkeeper", company, "pat@office.example"))
    with house.app.app_context():
        rows = db.session.scalars(select(LoginSession).order_by(LoginSession.created_at)).all()
    digests = [row.digest for row in rows]
    owner.post("/account/sessions/end", {"session": digests[1]}, page="/account")
    assert other.get("/").location == "/login"
    owner.post("/account/sessions/end", {"session": digests[2]}, page="/account")
    assert stranger.get("/").status_code == 200, "nobody ends the session of somebody else here"
    third = house.browser("owner@office.example")
    owner.post("/account/sessions/end-others", page="/account")
    assert third.get("/").location == "/login"
    assert owner.get("/account").status_code == 200


def test_a_login_that_was_somebody_elses_ends_with_all_others_and_is_told(house, company, owner, caplog):
    """Neither its cookie nor a link that was asked for from it lets in again; the person is led to another password."""
    caplog.set_level("WARNING", logger="tieout.security")
    thief, third = house.browser("owner@office.example"), house.browser("owner@office.example")
    stranger = house.browser(house.make_person("owner", company, "pat@office.example"))
    with house.writing():
        person = db.session.scalars(select(User).where(User.email == "owner@office.example")).one()
        link = f"/reset-password/{make_link(person)}"
        rows = db.session.scalars(select(LoginSession).order_by(LoginSession.created_at)).all()
        rows[1].address = "203.0.113.9"
        db.session.commit()
        mine, strange, _, others = (row.digest for row in rows)
    for digest in (mine, others, "x"):
        owner.post("/account/sessions/not-me", {"session": digest}, page="/account")
    assert thief.get("/").status_code == third.get("/").status_code == stranger.get("/").status_code == 200
    assert "This was not me" in owner.read("/account")
    answer = owner.post("/account/sessions/not-me", {"session": strange}, page="/account")
    assert answer.location == "/account"
    assert "choose another one now" in owner.read("/account")
    assert thief.get("/").location == third.get("/").location == "/login"
    assert stranger.get("/").status_code == 200
    assert house.browser().get(link, follow_redirects=True).status_code == 404
    with house.app.app_context():
        rows = select(Notice.address).where(Notice.subject.contains("somebody else"))
        assert sorted(db.session.scalars(rows)) == ["owner@office.example", "pat@office.example"]
        assert "said that a login was not theirs" in db.session.scalars(select(AuditEntry.act)).all()
    assert [one.strange_address for one in caplog.records if getattr(one, "event", "") == "not-me"] == [
        "203.0.113.9"
    ]


def test_every_act_is_in_the_audit_log_with_the_address(house, company, owner):
    path = invite(owner)
    join(house, path)
    owner.post(f"{PEOPLE}/{user_id(house, 'pat@office.example')}/role", {"role": "owner"}, page=PEOPLE)
    with house.app.app_context():
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.company_id == company)).all()
    acts = {entry.act: entry for entry in entries}
    assert {"invited", "took up the invitation", "changed a role"} <= set(acts)
    assert acts["changed a role"].before == {"role": "bookkeeper"}
    assert acts["changed a role"].address == "127.0.0.1"


def test_session_that_ran_out_is_not_listed(house, owner):
    house.browser("owner@office.example")
    assert owner.read("/account").count("<li>") == 2
    with house.writing():
        newest = db.session.scalars(select(LoginSession).order_by(LoginSession.created_at.desc())).first()
        newest.created_at = utcnow() - timedelta(hours=12, seconds=1)
        db.session.commit()
    assert owner.read("/account").count("<li>") == 1
    assert "1 session" in owner.read(PEOPLE)


def test_invitation_of_another_company_cannot_be_withdrawn(house, owner):
    path = invite(owner)
    other = house.make_company("Front Range Home Inspections")
    theirs = house.browser(house.make_person("owner", other, "x@other.example"))
    theirs.post(f"{PEOPLE}/withdraw", {"email": "pat@office.example"}, page=PEOPLE)
    assert "not open any more" in theirs.read(PEOPLE)
    assert "Join Blue Ridge" in house.browser().read(path)


@pytest.mark.parametrize(
    "typed", ["x" * 10_000, "<script>alert(1)</script>", "\x00"], ids=["long", "script", "nul"]
)
def test_senseless_values_change_nothing_and_break_nothing(house, company, owner, typed):
    pat = user_id(house, house.make_person("bookkeeper", company, "pat@office.example"))
    posts = {
        f"{PEOPLE}/withdraw": "email",
        f"{PEOPLE}/{pat}/role": "role",
        "/account/sessions/end": "session",
        "/account/sessions/not-me": "session",
        f"/settings/notifications/{pat}": "topic",
    }
    for path, field in posts.items():
        answer = owner.post(path, {field: typed}, page=PEOPLE)
        assert answer.status_code == 303, path
        page = owner.read(answer.location)
        assert "<script>alert" not in page and "x" * 300 not in page, path
    for name in ("email", "role"):
        values = {"email": "new@office.example", "role": "owner", name: typed}
        assert owner.post(f"{PEOPLE}/invite", values, page=PEOPLE).status_code == 422
    link = f"/invitation/{typed[:2000].replace('/', '')}"
    assert house.browser().get(link, follow_redirects=True).status_code == 404
    with house.app.app_context():
        assert membership_in(company, pat).role == "bookkeeper"
        assert db.session.scalars(select(Invitation)).all() == []


def test_script_for_a_name_is_text(house, owner):
    assert join(house, invite(owner), name="<script>alert(1)</script>").status_code == 303
    for page in (owner.read(PEOPLE), owner.read("/settings/notifications")):
        assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page
