"""The sync log in orders of one's own: on the page, forward and back, and in its files."""

from decimal import Decimal
from itertools import chain

import pytest
from sqlalchemy import select

from bookkeeping.logbook.pages import OPERATION_ORDER, OPERATION_SORTS, OperationFilter, operations_page
from bookkeeping.storage import paging
from bookkeeping.storage.base import db
from bookkeeping.storage.work.journal import Operation
from tests.webapp.records import operation_row
from tests.webapp.sheets import csv_rows
from webapp.sync_log.pages import SORTS

CLIENTS = ("Zoë · 1 Elm St", "ann · 2 Elm St", "Bo · 3 Elm St")


@pytest.fixture
def log(house, records) -> None:
    """Thirty operations, every fifth without an amount, and one of another company."""
    other = house.make_company("Front Range Home Inspections")
    records.keep(operation_row(other, "99", "created"))
    records.keep(
        *(
            operation_row(
                records.company_id,
                str(number),
                "refused" if number % 4 == 0 else "created",
                kind="Customer" if number % 5 == 0 else "Payment" if number % 2 else "Invoice",
                amount=None if number % 5 == 0 else Decimal(100 + number // 2 % 7 * 25),
                subject=CLIENTS[number % 3],
            )
            for number in range(30)
        )
    )


def in_order(rows: list[Operation], sort: str) -> list[int]:
    """Return the ids in this order; what stands alike stands by the id."""
    keys = {
        "amount": lambda row: (row.amount or 0, row.id),
        "client": lambda row: (row.subject.lower(), row.id),
        "when": lambda row: row.id,
    }
    by, up = sort.removesuffix("-up") or "when", sort.endswith("-up")
    return [row.id for row in sorted(rows, key=keys[by], reverse=not up)]


def walked(company: int, wanted: OperationFilter, size: int = 4) -> list[int]:
    """Return the ids of all pages, and look back from each but the first."""
    ids, pages, position = [], [], None
    while not pages or position is not None:
        page = operations_page(company, wanted, position, size)
        pages.append([row.id for row in page.rows])
        if len(pages) > 1 and page.newer is not None:
            back = operations_page(company, wanted, page.newer, size)
            assert [row.id for row in back.rows] == pages[-2]
        position = page.older and paging.Position.parse(str(page.older), OPERATION_ORDER)
    ids += chain(*pages)
    return ids


@pytest.mark.parametrize("sort", ["", *SORTS])
@pytest.mark.parametrize("narrowed", [{}, {"kind": "Payment"}, {"text": "elm"}, {"outcome": "refused"}])
def test_each_order_shows_each_operation_once_page_by_page(house, company, log, sort, narrowed):
    assert (sort or "when").removesuffix("-up") in OPERATION_SORTS
    with house.app.app_context():
        rows = list(db.session.scalars(select(Operation).where(Operation.company_id == company)))
        mine = [row for row in rows if narrowed.get("kind", row.kind) == row.kind]
        mine = [row for row in mine if narrowed.get("outcome", row.outcome) == row.outcome]
        assert walked(company, OperationFilter(**narrowed, sort=sort)) == in_order(mine, sort)


@pytest.mark.parametrize("sort", ["when-up", "amount", "client-up"])
def test_a_long_log_is_sorted_among_the_newest_and_says_so(house, company, log, owner, monkeypatch, sort):
    monkeypatch.setattr(paging, "SEARCH_ROWS", 17)
    with house.app.app_context():
        rows = list(db.session.scalars(select(Operation).where(Operation.company_id == company)))
        newest = rows if sort == "when-up" else rows[-17:]
        assert walked(company, OperationFilter(sort=sort)) == in_order(newest, sort)
        found = walked(company, OperationFilter(kind="Payment", sort=sort))
        assert found == in_order([row for row in newest if row.kind == "Payment"], sort)
    said = "operations are in this order. Narrow the days to see older ones."
    assert (said in owner.read(f"/sync-log?sort={sort}")) is (sort != "when-up")
    assert "Search on" not in owner.read(f"/sync-log?sort={sort}") or sort == "when-up"


def test_files_keep_the_order_and_hold_all(log, owner, monkeypatch):
    monkeypatch.setattr(paging, "SEARCH_ROWS", 17)
    for sort in ("when-up", "amount-up"):
        lines = csv_rows(owner.get(f"/sync-log?sort={sort}&as=csv").data)
        place = lines[0].index("Amount" if sort == "amount-up" else "Inspection")
        column = [float(line[place] or 0) for line in lines[1:]]
        assert len(column) == 30 and column == sorted(column)
    assert owner.get("/sync-log?sort=amount&as=xlsx").data[:2] == b"PK"
    assert 'href="/sync-log?sort=amount&amp;as=csv"' in owner.read("/sync-log?sort=amount")


def test_an_order_stays_with_the_next_page_and_nonsense_has_none(log, owner):
    page = owner.read("/sync-log?sort=client-up&kind=Payment")
    assert '<option selected value="client-up">Client, A to Z</option>' in page
    assert owner.get("/sync-log?sort=nonsense").status_code == 400
    assert owner.get("/sync-log?sort=amount&at=older~77777").status_code == 200
