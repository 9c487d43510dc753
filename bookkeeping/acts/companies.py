"""What ops do to a company itself: another name, zone or feed; taking its QuickBooks company from it.

Each function changes rows and writes the audit entry in the current transaction; the caller commits.
"""

from sqlalchemy import delete, func, select

from bookkeeping.acts.connecting import end_connection
from bookkeeping.acts.telling import tell_owners
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.refunds import Refund
from bookkeeping.storage.work.runs import queue_run


def change_company(
    company: Company,
    who: str,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    feed_url: str | None = None,
    feed_key: str | None = None,
) -> set[str]:
    """Take over what is given and differs; return the names of what changed.

    Another zone cuts days elsewhere: every inspection is looked at again, and documents whose day becomes another follow. Another feed
    is read as soon as possible, whatever was wrong with the one before, and from the start while nothing is booked.
    """
    given = {"name": name, "time_zone": time_zone, "feed_url": feed_url}
    after = {
        what: value for what, value in given.items() if value is not None and value != getattr(company, what)
    }
    before = {what: getattr(company, what) for what in after}
    for what, value in after.items():
        setattr(company, what, value)
    changed = set(after)
    if feed_key is not None and feed_key != vault().open(company.feed_key, company.id, "feed_key"):
        company.feed_key = vault().seal(feed_key, company.id, "feed_key")
        changed.add("feed_key")
    if not changed:
        return changed
    if changed & {"feed_url", "feed_key"}:
        company.feed_state, company.feed_detail, company.feed_not_before = "ok", "", None
        company.next_poll_at = utcnow()
        _forget_what_was_read(company)
    if "time_zone" in changed:
        make_due(company.id, "look-again")
        queue_run(company.id, "sync", "time zone changed", who)
    record_act(
        company.id, who, "changed the company", subject=", ".join(sorted(changed)), before=before, after=after
    )
    return changed


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
