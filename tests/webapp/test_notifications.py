"""Who is told what; and mails to a real SMTP server: urgent ones at once, the rest together once a day, each once."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.acts import inviting
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import User
from tests.webapp.house import PASSWORD, Browser, House
from tests.webapp.mailing import ZONE, mail, morning, notify, with_mail
from tests.webapp.sheets import csv_table
from webapp.people.notifications import became

PAGE = "/settings/notifications"


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(time_zone=ZONE)


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    return house.browser(house.make_person("owner", company, "owner@office.example"))


def outcomes(browser: Browser) -> list[str]:
    """Return what the page says became of each notice, the newest first."""
    found = re.findall(r'<div class="log__outcome[^>]*>(.*?)</div>', browser.read(PAGE), re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in found]


def test_urgent_notice_goes_at_once_and_once_to_owners(house, company, owner, mail_server):
    house.make_person("bookkeeper", company, "pat@office.example")
    notify(house, company)
    assert mail(house, mail_server) == 1
    assert mail(house, mail_server) == 0
    [sent] = mail_server.mails
    assert sent["To"] == "owner@office.example"
    assert "The connection to QuickBooks has ended" in sent["Subject"]
    assert (
        f"http://127.0.0.1:8000/companies/{company}/open?page=/settings/quickbooks"
        in sent.get_content().splitlines()
    )
    assert outcomes(owner) == ["Mailed"]


def test_what_needs_somebody_is_told_once_a_day_to_bookkeepers_too(
    house, company, records, owner, mail_server
):
    house.make_person("bookkeeper", company, "pat@office.example")
    records.connect()
    for number in range(3):
        house.make_inspection(company, str(number), state="needs-you", reason="closed-books")
    assert mail(house, mail_server, morning()) == 1
    assert mail(house, mail_server, morning() + timedelta(hours=3)) == 0
    assert mail(house, mail_server, morning(2)) == 1
    first = mail_server.mails[0]
    assert first["To"] == "owner@office.example, pat@office.example"
    assert "3 inspections need you" in first["Subject"]
    told = csv_table(owner.get("/settings/notifications?as=csv").data)
    assert {one["Notice"] for one in told} == {"3 inspections need you"}
    assert {one["What became of it"] for one in told} == {"Mailed"}
    assert "3 inspections: The books are closed for that date" in first.get_content()


def test_notices_that_can_wait_go_together_next_morning(house, company, owner, mail_server):
    notify(house, company, "reconnect-soon", urgent=False)
    notify(house, company, "not-us", urgent=False)
    assert mail(house, mail_server) == 0
    assert mail(house, mail_server, morning()) == 1
    assert "and 1 more" in mail_server.mails[0]["Subject"]


def test_refused_mail_is_tried_again_later_and_nothing_is_lost(house, company, owner, mail_server):
    notify(house, company)
    mail_server.refusing = True
    assert mail(house, mail_server) == 0
    mail_server.refusing = False
    assert mail(house, mail_server) == 0, "not at once again"
    assert mail(house, mail_server, utcnow() + timedelta(minutes=6)) == 1
    assert len(mail_server.mails) == 1


def test_dead_mail_server_breaks_nothing(house, company, owner, mail_server):
    notify(house, company)
    mail_server.stop()
    assert mail(house, mail_server) == 0
    with house.app.app_context():
        assert db.session.scalars(select(Notice)).one().sent_at is None


def test_nobody_is_mailed_who_does_not_want_it(house, company, owner, mail_server):
    with house.app.app_context():
        mine = db.session.scalar(select(User.id).where(User.email == "owner@office.example"))
    owner.post(f"{PAGE}/{mine}", {"topic": "migrations"}, page=PAGE)
    notify(house, company)
    assert mail(house, mail_server) == 0
    assert mail_server.mails == []
    assert "The connection to QuickBooks has ended" in owner.read(PAGE), "it stays on screen"
    assert outcomes(owner) == ["Nobody chose it"]


def test_mail_that_does_not_go_out_is_seen_by_owners_and_explained_to_ops(house, company, owner, mail_server):
    notify(house, company)
    notify(house, company, "reconnect-soon", urgent=False)
    ops = with_mail(house, mail_server).browser(house.make_person("ops"))
    by_mail = with_mail(house, mail_server).browser("owner@office.example")
    assert re.search(r"Mails not sent</span>\s*<strong[^>]*>0<", ops.read("/ops"))
    assert outcomes(by_mail) == ["In the next digest", "To be mailed"]
    mail_server.refusing = True
    mail(house, mail_server)
    assert outcomes(by_mail) == ["In the next digest", "Not mailed yet"]
    assert "The mail server does not take this mail (451)." in ops.read("/ops")
    mail_server.refusing = False
    mail(house, mail_server, morning())
    assert outcomes(by_mail) == ["Mailed", "Mailed"]
    assert "(451)" not in ops.read("/ops")


def test_old_notices_stay_on_screen_when_mail_is_set_up_later(house, company, owner, mail_server):
    notify(house, company)
    assert mail(house, mail_server, utcnow() + timedelta(days=3)) == 0
    assert outcomes(owner) == ["On screen only"]


def test_without_a_mail_server_notices_are_on_screen(house, company, owner):
    notify(house, company)
    page = owner.read(PAGE)
    assert "Mail is not set up" in page
    assert "The connection to QuickBooks has ended" in page


def test_bookkeeper_chooses_only_for_themselves_and_nobody_for_other_companies(house, company, owner):
    other = house.make_company("Front Range Home Inspections")
    house.make_person("owner", other, "x@other.example")
    bookkeeper = house.browser(house.make_person("bookkeeper", company, "pat@office.example"))
    with house.app.app_context():
        ids = dict(db.session.execute(select(User.email, User.id)).all())
    assert bookkeeper.post(f"{PAGE}/{ids['owner@office.example']}", {"topic": "failures"}).status_code == 403
    assert bookkeeper.post(f"{PAGE}/{ids['pat@office.example']}", {"topic": "connection"}).status_code == 303
    assert owner.post(f"{PAGE}/{ids['x@other.example']}", {"topic": "failures"}).status_code == 404
    assert owner.post(f"{PAGE}/{ids['pat@office.example']}", {"topic": "<script>"}).status_code == 303
    assert "<script>" not in owner.read(PAGE).replace("<script src", "")


def test_subject_never_breaks_the_mail_header(house, company, owner, mail_server):
    evil = house.make_company("Evil\r\nBcc: all@x.example")
    house.make_person("owner", evil, "evil@office.example")
    notify(house, evil)
    assert mail(house, mail_server) == 1
    assert mail_server.mails[0]["Bcc"] is None


def links(sent) -> list[str]:
    """Return the paths of ours that a mail names, in its order."""
    return re.findall(r"http://127\.0\.0\.1:8000(\S+)", sent.get_content())


@pytest.fixture
def of_both(house: House, company: int) -> tuple[str, int]:
    """Somebody who owns two companies and looks at the first by name; the mail is about the other, whose id comes with the address."""
    other = house.make_company("Front Range Home Inspections", time_zone=ZONE)
    house.make_person("owner", company, "both@office.example")
    return house.make_person("owner", other, "both@office.example"), other


def company_shown(page: str) -> str:
    return re.search(r'class="top__company".*?<strong>([^<]+)</strong>', page, re.S).group(1)


def test_every_link_of_a_mail_leads_to_the_company_that_it_is_about(house, company, of_both, mail_server):
    email, other = of_both
    notify(house, other)
    mail(house, mail_server)
    found = links(mail_server.mails[-1])
    assert len(found) == 2, found
    for link in found:
        browser = house.browser(email)
        browser.post(f"/companies/{company}/choose", page="/companies")
        assert company_shown(browser.read("/")) == "Blue Ridge Home Inspections"
        page = browser.read(link)
        assert company_shown(page) == "Front Range Home Inspections"
    assert "Who is told" in page


def test_a_link_of_a_mail_is_kept_over_the_login(house, company, of_both, mail_server):
    email, other = of_both
    notify(house, other)
    mail(house, mail_server)
    link = links(mail_server.mails[-1])[0]
    browser = house.browser()
    asked = browser.get(link).location
    answer = browser.post(asked, {"email": email, "password": PASSWORD}, page=asked)
    assert answer.location == link
    assert browser.get(link).location == "/settings/quickbooks"
    assert company_shown(browser.read("/settings/quickbooks")) == "Front Range Home Inspections"


@pytest.mark.parametrize("who", ["owner", "accountant", "ops"])
def test_the_address_of_a_mail_leads_no_stranger_into_the_company(house, company, of_both, who):
    _, other = of_both
    browser = house.browser(house.make_person(who, None if who == "ops" else company, f"{who}@alone.example"))
    answers = [browser.get(f"/companies/{number}/open?page=/sync-log") for number in (other, 99999)]
    assert [one.status_code for one in answers] == ([403, 403] if who == "ops" else [404, 404])
    if who != "ops":
        assert company_shown(browser.read("/")) == "Blue Ridge Home Inspections"


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_the_address_of_a_mail_leads_to_no_other_site(house, company, of_both, page):
    email, other = of_both
    answer = house.browser(email).get(f"/companies/{other}/open", query_string={"page": page})
    assert answer.location == "/"


def test_who_was_removed_still_gets_to_the_page_that_the_mail_about_it_names(
    house, company, of_both, mail_server
):
    """The account is the person's, not the company's: nobody is refused there for being out of it."""
    email, other = of_both
    house.make_person("owner", other, "pat@office.example")
    with house.writing():
        person = db.session.scalar(select(User.id).where(User.email == email))
        inviting.remove(other, person, "command line")
        db.session.commit()
    mail(house, mail_server)
    [sent] = [one for one in mail_server.mails if one["To"] == email]
    assert "was removed" in sent["Subject"]
    assert house.browser(email).get(links(sent)[0]).status_code == 200


@pytest.mark.parametrize(
    ("told", "by_mail", "said"),
    [
        ({"urgent": True}, True, "To be mailed"),
        ({"urgent": False}, True, "In the next digest"),
        ({"urgent": True, "trouble": "refused"}, True, "Not mailed yet"),
        ({"urgent": True}, False, "On screen only"),
        ({"sent_at": utcnow(), "outcome": "nobody"}, True, "Nobody chose it"),
        ({"sent_at": utcnow(), "outcome": "other"}, True, "Settled"),
    ],
)
def test_what_became_of_a_notice_is_said(told, by_mail, said):
    assert became(Notice(**told), by_mail=by_mail) == said
