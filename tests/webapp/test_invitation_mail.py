"""An invitation is mailed to the invited person where there is a mail server; its link is a secret all the way."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from bookkeeping.errors import MisconfiguredError
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.vault import Vault
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import Invitation
from bookkeeping.storage.work.resealing import rotate_keys
from tests.harness.mail_server import MailServer
from tests.webapp.house import Browser, House
from tests.webapp.mailing import ZONE, mail, with_mail

PEOPLE = "/settings/people"
PAT = "pat@client.example"


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(time_zone=ZONE)


@pytest.fixture
def owner(house: House, company: int, mail_server: MailServer) -> Browser:
    """An owner in a web app that knows the mail server."""
    email = house.make_person("owner", company, "owner@office.example")
    return with_mail(house, mail_server).browser(email)


def invite(owner: Browser, email: str = PAT, role: str = "bookkeeper") -> str:
    """Invite somebody and return the path of the link that is shown."""
    answer = owner.post(f"{PEOPLE}/invite", {"email": email, "role": role}, page=PEOPLE)
    assert answer.status_code == 200, answer.text
    return re.search(r'id="invitation-link">http://[^/]+(/invitation/[\w-]+)<', answer.text).group(1)


def invited(owner: Browser) -> str:
    """Return the words of the card that lists who is invited."""
    card = re.search(r'id="invited".*?</section>', owner.read(PEOPLE), re.S).group(0)
    return " ".join(re.sub(r"<[^>]+>", " ", card).split())


def sealed_links(house: House) -> list[str]:
    with house.app.app_context():
        rows = select(Notice.sealed_link).where(Notice.kind == "invitation").order_by(Notice.id)
        return list(db.session.scalars(rows))


def test_invited_person_gets_the_link_and_nobody_else_does(house, company, owner, mail_server):
    path = invite(owner)
    assert "to be mailed" in invited(owner)
    assert mail(house, mail_server) == 1
    [sent] = mail_server.mails
    assert sent["To"] == PAT
    assert sent["Subject"] == "Blue Ridge Home Inspections: You are invited"
    assert f"http://127.0.0.1:8000{path}" in sent.get_content().splitlines()
    assert "owner@office.example invites you" in sent.get_content()
    assert "/settings/notifications" not in sent.get_content(), "not a page of theirs"
    assert "to be mailed" not in invited(owner) and "· mailed" in invited(owner)
    assert mail(house, mail_server, utcnow() + timedelta(hours=1)) == 0
    assert "Join Blue Ridge" in house.browser().read(path)
    assert "You are invited" not in owner.read("/settings/notifications")


def test_link_is_never_in_the_database_in_clear_and_is_dropped_when_mailed(house, owner, mail_server):
    token = invite(owner).rpartition("/")[2].encode()
    file = Path(house.settings.database_url.removeprefix("sqlite:///"))
    stored = b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))
    assert PAT.encode() in stored, "what is stored is found"
    assert token not in stored
    assert all(one.startswith("v1.") for one in sealed_links(house))
    mail(house, mail_server)
    assert sealed_links(house) == [""]


@pytest.mark.parametrize("end", ["withdrawn", "replaced", "too old", "taken up"])
def test_invitation_that_ended_is_not_mailed_and_its_link_is_dropped(house, owner, mail_server, end):
    path = invite(owner)
    if end == "withdrawn":
        owner.post(f"{PEOPLE}/withdraw", {"email": PAT}, page=PEOPLE)
    elif end == "replaced":
        invite(owner, role="owner")
    elif end == "taken up":
        values = {"name": "Pat", "password": "another long one", "again": "another long one"}
        assert house.browser().post(path, values, page="/login").status_code == 303
    else:
        with house.writing():
            db.session.execute(update(Invitation).values(expires_at=utcnow() - timedelta(seconds=1)))
            db.session.commit()
    mail(house, mail_server)
    invitations = [one for one in mail_server.mails if "You are invited" in one["Subject"]]
    assert len(invitations) == (1 if end == "replaced" else 0)
    assert set(sealed_links(house)) == {""}
    assert not [one for one in mail_server.mails if path in one.get_content()]


def test_refused_address_is_said_and_tried_again(house, owner, mail_server):
    path = invite(owner)
    mail_server.refusing = True
    assert mail(house, mail_server) == 0
    assert "not mailed yet, tried 1 time" in invited(owner)
    mail_server.refusing = False
    assert mail(house, mail_server, utcnow() + timedelta(minutes=6)) == 1
    assert path in mail_server.mails[0].get_content()


def test_link_outlives_a_rotation_of_keys_and_needs_its_key(house, company, owner, mail_server):
    path = invite(owner)
    new = Fernet.generate_key().decode()
    with house.writing():
        house.app.extensions["vault"] = Vault((new, *house.settings.token_keys))
        db.session.execute(
            update(db.Model.metadata.tables["companies"]).values(
                feed_key=Vault(house.settings.token_keys).seal("key", company, "feed_key")
            )
        )
        db.session.commit()
        assert (rotate_keys(), rotate_keys()) == (2, 0)
    house.app.extensions["vault"] = Vault((Fernet.generate_key().decode(),))
    assert mail(house, mail_server) == 0, "and nothing breaks"
    with house.app.app_context():
        assert "put the old key back" in db.session.scalars(select(Notice.trouble)).one()
    house.app.extensions["vault"] = Vault((new,))
    assert mail(house, mail_server, utcnow() + timedelta(minutes=6)) == 1
    assert path in mail_server.mails[0].get_content()
    with house.app.app_context(), pytest.raises(MisconfiguredError):
        Vault((new,)).open(Vault((new,)).seal(path, company, "sealed_link"), company + 1, "sealed_link")


def test_without_a_mail_server_the_link_is_only_shown(house, company, owner):
    without = house.browser("owner@office.example")
    answer = without.post(f"{PEOPLE}/invite", {"email": PAT, "role": "owner"}, page=PEOPLE)
    assert "Send this link to them." in answer.text
    assert sealed_links(house) == []
