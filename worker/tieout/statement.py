"""Makes the tie-out statement: reads QuickBooks itself and the mirror of the platform, and keeps what the rules make of the two.

Our records of documents only say whose a document is; every figure of the QuickBooks side is read for the statement.
"""

from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bookkeeping.rules.tieout import Period, Statement, nightly_period
from bookkeeping.rules.tieout_causes import needs_a_look
from bookkeeping.rules.tieout_matching import tie_out
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import BadRecord
from bookkeeping.storage.records.numbers import keep_statement
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.tieout.both_sides import documents_dated_within, read_both_sides


def tie_out_step(work: Work) -> bool:
    """Make the statement for the days that the run asks for (the default ones without), and keep it; always finishes.

    In a quiet night the last one stands.
    """
    asked = work.run.parameters
    if asked.get("quiet"):
        return True
    today = work.now().astimezone(ZoneInfo(work.company.time_zone)).date()
    if asked.get("first_day"):
        period = Period(date.fromisoformat(asked["first_day"]), date.fromisoformat(asked["last_day"]))
    elif work.run.kind == "nightly":
        period = nightly_period(today)
    else:
        period = this_year(today)
    content = make_tie_out(work, period)
    kept = keep_statement(work.company_id, period.first, period.last, content, work.run.asked_by)
    tell(work, kept.verdict.said, statement=kept.id, unexplained=content["unexplained"])
    work.commit()
    return True


def this_year(today: date) -> Period:
    """The default of the command and the page: the calendar year."""
    return Period(date(today.year, 1, 1), date(today.year, 12, 31))


def make_tie_out(work: Work, period: Period) -> dict[str, Any]:
    """Read both sides and return the statement as JSON; nothing is kept.

    Raises:
        NotConnectedError, TemporaryError, PermanentError: QuickBooks could not be read.
    """
    tell(work, "Reading QuickBooks")
    work.commit()
    read_at = utcnow()
    documents = {(one.kind, one.qbo_id): one for one in documents_dated_within(work, period)}
    tell(work, f"Reading QuickBooks: {len(documents)} documents")
    work.commit()
    rows, records = read_both_sides(work, period, documents)
    tell(work, "Comparing")
    work.commit()
    work.lease.renew()  # Comparing the year of a large company takes a while, without a call in between.
    counted = [one for one in documents.values() if one.in_dollars]
    left_out = Counter(one.currency for one in documents.values() if not one.in_dollars)
    made = tie_out(period, rows, counted, records, work.company.book_settings())
    return _content(work, made, read_at, left_out)


def _content(work: Work, made: Statement, read_at: datetime, left_out: Counter[str]) -> dict[str, Any]:
    company = work.company
    bad = db.session.scalars(select(BadRecord.key).where(BadRecord.company_id == company.id)).all()
    polled = company.last_poll_at
    content = made.as_json()
    to_look_at = [one for one in made.differences if needs_a_look(one.cause, one.reason)]
    return {
        "company": company.id,
        "company_name": company.name,
        "quickbooks_company": work.existing_connection.company_name,
        "time_zone": company.time_zone,
        "invoice_date": company.invoice_date,
        "quickbooks_read_at": read_at.isoformat(),
        "platform_read_at": polled.isoformat() if polled else None,
        "unreadable_records": sorted(bad),
        "several_currencies": bool(work.existing_connection.facts.get("several_currencies")),
        "other_currencies": dict(left_out),
        "to_look_at": len(to_look_at),
        **content,
    }
