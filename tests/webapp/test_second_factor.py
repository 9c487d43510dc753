"""A second factor: set up with its first code, asked for at the login, used once, replaced by a recovery code, required where it is."""

import re
import time
from datetime import timedelta

import pyotp
import pytest
import time_machine
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from bookkeeping.acts.joining import check_password
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import Vault
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.factors import (
    STEP_SECONDS,
    Factor,
    RecoveryCode,
    app_secret,
    begin_app,
    code_fits,
    confirm_app,
    make_recovery_codes,
)
from bookkeeping.storage.people.people import LoginSession, User
from bookkeeping.storage.work.resealing import rotate_keys
from tests.webapp.house import PASSWORD, Browser, House
from tests.webapp.test_confirming import mails, ten_minutes_pass, the_form
from tests.webapp.test_people import user_id
from webapp.access.factors import SECONDS_TO_ANSWER
from webapp.people import second_factor, second_step

PAGE, STEP = "/account/second-factor", "/login/second-step"
OWNER = "owner@office.example"


@pytest.fixture(autouse=True)
def clock():
    """Time stands still, in the middle of a half minute: no code grows old between two lines of a test."""
    now = int(time.time()) // STEP_SECONDS * STEP_SECONDS + 10
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    return house.browser(house.make_person("owner", company, OWNER))


def code_at(house: House, email: str, steps: int = 0) -> str:
    """Return what the person's app shows so many half minutes from now."""
    with house.app.app_context():
        row = db.session.scalars(select(Factor).where(Factor.user_id == user_id(house, email))).one()
        return pyotp.TOTP(app_secret(row)).at(utcnow() + timedelta(seconds=STEP_SECONDS * steps))


def set_up(house: House, browser: Browser, email: str = OWNER) -> list[str]:
    """Turn an app on as a person does, with the code before the present one, and return the recovery codes."""
    browser.post(f"{PAGE}/app", page=PAGE)
    answer = browser.post(f"{PAGE}/app/confirm", {"code": code_at(house, email, -1)}, page=PAGE)
    assert answer.status_code == 200, answer.text
    return re.findall(r"<li><code>([0-9a-f-]+)</code>", answer.text)


def after_password(house: House, email: str = OWNER) -> Browser:
    """Return a browser in which the password was right and the factor is asked for."""
    browser = house.browser()
    assert browser.log_in(email).location == STEP
    return browser


def test_an_app_counts_once_its_first_code_was_typed(house, owner):
    owner.post(f"{PAGE}/app", page=PAGE)
    page = owner.read(PAGE)
    assert "<svg" in page and 'class="qr"' in page and " style=" not in page
    wrong = owner.post(f"{PAGE}/app/confirm", {"code": "000000"}, page=PAGE)
    assert wrong.status_code == 422 and "not the code that the app shows" in wrong.text
    assert house.browser().log_in(OWNER).location == "/", "nothing is asked for yet"
    codes = set_up(house, owner)
    assert len(set(codes)) == 10
    assert codes[0] not in owner.read(PAGE), "shown once"
    assert after_password(house).post(STEP, {"code": code_at(house, OWNER)}, page=STEP).location == "/"


def test_without_the_second_step_the_password_opens_nothing(house, owner):
    set_up(house, owner)
    browser = after_password(house)
    assert browser.get("/").location == "/login"
    wrong = browser.post(STEP, {"code": "123456"}, page=STEP)
    assert wrong.status_code == 401 and browser.get("/").location == "/login"
    assert house.browser().get(STEP).location == "/login"


def test_a_code_is_used_once(house, owner):
    set_up(house, owner)
    code = code_at(house, OWNER)
    assert after_password(house).post(STEP, {"code": code}, page=STEP).status_code == 303
    assert after_password(house).post(STEP, {"code": code}, page=STEP).status_code == 401
    earlier = code_at(house, OWNER, -1)
    assert after_password(house).post(STEP, {"code": earlier}, page=STEP).status_code == 401


def test_a_recovery_code_lets_in_once_and_everybody_concerned_is_told(house, company, owner):
    house.make_person("owner", company, "second@office.example")
    code = set_up(house, owner)[0]
    for typed, status in ((code.upper(), 303), (code, 401)):
        assert after_password(house).post(STEP, {"code": typed}, page=STEP).status_code == status
    told = [to for to, subject in mails(house) if "recovery code was used" in subject]
    assert told == [OWNER, "second@office.example"]
    with house.app.app_context():
        kept = db.session.scalars(select(RecoveryCode.digest)).all()
    assert len(kept) == 10 and not any(code.replace("-", "") in one for one in kept)


