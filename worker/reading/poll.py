"""Reads what changed on the platform into the mirror. The cursor moves only with the rows that it covers."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from bookkeeping.errors import (
    FeedForeignError,
    FeedOtherCompanyError,
    FeedRefusedError,
    FeedUnavailableError,
    PlatformAbroadError,
)
from bookkeeping.inspection_source.source import OVERLAP, Page
from bookkeeping.inspection_source.source import BadRecord as BadFeedRecord
from bookkeeping.rules.inspection import Inspection
from bookkeeping.rules.local_time import say_moment
from bookkeeping.rules.references import is_short_number
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.refunds import note_refunds
from worker.app import settings
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.jitter import jitter
from worker.reading.pacing import next_reading
from worker.reading.recognising import recognised

MANY_SET_BACK = 10
"""So many inspections of one page that say something older than we know are no late commits and no correction by hand."""


def poll(work: Work, *, full: bool = False) -> bool:
    """Read the changes since the cursor (all of them when `full` or never polled) into the mirror; always finishes.

    Each page is one transaction with the cursor that it reaches. A row whose content hash is unchanged costs nothing more.

    Raises:
        FeedRefusedError: the key is dead; noted on the company, nothing is deleted.
        FeedUnavailableError: try again later; what was read so far is kept.
    """
    company = work.company
    if company.read_ahead_of(utcnow()):
        # The next reading is due by the clock as it is, also when this one breaks off.
        company.last_poll_at, company.next_poll_at = utcnow(), None
    cursor = company.source_cursor
    everything = full or cursor is None
    _wait_as_asked(work)
    tell(work, "Reading inspections")
    work.commit()
    ask_where = everything or company.us_based is False
    seen = changed = bad = 0
    try:
        if ask_where:
            _refuse_abroad(work)
        source = work.source
        pages = source.changed(cursor, everything=everything)
        reach = source.reach(cursor, everything=everything)
        for page in recognised(work, pages, reach, everything=everything):
            page = _without_the_past(work.company_id, _numbered(work.company_id, page))
            changed += _keep_page(work, page)
            seen += len(page.inspections) + len(page.bad)
            bad += len(page.bad)
            tell(work, f"Reading inspections: {seen} read", polled=seen, changed=changed, bad_records=bad)
            work.commit()
    except (FeedRefusedError, FeedUnavailableError) as error:
        db.session.rollback()
        company = work.company
        company.feed_state = _state_after(error)
        company.feed_detail = error.detail
        company.next_poll_at = _next_after(error)
        company.feed_not_before = error.not_before if isinstance(error, FeedUnavailableError) else None
        work.commit()
        raise
    company = work.company
    company.feed_state, company.feed_detail, company.feed_not_before = "ok", "", None
    company.last_poll_at = utcnow()
    company.next_poll_at = next_reading(utcnow(), company.cursor, settings().poll_seconds, jitter())
    if everything:
        company.last_full_poll_at = utcnow()
    work.commit()
    return True


def _wait_as_asked(work: Work) -> None:
    """Send nothing while the platform asked us to wait, whoever wants to read: a person, a command, a wake-up or the clock.

    Raises:
        FeedUnavailableError: `feed-throttled`, with until when.
    """
    company = work.company
    until = company.feed_waits_until
    if until is not None:
        until_there = say_moment(until, company.time_zone)
        # What is due before would begin one run after the other, each of which may ask nothing.
        company.next_poll_at = max(company.next_poll_at or until, until)
        work.commit()
        raise FeedUnavailableError(
            f"The platform asked us to wait until {until_there}. Nothing was sent to it.",
            code="feed-throttled",
            not_before=until,
        )


def _refuse_abroad(work: Work) -> None:
    """Ask the platform where the company is, with each full reading and while it is elsewhere; keep the answer.

    Raises:
        PlatformAbroadError: it is not in the United States.
    """
    said = work.source.company()
    work.company.us_based = said.us_based
    work.commit()
    if not said.us_based:
        raise PlatformAbroadError(f"{said.name or 'The company'} is in {said.country or 'another country'}.")


def _state_after(error: FeedRefusedError | FeedUnavailableError) -> str:
    if isinstance(error, PlatformAbroadError):
        return "abroad"
    if isinstance(error, FeedForeignError):
        return "foreign"
    if isinstance(error, FeedOtherCompanyError):
        return "other-company"
    return "refused" if isinstance(error, FeedRefusedError) else "unavailable"


def _next_after(error: FeedRefusedError | FeedUnavailableError) -> datetime:
    """A dead key is not knocked with every five minutes: the nightly run or a person asks again."""
    pause = (
        timedelta(days=2)
        if isinstance(error, FeedRefusedError)
        else timedelta(seconds=settings().poll_seconds)
    )
    at = utcnow() + pause
    return max(at, error.not_before) if isinstance(error, FeedUnavailableError) and error.not_before else at


def full_poll(work: Work) -> bool:
    """Read everything, so that a change the platform forgot to announce is found."""
    return poll(work, full=True)


def _keep_page(work: Work, page: Page) -> int:
    """Upsert one page and move the cursor with it; return how many rows changed."""
    company_id = work.company_id
    keys = [one.key for one in page.inspections]
    rows = {row.key: row for row in _rows(company_id, keys)}
    note_refunds(company_id, _first_told(rows, page.inspections))
    changed = 0
    for one in page.inspections:
        changed += _keep(company_id, rows, one)
    for readable_now in db.session.scalars(
        select(BadRecord).where(BadRecord.company_id == company_id, BadRecord.key.in_(keys or [""]))
    ):
        db.session.delete(readable_now)
    for record in page.bad:
        _keep_aside(company_id, record)
    moments = [one.updated_at for one in page.inspections] + [
        one.updated_at for one in page.bad if one.updated_at
    ]
    ceiling = page.source_time or utcnow()
    company = work.company
    company.source_cursor = page.cursor or company.source_cursor
    if moments:
        reached = min(max(moments), ceiling)
        company.cursor = max(company.cursor or reached, reached)
    return changed


def _numbered(company_id: int, page: Page) -> Page:
    """Let each inspection keep the number with which it was first read: its documents have it.

    One that no DocNumber takes, or that is another inspection's already, its id too, is none.
    """
    if not page.inspections:
        return page
    mine = (InspectionRow.company_id == company_id,)
    keys = [one.key for one in page.inspections]
    found = select(InspectionRow.key, InspectionRow.number).where(*mine, InspectionRow.key.in_(keys))
    known = {row.key: row.number for row in db.session.execute(found)}
    asked = {one.number for one in page.inspections if one.number and one.key not in known}
    taken: set[str] = set()
    for column in (InspectionRow.key, InspectionRow.number):
        taken |= set(db.session.scalars(select(column).where(*mine, column.in_(asked)))) if asked else set()
    read = []
    for one in page.inspections:
        number = known.get(one.key, "")
        if one.key not in known and is_short_number(one.number) and one.number not in taken:
            number = one.number
            taken.add(number)
        read.append(one if one.number == number else replace(one, number=number))
    return replace(page, inspections=tuple(read))


def _without_the_past(company_id: int, page: Page) -> Page:
    """Put aside what says something else than we know and was last changed before that, where so many do: a platform set back to a copy.

    Later than `OVERLAP` no change is committed, so nobody changed them: the platform forgot something, money it received perhaps. Of a few what
    was read last is the truth, whatever its stamp.
    """
    rows = {row.key: row for row in _rows(company_id, [one.key for one in page.inspections])}
    past = [one for one in page.inspections if (row := rows.get(one.key)) and _is_past(row, one)]
    if len(past) < MANY_SET_BACK:
        return page
    aside = [
        BadFeedRecord(one.key, _set_back(rows[one.key], one), one.to_record(), one.updated_at) for one in past
    ]
    kept = tuple(one for one in page.inspections if one not in past)
    return replace(page, inspections=kept, bad=(*page.bad, *aside))


def _is_past(row: InspectionRow, one: Inspection) -> bool:
    return one.updated_at < row.source_updated_at - OVERLAP and row.content_hash != one.content_hash()


def _set_back(row: InspectionRow, one: Inspection) -> str:
    return (
        f"The platform says now what it said at {one.updated_at:%Y-%m-%d %H:%M} UTC, before its change of "
        f"{row.source_updated_at:%Y-%m-%d %H:%M} UTC. If that is meant, save the inspection there once more."
    )


def _first_told(rows: dict[str, InspectionRow], read: Iterable[Inspection]) -> list[Inspection]:
    """Return the inspections that were read, each with the `updated_at` with which its content was first seen: refunds are dated by it."""
    return [
        row.inspection() if (row := rows.get(one.key)) and row.content_hash == one.content_hash() else one
        for one in read
    ]


def _rows(company_id: int, keys: list[str]) -> list[InspectionRow]:
    chosen = select(InspectionRow).where(InspectionRow.company_id == company_id, InspectionRow.key.in_(keys))
    return list(db.session.scalars(chosen)) if keys else []


def _keep(company_id: int, rows: dict[str, InspectionRow], one: Inspection) -> int:
    """Keep what was read last, whatever its stamp: a change that is committed late comes with an older one than we have."""
    content = one.content_hash()
    row = rows.get(one.key)
    if row is not None and row.content_hash == content:
        row.source_updated_at = one.updated_at
        return 0
    if row is None:
        row = rows[one.key] = InspectionRow(company_id=company_id, key=one.key, wanted_gen=0)
        db.session.add(row)
    row.number, row.record = one.number, one.to_record()
    row.content_hash = content
    row.starts_at = one.starts_at
    row.source_updated_at = one.updated_at
    row.polled_at = utcnow()
    row.client_key = one.client.key if one.client else ""
    row.client_name = (one.client.name if one.client else "")[:300]
    row.address = one.address.full[:500]
    row.inspector = one.inspector_name[:200]
    row.total = one.total
    row.wanted_gen = row.wanted_gen + 1
    row.due, row.next_try_at, row.failures, row.waits_for = True, None, 0, ""
    row.state = "syncing" if row.state in (None, "not-in-books", "in-sync") else row.state
    return 1


def _keep_aside(company_id: int, record: BadFeedRecord) -> None:
    kept = db.session.get(BadRecord, (company_id, record.key))
    if kept is None:
        kept = BadRecord(company_id=company_id, key=record.key, first_seen_at=utcnow())
        db.session.add(kept)
    kept.reason, kept.raw, kept.last_seen_at = record.reason, record.raw, utcnow()
