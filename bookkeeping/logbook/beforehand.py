"""What a later start date takes out of QuickBooks and what another time zone dates anew, said before it is done. Reads only."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bookkeeping.case import Case, build_cases
from bookkeeping.rules.inspection import Inspection
from bookkeeping.rules.local_time import local_day, say_moment
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.choices import closed_through
from bookkeeping.storage.records.documents import Document, with_receipts
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import OPEN_STATES, newest_migration

AT_ONCE = 500
"""Inspections planned together."""


@dataclass(frozen=True)
class Redated:
    """One document that would get another TxnDate. `fate`: moves, or waits or stays with `code`, the catalogue's or "" for history."""

    name: str
    inspection_key: str
    total: Decimal
    was: date
    becomes: date
    fate: str
    code: str = ""


@dataclass(frozen=True)
class ZoneChange:
    """What another time zone would change: documents dated anew, and the inspections that come into the books or leave them by the start date.

    The cutoff is a moment and stays it; `cutoff` says it in both zones, and `near_cutoff` are the inspections between it and the same clock time
    in the other zone, with how many SalesReceipts: they keep their sides. `in_the_way` says why the zone cannot change now, or "".
    """

    before: str
    after: str
    documents: tuple[Redated, ...]
    entering: tuple[str, ...]
    leaving: tuple[str, ...]
    cutoff: tuple[str, str] | None
    near_cutoff: tuple[str, ...]
    near_receipts: int
    closed_through: date | None
    in_the_way: str

    def of_fate(self, fate: str) -> list[Redated]:
        """Return the documents of one fate."""
        return [one for one in self.documents if one.fate == fate]

    @property
    def changes_books(self) -> bool:
        """Whether anything in QuickBooks would follow."""
        return bool(self.documents or self.entering or self.leaving)

    @property
    def fingerprint(self) -> str:
        """What a confirmation binds to: other facts give another one."""
        facts = [self.after, [repr(one) for one in self.documents], self.entering, self.leaving]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def zone_change(company: Company, zone: str) -> ZoneChange:
    """Return what would follow if the company were in this time zone (an IANA name that exists).

    Source: bookkeeping decisions 1, 3, 4, 9, 12 and 14: days are cut in the company's zone; what is closed, deposited, kept by a person or
    frozen on the old side stays.
    """
    settings = company.book_settings()
    there = replace(settings, time_zone=zone)
    documents: list[Redated] = []
    entering, leaving = [], []
    for rows in _cut_otherwise(company.id, company.time_zone, zone):
        pairs = zip(build_cases(company, rows), build_cases(company, rows, settings=there), strict=True)
        for here, then in pairs:
            documents += _redated(here, then)
            entering += [here.key] if then.eligibility.in_books and not here.eligibility.in_books else []
            leaving += [here.key] if here.eligibility.in_books and not then.eligibility.in_books else []
    near = _near_cutoff(company, zone)
    moment = company.cutoff
    return ZoneChange(
        before=company.time_zone,
        after=zone,
        documents=tuple(sorted(documents, key=lambda one: (one.was, one.inspection_key, one.name))),
        entering=tuple(entering),
        leaving=tuple(leaving),
        cutoff=(say_moment(moment, company.time_zone), say_moment(moment, zone)) if moment else None,
        near_cutoff=near,
        near_receipts=len(with_receipts(company.id, near)) if near else 0,
        closed_through=closed_through(company),
        in_the_way=_in_the_way(company),
    )


def _in_the_way(company: Company) -> str:
    """A confirmed migration binds to days that were cut in the zone of then (decision 14)."""
    migration = newest_migration(company.id, *OPEN_STATES)
    if migration is None:
        return ""
    if migration.state == "scheduled":
        return "A migration is scheduled, and its preview was made in this time zone. Let an owner cancel it first, then change the zone."
    return "A migration is running. Change the time zone when it is over."


