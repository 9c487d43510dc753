"""A forgotten password: asked for by anybody, mailed to whom it belongs, used once."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bookkeeping.acts.resetting import make_link
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.people import ResetLink, ResetRequest, User
from tests.webapp.house import PASSWORD, Browser, House
from tests.webapp.mailing import mail

NEW = "kavo mire tusa beno"
ASK = "/forgotten-password"


@pytest.fixture
def email(house: House, company: int) -> str:
    return house.make_person("owner", company)


def ask(house: House, email: str) -> str:
    browser = house.browser()
    answer = browser.post(ASK, {"email": email}, page=ASK)
    assert (answer.status_code, answer.location) == (303, "/login")
    return re.sub(r"value=\"[^\"]{20,}\"", "", browser.read("/login"))


def link_for(house: House, email: str) -> str:
    with house.writing():
        token = make_link(db.session.scalars(select(User).where(User.email == email)).one())
        db.session.commit()
    return f"/reset-password/{token}"


def open_link(house: House, path: str) -> Browser:
    browser = house.browser()
    answer = browser.get(path)
    assert (answer.status_code, answer.location) == (302, "/reset-password")  # The secret leaves the address.
    return browser


def choose(browser: Browser, password: str = NEW, again: str = ""):
    return browser.post(
        "/reset-password", {"password": password, "again": again or password}, page="/reset-password"
    )


def test_known_and_unknown_addresses_get_the_same_answer(house, email):
    assert ask(house, email) == ask(house, "nobody@office.example")
    with house.app.app_context():
        assert db.session.scalars(select(ResetRequest.email)).all() == [email, "nobody@office.example"]


def test_the_link_is_mailed_to_whom_it_belongs_and_to_nobody_else(house, email, mail_server):
    ask(house, email.upper())
    ask(house, "nobody@office.example")
    assert mail(house, mail_server) == 1
    [sent] = mail_server.mails
    assert sent["To"] == email and "another password" in sent["Subject"].lower()
    path = re.search(r"/reset-password/[\w-]+", sent.get_content()).group(0)
    assert "127.0.0.1" in sent.get_content()
    assert choose(open_link(house, path)).location == "/login"
    assert house.browser().log_in(email, NEW).status_code == 303
    with house.app.app_context():
        assert db.session.scalars(select(ResetRequest)).all() == []


def test_another_password_ends_every_session_and_is_told(house, email, mail_server):
    before = house.browser(email)
    choose(open_link(house, link_for(house, email)))
    assert before.get("/").location == "/login"
    assert house.browser().log_in(email).status_code == 401
    mail(house, mail_server)
    assert ["A password was changed" in one["Subject"] for one in mail_server.mails if one["To"] == email][-1]
    with house.app.app_context():
        assert "chose another password by link" in db.session.scalars(select(AuditEntry.act)).all()


@pytest.mark.parametrize("end", ["used", "too old", "replaced", "removed", "made up"])
def test_a_link_works_once_for_an_hour_and_only_the_newest(house, email, end):
    path = link_for(house, email)
    if end == "used":
        choose(open_link(house, path))
    elif end == "replaced":
        link_for(house, email)
    elif end == "made up":
        path = "/reset-password/x"
    with house.writing():
        if end == "too old":
            db.session.execute(update(ResetLink).values(expires_at=utcnow() - timedelta(seconds=1)))
        if end == "removed":
            db.session.execute(update(User).values(removed_at=utcnow()))
        db.session.commit()
    browser = open_link(house, path)
    answer = browser.get("/reset-password")
    assert answer.status_code == 404 and "Send another link" in answer.text
    assert (
        browser.client.post(
            "/reset-password", data={"csrf_token": browser.token(), "password": NEW, "again": NEW}
        ).status_code
        == 404
    )


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("short", "short", "12 to 200"),
        (NEW, "another", "The two differ"),
        ("blueridge2026!", "blueridge2026!", "your company"),
    ],
)
def test_a_password_that_cannot_be_taken_leaves_the_link_good(house, email, password, again, says):
    browser = open_link(house, link_for(house, email))
    answer = choose(browser, password, again)
    assert answer.status_code == 422 and says in answer.text
    assert choose(browser).location == "/login"


def test_who_is_kept_out_by_wrong_tries_of_others_comes_in_with_a_link(house, email):
    assert [house.browser().log_in(email, "not it").status_code for _ in range(6)][-1] == 429
    browser = open_link(house, link_for(house, email))
    choose(browser)
    assert browser.log_in(email, NEW).status_code == 303


def test_asking_again_and_again_has_to_wait(house, email):
    answers = [house.browser().post(ASK, {"email": email}, page=ASK).status_code for _ in range(4)]
    assert answers == [303, 303, 303, 429]


def test_a_link_that_somebody_has_opens_nothing_once_the_password_is_changed(house, email):
    """Who fears for their login changes the password: that puts out whoever had a link made, too."""
    path, owner = link_for(house, email), house.browser(email)
    values = {"password": PASSWORD, "new_password": NEW, "again": NEW}
    assert owner.post("/account/password", values, page="/account").status_code == 303
    assert open_link(house, path).get("/reset-password").status_code == 404
    assert house.browser().log_in(email, NEW).status_code == 303


def test_nobody_outside_keeps_a_person_out_of_a_browser_that_is_new(house, email, mail_server):
    """Strangers use up the tries at the login and the links to be asked for: the newest of those links lets the person in all the same."""
    for _ in range(6):
        house.browser().log_in(email, "not it")
    answers = [house.browser().post(ASK, {"email": email}, page=ASK) for _ in range(4)]
    assert [one.status_code for one in answers] == [303] * 3 + [429]
    person = house.browser()
    assert person.log_in(email).status_code == 429
    told = person.post(ASK, {"email": email}, page=ASK)
    assert told.status_code == 429 and "the newest is good for an hour" in told.text
    assert told.headers["Retry-After"]
    mail(house, mail_server)
    path = re.search(r"/reset-password/[\w-]+", mail_server.mails[-1].get_content()).group(0)
    person.get(path)
    assert choose(person).location == "/login"
    assert person.log_in(email, NEW).status_code == 303