def test_guesses_of_the_code_are_counted_with_those_of_the_password(house, owner):
    set_up(house, owner)
    browser = after_password(house)
    tries = [browser.post(STEP, {"code": "123456"}, page=STEP).status_code for _ in range(6)]
    assert tries == [401] * 5 + [429]
    assert after_password(house).post(STEP, {"code": code_at(house, OWNER)}, page=STEP).status_code == 429


def test_a_password_changed_meanwhile_ends_the_second_step(house, owner):
    set_up(house, owner)
    browser = after_password(house)
    token = browser.token(STEP)
    with house.writing():
        db.session.execute(update(User).values(password_hash="another"))
        db.session.commit()
    answer = browser.client.post(STEP, data={"csrf_token": token, "code": code_at(house, OWNER)})
    assert answer.location == "/login"


def test_the_second_step_waits_ten_minutes(house, owner):
    set_up(house, owner)
    browser = after_password(house)
    for seconds, status in ((SECONDS_TO_ANSWER - 1, 200), (SECONDS_TO_ANSWER, 302)):
        with time_machine.travel(time.time() + seconds, tick=False):
            assert browser.get(STEP).status_code == status


def test_turning_it_on_logs_other_browsers_out_and_is_told_and_on_record(house, company, owner):
    house.make_person("owner", company, "second@office.example")
    other = house.browser(OWNER)
    set_up(house, owner)
    assert other.get("/").location == "/login" and owner.get("/").status_code == 200
    told = [to for to, subject in mails(house) if "second factor was changed" in subject]
    assert told == [OWNER, "second@office.example"]
    with house.app.app_context():
        acts = db.session.scalars(select(AuditEntry.act).where(AuditEntry.company_id == company)).all()
    assert "added a second factor: an app that shows codes" in acts


def test_an_act_that_wants_the_person_takes_a_code_too(house, owner):
    set_up(house, owner)
    ten_minutes_pass(house)
    action, hidden = the_form(owner.post("/settings/hook", page="/settings").text)
    wrong = owner.client.post(action, data=hidden | {"confirm_password": "", "confirm_code": "123456"})
    assert wrong.status_code == 422 and "That code does not fit" in wrong.text
    right = {"confirm_password": "", "confirm_code": code_at(house, OWNER)}
    assert owner.client.post(action, data=hidden | right).status_code < 400
    assert owner.post("/settings/hook", page="/settings").status_code < 400, "not asked again for ten minutes"


def test_a_stolen_cookie_sees_no_secret_and_changes_no_factor(house, owner):
    owner.post(f"{PAGE}/app", page=PAGE)
    ten_minutes_pass(house)
    assert '<svg class="qr"' not in owner.read(PAGE) and "Type this into it" not in owner.read(PAGE)
    for path in ("/app", "/app/confirm", "/codes", "/1/remove"):
        assert owner.post(f"{PAGE}{path}", {"code": "1"}, page=PAGE).status_code == 403


def test_factors_of_others_are_not_there(house, company, owner):
    set_up(house, owner)
    pat = house.browser(house.make_person("bookkeeper", company, "pat@office.example"))
    with house.app.app_context():
        number = db.session.scalars(select(Factor.id)).one()
    assert pat.post(f"{PAGE}/{number}/remove", page=PAGE).status_code == 404
    assert after_password(house)


def test_the_last_factor_goes_unless_the_password_is_short(house, owner):
    set_up(house, owner)
    with house.app.app_context():
        number = db.session.scalars(select(Factor.id)).one()
    short = "kq7#vTm2"
    typed = {"password": PASSWORD, "new_password": short, "again": short}
    assert owner.post("/account/password", typed, page="/account").status_code == 303
    owner.post(f"{PAGE}/{number}/remove", page=PAGE)
    assert "Choose a longer one first" in owner.read(PAGE)
    typed = {"password": short, "new_password": PASSWORD, "again": PASSWORD}
    owner.post("/account/password", typed, page="/account")
    owner.post(f"{PAGE}/{number}/remove", page=PAGE)
    assert house.browser().log_in(OWNER).location == "/"
    with house.app.app_context():
        assert db.session.scalars(select(RecoveryCode)).all() == []


