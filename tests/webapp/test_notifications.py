"""Who is told what; and mails to a real SMTP server: urgent ones at once, the rest together once a day, each once."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import User
from tests.webapp.house import Browser, House
from tests.webapp.mailing import ZONE, mail, morning, notify, with_mail

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
    assert "http://127.0.0.1:8000/settings/quickbooks" in sent.get_content()
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
    assert "3 · The books are closed for that date" in first.get_content()


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
