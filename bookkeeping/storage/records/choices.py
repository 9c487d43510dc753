"""How a company's people want its books kept: Items, accounts, methods, due days, classes; and which documents keep an earlier choice.

`Company.books` holds the choices; a key that is missing means the default:
one_item            name of the one Item for every name that is not mapped; None: an Item of its own for each name
item_names          {service or fee name: Item name}
item_ids            {Item name: QuickBooks id} of the Items chosen from the list
discount_item, tax_item   names of the Items for discounts and tax
income_account_id   where new Items book to
deposit_account_id  where Payments go
refunds             "wait": what is given back after its deposit is left to a person; refund_account_id: where it is taken from
method_names        {platform method: PaymentMethod name}
classes, locations  {inspector: QuickBooks id}, "" for everybody else; class_on: line or invoice
names_looked_at     service and fee names that somebody has looked at

Dates, pausing and the like are chosen in `acts.syncing`. The caller commits and then rings the bell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import JSON, ColumnElement, ForeignKey, Select, String, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.rules.inspection import BookSettings
from bookkeeping.storage.base import Base, UtcDateTime, db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow

Scope = Literal["none", "new", "all"]
Changes = Mapping[str, Any]
"""Of `choices_of`, what becomes different; `books` holds only the keys that do."""
MIGRATION = "the migration"


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
    return {version.id: company.book_settings(version.choices) for version in versions_of(company.id)}


def in_force(
    row: InspectionRow, documents: Sequence[Document], now: BookSettings, kept: Mapping[int, BookSettings]
) -> BookSettings:
    """Return the settings for one inspection: those its living Invoice was made under if it keeps them, else today's.

    Refunds always follow today's: a RefundReceipt that stands keeps its account by itself. So does the time zone, which is no choice.
    """
    living = any(one.kind == "Invoice" and one.status == "live" for one in documents)
    earlier = kept.get(row.book_version_id) if living and row.book_version_id else None
    if earlier is None:
        return now
    return replace(
        earlier, refunds=now.refunds, refund_account_id=now.refund_account_id, time_zone=now.time_zone
    )


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


def keep_deposit_account(company: Company, key: str, account_id: str) -> None:
    """Let one inspection's Payments stay in this account, whatever the company's choice, until one for existing documents moves them.

    Its SalesReceipt lay there. Source: bookkeeping decision 16, the books are as before the migration.
    """
    today = changed_choices(choices_of(company), {})
    choices = changed_choices(today, {"books": {"deposit_account_id": account_id}})
    if not account_id or choices == today:
        return
    version = next((one for one in versions_of(company.id) if one.choices == choices), None)
    chosen = (InspectionRow.company_id == company.id, InspectionRow.key == key)
    if version is None:
        assign_version(company, choices, MIGRATION, *chosen[1:])
    else:
        update_rows(chosen, {"book_version_id": version.id})


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
    connection = connection_of(company.id)
    return connection.closed_through if connection is not None else None


def versions_of(company_id: int) -> list[BookVersion]:
    rows = select(BookVersion).where(BookVersion.company_id == company_id).order_by(BookVersion.id)
    return list(db.session.scalars(rows))


def keep_earlier(company: Company, choices: dict[str, Any], who: str, *which: ColumnElement[bool]) -> None:
    """Let the inspections with a living Invoice that follow today's choices keep `choices` from now on."""
    following = InspectionRow.book_version_id.is_(None)
    assign_version(company, choices, who, following, InspectionRow.key.in_(with_invoice(company.id)), *which)


def assign_version(company: Company, choices: dict[str, Any], who: str, *which: ColumnElement[bool]) -> None:
    chosen = (InspectionRow.company_id == company.id, *which)
    if db.session.scalar(select(InspectionRow.id).where(*chosen).limit(1)) is None:
        return
    version = BookVersion(company_id=company.id, choices=choices, made_by=who)
    db.session.add(version)
    db.session.flush()
    update_rows(chosen, {"book_version_id": version.id})


def with_invoice(company_id: int) -> Select[str]:
    return select(Document.inspection_key).where(
        Document.company_id == company_id, Document.kind == "Invoice", Document.status == "live"
    )


def update_rows(which: tuple[ColumnElement[bool], ...], values: dict[str, Any]) -> None:
    rows = update(InspectionRow).where(*which).values(**values)
    db.session.execute(rows, execution_options={"synchronize_session": False})
