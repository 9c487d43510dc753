"""Notices for tests: written, and mailed as the tick does it, at a moment of one's choice."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bookkeeping.acts.resetting import send_asked_links
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.notices import notify_once
from tests.harness.mail_server import MailServer
from tests.webapp.house import House
from worker.notices.mailing import mail_notices
from worker.notices.writing import write_notices

ZONE = "America/Denver"


def mail(house: House, server: MailServer, at: datetime | None = None, **url: str) -> int:
    """Write and mail what is due at this moment and return how many mails went out; `url` goes to `server.url`."""
    values = {**vars(house.settings), "smtp_url": server.url(**url)}
    with house.writing():
        write_notices(at or utcnow())
        send_asked_links(at or utcnow())
        db.session.commit()
        return mail_notices(Settings(**values), at or utcnow())


def notify(
    house: House, company: int, kind: str = "qbo-3200", *, urgent: bool = True, occasion: str = "1"
) -> None:
    """Write a notice."""
    with house.writing():
        notify_once(company, kind, occasion, urgent=urgent)
        db.session.commit()


def morning(days: int = 1) -> datetime:
    """Return eight o'clock in the morning of a company in ZONE, some days from now."""
    return (datetime.now(ZoneInfo(ZONE)) + timedelta(days=days)).replace(hour=8, minute=0)


def with_mail(house: House, server: MailServer) -> House:
    """Return a web app of the same installation that knows the mail server."""
    return House(
        house.settings.database_url,
        smtp_url=server.url(),
        **{name: getattr(house.settings, name) for name in ("secret_key", "token_keys")},
    )