def test_a_short_password_does_only_with_a_second_factor():
    check_password("kq7#vTm2", with_factor=True)
    with pytest.raises(ValueError, match="12 to 200"):
        check_password("kq7#vTm2")
    with pytest.raises(ValueError, match="8 to 200"):
        check_password("kq7#vT2", with_factor=True)


@pytest.fixture
def strict(sqlite_url: str) -> House:
    """An installation that is no stand-in's."""
    return House(sqlite_url, intuit_environment="sandbox")


def test_ops_do_nothing_before_they_have_one_and_never_take_the_last_away(strict):
    email = strict.make_person("ops")
    ops = strict.browser(email)
    for path in ("/", "/ops", "/ops/failures", "/ops/companies"):
        assert ops.get(path).location == PAGE, path
    assert ops.post("/ops/failures/retry", page=PAGE).location == PAGE
    assert "A second factor is required here" in ops.read(PAGE)
    set_up(strict, ops, email)
    assert ops.get("/ops").status_code == 200
    with strict.app.app_context():
        number = db.session.scalars(select(Factor.id)).one()
    ops.post(f"{PAGE}/{number}/remove", page=PAGE)
    assert "Add another one first" in ops.read(PAGE)


def test_an_owner_requires_it_of_the_company_and_of_no_other(strict):
    company, other = strict.make_company(), strict.make_company("Front Range Home Inspections")
    owner = strict.browser(strict.make_person("owner", company, OWNER))
    for place in (company, other):
        strict.make_person("bookkeeper", place, "both@x.example")
    both = strict.browser("both@x.example")
    owner.post("/settings/people/second-factor", {"required": "yes"}, page="/settings/people")
    assert owner.get("/settings/people").location == PAGE, "of the owner, too"
    assert both.get("/").location == PAGE
    both.post(f"/companies/{other}/choose", page=PAGE)
    assert both.get("/").status_code == 200
    with strict.app.app_context():
        assert [db.session.get(Company, one).factor_required for one in (company, other)] == [True, False]
    assert f"{OWNER}" in [to for to, subject in mails(strict) if "A second factor is required" in subject]


def test_with_the_stand_ins_ops_need_none_and_what_an_owner_requires_holds(house, company, owner):
    assert house.browser(house.make_person("ops")).get("/ops").status_code == 200
    assert owner.get("/").status_code == 200
    owner.post("/settings/people/second-factor", {"required": "yes"}, page="/settings/people")
    assert owner.get("/").location == PAGE
    assert "Set it up" in owner.read("/account")


def test_a_secret_is_sealed_and_outlives_a_rotation_of_keys(house, company, owner):
    set_up(house, owner)
    new = Fernet.generate_key().decode()
    with house.writing():
        row = db.session.scalars(select(Factor)).one()
        secret = app_secret(row)
        assert row.secret.startswith("v1.") and secret not in row.secret
        house.app.extensions["vault"] = Vault((new, *house.settings.token_keys))
        db.session.get(Company, company).feed_key = Vault((new,)).seal("key", company, "feed_key")
        db.session.commit()
        assert rotate_keys() == 1
        house.app.extensions["vault"] = Vault((new,))
        assert app_secret(db.session.scalars(select(Factor)).one()) == secret


def test_codes_of_clocks_half_a_minute_wrong_fit_and_older_do_not(house, owner):
    mine = user_id(house, OWNER)
    with house.writing():
        row = begin_app(mine)
        app = pyotp.TOTP(app_secret(row))
        assert not confirm_app(row, app.at(utcnow() - timedelta(minutes=3)))
        assert confirm_app(row, app.at(utcnow() - timedelta(seconds=STEP_SECONDS)))
        assert code_fits(mine, app.at(utcnow() + timedelta(seconds=STEP_SECONDS))) == "app"
        assert code_fits(mine, app.at(utcnow())) == "", "older than the newest that was taken"
        assert code_fits(mine, "") == code_fits(mine, "x" * 500) == code_fits(mine, "١٢٣٤٥٦") == ""
        assert code_fits(mine + 1, make_recovery_codes(mine)[0]) == "", "another person's"
        db.session.rollback()


def test_the_second_step_is_no_session(house, owner):
    set_up(house, owner)
    with house.app.app_context():
        before = len(db.session.scalars(select(LoginSession)).all())
    after_password(house)
    with house.app.app_context():
        assert len(db.session.scalars(select(LoginSession)).all()) == before
    assert second_step.bp.name != second_factor.bp.name
