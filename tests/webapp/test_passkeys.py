"""Passkeys as a second factor, with an authenticator in software: made, asked for at the login and before acts, each answer taken once."""

import html
import json
import re

import pytest
from sqlalchemy import select, update

from bookkeeping.storage.base import db
from bookkeeping.storage.people.factors import Factor
from bookkeeping.storage.people.passkeys import keep_passkey, new_challenge, options_to_make, passkey_fits
from bookkeeping.storage.people.people import User
from tests.harness.authenticator import Authenticator
from tests.webapp.house import Browser, House
from tests.webapp.test_confirming import ten_minutes_pass
from tests.webapp.test_second_factor import OWNER, PAGE, STEP, after_password
from webapp.access import passkeys

SITE = "http://localhost:8000"


@pytest.fixture
def house(sqlite_url: str) -> House:
    return House(sqlite_url, public_url=SITE)


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    return house.browser(house.make_person("owner", company, OWNER))


@pytest.fixture
def key() -> Authenticator:
    return Authenticator(SITE)


def asked(text: str) -> str:
    """Return what the page asks the browser."""
    return html.unescape(re.search(r'data-options="([^"]+)"', text).group(1))


def add(browser: Browser, key: Authenticator):
    """Add a passkey as the page does."""
    answer = key.create(asked(browser.read(PAGE)))
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/account").text).group(1)
    return browser.client.post(f"{PAGE}/passkey", data={"csrf_token": token, "made_passkey": answer})


def show(browser: Browser, answer: str):
    """Send what a passkey answered at the second step."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login").text).group(1)
    return browser.client.post(STEP, data={"csrf_token": token, "passkey": answer})


def test_a_passkey_is_added_and_opens_the_second_step(house, owner, key):
    added = add(owner, key)
    assert added.status_code == 200 and "Your recovery codes" in added.text
    browser = after_password(house)
    assert show(browser, key.get(asked(browser.read(STEP)))).location == "/"
    assert browser.get("/").status_code == 200


def test_an_answer_is_taken_once(house, owner, key):
    add(owner, key)
    browser = after_password(house)
    answer = key.get(asked(browser.read(STEP)))
    with browser.client.session_transaction() as kept:
        before = dict(kept)
    assert show(browser, answer).location == "/"
    thief = after_password(house)
    thief.get(STEP)
    with thief.client.session_transaction() as kept:
        kept["passkey_asked"] = before["passkey_asked"]  # A copy of the cookie from before the answer.
    with house.writing():
        db.session.execute(update(Factor).values(sign_count=0))  # Nor does the counter alone hold it off.
        db.session.commit()
    assert show(thief, answer).status_code == 401


def test_another_key_another_site_and_an_older_question_open_nothing(house, owner, key):
    add(owner, key)
    browser = after_password(house)
    older = asked(browser.read(STEP))
    options = asked(browser.read(STEP))
    assert show(browser, key.get(older)).status_code == 401
    options = asked(browser.read(STEP))
    assert show(browser, Authenticator(SITE).get(options)).status_code == 401
    options = asked(browser.read(STEP))
    elsewhere = Authenticator("http://localhost:6666")
    elsewhere.credential, elsewhere._key = key.credential, key._key
    assert show(browser, elsewhere.get(options)).status_code == 401
    assert browser.get("/").location == "/login"


def test_a_counter_that_goes_back_is_a_copied_key(house, owner, key):
    add(owner, key)
    browser = after_password(house)
    key.count = 5
    assert show(browser, key.get(asked(browser.read(STEP)))).location == "/"
    browser, key.count = after_password(house), 2
    assert show(browser, key.get(asked(browser.read(STEP)))).status_code == 401


def test_an_act_that_wants_the_person_takes_a_passkey(house, owner, key):
    add(owner, key)
    ten_minutes_pass(house)
    page = owner.post("/settings/hook", page="/settings")
    assert page.status_code == 403
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
    sent = {"csrf_token": token, "passkey": key.get(asked(page.text))}
    assert owner.client.post("/settings/hook", data=sent).status_code < 400


def test_the_same_passkey_is_not_taken_twice_nor_by_another(house, company, owner, key):
    assert add(owner, key).status_code == 200
    assert add(owner, key).status_code == 422
    pat = house.browser(house.make_person("bookkeeper", company, "pat@office.example"))
    assert add(pat, key).status_code == 422
    with house.app.app_context():
        assert len(db.session.scalars(select(Factor)).all()) == 1


@pytest.mark.parametrize(
    "answer",
    ["", "x", "[]", "{}", "[" * 15_000, "x" * 30_000, json.dumps({"id": "a", "rawId": "%", "response": {}})]
    + [json.dumps({"id": "a", "rawId": "a", "type": "public-key", "response": {"clientDataJSON": "\u00fc"}})],
    ids=["empty", "word", "list", "object", "deep", "long", "no key", "odd letters"],
)
def test_an_answer_that_is_none_breaks_nothing(house, owner, answer):
    with house.app.app_context():
        user = db.session.scalars(select(User)).one()
        challenge = new_challenge()
        assert options_to_make(user, "localhost", challenge)
        assert not keep_passkey(user.id, answer, challenge, "localhost", SITE, "")
        assert not passkey_fits(user.id, answer, challenge, "localhost", SITE)


@pytest.mark.parametrize(
    ("url", "works"),
    [
        ("https://books.example", True),
        ("http://localhost:8000", True),
        ("http://books.example", False),
        ("http://127.0.0.1:8000", False),
        ("https://10.0.0.7", False),
        ("https://[::1]", False),
    ],
)
def test_passkeys_are_offered_only_where_browsers_take_them(house, url, works):
    house.app.extensions["settings"] = House(house.settings.database_url, public_url=url).settings
    with house.app.app_context():
        assert passkeys.passkeys_work() is works
