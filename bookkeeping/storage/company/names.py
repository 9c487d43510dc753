"""The local index of what a company's QuickBooks calls people and things: kept current, and asked who is active."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, and_, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.customers import PEOPLE, US_DOLLARS, NameEntry, NamesWanted, of_people
from bookkeeping.rules.names import name_key
from bookkeeping.storage.base import Base, db


class NamedThing(Base):
    """What the company's QuickBooks calls things: the local index of Customers, Vendors and Employees (decision 2), and
    the lists (Item, Account, PaymentMethod, Term, Class, Department) that settings choose from."""

    __tablename__ = "named_things"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    qbo_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(600))
    name_key: Mapped[str] = mapped_column(String(600), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    email: Mapped[str] = mapped_column(String(300), default="")
    phone: Mapped[str] = mapped_column(String(100), default="")
    address: Mapped[str] = mapped_column(String(600), default="")
    sync_token: Mapped[str] = mapped_column(String(20), default="0")
    more: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


def named_things(company_id: int, *kinds: str) -> list[NamedThing]:
    """Return the company's index rows of these kinds."""
    rows = select(NamedThing).where(NamedThing.company_id == company_id, NamedThing.kind.in_(kinds))
    return list(db.session.scalars(rows))


def active_ids(company_id: int, kind: str) -> dict[str, str]:
    """Return the QuickBooks ids of the active Items, PaymentMethods, … by name key: under these they are sent."""
    return {thing.name_key: thing.qbo_id for thing in named_things(company_id, kind) if thing.active}


def listed_names(company_id: int) -> list[NameEntry]:
    """Return the local index of the realm's Customers, Vendors and Employees."""
    return _entries(named_things(company_id, *PEOPLE))


def emails_of_customers(company_id: int) -> dict[str, str]:
    """Return the email addresses of each Customer as the index has them, by id."""
    rows = select(NamedThing.qbo_id, NamedThing.email).where(
        NamedThing.company_id == company_id, NamedThing.kind == "Customer"
    )
    return {row.qbo_id: row.email for row in db.session.execute(rows)}


def names_like(company_id: int, wanted: NamesWanted) -> list[NameEntry]:
    """Return those of the index that can matter to some clients. The database leaves out most, `wanted` decides: only these are read whole."""
    if not (wanted.keys or wanted.qbo_ids):
        return []
    people = NamedThing.company_id == company_id, NamedThing.kind.in_(PEOPLE)
    given, family = (
        func.coalesce(NamedThing.more[name].as_string(), "") for name in ("given_name", "family_name")
    )
    keys = select(NamedThing.kind, NamedThing.qbo_id, NamedThing.name_key, given, family)
    found = {
        (kind, qbo_id)
        for kind, qbo_id, *spelled in db.session.execute(
            keys.where(*people, _may_matter(wanted, given, family))
        )
        if wanted.want(kind, qbo_id, *spelled)
    }
    ids = sorted({qbo_id for _, qbo_id in found})
    rows = (
        db.session.scalars(select(NamedThing).where(*people, NamedThing.qbo_id.in_(ids[start : start + 500])))
        for start in range(0, len(ids), 500)
    )
    return _entries(thing for some in rows for thing in some if (thing.kind, thing.qbo_id) in found)


def _may_matter(
    wanted: NamesWanted, given: ColumnElement[str], family: ColumnElement[str]
) -> ColumnElement[bool]:
    """The condition for entries with a key that is wanted, and for all that could be found under another one than their own.

    Whoever is called as first and last name say, as most people are, has no other one; so has who has neither comma nor suffix.
    """
    key, full = NamedThing.name_key, given + " " + family
    return or_(
        key.in_(wanted.keys),
        key.like("%,%"),
        key.like("%)"),
        and_(full != " ", func.lower(full) != key),
        NamedThing.qbo_id.in_(wanted.qbo_ids),
        *(key.startswith(beginning, autoescape=True) for beginning in wanted.beginnings),
    )


def _entries(things: Iterable[NamedThing]) -> list[NameEntry]:
    return [
        NameEntry(
            thing.kind,
            thing.qbo_id,
            thing.name,
            thing.email,
            thing.phone,
            thing.address,
            thing.active,
            thing.more.get("given_name", ""),
            thing.more.get("family_name", ""),
            thing.more.get("currency", ""),
        )
        for thing in things
        if of_people(thing.kind)
    ]


def keep_name(
    company_id: int, kind: str, qbo_id: str, name: str, entity: dict[str, Any], **details: Any
) -> NamedThing:
    """Put a Customer, Vendor, Employee, Item, … into the local index, in the current transaction."""
    thing = db.session.get(NamedThing, (company_id, kind, qbo_id))
    if thing is None:
        thing = NamedThing(company_id=company_id, kind=kind, qbo_id=qbo_id)
        db.session.add(thing)
    note_name(thing, name, entity, **details)
    return thing


def note_name(thing: NamedThing, name: str, entity: dict[str, Any], **details: Any) -> None:
    """Note on an entry of the index what QuickBooks has of it now; `details` are the columns and `more` of a person or company."""
    thing.name, thing.name_key = name[:600], name_key(name)[:600]
    thing.active = bool(entity.get("Active", True))
    thing.sync_token = str(entity.get("SyncToken", "0"))
    for column, limit in (("email", 300), ("phone", 100), ("address", 600)):
        setattr(thing, column, str(details.get(column) or "")[:limit])
    thing.more = {
        key: value
        for key, value in details.items()
        if key in ("given_name", "family_name", "currency", "type")
    }


def unbillable(thing: NamedThing) -> str:
    """Return why QuickBooks takes no documents of ours for this Customer, as a code of the catalogue; empty when it does."""
    if thing.more.get("currency", "") not in ("", US_DOLLARS):
        return "customer-currency"
    return "" if thing.active else "customer-inactive"


def unbillable_customers(company_id: int, qbo_ids: Sequence[str]) -> dict[str, str]:
    """Return those of these Customers that the index knows to take no documents of ours, each with the code that says why."""
    rows = select(NamedThing).where(
        NamedThing.company_id == company_id, NamedThing.kind == "Customer", NamedThing.qbo_id.in_(qbo_ids)
    )
    return {thing.qbo_id: code for thing in db.session.scalars(rows) if (code := unbillable(thing))}


def inactive_entries(company_id: int, kinds: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the names of what the index knows to be inactive in these lists, by (list, id)."""
    rows = select(NamedThing.kind, NamedThing.qbo_id, NamedThing.name).where(
        NamedThing.company_id == company_id, NamedThing.active.is_(False), NamedThing.kind.in_(kinds)
    )
    return {(kind, qbo_id): name for kind, qbo_id, name in db.session.execute(rows)}
