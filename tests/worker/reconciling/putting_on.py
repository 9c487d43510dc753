"""What a person puts on our documents in QuickBooks, and what became of it, in the words of the tests."""

from typing import Any

from sqlalchemy import select

from bookkeeping.acts.questions import settle_drifts
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk

FULL = {"kind": "service", "name": "Full Home Inspection", "amount": "425.00"}
RADON = {"kind": "service", "name": "Radon", "amount": "150.00"}
RAISED = [FULL | {"amount": "475.00"}, RADON]


def booked(desk: Desk, **values: Any) -> tuple[str, dict]:
    """Book one inspection, by default without payments; return its id and its Invoice as it stands."""
    [key] = desk.book(inspection(1, **({"payments": []} | values)))
    desk.sync()
    [invoice] = desk.books()["Invoice"]
    return key, invoice


def lines(document: dict) -> list[dict]:
    """The lines without the subtotal."""
    return [line for line in document["Line"] if line["DetailType"] != "SubTotalLineDetail"]


def tagged(line: dict, **detail: Any) -> dict:
    """The line with more in its detail."""
    return line | {"SalesItemLineDetail": line["SalesItemLineDetail"] | detail}


def open_drifts(desk: Desk) -> list[tuple[str, list[str]]]:
    """(kind of change, labels of its fields) of each open drift."""
    with desk.shop.app.app_context():
        rows = select(Drift).where(Drift.company_id == desk.id, Drift.settled_at.is_(None))
        return [(one.kind, [label for label, *_ in one.fields]) for one in db.session.scalars(rows)]


def state(desk: Desk, key: str) -> str:
    """The state of the inspection, with its reason."""
    with desk.shop.app.app_context():
        rows = select(InspectionRow).where(InspectionRow.company_id == desk.id, InspectionRow.key == key)
        row = db.session.scalars(rows).one()
        return f"{row.state} {row.reason}".strip()


def a_class(desk: Desk, bookkeeper: Bookkeeper) -> dict:
    """A Class of a company that keeps them on each line."""
    kept = {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": True}}
    desk.intuit.post(f"/_standin/realms/{desk.realm_id}/preferences", kept)
    return {"value": bookkeeper.do("create", "Class", Name="North")["Id"]}


def bare(line: dict) -> dict:
    """The line as a person would type it anew."""
    return {name: value for name, value in line.items() if name not in ("Id", "LineNum")}


def restore(desk: Desk) -> None:
    """Press *Restore ours* on every card."""
    with desk.shop.app.app_context():
        ids = select(Drift.id).where(Drift.company_id == desk.id, Drift.settled_at.is_(None))
        settle_drifts(desk.id, db.session.scalars(ids).all(), "restore", "bookkeeper")
        db.session.commit()
    desk.sync()


def texts(document: dict) -> list[str]:
    """What each line says, in order."""
    return [line["Description"] for line in lines(document)]
