"""How a company's people want its books kept: Items, accounts, methods, due days, classes; and which documents keep an earlier choice.

`Company.books` holds the choices; a key that is missing means the default:
one_item            name of the one Item for every name that is not mapped; None: an Item of its own for each name
item_names          {service or fee name: Item name}
item_ids            {Item name: QuickBooks id} of the Items chosen from the list
discount_item, tax_item   names of the Items for discounts and tax
income_account_id   where new Items book to
deposit_account_id  where Payments go
method_names        {platform method: PaymentMethod name}
classes, locations  {inspector: QuickBooks id}, "" for everybody else; class_on: line or invoice
names_looked_at     service and fee names that somebody has looked at

Dates, pausing and the like are chosen in `choosing.py`. The caller commits and then rings the bell.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, delete, false, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.inspection import BookSettings
from bookkeeping.storage.base import Base, UtcDateTime, db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import queue_run

Scope = Literal["none", "new", "all"]
Changes = Mapping[str, Any]
"""Of `choices_of`, what becomes different; `books` holds only the keys that do."""
MIGRATION = "the migration"
FREED_BY_CHOICE = ("no-income-account", "no-item", "payment-method-missing")


class BookVersion(Base):
    """Choices that no longer hold for new documents, but that the documents made under them keep."""

    __tablename__ = "book_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)  # {books, due_days, invoice_date}
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    made_by: Mapped[str] = mapped_column(String(254))


def kept_settings(company: Company) -> dict[int, BookSettings]:
    """Return the earlier choices that documents of this company keep, by version; start date and cutoff are today's."""
    return {version.id: company.book_settings(version.choices) for version in _versions(company.id)}


def in_force(
    row: InspectionRow, documents: Sequence[Document], now: BookSettings, kept: Mapping[int, BookSettings]
) -> BookSettings:
    """Return the settings for one inspection: those its living Invoice was made under if it keeps them, else today's."""
    living = any(one.kind == "Invoice" and one.status == "live" for one in documents)
    return kept.get(row.book_version_id, now) if living and row.book_version_id else now


def choices_of(company: Company) -> dict[str, Any]:
    """Return today's choices as a version keeps them."""
    return {
        "books": dict(company.books or {}),
        "due_days": company.due_days,
        "invoice_date": company.invoice_date,
    }


