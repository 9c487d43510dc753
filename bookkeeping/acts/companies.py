"""What ops do to a company itself: another name, zone or feed; taking its QuickBooks company from it; beginning to erase it.

Each function changes rows and writes the audit entry in the current transaction; the caller commits.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from bookkeeping.acts.connecting import end_connection
from bookkeeping.acts.telling import tell_owners
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.credentials import credentials_of, keep_credentials
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.memberships import members_of, memberships_of
from bookkeeping.storage.people.sessions import end_sessions_of
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.refunds import Refund
from bookkeeping.storage.work.runs import queue_run

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def change_company(
    company: Company,
    who: str,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    feed_url: str | None = None,
    feed_key: str | None = None,
    address: str = "",
) -> set[str]:
    """Take over what is given and differs; return the names of what changed. Owners are told of all but a name.

    Another zone cuts days elsewhere: every inspection is looked at again, and documents whose day becomes another follow
    (`logbook.beforehand.zone_change` says which). Another feed is read as soon as possible, whatever was wrong with the one before, and from
    the start while nothing is booked.
    """
    given = {"name": name, "time_zone": time_zone, "feed_url": feed_url}
    after = {
        what: value for what, value in given.items() if value is not None and value != getattr(company, what)
    }
    before = {what: getattr(company, what) for what in after}
    changed = set(after) | _give_credentials(company, feed_url, feed_key)
    for what in after.keys() & {"name", "time_zone"}:
        setattr(company, what, after[what])
    if not changed:
        return changed
    if changed & {"feed_url", "feed_key"}:
        company.feed_state, company.feed_detail, company.feed_not_before = "ok", "", None
        company.next_poll_at = utcnow()
        _forget_what_was_read(company)
    if "time_zone" in changed:
        make_due(company.id, "look-again")
        queue_run(company.id, "sync", "time zone changed", who)
    subject = ", ".join(sorted(changed))
    record_act(
        company.id, who, "changed the company", subject=subject, before=before, after=after, address=address
    )
    _tell(company, changed, before)
    return changed


def change_source(
    company: Company, who: str, kind: str, credentials: dict[str, Any], address: str = ""
) -> None:
    """Read the company's inspections from another source, from the start, as soon as possible. Owners are told.

    What was looked at before (`sources.changing.look_at_source`) is the caller's business. Moments of change are each source's own: of
    what we know they are forgotten where the other source has its own, or what it says would seem to be of the past.
    """
    before = {"source": company.source_kind, "url": company.feed_url}
    keep_credentials(company, kind, credentials)
    company.feed_state, company.feed_detail, company.feed_not_before = "ok", "", None
    company.cursor = company.source_cursor = company.last_full_poll_at = None
    company.next_poll_at = utcnow()
    _forget_what_was_read(company)
    db.session.execute(delete(BadRecord).where(BadRecord.company_id == company.id))
    if kind != "pages":
        mine = update(InspectionRow).where(InspectionRow.company_id == company.id)
        db.session.execute(mine.values(source_updated_at=LONG_AGO))
    after = {"source": kind, "url": company.feed_url}
    record_act(company.id, who, "changed the source", before=before, after=after, address=address)
    where = f"come from {company.feed_url}" if company.feed_url else "come in files that you drop"
    sentence = (
        f"Whoever runs this installation changed where inspections come from: they {where} from now on."
    )
    tell_owners(company.id, "Inspections are read another way", sentence)


def _give_credentials(company: Company, url: str | None, key: str | None) -> set[str]:
    """Seal another address or key among the credentials of the company's source; return the names of what is another one."""
    held = credentials_of(company) if url is not None or key is not None else {}
    given = {name: value for name, value in (("url", url), ("key", key)) if value is not None}
    given = {name: value for name, value in given.items() if value != held.get(name)}
    if given:
        keep_credentials(company, company.source_kind, {**held, **given})
    return {f"feed_{name}" for name in given}


def _tell(company: Company, changed: set[str], before: dict[str, str]) -> None:
    """Mail owners what decides which inspections are read and on which day they are booked."""
    house = "Whoever runs this installation"
    if "time_zone" in changed:
        sentence = (
            f"{house} changed the company's time zone from {before['time_zone']} to {company.time_zone}. Days are cut there from now on, "
            "and documents in QuickBooks whose day becomes another are dated anew."
        )
        tell_owners(company.id, "The company's time zone was changed", sentence)
    if changed & {"feed_url", "feed_key"}:
        what = "address" if "feed_url" in changed else "key"
        sentence = f"{house} gave another {what} for the inspection platform: {company.feed_url}."
        tell_owners(company.id, "Inspections are read another way", sentence)


def _forget_what_was_read(company: Company) -> None:
    """Start over with another feed while nothing is booked: with a wrong key, what was read is another company's."""
    documents = select(Document.id).where(Document.company_id == company.id)
    if db.session.scalars(documents.limit(1)).first() is None:
        for mirror in (InspectionRow, BadRecord, Refund):
            db.session.execute(delete(mirror).where(mirror.company_id == company.id))
        company.cursor = company.source_cursor = None


def release_realm(company_id: int, who: str) -> bool:
    """End the connection so that another company can take the realm; return whether this one may connect another from now on.

    It may not while documents of ours stand on record: they are in that realm and nowhere else. The grant at Intuit is left as it is: it
    is one for our app and that realm, and may be another company's by now.
    """
    end_connection(company_id)
    documents = select(func.count()).where(Document.company_id == company_id)
    free = not db.session.scalar(documents)
    if free:
        db.session.get_one(Connection, company_id).proven_at = None
    sentence = "Whoever runs this installation ended the connection, so that another company can have that one in QuickBooks."
    tell_owners(company_id, "QuickBooks was disconnected", sentence)
    record_act(company_id, who, "released the QuickBooks company", after={"may_connect_another": free})
    return free


def begin_erasing(company_id: int, who: str, address: str = "") -> None:
    """Note that the company is being erased, and let nobody in and nothing be sent from now on, in one transaction, which is committed here."""
    company = db.session.get_one(Company, company_id, with_for_update=True)
    if company.erasing_since is None:
        company.erasing_since = utcnow()
        record_act(None, who, "began to erase a company", subject=f"company {company_id}", address=address)
    company.paused_at, company.paused_by = company.paused_at or utcnow(), company.paused_by or who
    db.session.flush()
    for place in members_of(company_id):
        end_sessions_of(place.user_id, company_id=company_id)
        if not memberships_of(place.user_id):
            place.user.removed_at = place.user.removed_at or utcnow()
            end_sessions_of(place.user_id)
    db.session.commit()
