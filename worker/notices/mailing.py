"""Mails notices to those who want them: urgent ones at once, the others together once a day. Without SMTP_URL they are on screen only.

A notice is claimed before it is mailed and marked afterwards. Only a crash between the two, or an answer of the server that got lost,
can mail it again, and then under the same Message-ID.
"""

import hashlib
import logging
import threading
from datetime import datetime
from email.message import EmailMessage
from itertools import groupby
from urllib.parse import quote, urlsplit

from flask import Flask
from sqlalchemy.exc import OperationalError

from bookkeeping.acts.resetting import send_asked_links
from bookkeeping.errors import MisconfiguredError
from bookkeeping.rules.text import one_line
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.mail_queue import (
    claim,
    due_notices,
    note_trouble,
    recipients,
    settle,
    settle_stale,
    topic_of,
)
from bookkeeping.storage.people.notices import Notice
from worker.notices.smtp import MailRefusedError, MailServerError, send
from worker.notices.writing import digest_day, write_notices

logger = logging.getLogger(__name__)

OF_NO_COMPANY = ("/account", "/invitation/", "/reset-password/")
"""Pages of a person, not of a company: who was removed from it gets there too."""

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
            send_asked_links(utcnow())
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
    settle_stale(now)
    db.session.commit()
    sent, trouble = 0, ""
    for company_id, notices in [
        *((notice.company_id, [notice]) for notice in due_notices(now, urgent=True)),
        *_digests(now),
    ]:
        taken = claim(notices, max(now, utcnow()))
        db.session.commit()  # No transaction is open while the mail server is spoken to.
        for addresses, theirs in _by_addresses(company_id, taken).items():
            if trouble:  # A server that lets us in for none is not asked again for the others.
                note_trouble(theirs, trouble)
                db.session.commit()
                continue
            went, trouble = _mail(settings, company_id, addresses, theirs, now)
            sent += went
    return sent


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


def _by_addresses(company_id: int, notices: list[Notice]) -> dict[tuple[str, ...], list[Notice]]:
    wanted: dict[tuple[str, ...], list[Notice]] = {}
    for notice in notices:
        told = [notice.address] if notice.address else recipients(company_id, topic_of(notice.kind))
        wanted.setdefault(tuple(told), []).append(notice)
    db.session.commit()
    return wanted


def _mail(
    settings: Settings, company_id: int, addresses: tuple[str, ...], notices: list[Notice], now: datetime
) -> tuple[int, str]:
    """Mail these notices to these addresses; return how many mails went out, and what is wrong with the server if anything."""
    if not addresses:
        settle(notices, "nobody", now)
        db.session.commit()
        return 0, ""
    facts = {"company_id": company_id, "notices": len(notices)}
    try:
        refused = send(settings.smtp_url, message(settings, addresses, notices))
    except (MailServerError, MailRefusedError, MisconfiguredError) as error:
        logger.warning("Mail not sent", extra={**facts, "error": str(error), "answer": str(error.__cause__)})
        note_trouble(notices, str(error))
        db.session.commit()
        return 0, str(error) if isinstance(error, MailServerError) else ""
    if refused:
        logger.warning("Mail not sent to some", extra={**facts, "refused": len(refused)})
    settle(
        notices, "mailed", now, f"Not to {', '.join(refused)}: the mail server refused." if refused else ""
    )
    db.session.commit()
    return 1, ""


def message(settings: Settings, addresses: tuple[str, ...], notices: list[Notice]) -> EmailMessage:
    """Return one mail that says these notices, each with its link.

    Raises:
        MisconfiguredError: a sealed link does not open with our keys.
    """
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = ", ".join(addresses)
    subject = one_line(notices[0].subject)
    mail["Subject"] = subject if len(notices) == 1 else f"{subject}, and {len(notices) - 1} more"
    mail["Message-ID"] = f"<{_mark(addresses, notices)}@{urlsplit(settings.public_url).hostname}>"
    mail["Auto-Submitted"] = "auto-generated"
    parts = []
    for notice in notices:
        secret = notice.sealed_link
        path = vault().open(secret, notice.company_id, "sealed_link") if secret else notice.link
        link = address_of(settings, notice.company_id, path) if path else ""
        parts.append("\n\n".join(part for part in (notice.subject, notice.text, link) if part))
    if not notices[0].address:
        who = address_of(settings, notices[0].company_id, "/settings/notifications")
        parts.append(f"Who is told what: {who}")
    mail.set_content("\n\n----\n\n".join(parts))
    return mail


def address_of(settings: Settings, company_id: int, path: str) -> str:
    """Return the address of a page as a mail names it: it leads to that company's, whichever of theirs the reader looked at last.

    Source: `webapp.people.companies.open_page`, which goes there for members alone.
    """
    if path.startswith(OF_NO_COMPANY):
        return f"{settings.public_url}{path}"
    return f"{settings.public_url}/companies/{company_id}/open?page={quote(path)}"


def _mark(addresses: tuple[str, ...], notices: list[Notice]) -> str:
    """Return the same mark whenever the same notices go to the same people, so that mail programs show a repetition once."""
    told = [f"{notice.company_id} {notice.kind} {notice.occasion}" for notice in notices]
    return hashlib.sha256("\n".join((*addresses, *told)).encode()).hexdigest()[:40]
