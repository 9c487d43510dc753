"""What would follow if a company's inspections came from another source: which of those that we know it shows, and what would be booked twice.

Reads the other source to its end, and changes nothing. Taking it is `acts.companies.change_source`.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from bookkeeping.inspection_source.source import Source
from bookkeeping.inspection_source.walk import SLACK
from bookkeeping.rules.inspection import Inspection
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import OPEN_STATES, newest_migration

NAMED = 3
"""So many are named in a sentence; all are counted."""


@dataclass
class SourceLook:
    """What another source shows beside what we know. `booked` are the inspections with documents in QuickBooks.

    `known`: shown under the id by which we know them, `retotaled` of these with another total. `others`: under such an id it shows another
    inspection. `doubles`: (its id, ours) of what we know under another id. `lost`: (inspection, payment) that is booked and that it does not tell.
    `new`: how many it shows that we do not know. `whole`: it was read to its end.
    """

    kind: str
    booked: frozenset[str]
    known: set[str] = field(default_factory=set)
    retotaled: int = 0
    new: int = 0
    unreadable: int = 0
    others: list[str] = field(default_factory=list)
    doubles: list[tuple[str, str]] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    whole: bool = False
    migrates: bool = False

    @property
    def missing(self) -> list[str]:
        """Booked inspections that it does not show as they are known."""
        return sorted(self.booked - self.known)

    @property
    def in_the_way(self) -> str:
        """Why it cannot be taken, or "": with nothing booked nothing can be booked twice."""
        if self.migrates:
            return "A migration is scheduled or running. Change the source when it is over, or have an owner cancel it."
        if not self.booked:
            return ""
        if not self.whole:
            return "It could not be read to its end here. Use: tieout company change-source."
        if not self.booked & self.known:
            return f"It shows nothing that is in QuickBooks ({_counted(len(self.booked))}), so all would be booked twice."
        for found, says in (
            (self.doubles, "would be booked twice: it knows {} by another id"),
            (self.others, "of ours would be others: under the same id it shows something else as {}"),
            (self.missing, "of those in QuickBooks do not come: {}"),
            (
                self.lost,
                "of those in QuickBooks have payments that it does not tell, which would be taken out: {}",
            ),
        ):
            if found:
                named = ", ".join(one if isinstance(one, str) else one[-1] for one in found[:NAMED])
                more = " and more" if len(found) > NAMED else ""
                return f"{_counted(len(found))} {says.format(named + more)}."
        return ""

    @property
    def fingerprint(self) -> str:
        """What a confirmation binds to."""
        facts = [
            self.kind,
            sorted(self.booked),
            sorted(self.known),
            self.new,
            self.retotaled,
            self.in_the_way,
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def look_at_source(
    company: Company, kind: str, source: Source, *, seconds: float | None = None
) -> SourceLook:
    """Return what this source shows beside what we know, read for so many seconds at most. Ends the current transaction, also between two pages.

    Raises:
        FeedRefusedError, FeedUnavailableError: it cannot be read.
    """
    company_id = company.id
    live = select(Document.inspection_key).where(Document.company_id == company_id, Document.status == "live")
    look = SourceLook(kind, frozenset(db.session.scalars(live.distinct())))
    look.migrates = newest_migration(company_id, *OPEN_STATES) is not None
    db.session.commit()
    until = None if seconds is None else time.monotonic() + seconds
    for page in source.changed(None, everything=True):
        _compare(company_id, look, page.inspections)
        look.unreadable += len(page.bad)
        db.session.commit()
        if until is not None and time.monotonic() > until:
            return look
    look.whole = True
    return look


def _compare(company_id: int, look: SourceLook, shown: Sequence[Inspection]) -> None:
    mine = select(InspectionRow).where(InspectionRow.company_id == company_id)
    keys = [one.key for one in shown]
    rows = {row.key: row.inspection() for row in db.session.scalars(mine.where(InspectionRow.key.in_(keys)))}
    alive = [one for one in shown if one.deleted_at is None]
    starts = {one.starts_at for one in alive if one.key not in rows}
    beside = [row.inspection() for row in db.session.scalars(mine.where(InspectionRow.starts_at.in_(starts)))]
    paid = _booked_payments(company_id, keys)
    for one in alive:
        ours = rows.get(one.key)
        if ours is None:
            twin = next((two.key for two in beside if two.deleted_at is None and _same_visit(one, two)), None)
            look.new += twin is None
            look.doubles += [(one.key, twin)] if twin else []
        elif abs(ours.created_at - one.created_at) > SLACK and not _same_visit(one, ours):
            look.others.append(one.key)
        else:
            look.known.add(one.key)
            look.retotaled += one.total != ours.total
            told = {payment.key for payment in one.payments}
            look.lost += [(key, one.key) for key in sorted(paid.get(one.key, set()) - told)]


def _counted(count: int) -> str:
    return "1 inspection" if count == 1 else f"{count:,} inspections"


def _same_visit(one: Inspection, two: Inspection) -> bool:
    """Whether these are one visit, by what no two visits share: when it begins, and with whom or where."""
    client = one.client is not None and two.client is not None and one.client.name == two.client.name != ""
    return one.starts_at == two.starts_at and (client or one.address.line1 == two.address.line1 != "")


def _booked_payments(company_id: int, keys: list[str]) -> dict[str, set[str]]:
    rows = select(Document.inspection_key, Document.source_key).where(
        Document.company_id == company_id,
        Document.status == "live",
        Document.kind == "Payment",
        Document.inspection_key.in_(keys),
    )
    found: dict[str, set[str]] = {}
    for key, payment in db.session.execute(rows):
        found.setdefault(key, set()).add(payment)
    return found