def changed_choices(before: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """Return the choices with these changes; None or an empty mapping takes a key of `books` away, so that the default holds."""
    books = {**before["books"], **changes.get("books", {})}
    kept = {name: value for name, value in books.items() if value not in (None, "", {})}
    return {**before, **changes, "books": kept}


def change_books(
    company: Company, scope: Scope, who: str, address: str = "", due_days: int | None = None, **books: Any
) -> bool:
    """Take over these choices; False when nothing changes.

    `scope` "new": documents that are in QuickBooks already keep what they were made under, whatever makes them due again later.
    "all": they follow too, but for those in a closed period, which QuickBooks lets nobody change. "none": no such document is concerned.
    """
    before = choices_of(company)
    after = changed_choices(before, {"books": books} | ({} if due_days is None else {"due_days": due_days}))
    if before == after:
        return False
    names = sorted({*before["books"], *after["books"]})
    moved = [name for name in names if before["books"].get(name) != after["books"].get(name)]
    # Only what becomes different: a choice that was merely sent along must not reach those that keep another one.
    changes: dict[str, Any] = {"books": {name: after["books"].get(name) for name in moved}}
    if after["due_days"] != before["due_days"]:
        changes["due_days"] = after["due_days"]
    adopt(company, scope, who, changes)
    _make_due(company.id, InspectionRow.reason.in_(FREED_BY_CHOICE))
    queue_run(company.id, "sync", "settings changed", who)
    record_act(
        company.id,
        who,
        "changed how books are kept",
        subject="existing documents too" if scope == "all" else "from now on",
        before={name: before["books"].get(name) for name in moved} | {"due_days": before["due_days"]},
        after={name: after["books"].get(name) for name in moved} | {"due_days": after["due_days"]},
        address=address,
    )
    return True


def adopt(company: Company, scope: Scope, who: str, changes: Changes) -> None:
    """Make these choices the company's, and let existing documents keep theirs or follow, as `change_books` says of `scope`.

    Writes no audit entry and queues no run: the caller does, after its own changes.
    """
    before = choices_of(company)
    if scope == "new":
        _keep(company, before, who)
    elif scope == "all":
        _let_follow(company, before, who, changes)
    after = changed_choices(before, changes)
    company.books, company.due_days, company.invoice_date = (
        after[name] for name in ("books", "due_days", "invoice_date")
    )


def keep_deposit_account(company: Company, key: str, account_id: str) -> None:
    """Let one inspection's Payments stay in this account, whatever the company's choice, until one for existing documents moves them.

    Its SalesReceipt lay there. Source: bookkeeping decision 16, the books are as before the migration.
    """
    today = changed_choices(choices_of(company), {})
    choices = changed_choices(today, {"books": {"deposit_account_id": account_id}})
    if not account_id or choices == today:
        return
    version = next((one for one in _versions(company.id) if one.choices == choices), None)
    chosen = (InspectionRow.company_id == company.id, InspectionRow.key == key)
    if version is None:
        _assign(company, choices, MIGRATION, *chosen[1:])
    else:
        _update(chosen, {"book_version_id": version.id})


def note_looked_at(company: Company, names: Sequence[str], who: str, address: str = "") -> None:
    """Note that somebody has looked at these service and fee names; the others are new."""
    company.books = {**(company.books or {}), "names_looked_at": sorted(names)}
    record_act(company.id, who, "looked at new names", after={"names": len(names)}, address=address)


def living_documents(company: Company, kind: str) -> tuple[int, int]:
    """Return how many documents of this kind are in QuickBooks, and how many of them lie in a closed period."""
    living = select(func.count()).where(
        Document.company_id == company.id, Document.kind == kind, Document.status == "live"
    )
    closed_on = closed_through(company)
    closed = db.session.scalar(living.where(Document.txn_date <= closed_on)) if closed_on else 0
    return db.session.scalar(living) or 0, closed or 0


def closed_through(company: Company) -> date | None:
    """Return the last day of the closed period, as last read from QuickBooks."""
    connection = db.session.get(Connection, company.id)
    closed = ((connection.facts if connection else None) or {}).get("close_date")
    return date.fromisoformat(closed) if closed else None


def _versions(company_id: int) -> list[BookVersion]:
    rows = select(BookVersion).where(BookVersion.company_id == company_id).order_by(BookVersion.id)
    return list(db.session.scalars(rows))


def _keep(company: Company, choices: dict[str, Any], who: str, *which: ColumnElement[bool]) -> None:
    """Let the inspections with a living Invoice that follow today's choices keep `choices` from now on."""
    following = InspectionRow.book_version_id.is_(None)
    _assign(company, choices, who, following, InspectionRow.key.in_(_invoiced(company.id)), *which)


def _let_follow(company: Company, before: dict[str, Any], who: str, changes: Changes) -> None:
    """Let existing documents follow a change, those that keep an earlier choice in everything else as well; not closed ones."""
    closed_on = closed_through(company)
    closed = (
        InspectionRow.key.in_(_invoiced(company.id).where(Document.txn_date <= closed_on))
        if closed_on
        else false()
    )
    for version in _versions(company.id):
        _assign(company, version.choices, who, InspectionRow.book_version_id == version.id, closed)
        version.choices = changed_choices(version.choices, changes)
    _keep(company, before, who, closed)
    in_use = select(InspectionRow.book_version_id).where(InspectionRow.company_id == company.id)
    unused = (
        BookVersion.company_id == company.id,
        BookVersion.id.not_in(in_use.where(InspectionRow.book_version_id.is_not(None))),
    )
    db.session.flush()
    db.session.execute(delete(BookVersion).where(*unused), execution_options={"synchronize_session": False})
    _make_due(company.id, InspectionRow.key.in_(_invoiced(company.id)))


def _assign(company: Company, choices: dict[str, Any], who: str, *which: ColumnElement[bool]) -> None:
    chosen = (InspectionRow.company_id == company.id, *which)
    if db.session.scalar(select(InspectionRow.id).where(*chosen).limit(1)) is None:
        return
    version = BookVersion(company_id=company.id, choices=choices, made_by=who)
    db.session.add(version)
    db.session.flush()
    _update(chosen, {"book_version_id": version.id})


def _invoiced(company_id: int):
    return select(Document.inspection_key).where(
        Document.company_id == company_id, Document.kind == "Invoice", Document.status == "live"
    )


def _make_due(company_id: int, *which: ColumnElement[bool]) -> None:
    due = {"due": True, "next_try_at": None, "wanted_gen": InspectionRow.wanted_gen + 1}
    _update((InspectionRow.company_id == company_id, *which), due)


def _update(which: tuple[ColumnElement[bool], ...], values: dict[str, Any]) -> None:
    rows = update(InspectionRow).where(*which).values(**values)
    db.session.execute(rows, execution_options={"synchronize_session": False})
