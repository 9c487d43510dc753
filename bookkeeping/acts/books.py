"""How people change the way books are kept: taken over from now on, or for existing documents too. What the choices are is `storage.records.choices`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, false, select

from bookkeeping.faults import ended_by
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.choices import (
    BookVersion,
    Changes,
    Scope,
    assign_version,
    changed_choices,
    choices_of,
    closed_through,
    keep_earlier,
    versions_of,
    with_invoice,
)
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.due import held_up_by, make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import queue_run


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
    make_due(company.id, "cause-gone", held_up_by(*ended_by("setting")))
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
        keep_earlier(company, before, who)
    elif scope == "all":
        _let_follow(company, before, who, changes)
    after = changed_choices(before, changes)
    company.books, company.due_days, company.invoice_date = (
        after[name] for name in ("books", "due_days", "invoice_date")
    )


def note_looked_at(company: Company, names: Sequence[str], who: str, address: str = "") -> None:
    """Note that somebody has looked at these service and fee names; the others are new."""
    company.books = {**(company.books or {}), "names_looked_at": sorted(names)}
    record_act(company.id, who, "looked at new names", after={"names": len(names)}, address=address)


def _let_follow(company: Company, before: dict[str, Any], who: str, changes: Changes) -> None:
    """Let existing documents follow a change, those that keep an earlier choice in everything else as well; not closed ones."""
    closed_on = closed_through(company)
    closed = (
        InspectionRow.key.in_(with_invoice(company.id).where(Document.txn_date <= closed_on))
        if closed_on
        else false()
    )
    for version in versions_of(company.id):
        assign_version(company, version.choices, who, InspectionRow.book_version_id == version.id, closed)
        version.choices = changed_choices(version.choices, changes)
    keep_earlier(company, before, who, closed)
    in_use = select(InspectionRow.book_version_id).where(InspectionRow.company_id == company.id)
    unused = (
        BookVersion.company_id == company.id,
        BookVersion.id.not_in(in_use.where(InspectionRow.book_version_id.is_not(None))),
    )
    db.session.flush()
    db.session.execute(delete(BookVersion).where(*unused), execution_options={"synchronize_session": False})
    make_due(company.id, "look-again", InspectionRow.key.in_(with_invoice(company.id)))
