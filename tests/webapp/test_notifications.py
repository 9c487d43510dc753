"""Who is told what; and mails to a real SMTP server: urgent ones at once, the rest together once a day, each once."""

import email
import email.policy
import socketserver
import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.notices import Notice, notify_once
from bookkeeping.storage.people import User
from tests.webapp.house import Browser, House
from worker.mailing import mail_notices
from worker.noticing import write_notices

PAGE = "/settings/notifications"
ZONE = "America/Denver"


class Sink(socketserver.ThreadingTCPServer):
    """A mail server on this machine that keeps what it takes in `mails`; `refusing` makes it answer 451 to every mail."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[email.message.EmailMessage] = []
        self.refusing = False
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 sink")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                self._say("354 go on")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                raw = b"".join(one[1:] if one.startswith(b"..") else one for one in lines)
                self.server.mails.append(email.message_from_bytes(raw, policy=email.policy.default))
                self._say("250 taken")
            elif verb == b"MAIL" and self.server.refusing:
                self._say("451 not now")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


@pytest.fixture
def sink():
    server = Sink()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(time_zone=ZONE)


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    return house.browser(house.make_person("owner", company, "owner@office.example"))


def mail(house: House, sink: Sink, at: datetime | None = None) -> int:
    """Write and mail what is due at this moment, as the tick does."""
    values = {**vars(house.settings), "smtp_url": sink.url}
    with house.writing():
        write_notices(at or utcnow())
        db.session.commit()
        return mail_notices(Settings(**values), at or utcnow())


def notify(
    house: House, company: int, kind: str = "qbo-3200", *, urgent: bool = True, occasion: str = "1"
) -> None:
    with house.writing():
        notify_once(company, kind, occasion, urgent=urgent)
        db.session.commit()


def morning(days: int = 1) -> datetime:
    """Return eight o'clock in the company's morning, some days from now."""
    return (datetime.now(ZoneInfo(ZONE)) + timedelta(days=days)).replace(hour=8, minute=0)


def test_urgent_notice_goes_at_once_and_once_to_owners(house, company, owner, sink):
    house.make_person("bookkeeper", company, "pat@office.example")
    notify(house, company)
    assert mail(house, sink) == 1
    assert mail(house, sink) == 0
    [sent] = sink.mails
    assert sent["To"] == "owner@office.example"
    assert "The connection to QuickBooks has ended" in sent["Subject"]
    assert "http://127.0.0.1:8000/settings/quickbooks" in sent.get_content()
    assert "mailed" in owner.read(PAGE)


def test_what_needs_somebody_is_told_once_a_day_to_bookkeepers_too(house, company, owner, sink):
    house.make_person("bookkeeper", company, "pat@office.example")
    for number in range(3):
        house.make_inspection(company, str(number), state="needs-you", reason="closed-books")
    assert mail(house, sink, morning()) == 1
    assert mail(house, sink, morning() + timedelta(hours=3)) == 0
    assert mail(house, sink, morning(2)) == 1
    first = sink.mails[0]
    assert first["To"] == "owner@office.example, pat@office.example"
    assert "3 inspections need you" in first["Subject"]
    assert "3 · The books are closed for that date" in first.get_content()


def test_notices_that_can_wait_go_together_next_morning(house, company, owner, sink):
    notify(house, company, "reconnect-soon", urgent=False)
    notify(house, company, "not-us", urgent=False)
    assert mail(house, sink) == 0
    assert mail(house, sink, morning()) == 1
    assert "and 1 more" in sink.mails[0]["Subject"]


def test_refused_mail_is_tried_again_later_and_nothing_is_lost(house, company, owner, sink):
    notify(house, company)
    sink.refusing = True
    assert mail(house, sink) == 0
    sink.refusing = False
    assert mail(house, sink) == 0, "not at once again"
    assert mail(house, sink, utcnow() + timedelta(minutes=6)) == 1
    assert len(sink.mails) == 1


def test_dead_mail_server_breaks_nothing(house, company, owner, sink):
    notify(house, company)
    sink.shutdown()
    sink.server_close()
    assert mail(house, sink) == 0
    with house.app.app_context():
        assert db.session.scalars(select(Notice)).one().sent_at is None


def test_nobody_is_mailed_who_does_not_want_it(house, company, owner, sink):
    with house.app.app_context():
        mine = db.session.scalar(select(User.id).where(User.email == "owner@office.example"))
    owner.post(f"{PAGE}/{mine}", {"topic": "migrations"}, page=PAGE)
    notify(house, company)
    assert mail(house, sink) == 0
    assert sink.mails == []
    assert "The connection to QuickBooks has ended" in owner.read(PAGE), "it stays on screen"


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


def test_subject_never_breaks_the_mail_header(house, company, owner, sink):
    evil = house.make_company("Evil\r\nBcc: all@x.example")
    house.make_person("owner", evil, "evil@office.example")
    notify(house, evil)
    assert mail(house, sink) == 1
    assert sink.mails[0]["Bcc"] is None
