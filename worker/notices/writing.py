"""What people are told of beyond what is noted where it happens: once a day what needs them, and how migrations ended.

Level-triggered: looked at in every sweep, written once an occasion.
"""

from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from bookkeeping.acts.invitation_mail import drop_ended_invitations
from bookkeeping.faults import UNTIED, fault
from bookkeeping.logbook.situation.counting import facts_of
from bookkeeping.logbook.situation.open_things import counted
from bookkeeping.logbook.situation.sentence import situation
from bookkeeping.rules.local_time import say_day
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import FEED_STOPPED, Company
from bookkeeping.storage.people.notices import Notice, notify_once, write_once
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import Migration, receipt_counts
from bookkeeping.storage.records.numbers import untied_statements

DIGEST_AT = time(7, 0)
"""When the day's digest is made, in the company's zone."""

RECENT = timedelta(days=7)
RESULT = "migration-result"
_MIGRATION_WORDS = {
    "done": "The migration is done",
    "failed": "The migration was not finished",
    "paused": "The migration is paused",
}


def write_notices(now: datetime) -> None:
    """Write the notices that are due, in the current transaction; the caller commits."""
    drop_ended_invitations(now)
    _digests(now)
    _migrations(now)
    _untied(now)
    for company in db.session.scalars(select(Company).where(Company.feed_state.in_(FEED_STOPPED))):
        notify_once(company.id, company.feed_cause, _stop_of(company, now), urgent=True, at=now)
    for company in db.session.scalars(select(Company).where(Company.brake_at.is_not(None))):
        if company.brake_at is not None:
            occasion = company.brake_at.isoformat()[:40]
            notify_once(company.id, "mass-delete-brake", occasion, urgent=True, at=now)


def _stop_of(company: Company, now: datetime) -> str:
    """Return which stop of the feed this is: that of the month, or another one after inspections were read in between."""
    month, read = now.date().isoformat()[:7], company.last_poll_at
    told = _told_at(company.id, company.feed_cause, month)
    return f"{month} {read:%d %H:%M:%S}" if told and read and read > told else month


def _told_at(company_id: int, kind: str, occasion: str) -> datetime | None:
    """Return when the notice of that occasion was written, None when it was not."""
    same = (Notice.company_id == company_id, Notice.kind == kind, Notice.occasion == occasion)
    return db.session.scalar(select(Notice.created_at).where(*same))


def digest_day(now: datetime, zone: str) -> str:
    """Return the day whose digest is due: today once it is past DIGEST_AT in the company's zone, else yesterday."""
    there = now.astimezone(ZoneInfo(zone))
    return (there.date() - timedelta(days=there.time() < DIGEST_AT)).isoformat()


def _digests(now: datetime) -> None:
    stuck = (
        select(InspectionRow.company_id, InspectionRow.reason, func.count())
        .where(InspectionRow.state.in_(("needs-you", "drift")))
        .group_by(InspectionRow.company_id, InspectionRow.reason)
    )
    by_company: dict[int, Counter[str]] = {}
    for company_id, reason, count in db.session.execute(stuck):
        by_company.setdefault(company_id, Counter())[reason] += count
    if not by_company:
        return
    for company in db.session.scalars(select(Company).where(Company.id.in_(by_company))):
        stands = situation(facts_of(company))
        lines = [stands.more] if stands.more else []
        lines += [
            f"{counted(count, 'inspection')}: {fault(reason, company.source_kind).title}. {fault(reason, company.source_kind).remedy}"
            for reason, count in by_company[company.id].most_common(12)
        ]
        lines += [
            f"{one.sentence} {one.more}".strip() for one in stands.rest if not one.key.startswith("cause")
        ]
        day = digest_day(now, company.time_zone)
        title, text = stands.headline.removesuffix("."), "\n\n".join(lines)
        write_once(company.id, "needs-you-digest", day, title, text, "/sync-log", at=now)


def _untied(now: datetime) -> None:
    words = fault(UNTIED)
    for _company, kept in untied_statements():
        amount = (
            f"{kept.verdict.said} in the statement of {say_day(kept.first_day)} to {say_day(kept.last_day)}."
        )
        text = "\n\n".join((amount, words.cause, words.remedy))
        day = kept.made_at.date().isoformat()
        write_once(kept.company_id, UNTIED, day, words.title, text, words.link or "", urgent=True, at=now)


def _migrations(now: datetime) -> None:
    ended = select(Migration).where(
        Migration.state.in_(tuple(_MIGRATION_WORDS)),
        or_(
            Migration.state == "paused",
            func.coalesce(Migration.finished_at, Migration.started_at) > now - RECENT,
        ),
    )
    for migration in db.session.scalars(ended):
        text = _came_to(migration)
        title, link = _MIGRATION_WORDS[migration.state], "/settings/quickbooks/migration"
        write_once(
            migration.company_id,
            RESULT,
            _end_of(migration),
            title,
            text,
            link,
            urgent=migration.state != "done",
            at=now,
        )


def _end_of(migration: Migration) -> str:
    """Return which end this is: one that was begun again, to try what was left, has another than it had before."""
    occasion = f"{migration.id} {migration.state} {migration.code}"[:40]
    told, begun = _told_at(migration.company_id, RESULT, occasion), migration.started_at
    if told is None or begun is None or told >= begun:
        return occasion
    return f"{migration.id} {migration.state} {begun:%y%m%d%H%M} {migration.code}"[:40]


def _came_to(migration: Migration) -> str:
    """Return what was done, as counted, and what is left to do."""
    counts = receipt_counts(migration.id)
    done, left = counts.get("done", 0), counts.get("left", 0) + counts.get("blocked", 0)
    parts = [f"{counted(done, 'SalesReceipt was', 'SalesReceipts were')} replaced by Invoices and Payments."]
    if migration.code:
        words = fault(migration.code)
        parts.append(f"{words.title}. {words.cause} {words.remedy}")
    elif left:
        parts.append(
            f"{counted(left, 'other stays as it is', 'others stay as they are')}: the report says why for each."
        )
    return "\n\n".join([*parts, "The report shows each receipt and its documents."])
