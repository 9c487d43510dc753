"""Logging in and out, and what ends a session."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.people import LoginSession, User
from tests.webapp.house import PASSWORD, House


@pytest.fixture
def owner(house: House, company: int) -> str:
    return house.make_person("owner", company)


def test_right_password_leads_home(house, owner):
    browser = house.browser()
    assert "Log in" in browser.read("/")
    answer = browser.log_in(owner)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Blue Ridge Home Inspections" in browser.read("/")


def test_email_is_found_whatever_its_case_and_blanks(house, owner):
    assert house.browser().log_in(f"  {owner.upper()} ").status_code == 303


def test_wrong_password_and_unknown_person_get_the_same_answer(house, owner):
    wrong = house.browser().log_in(owner, "not it")
    unknown = house.browser().log_in("nobody@office.example", "not it")
    assert wrong.status_code == unknown.status_code == 401
    strip = [
        text.replace(address, "").split("</head>")[1].split('value="')
        for text, address in ((wrong.text, owner), (unknown.text, "nobody@office.example"))
    ]
    assert [part.partition('"')[2] for part in strip[0]] == [part.partition('"')[2] for part in strip[1]]


def test_wrong_password_keeps_the_address_and_not_the_password(house, owner):
    text = house.browser().log_in(owner, "not-it-at-all").text
    assert owner in text
    assert "not-it-at-all" not in text


def test_removed_person_stays_out_and_their_session_ends(house, owner):
    browser = house.browser(owner)
    with house.writing():
        db.session.execute(update(User).values(removed_at=utcnow()))
        db.session.commit()
    assert browser.get("/").location == "/login"
    assert house.browser().log_in(owner).status_code == 401


def test_sixth_wrong_try_for_an_account_has_to_wait(house, owner, company):
    tries = [house.browser().log_in(owner, "not it").status_code for _ in range(6)]
    assert tries == [401] * 5 + [429]
    assert house.browser().log_in(owner).status_code == 429
    other = house.make_person("bookkeeper", company)
    assert house.browser().log_in(other).status_code == 303


def test_right_passwords_do_not_count_as_tries(house, owner):
    assert {house.browser().log_in(owner).status_code for _ in range(8)} == {303}


def test_cookie_from_before_the_login_does_not_share_the_session(house, owner):
    browser = house.browser()
    token, cookie = browser.token(), browser.cookie()
    browser.log_in(owner)
    assert browser.token("/settings") != token
    stolen = house.browser()
    stolen.client.set_cookie("tieout", cookie)
    assert stolen.get("/").location == "/login"


def test_logging_out_ends_the_session_for_every_copy_of_its_cookie(house, owner):
    browser = house.browser(owner)
    copy = house.browser()
    copy.client.set_cookie("tieout", browser.cookie())
    assert copy.get("/").status_code == 200
    assert browser.post("/logout").location == "/login"
    assert copy.get("/").location == "/login"


def test_logging_out_needs_a_post(house, owner):
    browser = house.browser(owner)
    assert browser.get("/logout").status_code == 405
    assert browser.get("/").status_code == 200


def test_session_ends_after_twelve_hours(house, owner):
    browser = house.browser(owner)
    with house.writing():
        db.session.execute(update(LoginSession).values(created_at=utcnow() - timedelta(hours=12, seconds=1)))
        db.session.commit()
    text = browser.read("/settings")
    assert "Your session has ended" in text


def test_only_a_digest_of_the_token_is_stored(house, owner):
    house.browser(owner)
    with house.app.app_context():
        row = db.session.scalars(select(LoginSession)).one()
    assert len(row.digest) == 64
    assert row.address == "127.0.0.1"


def test_ended_session_leads_back_with_what_was_typed(house, owner, company):
    browser = house.browser(owner)
    token = browser.token("/settings")
    with house.writing():
        db.session.execute(update(LoginSession).values(ended_at=utcnow()))
        db.session.commit()
    values = {
        "csrf_token": token,
        "start_date": "2026-02-03",
        "invoice_date": "created",
        "password": "secret",
    }
    headers = {"Referer": "http://localhost/settings/quickbooks"}
    answer = browser.client.post("/settings/quickbooks/dates", data=values, headers=headers)
    assert answer.location == "/login?next=/settings/quickbooks"
    assert "Your session has ended" in browser.read(answer.location)
    with browser.client.session_transaction() as kept:
        assert kept["kept_input"]["fields"] == {"start_date": "2026-02-03", "invoice_date": "created"}
    assert browser.log_in(owner, next_path="/settings/quickbooks").location == "/settings/quickbooks"
    assert "What you had typed is still in the form" in browser.read("/settings/quickbooks")


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"]
    + ["/\t/evil.example", "http:evil.example", "/%0d%0aLocation:x\r\n", "evil.example"],
)
def test_next_never_leaves_the_site(house, owner, target):
    answer = house.browser().post(
        "/login", {"email": owner, "password": PASSWORD}, page="/login", query_string={"next": target}
    )
    assert (answer.status_code, answer.location) == (303, "/")


def test_next_leads_to_the_page_that_was_asked_for(house, owner):
    browser = house.browser()
    asked = browser.get("/settings/quickbooks?x=1")
    assert asked.status_code == 303
    assert browser.log_in(owner, next_path="/settings/quickbooks").location == "/settings/quickbooks"


def test_cookie_is_guarded(house, owner, sqlite_url):
    cookie = house.browser().log_in(owner).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    secure = House(sqlite_url, public_url="https://books.example")
    answer = secure.app.test_client().get("/login", base_url="https://books.example")
    assert answer.headers["Set-Cookie"].startswith("__Host-tieout=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_overlong_and_empty_input_is_told_at_the_field(house, owner):
    browser = house.browser()
    empty = browser.log_in("", "")
    assert empty.status_code == 422
    assert "Enter your e-mail address." in empty.text and "Enter your password." in empty.text
    assert browser.log_in("x" * 10_000, "y" * 10_000).status_code == 422
