"""What the page *Which Customer is it?* reads beside the open questions: Customers found by words, and choices that can be undone."""

from itertools import islice

from sqlalchemy import or_, select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing, unbillable
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.records.inspections import InspectionRow

FOUND_AT_MOST = 20
LATELY = 10


def customers_found(company_id: int, words: str, *, limit: int = FOUND_AT_MOST) -> list[NamedThing]:
    """Return the active Customers of whom name, email, phone or address has every one of these words, by name.

    One more than `limit` says that there are more. No words, nobody; and nobody in another currency than US dollars.
    """
    wanted = words.split()[:8]
    if not wanted:
        return []
    columns = (NamedThing.name, NamedThing.email, NamedThing.phone, NamedThing.address)
    rows = select(NamedThing).where(
        NamedThing.company_id == company_id, NamedThing.kind == "Customer", NamedThing.active.is_(True)
    )
    for word in wanted:
        rows = rows.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    rows = rows.order_by(NamedThing.name_key, NamedThing.qbo_id).execution_options(yield_per=100)
    found = db.session.scalars(rows)
    return list(islice((thing for thing in found if not unbillable(thing)), limit + 1))


def chosen_lately(company_id: int, *, limit: int = LATELY) -> list[CustomerLink]:
    """Return the clients whose Customer a person chose, the latest first."""
    rows = select(CustomerLink).where(
        CustomerLink.company_id == company_id, CustomerLink.state == "linked", CustomerLink.settled_by != ""
    )
    latest = rows.order_by(CustomerLink.updated_at.desc(), CustomerLink.client_key)
    return list(db.session.scalars(latest.limit(limit)))


def client_names(company_id: int, client_keys: list[str]) -> dict[str, str]:
    """Return what the platform calls each of these clients, as its latest inspection says; "" for one that has none."""
    said = InspectionRow.source_updated_at, InspectionRow.client_key, InspectionRow.client_name
    rows = select(*said).where(
        InspectionRow.company_id == company_id, InspectionRow.client_key.in_(client_keys)
    )
    # Sorted here: for an order that it has an index of, SQLite walks the whole company instead of finding its few.
    by_change = sorted(db.session.execute(rows), key=lambda one: one.source_updated_at)
    named: dict[str, str] = {one.client_key: one.client_name for one in by_change}
    return {key: named.get(key, "") for key in client_keys}
