"""Mails notices to those who want them: urgent ones at once, the others together once a day. Without SMTP_URL they are on screen only.

SMTP_URL is `smtp://user:password@host:587` (encrypted when the server can; a password never goes out unencrypted, but to this machine)
or `smtps://user:password@host:465`.
"""

import logging
import smtplib
import ssl
import threading
from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid
from itertools import groupby
from urllib.parse import unquote, urlsplit

from flask import Flask
from sqlalchemy.exc import OperationalError

from bookkeeping.rules.text import one_line
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.companies import Company
from bookkeeping.storage.notices import Notice
from bookkeeping.storage.telling import claim, due_notices, mark_sent, recipients, topic_of
from worker.noticing import digest_day, write_notices

logger = logging.getLogger(__name__)

SMTP_SECONDS = 15
_at_work = threading.Lock()


def mail_in_background(app: Flask) -> None:
    """Write and mail what is due in a thread of its own, so that a slow mail server holds up no tick; one at a time."""
    threading.Thread(target=_mail_once, args=(app,), name="mailing", daemon=True).start()


def _mail_once(app: Flask) -> None:
    if not _at_work.acquire(blocking=False):
        return
    try:
        with app.app_context():
            write_notices(utcnow())
            db.session.commit()
            mail_notices(app.extensions["settings"], utcnow())
    except OperationalError as error:
        logger.warning("Mailing did not work", extra={"error": type(error).__name__})
    finally:
        _at_work.release()


def mail_notices(settings: Settings, now: datetime) -> int:
    """Mail what is due and return how many mails went out. What the server refuses is tried again later, ever more seldom."""
    if not settings.smtp_url:
        return 0
    mails = [(company_id, [notice]) for company_id, notice in _urgent(now)] + _digests(now)
    sent = 0
    for company_id, notices in mails:
        taken = claim(notices, now)
        db.session.commit()  # No transaction is open while the mail server is spoken to.
        if taken:
            sent += _mail(settings, company_id, taken, now)
    return sent


def _urgent(now: datetime) -> list[tuple[int, Notice]]:
    return [(notice.company_id, notice) for notice in due_notices(now, urgent=True)]


def _digests(now: datetime) -> list[tuple[int, list[Notice]]]:
    """Return the notices of each company whose digest is due: those written before today's DIGEST_AT, or with it."""
    found = []
    notices = sorted(due_notices(now, urgent=False), key=lambda one: (one.company_id, one.id))
    for company_id, mine in groupby(notices, key=lambda one: one.company_id):
        zone = db.session.get_one(Company, company_id).time_zone
        today = digest_day(now, zone)
        due = [
            one for one in mine if one.kind == "needs-you-digest" or digest_day(one.created_at, zone) < today
        ]
        if due:
            found.append((company_id, due))
    return found


def _mail(settings: Settings, company_id: int, notices: list[Notice], now: datetime) -> int:
    wanted: dict[tuple[str, ...], list[Notice]] = {}
    for notice in notices:
        wanted.setdefault(tuple(recipients(company_id, topic_of(notice.kind))), []).append(notice)
    db.session.commit()
    sent = 0
    for addresses, theirs in wanted.items():
        try:
            if addresses:
                send(settings.smtp_url, message(settings, addresses, theirs))
                sent += 1
        except (OSError, smtplib.SMTPException) as error:
            facts = {"company_id": company_id, "error": type(error).__name__, "notices": len(theirs)}
            logger.warning("Mail not sent", extra=facts)
            continue
        mark_sent(theirs, now)
        db.session.commit()
    return sent


def message(settings: Settings, addresses: tuple[str, ...], notices: list[Notice]) -> EmailMessage:
    """Return one mail that says these notices, each with its link."""
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = ", ".join(addresses)
    subject = one_line(notices[0].subject)
    mail["Subject"] = subject if len(notices) == 1 else f"{subject}, and {len(notices) - 1} more"
    mail["Message-ID"] = make_msgid(domain=urlsplit(settings.public_url).hostname or "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    parts = []
    for notice in notices:
        link = f"{settings.public_url}{notice.link}" if notice.link else ""
        parts.append("\n\n".join(part for part in (notice.subject, notice.text, link) if part))
    choose = f"Who is told what: {settings.public_url}/settings/notifications"
    mail.set_content("\n\n----\n\n".join((*parts, choose)))
    return mail


def send(smtp_url: str, mail: EmailMessage) -> None:
    """Hand one mail to the server.

    Raises:
        OSError, smtplib.SMTPException: the server cannot be reached or takes nothing.
    """
    url = urlsplit(smtp_url)
    host, context = url.hostname or "localhost", ssl.create_default_context()
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, url.port or 465, timeout=SMTP_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=SMTP_SECONDS)
    with server:
        server.ehlo()
        encrypted = url.scheme == "smtps"
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            encrypted = True
        if url.username:
            if not encrypted and host not in ("localhost", "127.0.0.1", "::1"):
                raise smtplib.SMTPException("the server offers no encryption, so the password stays here")
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(mail)
