"""The Item of a line: found by own name and by full name wherever it lies, never a Category or a bundle, and made beside those."""

from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.case import build_cases
from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.changes import check_changes
from worker.reading.poll import poll
from worker.reconciling.items import ensure_names


@pytest.fixture
def bookkeeper(desk: Desk) -> Bookkeeper:
    return Bookkeeper(desk)


def book(desk: Desk, name: str = "Radon") -> str:
    """Book an inspection with this one service and sync; return its key."""
    line = {"kind": "service", "name": name, "amount": "150.00"}
    [key] = desk.book(inspection(1, line_items=[line], payments=[]))
    desk.sync()
    return key


def item(bookkeeper: Bookkeeper, name: str, kind: str = "Service", parent: str = "") -> str:
    """Make an Item, Category or bundle, perhaps inside a category; return its id."""
    body: dict[str, Any] = {"Name": name, "Type": kind}
    if kind == "Service":
        body["IncomeAccountRef"] = {"value": "1"}
    if parent:
        body |= {"SubItem": True, "ParentRef": {"value": parent}}
    return bookkeeper.do("create", "Item", **body)["Id"]


def on_the_invoice(desk: Desk) -> list[tuple[str, str]]:
    """The Items of the one Invoice: (id, full name)."""
    [invoice] = desk.books()["Invoice"]
    refs = [
        line["SalesItemLineDetail"]["ItemRef"] for line in invoice["Line"] if "SalesItemLineDetail" in line
    ]
    return [(ref["value"], ref["name"]) for ref in refs]


def why(desk: Desk, key: str) -> tuple[str, str, str]:
    with desk.shop.app.app_context():
        mine = (InspectionRow.company_id == desk.id, InspectionRow.key == key)
        row = db.session.scalars(select(InspectionRow).where(*mine)).one()
        return row.state, row.reason, row.detail


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", ["Category", "Group"])
def test_a_category_or_bundle_of_that_name_is_no_item_and_ours_is_made_beside_it(
    desk, bookkeeper, kind, known
):
    held = item(bookkeeper, "Radon", kind)
    if known:
        desk.do(check_changes)
    key = book(desk)
    assert why(desk, key)[0] == "in-sync"
    [(made, name)] = on_the_invoice(desk)
    assert made != held and name == "Radon (service)"
    desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "175.00"}])
    desk.sync()
    assert on_the_invoice(desk) == [(made, name)]
    assert len(desk.books()["Item"]) == 3


@pytest.mark.parametrize(
    ("said", "known"),
    # A full name is asked of the list alone, which is read at connecting and kept fresh.
    [("Radon", True), ("Radon", False), ("radon", True), ("Environment:Radon", True)],
)
def test_an_item_inside_a_category_is_found_by_own_name_and_by_full_name(desk, bookkeeper, said, known):
    if not known:
        desk.sync()
    radon = item(bookkeeper, "Radon", parent=item(bookkeeper, "Environment", "Category"))
    if known:
        desk.do(check_changes)
    key = book(desk, said)
    assert why(desk, key)[0] == "in-sync"
    assert on_the_invoice(desk) == [(radon, "Radon")]


def test_an_item_of_exactly_that_name_wins_over_one_inside_a_category(desk, bookkeeper):
    top = item(bookkeeper, "Environment-Radon")
    item(bookkeeper, "Radon", parent=item(bookkeeper, "Environment", "Category"))
    desk.do(check_changes)
    book(desk, "Environment:Radon")
    assert on_the_invoice(desk) == [(top, "Environment-Radon")]


def test_an_inactive_item_inside_a_category_is_not_used(desk, bookkeeper):
    radon = item(bookkeeper, "Radon", parent=item(bookkeeper, "Environment", "Category"))
    bookkeeper.edit("Item", radon, Active=False)
    desk.do(check_changes)
    book(desk)
    [(made, name)] = on_the_invoice(desk)
    assert made != radon and name == "Radon"


def test_what_is_listed_is_not_made_again_and_without_an_income_account_none_is(desk):
    book(desk)
    desk.book(inspection(2, payments=[]))
    desk.do(poll)
    with desk.holding() as work:
        work.connection.facts = {**work.connection.facts, "income_account_id": ""}
        work.commit()
        rows = select(InspectionRow).where(InspectionRow.company_id == desk.id).order_by(InspectionRow.id)
        known, new = build_cases(work.company, list(db.session.scalars(rows)))
        known.plan = None
        ensure_names(work, [known])
        assert (known.parked, work.calls) == (None, 0)
        ensure_names(work, [new])
        assert work.calls == 0
    desk.run()
    assert len(desk.books()["Item"]) >= 1