def _cut_otherwise(company_id: int, here: str, there: str) -> Iterator[list[InspectionRow]]:
    """Yield the inspections of which some day is another there, so many at a time; of those with refunds all."""
    last, waiting = 0, []
    while True:
        mine = select(InspectionRow).where(InspectionRow.company_id == company_id, InspectionRow.id > last)
        rows = db.session.scalars(mine.order_by(InspectionRow.id).limit(AT_ONCE)).all()
        if not rows:
            break
        last = rows[-1].id
        waiting += [row for row in rows if _differs(row.inspection(), here, there)]
        if len(waiting) >= AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _differs(inspection: Inspection, here: str, there: str) -> bool:
    moments = [inspection.starts_at, inspection.created_at, inspection.confirmed_at]
    moments += [payment.received_at for payment in inspection.payments]
    return inspection.gave_back or any(
        local_day(moment, here) != local_day(moment, there) for moment in moments if moment is not None
    )


def _redated(here: Case, then: Case) -> Iterator[Redated]:
    """Yield the living documents whose day is another there, each with what would become of it."""
    days, others = _days(here), _days(then)
    written = {action.place for action in then.actions}
    waits = {one.action.place: one.because.code for one in then.waits}
    for document in here.live:
        place = (document.kind, document.source_key)
        was, becomes = days.get(place), others.get(place)
        if was is None or becomes is None or was == becomes:
            continue
        if then.parked is not None:
            fate, code = "waits", then.parked.code
        elif place in waits:
            fate, code = "waits", waits[place]
        else:
            stays = document.hands_off or ("deposited" if document.deposit_id else "")
            fate, code = ("moves", "") if place in written else ("stays", stays)
        yield Redated(document.name, here.key, document.total, document.txn_date, becomes, fate, code)


def _days(case: Case) -> dict[tuple[str, str], date]:
    """Return the day of each document that the platform alone asks for, by its place."""
    found: dict[tuple[str, str], date] = {
        ("Payment", one.source_key): one.txn_date for one in case.told.payments
    }
    found |= {("RefundReceipt", one.source_key): one.txn_date for one in case.given_back}
    if case.told.invoice is not None:
        found["Invoice", case.told.invoice.source_key] = case.told.invoice.txn_date
    return found


def _near_cutoff(company: Company, zone: str) -> tuple[str, ...]:
    """Return the inspections that start between the cutoff and the moment at which clocks there show the same."""
    if company.cutoff is None:
        return ()
    typed = company.cutoff.astimezone(ZoneInfo(company.time_zone)).replace(tzinfo=ZoneInfo(zone))
    first, last = sorted((company.cutoff, typed.astimezone(ZoneInfo("UTC"))))
    keys = select(InspectionRow.key).where(
        InspectionRow.company_id == company.id,
        InspectionRow.starts_at >= first,
        InspectionRow.starts_at < last,
    )
    return tuple(db.session.scalars(keys.order_by(InspectionRow.starts_at, InspectionRow.key)))


def invoices_before(company: Company, start_date: date) -> tuple[int, Decimal]:
    """Return how many Invoices in QuickBooks are of inspections before this day, and what they come to.

    Those that nobody may change (closed books) or that a person keeps are not among them. Once a company migrated its cutoff is in
    force, and no start date takes anything out.
    """
    if company.cutoff is not None:
        return 0, Decimal("0.00")
    midnight = datetime.combine(start_date, time(), ZoneInfo(company.time_zone))
    earlier = select(InspectionRow.key).where(
        InspectionRow.company_id == company.id, InspectionRow.starts_at < midnight
    )
    mine = [
        Document.company_id == company.id,
        Document.kind == "Invoice",
        Document.status == "live",
        Document.hands_off == "",
        Document.inspection_key.in_(earlier),
    ]
    closed = closed_through(company)
    if closed is not None:
        mine.append(Document.txn_date > closed)
    count, total = db.session.execute(select(func.count(), func.sum(Document.total)).where(*mine)).one()
    return count, total or Decimal("0.00")
