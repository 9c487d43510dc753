"""One person in several companies: coming in, going from one to another, being invited to one more, being put out of one."""

import re

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.memberships import membership_in, memberships_of
from bookkeeping.storage.people.people import LoginSession, User
from tests.webapp.house import Browser, House
from tests.webapp.records import Records
from tests.webapp.test_people import NEW, PEOPLE, invite, join, user_id
from webapp.people import companies

EVE = "eve@outside.example"


@pytest.fixture
def other(house: House) -> int:
    return house.make_company("Front Range Home Inspections")


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    return house.browser(house.make_person("owner", company, "owner@office.example"))


@pytest.fixture
def eve(house: House, company: int, other: int) -> Browser:
    """An outside bookkeeper: bookkeeper of the one company, accountant of the other; she looks at the first by name."""
    house.make_person("bookkeeper", company, EVE)
    house.make_person("accountant", other, EVE)
    return house.browser(EVE)


def shown_company(page: str) -> str:
    return re.search(r'class="top__company".*?<strong>([^<]+)</strong>', page, re.S).group(1)


def go_to(browser: Browser, company_id: int):
    return browser.post(f"/companies/{company_id}/choose", page="/companies")


def test_who_has_several_companies_is_led_to_the_page_that_says_which_need_her(house, company, other, eve):
    assert house.browser().log_in(EVE).location == "/companies"
    for number in (company, other):
        Records(house, number).connect(realm_digest=str(number))
    house.make_inspection(other, "1", state="needs-you", reason="deposited")
    page = eve.read("/companies")
    assert "1 company needs you" in page
    names = re.findall(r'<h2 class="h5 mb-1">([^<]+)</h2>', page)
    assert names == ["Front Range Home Inspections", "Blue Ridge Home Inspections"]
    assert house.browser().log_in(EVE, next_path="/numbers").location == "/numbers"


def test_who_has_one_company_comes_home_and_sees_no_switcher(house, company):
    browser = house.browser()
    assert browser.log_in(house.make_person("owner", company)).location == "/"
    assert "Your companies" not in browser.read("/")


def test_the_last_choice_is_kept_over_logins_and_browsers_choose_apart(house, company, other, eve):
    elsewhere = house.browser(EVE)
    assert shown_company(eve.read("/")) == "Blue Ridge Home Inspections"
    assert go_to(eve, other).location == "/"
    assert shown_company(eve.read("/")) == "Front Range Home Inspections"
    assert shown_company(elsewhere.read("/")) == "Blue Ridge Home Inspections"
    assert shown_company(house.browser(EVE).read("/")) == "Front Range Home Inspections"


def test_the_role_is_that_of_the_company_looked_at(house, company, other, eve):
    assert eve.post("/settings/quickbooks/pause").status_code == 303
    go_to(eve, other)
    assert eve.post("/settings/quickbooks/pause").status_code == 403
    assert "Pause" not in eve.read("/settings/quickbooks")


def test_a_form_left_open_does_nothing_in_the_company_gone_to(house, company, other):
    house.make_person("owner", company, EVE)
    house.make_person("owner", other, EVE)
    browser = house.browser(EVE)
    stale = browser.token("/settings/people")
    go_to(browser, other)
    answer = browser.client.post("/settings/people/withdraw", data={"csrf_token": stale, "email": "x"})
    assert answer.status_code == 400 and "you went to another company meanwhile" in answer.text


def test_nobody_goes_to_a_company_of_others(house, company, other, owner):
    assert go_to(owner, other).status_code == 404
    assert go_to(owner, 99999).status_code == 404
    assert shown_company(owner.read("/")) == "Blue Ridge Home Inspections"


def test_inviting_answers_the_same_for_known_and_unknown_addresses(house, other, owner):
    house.make_person("owner", other, "known@other.example")
    pages = []
    for email in ("known@other.example", "nobody@at.example"):
        page = owner.post(f"{PEOPLE}/invite", {"email": email, "role": "accountant"}, page=PEOPLE)
        link = re.search(r"/invitation/[\w-]+", page.text).group(0)
        opened = house.browser().read(link)
        both = page.text + opened
        owner.post(f"{PEOPLE}/withdraw", {"email": email}, page=PEOPLE)
        pages.append(
            re.sub(r'value="[^"]+"|/invitation/[\w-]+|<time .*?</time>', "", both).replace(email, "X")
        )
    assert pages[0] == pages[1]


