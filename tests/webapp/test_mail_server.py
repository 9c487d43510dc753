"""Mails go out encrypted, to a server that is trusted, or not at all; what did not go out is kept and goes once, later."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.settings import SettingsError, settings_from_environment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.notices import Notice
from bookkeeping.watching import secrets_of
from tests.harness.mail_server import PASSWORD, QUOTED, Authority, MailServer
from tests.webapp.house import House
from tests.webapp.mailing import mail, notify

# Of the test's own server: TLS from the first byte is none to it, and without TLS the password must be there to be leaked.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

WRONG = "tieout%40mail.example:not-this-one"


@pytest.fixture
def authority(tmp_path, monkeypatch) -> Authority:
    """A certificate authority that this process trusts."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
def company(house: House) -> int:
    """A company with an owner and one urgent notice."""
    made = house.make_company()
    house.make_person("owner", made, "owner@office.example")
    notify(house, made)
    return made


@pytest.fixture
def serve():
    """`serve(tls, authority, login=…)`: a mail server that ends with the test."""
    made = []

    def start(*words, **options) -> MailServer:
        made.append(MailServer(*words, **options))
        return made[-1]

    yield start
    for server in made:
        server.stop()


def waiting(house: House) -> bool:
    with house.app.app_context():
        return db.session.scalars(select(Notice)).one().sent_at is None


def said(caplog) -> str:
    """Return why no mail went out, as the log has it; fails when there are several reasons."""
    [record] = [one for one in caplog.records if one.getMessage() == "Mail not sent"]
    assert record.levelno == logging.WARNING
    assert PASSWORD not in str(vars(record))
    return record.error


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_encrypted_server_gets_the_login_and_the_mail(house, company, serve, authority, tls):
    server = serve(tls, authority, login=True)
    assert mail(house, server, login=QUOTED) == 1
    assert server.logins == [True]
    assert [one["To"] for one in server.mails] == ["owner@office.example"]
    assert not waiting(house)


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_wrong_password_is_said_and_the_mail_goes_once_when_it_is_right(
    house, company, serve, authority, caplog, tls
):
    notify(house, company, "feed-refused")
    server = serve(tls, authority, login=True)
    assert mail(house, server, login=WRONG) == 0
    assert said(caplog) == "The mail server refuses our user name or password (535)."
    assert server.logins == [False], "not once more for the second notice"
    assert mail(house, server, login=QUOTED) == 0, "not at once again"
    assert mail(house, server, utcnow() + timedelta(minutes=6), login=QUOTED) == 2
    assert mail(house, server, utcnow() + timedelta(days=1), login=QUOTED) == 0
    assert len({one["Message-ID"] for one in server.mails}) == len(server.mails) == 2


@pytest.mark.parametrize(
    "url", [{"login": QUOTED}, {"host": "127.1"}], ids=["with a password", "not called this machine"]
)
def test_server_without_starttls_gets_no_password_and_no_mail(house, company, serve, caplog, url):
    server = serve(login="login" in url)
    assert mail(house, server, **url) == 0
    assert said(caplog) == "The mail server offers no encryption (STARTTLS), so nothing was sent to it."
    assert (server.logins, server.mails) == ([], [])
    assert waiting(house)


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_server_that_nobody_vouches_for_gets_no_password_and_no_mail(
    house, company, serve, tmp_path, caplog, tls
):
    server = serve(tls, Authority(tmp_path), login=True)
    assert mail(house, server, login=QUOTED) == 0
    assert said(caplog).startswith("The mail server's certificate is not trusted: ")
    assert (server.logins, server.mails) == ([], [])
    assert waiting(house)


def test_certificate_of_another_name_is_not_trusted(house, company, serve, authority, caplog):
    server = serve("smtps", authority, login=True)
    assert mail(house, server, login=QUOTED, host="127.1") == 0
    assert "is not trusted" in said(caplog)
    assert server.mails == []


def test_login_at_a_server_that_knows_none_is_said(house, company, serve, authority, caplog):
    assert mail(house, serve("starttls", authority), login=QUOTED) == 0
    assert "offers no login" in said(caplog)
    assert waiting(house)


def test_mail_that_was_taken_goes_once_whatever_the_farewell_says(house, company, serve):
    server = serve()
    server.farewell = "421 too busy to say goodbye"
    assert mail(house, server) == 1
    assert mail(house, server, utcnow() + timedelta(days=1)) == 0
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:587",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:port",
        "smtp://tieout:a/b@mail.example",
        "smtp://tieout:a#b@mail.example",
    ],
)
def test_malformed_address_of_the_server_stops_the_start_and_is_not_shown(url):
    with pytest.raises(SettingsError, match="SMTP_URL is not") as refused:
        settings_from_environment({"SECRET_KEY": "x", "TOKEN_KEYS": "y", "SMTP_URL": url})
    assert url.removeprefix("smtp://") not in str(refused.value) or url == "smtp://"


def test_password_of_the_mail_server_is_a_secret_of_the_logs():
    settings = settings_from_environment(
        {"SECRET_KEY": "x", "TOKEN_KEYS": "y", "SMTP_URL": f"smtps://{QUOTED}@mail.example"}
    )
    assert {PASSWORD, QUOTED.partition(":")[2]} <= set(secrets_of(settings))
