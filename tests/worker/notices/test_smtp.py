"""Mails handed to a real server: encrypted to one whose certificate is trusted, or not at all; and every refusal in plain words."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.harness.mail_server import Authority, MailServer
from worker.notices.smtp import MailRefusedError, MailServerError, send

pytestmark = pytest.mark.outside
LOGIN = "ann%40x.example:wrong@"


@pytest.fixture
def serve() -> Iterator:
    """Return (a function that starts) a server; all end with the test."""
    started: list[MailServer] = []

    def start(*words, **values) -> MailServer:
        started.append(MailServer(*words, **values))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def _mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "tieout@x.example", "ann@x.example", "Needs you"
    mail.set_content("One inspection needs you.")
    return mail


def test_a_relay_on_this_machine_takes_mail_as_it_is(serve):
    server = serve()
    assert send(server.url(), _mail()) == []
    [got] = server.mails
    assert (got["To"], got["Subject"]) == ("ann@x.example", "Needs you")


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_a_certificate_that_nobody_trusts_gets_neither_mail_nor_password(tls, serve, tmp_path: Path):
    server = serve(tls, Authority(tmp_path), login=True)
    with pytest.raises(MailServerError, match="certificate is not trusted"):
        send(server.url(LOGIN.rstrip("@")), _mail())
    assert (server.mails, server.logins) == ([], [])


def test_a_password_is_never_said_without_encryption(serve):
    server = serve(login=True)
    with pytest.raises(MailServerError, match="offers no encryption"):
        send(server.url(LOGIN.rstrip("@")), _mail())
    assert (server.mails, server.logins) == ([], [])


def test_a_server_that_does_not_take_the_mail_is_not_out_of_reach(serve):
    server = serve()
    server.refusing = True
    with pytest.raises(MailRefusedError, match="does not take this mail"):
        send(server.url(), _mail())


@pytest.mark.parametrize("utf8", [True, False])
def test_an_address_that_the_server_cannot_write_keeps_the_mail_from_nobody_else(utf8, serve):
    server, mail = serve(utf8=utf8), _mail()
    mail.replace_header("To", "ann@x.example, jörg@x.example")
    assert send(server.url(), mail) == ([] if utf8 else ["jörg@x.example"])
    assert len(server.mails) == 1
    mail.replace_header("To", "jörg@x.example")
    if not utf8:
        with pytest.raises(MailRefusedError, match="cannot write one of the addresses"):
            send(server.url(), mail)


def test_a_rude_farewell_changes_nothing(serve):
    server = serve()
    server.farewell = "500 no"
    assert send(server.url(), _mail()) == []
    assert len(server.mails) == 1


def test_a_server_that_is_not_there_is_said_without_secrets():
    with pytest.raises(MailServerError, match="cannot be reached") as refused:
        send("smtps://ann:secret@127.0.0.1:9", _mail())
    assert "secret" not in str(refused.value)
