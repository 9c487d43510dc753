"""What was merged in QuickBooks of late and is followed: told on the page where changes by people are shown, since nothing is to be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from bookkeeping.rules.names import without_deleted
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.merges import Merged
from bookkeeping.storage.company.names import NamedThing

LATELY = timedelta(days=30)
SHOWN = 20


@dataclass(frozen=True)
class Followed:
    """One Customer or Item (`kind`) that was merged into another one, both by name."""

    kind: str
    gone: str
    survivor: str
    found_at: datetime


def merged_lately(company_id: int) -> list[Followed]:
    """Return what was merged in the last 30 days, the latest first."""
    rows = select(Merged).where(Merged.company_id == company_id, Merged.found_at > utcnow() - LATELY)
    return [
        Followed(row.kind, without_deleted(_name(row, row.qbo_id)), _name(row, row.into_id), row.found_at)
        for row in db.session.scalars(rows.order_by(Merged.found_at.desc(), Merged.qbo_id).limit(SHOWN))
    ]


def _name(row: Merged, qbo_id: str) -> str:
    thing = db.session.get(NamedThing, (row.company_id, row.kind, qbo_id))
    return thing.name if thing is not None else f"no. {qbo_id}"
