"""Acts that cannot be taken back want the password typed within the last ten minutes, and owners are told of them by mail."""

import re
from datetime import timedelta

import pytest
from markupsafe import escape
from sqlalchemy import select, update

from bookkeeping.acts.resetting import make_link
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.memberships import Membership, membership_in
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import Invitation, LoginSession, User
from tests.webapp.house import PASSWORD, Browser, House
from tests.webapp.test_roles import addresses

ASKED_EACH_TIME = {
    "connecting.disconnect",
    "migration.confirm",
    "migration.try_again",
    "account.change_password",
}
"""Their own forms hold a field for the password."""

CAN_BE_TAKEN_BACK = {
    "people.withdraw": "invites again",
    "first_steps.put_away": "the list of first steps on Home comes back by the next",
    "first_steps.show_again": "put away again",
}
OPS_ACTS = {"ops_companies.approve_deletes"}


def ten_minutes_pass(house: House) -> None:
    with house.writing():
        db.session.execute(update(LoginSession).values(confirmed_at=utcnow() - timedelta(minutes=11)))
        db.session.commit()


def mails(house: House) -> list[tuple[str, str]]:
    """Return (to whom, subject) of the mails to single people."""
    with house.app.app_context():
        rows = select(Notice.address, Notice.subject).where(Notice.kind == "access").order_by(Notice.id)
        return [tuple(row) for row in db.session.execute(rows)]


def the_form(text: str) -> tuple[str, dict[str, str]]:
    """Return where the page's form goes and what it hides."""
    action = re.search(r'<form method="post" action="([^"]+)"', text).group(1)
    return action, dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text))


def test_every_act_of_owners_alone_wants_the_person(house: House):
    """A new act of owners is marked, asks by itself, or is listed here with the reason why it need not."""
    views = house.app.view_functions
    acts = {
        endpoint
        for endpoint, method, _ in addresses(house.app)
        if method == "POST" and views[endpoint].open_to == ("owner",)
    }
    marked = {endpoint for endpoint in acts if getattr(views[endpoint], "recently_confirmed", False)}
    unmarked = acts - marked
    assert unmarked == (ASKED_EACH_TIME - {"account.change_password"}) | set(CAN_BE_TAKEN_BACK)
    assert len(marked) > 10
    assert all(views[endpoint].recently_confirmed for endpoint in OPS_ACTS | {"audit_log.download"})


def test_every_marked_act_asks_and_does_nothing_meanwhile(house: House, company: int, owner: Browser):
    ten_minutes_pass(house)
    asked = 0
    with house.app.app_context():
        before = len(db.session.scalars(select(AuditEntry.id)).all())
    for endpoint, method, address in addresses(house.app):
        view = house.app.view_functions[endpoint]
        if not getattr(view, "recently_confirmed", False) or "owner" not in view.open_to:
            continue
        values = {"csrf_token": owner.token("/settings")} if method == "POST" else None
        answer = owner.client.open(address, method=method, data=values)
        assert (answer.status_code, "Is it you?" in answer.text) == (403, True), (method, address)
        asked += 1
    assert asked > 10
    with house.app.app_context():
        assert len(db.session.scalars(select(AuditEntry.id)).all()) == before


def test_the_act_goes_on_with_what_was_typed_once_the_password_is_right(house, company, owner):
    ten_minutes_pass(house)
    typed = {"email": "carla@books.example", "role": "owner"}
    answer = owner.post("/settings/people/invite", typed, page="/settings/people")
    action, hidden = the_form(answer.text)
    assert action == "/settings/people/invite" and hidden.items() >= typed.items()
    wrong = owner.client.post(action, data=hidden | {"confirm_password": "not it"})
    assert wrong.status_code == 422 and "That is not your password. Nothing was changed." in wrong.text
    assert the_form(wrong.text)[1].items() >= typed.items()
    with house.app.app_context():
        assert db.session.scalars(select(Invitation)).all() == []
    done = owner.client.post(action, data=hidden | {"confirm_password": PASSWORD})
    assert done.status_code == 200 and "/invitation/" in done.text
    owner.post(
        "/settings/people/invite", {"email": "b@books.example", "role": "owner"}, page="/settings/people"
    )
    with house.app.app_context():
        assert len(db.session.scalars(select(Invitation)).all()) == 2  # Not asked again within ten minutes.


