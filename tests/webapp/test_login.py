"""Logging in and out, and what ends a session."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select, update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.people import LoginSession, User
from tests.harness import ROOT
from tests.webapp.house import PASSWORD, House
from webapp.access.roles import BY_SCRIPT, keeps


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


@pytest.mark.parametrize(
    "path", ["/login", "/forgotten-password", "/invitation/x", "/hooks/inspections/x", "/quickbooks/webhook"]
)
def test_only_the_fields_of_a_form_are_read_since_limits_count_by_them(house, owner, company, path):
    """A login sent as JSON was counted under no account, and one's own right password gave the guesses at another's back."""
    browser, answers = house.browser(), []
    for password in ("not it", PASSWORD):
        token = browser.token("/login")
        typed = {"email": owner, "password": password}
        answers.append(browser.client.post(path, json=typed, headers={"X-CSRFToken": token}))
        files = {**typed, "csrf_token": token, "email": (BytesIO(b"x"), "email.txt")}
        answers.append(browser.client.post(path, data=files))
    expected = 404 if "hook" in path else 400  # The platform's calls may send anything.
    assert [one.status_code for one in answers] == [expected] * 4
    assert browser.get("/").location == "/login"


def test_sixth_wrong_try_for_an_account_has_to_wait(house, owner, company):
    tries = [house.browser().log_in(owner, "not it").status_code for _ in range(6)]
    assert tries == [401] * 5 + [429]
    assert house.browser().log_in(owner).status_code == 429
    other = house.make_person("bookkeeper", company)
    assert house.browser().log_in(other).status_code == 303


def test_many_wrong_tries_at_once_get_no_further_than_in_a_row(house, owner):
    browsers = [house.browser() for _ in range(16)]
    tokens = [browser.token() for browser in browsers]

    def guess(browser, token):
        return browser.client.post(
            "/login", data={"csrf_token": token, "email": owner, "password": "not it"}
        ).status_code

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(guess, browsers, tokens))
    assert Counter(answers) == {401: 5, 429: 11}


def test_nobody_outside_uses_up_the_tries_of_a_browser_that_logged_in_before(house, owner):
    known = house.browser(owner)
    known.post("/logout")
    assert [house.browser().log_in(owner, "not it").status_code for _ in range(6)][-1] == 429
    assert house.browser().log_in(owner).status_code == 429
    assert known.log_in(owner).status_code == 303
    known.post("/logout")
    assert [known.log_in(owner, "not it").status_code for _ in range(6)] == [401] * 5 + [429]


def test_a_browser_that_is_known_for_one_is_not_for_another(house, owner, company):
    other = house.make_person("bookkeeper", company)
    known = house.browser(owner)
    known.post("/logout")
    assert [house.browser().log_in(other, "not it").status_code for _ in range(6)][-1] == 429
    assert known.log_in(other).status_code == 429


def test_too_many_tries_say_how_long_to_wait(house, owner):
    answer = [house.browser().log_in(owner, "not it") for _ in range(6)][-1]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Wait a minute, then try again" in answer.text


def test_a_guess_costs_the_same_wherever_the_password_is_asked_for(house, owner):
    """Six pages that ask for it are no six times as many guesses."""
    browser = house.browser(owner)
    guess = {"password": "not it"}
    change = guess | {"new_password": "something long", "again": "something long"}
    asked = [
        ("/account/password", change, "/account"),
        ("/quickbooks/disconnect", guess, "/settings/quickbooks"),
    ] * 3
    answers = [browser.post(path, values, page=page).status_code for path, values, page in asked]
    assert answers == [422] * 5 + [429]


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


def seen(house: House, **ago: float) -> None:
    with house.writing():
        db.session.execute(update(LoginSession).values(seen_at=utcnow() - timedelta(**ago)))
        db.session.commit()


def test_session_ends_after_half_an_hour_without_a_click(house, owner):
    browser = house.browser(owner)
    seen(house, minutes=29)
    assert browser.get("/settings").status_code == 200
    seen(house, minutes=30, seconds=1)
    assert "Your session has ended" in browser.read("/settings")


def test_a_session_of_ops_ends_after_a_quarter_of_an_hour(house):
    browser = house.browser(house.make_person("ops"))
    seen(house, minutes=14)
    assert browser.get("/ops").status_code == 200
    seen(house, minutes=15, seconds=1)
    assert browser.get("/ops").location.startswith("/login")


def test_what_pages_ask_by_themselves_keeps_no_session_alive(house, owner, company):
    browser = house.browser(owner)
    seen(house, minutes=20)
    assert browser.get("/inspections", headers={BY_SCRIPT: "yes"}).status_code == 200
    with house.app.app_context():
        assert utcnow() - db.session.scalars(select(LoginSession.seen_at)).one() > timedelta(minutes=19)
    browser.get("/settings")
    with house.app.app_context():
        assert utcnow() - db.session.scalars(select(LoginSession.seen_at)).one() < timedelta(minutes=1)


SCRIPTS_OWN = [{"X-By-Script": "yes"}, {"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "image"}]


@pytest.mark.parametrize("headers", SCRIPTS_OWN, ids=["our script", "a fetch", "an image"])
def test_a_page_that_keeps_itself_fresh_ends_like_any_other(house, headers):
    """The overview of ops was asked for every half minute, and whoever left it open stayed logged in for twelve hours."""
    browser = house.browser(house.make_person("ops"))
    seen(house, minutes=14)
    assert browser.get("/ops", headers=headers).status_code == 200
    seen_at = select(LoginSession.seen_at)
    with house.app.app_context():
        assert utcnow() - db.session.scalars(seen_at).one() > timedelta(minutes=13)
    browser.get("/ops", headers={"Sec-Fetch-Dest": "document"})
    with house.app.app_context():
        assert utcnow() - db.session.scalars(seen_at).one() < timedelta(minutes=1)


def test_our_script_says_that_nobody_clicked(house):
    script = (ROOT / "static" / "app.js").read_text()
    assert script.count(f'"{BY_SCRIPT}"') == script.count("fetch(") == 2


def test_only_a_digest_of_the_token_is_stored(house, owner):
    house.browser(owner)
    with house.app.app_context():
        row = db.session.scalars(select(LoginSession)).one()
    assert len(row.digest) == 64
    assert row.address == "127.0.0.1"


def end_every_session(house):
    with house.writing():
        db.session.execute(update(LoginSession).values(ended_at=utcnow()))
        db.session.commit()


@pytest.mark.parametrize(
    ("page", "form", "typed", "shown"),
    [
        (
            "/settings/quickbooks",
            "/settings/quickbooks/dates",
            {"start_date": "2026-02-03", "invoice_date": "created"},
            'value="2026-02-03"',
        ),
        (
            "/settings/people",
            "/settings/people/invite",
            {"email": "carla@books.example", "role": "owner"},
            'value="carla@books.example"',
        ),
    ],
)
def test_ended_session_leads_back_with_what_was_typed(house, owner, records, page, form, typed, shown):
    records.connect()
    browser = house.browser(owner)
    token = browser.token("/settings")
    end_every_session(house)
    headers = {"Referer": f"http://localhost{page}"}
    values = typed | {"csrf_token": token, "password": "secret"}
    answer = browser.client.post(form, data=values, headers=headers)
    assert answer.location == f"/login?next={page}"
    assert "Your session has ended" in browser.read(answer.location)
    with browser.client.session_transaction() as kept:
        assert kept["kept_input"]["fields"] == typed
    assert browser.log_in(owner, next_path=page).location == page
    text = browser.read(page)
    assert "What you had typed is still in the form" in text and shown in text


@pytest.mark.parametrize("referrer", ["", "http://[", "http://elsewhere.example/settings/people", "nonsense"])
def test_a_form_that_came_from_elsewhere_is_not_led_back_to(house, owner, referrer):
    browser = house.browser(owner)
    token = browser.token("/settings")
    end_every_session(house)
    values = {"csrf_token": token, "email": "carla@books.example", "role": "owner"}
    answer = browser.client.post("/settings/people/invite", data=values, headers={"Referer": referrer})
    assert (answer.status_code, answer.location) == (303, "/login")


def test_a_new_password_is_never_kept_in_the_cookie(house, owner):
    browser = house.browser(owner)
    token = browser.token("/account")
    end_every_session(house)
    values = {
        "csrf_token": token,
        "password": PASSWORD,
        "new_password": "a new one, long",
        "again": "a new one, long",
    }
    headers = {"Referer": "http://localhost/account"}
    assert (
        browser.client.post("/account/password", data=values, headers=headers).location
        == "/login?next=/account"
    )
    with browser.client.session_transaction() as kept:
        assert "kept_input" not in kept
    browser.log_in(owner, next_path="/account")
    assert "What you had typed" not in browser.read("/account")


@pytest.mark.parametrize("field", ["password", "new_password", "again"])
def test_a_form_cannot_ask_for_a_password_to_be_kept(field):
    with pytest.raises(ValueError, match="never kept"):
        keeps("email", field)


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
    assert "Enter your email address." in empty.text and "Enter your password." in empty.text
    assert browser.log_in("x" * 10_000, "y" * 10_000).status_code == 422