def test_who_has_a_login_accepts_and_has_one_more_company(house, company, other, owner):
    house.make_person("owner", other, EVE)
    path = invite(owner, EVE, "accountant")
    browser = house.browser()
    browser.read(path)
    answer = browser.log_in(EVE, next_path="/invitation")
    assert answer.location == "/invitation"
    assert "Accept" in browser.read("/invitation")
    assert browser.post("/invitation/accept", page="/invitation").location == "/"
    page = browser.read("/")
    assert shown_company(page) == "Blue Ridge Home Inspections" and "You are an accountant of" in page
    with house.app.app_context():
        places = {one.company_id: one.role for one in memberships_of(user_id(house, EVE))}
    assert places == {company: "accountant", other: "owner"}
    assert browser.post("/invitation/accept", page="/account").status_code == 404


def test_a_link_makes_no_second_login_and_changes_no_password(house, other, owner):
    house.make_person("owner", other, EVE)
    path = invite(owner, EVE)
    assert join(house, path).location == "/login?next=/invitation"
    assert house.browser().log_in(EVE, NEW).status_code == 401
    assert house.browser().log_in(EVE).status_code == 303


@pytest.mark.parametrize("who", ["somebody else", "ops"])
def test_an_invitation_is_accepted_by_nobody_but_whom_it_is_for(house, company, other, owner, who):
    email = house.make_person("owner", other, EVE) if who == "somebody else" else house.make_person("ops")
    path = invite(owner, "pat@office.example" if who == "somebody else" else email)
    browser = house.browser(email)
    assert "Accept" not in browser.read(path)
    browser.post("/invitation/accept", page="/account")
    with house.app.app_context():
        assert membership_in(company, user_id(house, email)) is None


def test_who_is_removed_is_out_there_at_once_and_stays_elsewhere(house, company, other, owner, eve):
    elsewhere = house.browser(EVE)
    go_to(elsewhere, other)
    owner.post(f"{PEOPLE}/{user_id(house, EVE)}/remove", page=PEOPLE)
    assert eve.get("/").location == "/login"
    assert shown_company(elsewhere.read("/")) == "Front Range Home Inspections"
    assert shown_company(house.browser(EVE).read("/")) == "Front Range Home Inspections"


def test_an_owner_ends_and_sees_only_sessions_that_look_at_the_own_company(house, company, other, owner, eve):
    elsewhere = house.browser(EVE)
    go_to(elsewhere, other)
    assert "1 session" in owner.read(PEOPLE) and "2 sessions" not in owner.read(PEOPLE)
    owner.post(f"{PEOPLE}/{user_id(house, EVE)}/end-sessions", page=PEOPLE)
    assert eve.get("/").location == "/login"
    assert elsewhere.get("/").status_code == 200


def test_notifications_are_chosen_company_by_company(house, company, other, eve):
    eve_id = user_id(house, EVE)
    eve.post(f"/settings/notifications/{eve_id}", {"topic": "connection"}, page="/settings/notifications")
    with house.app.app_context():
        assert membership_in(company, eve_id).topics == ["connection"]
        assert membership_in(other, eve_id).topics is None


def test_a_login_and_its_password_are_on_record_in_each_company(house, company, other, eve):
    typed = {"password": "correct horse battery", "new_password": NEW, "again": NEW}
    eve.post("/account/password", typed, page="/account")
    go_to(eve, other)
    with house.app.app_context():
        rows = select(AuditEntry.company_id, AuditEntry.act).where(AuditEntry.who == EVE)
        acts = [tuple(row) for row in db.session.execute(rows.order_by(AuditEntry.id))]
    assert {(company, "changed the password"), (other, "changed the password")} <= set(acts)
    assert (company, "logged in") in acts and (other, "logged in") not in acts
    assert acts[-1] == (other, "came from another company")


def test_who_has_no_company_any_more_does_not_come_in(house, company, eve):
    with house.writing():
        person = db.session.scalars(select(User).where(User.email == EVE)).one()
        for place in memberships_of(person.id):
            db.session.delete(place)
        db.session.commit()
    assert eve.get("/").location == "/login"
    assert house.browser().log_in(EVE).status_code == 401


def test_a_session_from_before_memberships_looks_at_the_company_there_is(house, company, owner):
    with house.writing():
        for session in db.session.scalars(select(LoginSession)):
            session.company_id = None
        db.session.commit()
    assert shown_company(owner.read("/")) == "Blue Ridge Home Inspections"


def test_the_order_of_companies_is_by_what_needs_somebody():
    assert companies.NEEDS_SOMEBODY == ("needs-you", "drift")