def test_a_page_that_was_asked_for_opens_once_the_password_is_right(house, company, owner):
    ten_minutes_pass(house)
    action, hidden = the_form(owner.get("/settings/audit-log/download").text)
    answer = owner.client.post(action, data=hidden | {"confirm_password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/settings/audit-log/download")
    assert owner.get(answer.location).status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_confirming_leads_to_no_other_site(house, company, owner, target):
    values = {"next": target, "confirm_password": PASSWORD}
    assert owner.post("/account/confirm", values, page="/settings").location == "/"


def test_guesses_here_cost_the_same_as_elsewhere(house, company, owner):
    ten_minutes_pass(house)
    guess = {"confirm_password": "not it"}
    tries = [owner.post("/settings/hook", guess, page="/settings").status_code for _ in range(6)]
    assert tries == [422] * 5 + [429]


def test_a_stolen_cookie_makes_nobody_an_owner(house, company, owner):
    """The attack that worked: invite oneself as owner, join, remove the first owner; without the password, and with nobody told."""
    ten_minutes_pass(house)
    owner.post(
        "/settings/people/invite", {"email": "thief@evil.example", "role": "owner"}, page="/settings/people"
    )
    with house.app.app_context():
        assert db.session.scalars(select(Invitation)).all() == []


def join(house: House, owner: Browser, email: str, role: str = "owner") -> Browser:
    page = owner.post("/settings/people/invite", {"email": email, "role": role}, page="/settings/people").text
    path = re.search(r"/invitation/[\w-]+", page).group(0)
    new = "a long password of hers"
    typed = {"name": "Pat", "password": new, "again": new}
    house.browser().post(path, typed, page=path)
    browser = house.browser()
    assert browser.log_in(email, new).status_code == 303
    return browser


def person_id(house: House, email: str) -> int:
    with house.app.app_context():
        return db.session.scalars(select(User.id).where(User.email == email)).one()


@pytest.mark.parametrize("act", ["remove", "role"])
def test_a_new_owner_puts_no_older_one_out_before_a_day_has_gone_by(house, company, owner, act):
    first = f"owner{company}@office.example"
    new = join(house, owner, "pat@books.example")
    path = f"/settings/people/{person_id(house, first)}/{act}"
    new.post(path, {"role": "bookkeeper"}, page="/settings/people")
    assert "was an owner before you" in new.read("/settings/people")
    with house.app.app_context():
        assert membership_in(company, person_id(house, first)).role == "owner"
    with house.writing():
        db.session.execute(
            update(Membership)
            .where(Membership.user_id == person_id(house, "pat@books.example"))
            .values(owner_since=utcnow() - timedelta(hours=25))
        )
        db.session.commit()
    new.post(path, {"role": "bookkeeper"}, page="/settings/people")
    with house.app.app_context():
        place = membership_in(company, person_id(house, first))
        assert place is None if act == "remove" else place.role == "bookkeeper"
    assert first in [to for to, _ in mails(house)][-2:]  # Whom it happened to is told, too.


def test_an_older_owner_can_put_a_new_one_out_at_once(house, company, owner):
    join(house, owner, "pat@books.example")
    owner.post(f"/settings/people/{person_id(house, 'pat@books.example')}/remove", page="/settings/people")
    with house.app.app_context():
        assert db.session.get(User, person_id(house, "pat@books.example")).removed_at is not None


def test_owners_are_mailed_each_by_name_what_gives_or_takes_access(house, company, owner):
    first = f"owner{company}@office.example"
    pat = join(house, owner, "pat@books.example")
    assert [to for to, subject in mails(house) if "joined" in subject] == [first, "pat@books.example"]
    pat.post(
        "/account/password",
        {
            "password": "a long password of hers",
            "new_password": "another one, as long",
            "again": "another one, as long",
        },
        page="/account",
    )
    assert [to for to, subject in mails(house) if "password was changed" in subject] == [
        "pat@books.example",
        first,
    ]
    owner.post(
        f"/settings/people/{person_id(house, 'pat@books.example')}/role",
        {"role": "bookkeeper"},
        page="/settings/people",
    )
    assert [to for to, subject in mails(house) if "Another role" in subject] == [first, "pat@books.example"]


def test_a_login_from_a_new_browser_is_mailed_and_one_from_a_known_is_not(house, company, owner):
    first = f"owner{company}@office.example"
    assert mails(house) == []  # The very first login is nobody else's.
    owner.post("/logout")
    assert owner.log_in(first).status_code == 303
    assert mails(house) == []
    house.browser(first)
    [(to, subject)] = mails(house)
    assert to == first and "new browser" in subject
    with house.app.app_context():
        text = db.session.scalars(select(Notice.text)).one()
    assert "127.0.0.1" in text and "If that was not you" in text


def change_password(house: House, email: str) -> None:
    new = "kavo mire tusa beno"
    typed = {"password": PASSWORD, "new_password": new, "again": new}
    assert house.browser(email).post("/account/password", typed, page="/account").status_code == 303


def change_password_by_link(house: House, email: str) -> None:
    with house.writing():
        token = make_link(db.session.scalars(select(User).where(User.email == email)).one())
        db.session.commit()
    new, browser = "kavo mire tusa beno", house.browser()
    browser.get(f"/reset-password/{token}")
    typed = {"password": new, "again": new}
    assert browser.post("/reset-password", typed, page="/reset-password").status_code == 303


def come_with_a_new_browser(house: House, email: str) -> None:
    house.browser(email)
    house.browser(email)


@pytest.mark.parametrize(
    ("act", "subject"),
    [
        (change_password, "A password was changed"),
        (change_password_by_link, "A password was changed"),
        (come_with_a_new_browser, "A login from a new browser"),
    ],
)
def test_what_happens_to_a_bookkeepers_login_is_told_to_every_owner(house, company, owner, act, subject):
    """Whoever has it reads all books; of companies that the person does not belong to nobody is told."""
    other = house.make_company("Front Range Home Inspections")
    house.make_person("owner", other, "owner@other.example")
    house.make_person("owner", company, "second@office.example")
    email = house.make_person("bookkeeper", company, "pat@books.example")
    act(house, email)
    told = {to for to, said in mails(house) if subject in said}
    assert told == {email, f"owner{company}@office.example", "second@office.example"}


@pytest.mark.parametrize(
    "path", ["/account/sessions/end", "/account/sessions/end-others", "/account/sessions/not-me"]
)
def test_a_stolen_cookie_logs_its_owner_out_nowhere(house, company, owner, path):
    """Whoever may be put out by it is asked for the password like everybody else who ends sessions."""
    other = house.browser(f"owner{company}@office.example")
    ten_minutes_pass(house)
    with house.app.app_context():
        digest = db.session.scalars(select(LoginSession.digest).order_by(LoginSession.created_at)).all()[-1]
    typed = {"session": digest}
    assert owner.post(path, typed, page="/account").status_code == 403
    assert other.get("/account").status_code == 200
    assert owner.post(path, typed | {"confirm_password": PASSWORD}, page="/account").status_code == 303
    assert other.get("/account").status_code == 303


@pytest.mark.parametrize("role", ["owner", "ops"])
def test_every_act_that_asks_whether_it_is_you_is_named_above_the_question(house, company, role):
    """Also after a wrong password: nobody confirms what is not said."""
    person = house.browser(house.make_person(role, company if role == "owner" else None))
    ten_minutes_pass(house)
    named: dict[str, str] = {}
    for endpoint, method, address in addresses(house.app):
        view = house.app.view_functions[endpoint]
        act = getattr(view, "recently_confirmed", "")
        if not act or role not in view.open_to:
            continue
        named[endpoint] = act
        values = {"csrf_token": person.token("/account")} if method == "POST" else None
        asked = person.client.open(address, method=method, data=values).text
        assert f"<strong>{escape(act)}</strong>" in asked, (method, address)
        if method == "GET":
            action, hidden = the_form(asked)
            again = person.client.post(action, data=hidden | {"confirm_password": ""}).text
            assert f"<strong>{escape(act)}</strong>" in again, address
    assert len(named) > 8 and len(set(named.values())) == len(named)
    assert all(re.fullmatch(r"[A-Z][A-Za-z', ]+\.", act) for act in named.values()), named
