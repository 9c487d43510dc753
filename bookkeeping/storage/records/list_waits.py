"""What waits for an entry of QuickBooks' lists: which entries are inactive, and what is made due when one is active again."""

from sqlalchemy import select

from bookkeeping.rules.listed import CHOSEN_BY_ID, Entry, waited_for
from bookkeeping.storage.base import db
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.names import NamedThing, inactive_entries
from bookkeeping.storage.records.due import make_due, waiting_for
from bookkeeping.storage.records.inspections import InspectionRow


def follow_lists(company_id: int) -> int:
    """Make due, in the current transaction, what waits for an entry that is active now; return how many inspections that is.

    Source: bookkeeping decision 9 ("Every wait ends by itself").
    """
    db.session.flush()
    waits = select(InspectionRow.waits_for).where(
        InspectionRow.company_id == company_id, InspectionRow.waits_for.startswith("list:")
    )
    released = 0
    for waits_for in db.session.scalars(waits.distinct()).all():
        entry = waited_for(waits_for)
        thing = db.session.get(NamedThing, (company_id, *entry)) if entry else None
        if thing is not None and thing.active:
            released += make_due(company_id, "cause-gone", waiting_for(waits_for))
    return released


def inactive_in_use(company_id: int, connection: Connection | None) -> dict[Entry, str]:
    """Return the names of the inactive entries that documents may name; neither Classes nor Locations where the preferences have none."""
    facts = (connection.facts or {}) if connection is not None else {}
    unused = {"Class": facts.get("class_on") == "", "Department": facts.get("uses_locations") is False}
    return inactive_entries(company_id, [kind for kind in CHOSEN_BY_ID if not unused.get(kind)])
