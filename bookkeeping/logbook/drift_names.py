"""What a drift says, in names: Customers, Items, Classes, accounts and documents as people call them, not as QuickBooks numbers them."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.records.documents import Document, Drift

Field = tuple[str, str, str]
Place = tuple[str, str]
"""A kind of QuickBooks and an id."""

_LISTS = {
    "Customer": "Customer",
    "Payment method": "PaymentMethod",
    "Deposit to": "Account",
    "Class": "Class",
    "Location": "Department",
}
_IN_LINES = re.compile(r"^(Item|Class) ([^\s,]+)(?=,|$)", re.MULTILINE)
_LINKED = re.compile(r"\b(Invoice|Payment|RefundReceipt|CreditMemo) (\d+)(?=[,:]|$)")
_SAID_TWICE = re.compile(r"^([^\n]+), \1(?=: -?[\d.]+$)", re.MULTILINE)
"""A line whose text is its Item's name, as ours mostly are."""
_AT_ONCE = 500


def fields_in_names(company_id: int, drifts: Sequence[Drift]) -> dict[int, list[Field]]:
    """Return for each drift, by its id, what changed as (label, ours, theirs), with names for QuickBooks' ids.

    A name is the one of today, else the one that QuickBooks gave with the drift; what has neither is called by its number.
    """
    wanted = {
        place
        for drift in drifts
        for field in _fields(drift)
        for text in field[1:]
        for place in _ids(field[0], text)
    }
    known = _names(company_id, wanted)
    found = {}
    for drift in drifts:
        names = dict(_given(drift.theirs)) | known
        found[drift.id] = [
            (label, _in_names(label, ours, names), _in_names(label, theirs, names))
            for label, ours, theirs in _fields(drift)
        ]
    return found


def _fields(drift: Drift) -> list[Field]:
    return [(label, ours, theirs) for label, ours, theirs in drift.fields]


def _ids(label: str, text: str) -> list[Place]:
    if label in _LISTS:
        return [(_LISTS[label], text)] if text else []
    if label in ("Lines", "Classes"):
        return [(kind, qbo_id) for kind, qbo_id in _IN_LINES.findall(text)]
    return _LINKED.findall(text) if label == "Applied to" else []


def _in_names(label: str, text: str, names: dict[Place, str]) -> str:
    if label in _LISTS:
        return _called((_LISTS[label], text), names) if text else text
    if label in ("Lines", "Classes"):
        named = _IN_LINES.sub(lambda found: _called(found.groups(), names), text)
        return _SAID_TWICE.sub(r"\1", named)
    if label == "Applied to":
        return _LINKED.sub(lambda found: _called(found.groups(), names), text)
    return text


def _called(place: Sequence[str], names: dict[Place, str]) -> str:
    kind, qbo_id = place
    return names.get((kind, qbo_id)) or f"{kind} no. {qbo_id}"


def _names(company_id: int, wanted: Iterable[Place]) -> dict[Place, str]:
    ids = sorted({qbo_id for _, qbo_id in wanted})
    names: dict[Place, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        chunk = ids[start : start + _AT_ONCE]
        listed = select(NamedThing).where(NamedThing.company_id == company_id, NamedThing.qbo_id.in_(chunk))
        names |= {(thing.kind, thing.qbo_id): thing.name for thing in db.session.scalars(listed)}
        numbered = select(Document).where(
            Document.company_id == company_id, Document.qbo_id.in_(chunk), Document.doc_number != ""
        )
        for document in db.session.scalars(numbered):
            names[document.kind, document.qbo_id] = f"{document.kind} {document.doc_number}"
    return names


def _given(theirs: object) -> Iterable[tuple[Place, str]]:
    """Yield the names that QuickBooks gave beside its ids in what it showed."""
    if isinstance(theirs, list):
        for part in theirs:
            yield from _given(part)
    elif isinstance(theirs, dict):
        for name, part in theirs.items():
            if name.endswith("Ref") and isinstance(part, dict) and part.get("name"):
                kind = {"DepositToAccount": "Account"}.get(name.removesuffix("Ref"), name.removesuffix("Ref"))
                yield (kind, str(part.get("value"))), str(part["name"])
            yield from _given(part)
