"""Drift: a document of ours that a person changed in QuickBooks. Noted, never overwritten silently (decision 8).

`judge` compares one document with what QuickBooks has; where the row came from (a query, a read, change data capture) does not matter.
"""

from collections.abc import Container, Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from bookkeeping.quickbooks_gateway.carrying import others_put_on, with_line_ids
from bookkeeping.quickbooks_gateway.differences import differs, drifted
from bookkeeping.quickbooks_gateway.reading import links_of, money, paid_by, plain, seen
from bookkeeping.rules.actions import Place
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import FROZEN_BY_DEPOSITS, Document, Drift, choice_to_keep

Verdict = Literal["ours", "changed", "gone", "older"]

BY_HAND = "by hand in QuickBooks"


def judge(document: Document, row: dict[str, Any]) -> Verdict:
    """Take over the SyncToken of a living row, in the current transaction, and say whose content it has.

    A token moved by our own Payment, or by a Deposit, is no drift, nor is what changes no amount, date, Customer or Item: that stays,
    and is kept to be carried over (decision 20). `older` is a row from before what we know already; nothing is taken from it. Drift is
    noted, and closed when a person has put ours back by hand.
    """
    if _token(row) < int(document.sync_token or 0):
        return "older"
    document.sync_token, document.token_stale = str(row["SyncToken"]), False
    if document.in_books != document.total == money(row.get("TotalAmt")):
        # QuickBooks had made another total of ours, and a person has put that right: no drift, and nothing to look at any more.
        document.body = {**document.body, "TotalAmt": str(row["TotalAmt"])}
    fields = _drifted(document, row)
    if document.kind in FROZEN_BY_DEPOSITS:
        _note_deposit(document, row)
    note_money(document, row)
    if document.hands_off == "kept":
        note_left(document, _kind(document, row), fields, row)
        return "changed" if fields else "ours"
    if not fields:
        close_drift(document, row)
        _note_others(document, row)
        return "ours"
    note_drift(document, _kind(document, row), fields, row)
    return "changed"


def _kind(document: Document, row: dict[str, Any]) -> str:
    return "voided" if seen(document.kind, row).voided else "edited"


def _drifted(document: Document, row: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the fields that are drift; none where a person has chosen to restore ours and nothing has changed since."""
    fields = drifted(document.body, row)
    if not fields and seen(document.kind, row).voided:
        fields = differs(document.body, row)
    chosen = document.as_read if not document.hands_off else None
    return [] if chosen is not None and not drifted(chosen, row) else fields


def _note_others(document: Document, row: dict[str, Any]) -> None:
    """Keep the row while our next update has something to carry over from it, or a choice to restore ours is not carried out yet."""
    if document.hands_off:
        return
    document.body = with_line_ids(document.body, row)
    others = drifted(document.body, row) or others_put_on(document.body, row)
    document.as_read = plain(row) if others else None


def note_gone(document: Document, tombstone: dict[str, Any] | None = None) -> None:
    """Note in the current transaction that a person deleted the document: theirs to explain, not ours to undo."""
    note_money(document, {})
    name = document.doc_number or document.body.get("PaymentRefNum") or document.qbo_id
    note = note_left if document.hands_off == "kept" else note_drift
    note(document, "deleted", [(document.kind, name, "deleted")], tombstone or {})


def note_left(
    document: Document, kind: str, fields: list[tuple[str, str, str]], theirs: dict[str, Any]
) -> None:
    """Keep in the current transaction what a document that is left to the bookkeeper says in QuickBooks. Nobody is asked again."""
    chosen = choice_to_keep(document)
    if chosen is not None:
        _say(chosen, kind, fields, theirs)


def note_drift(
    document: Document, kind: str, fields: list[tuple[str, str, str]], theirs: dict[str, Any]
) -> Drift:
    """Note in the current transaction that a person changed this document; one open drift a document, kept current.

    `kind`: edited, voided, deleted or deposited. `fields`: (label, ours, theirs). What a Payment still pays, and what is open on an
    Invoice, is taken over, since the plan must reckon with it.
    """
    drift = open_drift(document)
    if drift is None:
        drift = Drift(company_id=document.company_id, document_id=document.id, found_at=utcnow())
        db.session.add(drift)
    _say(drift, kind, fields, theirs)
    document.hands_off = "drift"
    note_money(document, theirs)
    return drift


def _say(drift: Drift, kind: str, fields: list[tuple[str, str, str]], theirs: dict[str, Any]) -> None:
    drift.kind = kind
    drift.fields = [[str(part) for part in field] for field in fields]
    drift.theirs = plain(theirs)
    changed = (theirs.get("MetaData") or {}).get("LastUpdatedTime")
    drift.theirs_changed_at = datetime.fromisoformat(changed) if changed else None


def close_drift(document: Document, row: dict[str, Any]) -> None:
    """Close the document's open drift, if any: QuickBooks says again what we wrote."""
    if document.hands_off != "drift":
        return
    drift = open_drift(document)
    if drift is not None:
        drift.settled_at, drift.settled_by, drift.choice = utcnow(), BY_HAND, "by-hand"
    document.hands_off = ""
    note_money(document, row)


def close_agreed(documents: Iterable[Document], wanted: Container[Place]) -> bool:
    """Close in the current transaction the drift of documents that a person deleted and that are not `wanted` any more; return whether any was.

    Both sides say the same then: nothing is there, and nothing is to be there. Source: bookkeeping decision 8.
    """
    closed = False
    for document in documents:
        drift = open_drift(document) if document.hands_off == "drift" else None
        if drift is None or drift.kind != "deleted" or (document.kind, document.source_key) in wanted:
            continue
        drift.settled_at, drift.settled_by, drift.choice = utcnow(), BY_HAND, "by-hand"
        document.hands_off, document.status, document.deleted_at = "", "deleted", utcnow()
        closed = True
    return closed


def open_drift(document: Document) -> Drift | None:
    """Return the drift of this document that nobody has settled yet."""
    rows = select(Drift).where(Drift.document_id == document.id, Drift.settled_at.is_(None))
    return db.session.scalars(rows).first()


def note_money(document: Document, row: dict[str, Any]) -> None:
    """Take over in the current transaction what is open on an Invoice, and what a Payment pays; {} and a tombstone are of what is gone.

    The plan reckons with it: what may be applied to an Invoice is what QuickBooks says is open (decision 18).
    """
    if row.get("status") == "Deleted":
        row = {}
    if document.kind == "Invoice":
        document.balance = money(row["Balance"]) if "Balance" in row else None
        document.links = [list(link) for link in links_of(row)]
        return
    if document.kind != "Payment":
        return
    pays, invoices = paid_by(row), _invoices_of(document)
    document.applied = sum((amount for place, amount in pays.items() if place in invoices), ZERO)
    document.links = [[*place, f"{amount:.2f}"] for place, amount in pays.items()]


def _invoices_of(document: Document) -> set[tuple[str, str]]:
    ours = select(Document.qbo_id).where(
        Document.company_id == document.company_id,
        Document.inspection_key == document.inspection_key,
        Document.kind == "Invoice",
    )
    return {("Invoice", qbo_id) for qbo_id in db.session.scalars(ours)}


def _note_deposit(document: Document, row: dict[str, Any]) -> None:
    """Remember the Deposit that a Payment or RefundReceipt names. That it names none proves nothing: the Deposits themselves say when it left one."""
    named = (qbo_id for kind, qbo_id in seen(document.kind, row).links if kind == "Deposit")
    document.deposit_id = next(named, document.deposit_id)


def _token(row: dict[str, Any]) -> int:
    return int(row.get("SyncToken") or 0)
