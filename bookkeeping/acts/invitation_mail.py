"""Invitations by mail: a notice to the invited person. Its one-time link is sealed until it was mailed, and then forgotten."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from bookkeeping.acts.inviting import usable
from bookkeeping.acts.telling import with_article
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.notices import Notice, write_once
from bookkeeping.storage.people.people import Invitation
from bookkeeping.storage.people.sessions import token_digest

KIND = "invitation"
_LETTERS = 40
"""So much of an invitation's digest is the occasion of its notice."""


def mail_invitation(token: str, path: str) -> None:
    """Write down in the current transaction that this invitation is to be mailed; `path` is the page of its link."""
    invitation = db.session.get_one(Invitation, token_digest(token))
    company = db.session.get_one(Company, invitation.company_id)
    until = invitation.expires_at.astimezone(ZoneInfo(company.time_zone))
    text = (
        f"{invitation.created_by} invites you to the bookkeeping of {company.name},"
        f" as {with_article(invitation.role)}.\n\n"
        "Open this link, and log in or choose a password if you have no login yet."
        f" It works once, until {until:%B} {until.day}, {until.year}."
        " If you did not expect it, do nothing."
    )
    occasion = invitation.digest[:_LETTERS]
    notice = write_once(company.id, KIND, occasion, "You are invited", text, urgent=True)
    if notice is not None:
        notice.address = invitation.email
        notice.sealed_link = vault().seal(path, company.id, "sealed_link")


def drop_ended_invitations(now: datetime) -> None:
    """Take back, in the current transaction, the mails of invitations that were withdrawn, replaced, taken up or ran out."""
    open_ones = select(func.substr(Invitation.digest, 1, _LETTERS)).where(*usable())
    ended = (Notice.kind == KIND, Notice.sent_at.is_(None), Notice.occasion.not_in(open_ones))
    rows = update(Notice).where(*ended).values(sent_at=now, outcome="ended", sealed_link="")
    db.session.execute(rows.execution_options(synchronize_session=False))


def mails_of(invitations: list[Invitation]) -> dict[str, Notice]:
    """Return the mails of these invitations, by digest; one that was only shown as a link has none."""
    digests = {one.digest[:_LETTERS]: one.digest for one in invitations}
    rows = select(Notice).where(Notice.kind == KIND, Notice.occasion.in_(list(digests)))
    return {digests[notice.occasion]: notice for notice in db.session.scalars(rows)}
