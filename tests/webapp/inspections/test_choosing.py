"""The list of inspections in orders of one's own, views of it that are kept, and what is done with several at once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from bookkeeping.logbook.pages import SORTS, InspectionFilter, inspections_page, matching
from bookkeeping.rules.inspection import Client
from bookkeeping.storage.base import db
from bookkeeping.storage.paging import every_row
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.list_views import MOST_VIEWS, ListView, keep_view, views_of
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.records import NOON, post_with_token
from tests.webapp.sheets import csv_rows
from webapp.inspections.pages import heads

CHOSEN, VIEWS = "/chosen-inspections", "/inspection-views"
NAMES = ("Zoë Ångström", "ann o'neil", "Bo Lind", "Ann O'Neil", "Nguyễn An")


@pytest.fixture
def five(records):
    """Five inspections, two with one total and two with one state."""
    for number, name in enumerate(NAMES):
        given, _, family = name.partition(" ")
        facts = {
            "client": Client(f"c{number}", given, family, "", ""),
            "total": Decimal(300 + number // 2 * 100),
        }
        state = ("in-sync", "needs-you", "waiting", "needs-you", "in-sync")[number]
        records.inspection(str(number), state, starts_at=NOON + timedelta(days=number), **facts)


def walked(company_id: int, sort: str, size: int = 2) -> list[str]:
    pages = every_row(lambda at: inspections_page(company_id, InspectionFilter(sort=sort), at, size))
    return [row.key for rows in pages for row in rows]


ORDERS = {
    "": ["4", "3", "2", "1", "0"],
    "start-up": ["0", "1", "2", "3", "4"],
    "amount": ["4", "3", "2", "1", "0"],
    "amount-up": ["0", "1", "2", "3", "4"],
    "client-up": ["1", "3", "2", "4", "0"],
    "client": ["0", "4", "2", "3", "1"],
    "state-up": ["0", "4", "1", "3", "2"],
    "state": ["2", "3", "1", "4", "0"],
}


def test_each_order_is_the_same_page_by_page_forward_and_back(house, company, five):
    with house.app.app_context():
        for sort, keys in ORDERS.items():
            assert walked(company, sort) == keys, sort
            wanted = InspectionFilter(sort=sort)
            first = inspections_page(company, wanted, None, 2)
            second = inspections_page(company, wanted, first.older, 2)
            again = inspections_page(company, wanted, second.newer, 2)
            assert [row.key for row in again.rows] == keys[:2], sort
            plan = db.session.execute(text(f"EXPLAIN QUERY PLAN {in_order(company, sort)}"))
            assert "TEMP B-TREE" not in " ".join(row.detail for row in plan), sort


def in_order(company: int, sort: str) -> str:
    """Return the query for the first rows in this order, as text."""
    columns, up = SORTS[(sort or "start").removesuffix("-up")], sort.endswith("-up")
    order = [column.asc() if up else column.desc() for column in columns]
    query = select(InspectionRow.id).where(*matching(company, InspectionFilter())).order_by(*order).limit(2)
    return str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))


def test_headings_lead_to_their_order_and_turn_it_round(house, five, owner):
    page = owner.read("/inspections")
    assert 'aria-sort="descending"' in page and 'href="/inspections?sort=amount"' in page
    assert heads("")["start"] == ("start-up", "descending") and heads("start-up")["start"] == (
        "",
        "ascending",
    )
    assert heads("amount")["amount"] == ("amount-up", "descending") and heads("amount")["start"] == ("", "")
    assert heads("client-up")["client"] == ("client", "ascending")
    page = owner.read("/inspections?sort=client-up&state=needs-you")
    assert page.index("ann o&#39;neil") < page.index("Ann O&#39;Neil")
    assert (
        'href="/inspections?state=needs-you&amp;sort=client"' in page
        or "sort=client&amp;state=needs-you" in page
    )
    assert owner.get("/inspections?sort=nonsense").status_code == 400
    assert owner.get("/inspections?sort=client&at=older~77777").status_code == 200
    assert csv_rows(owner.get("/inspections?sort=amount-up&as=csv").data)[1][0] == "0"


def test_the_list_says_how_many_it_shows_and_for_how_much(five, owner):
    assert "<strong>5 inspections</strong>, $1,900.00" in owner.read("/inspections")
    assert "<strong>2 inspections</strong>, $700.00 in this selection" in owner.read(
        "/inspections?state=needs-you"
    )


def test_ticked_ones_are_retried_and_nothing_else(house, five, owner):
    owner.post(f"{CHOSEN}/retry", {"key": ["1", "2"]}, page="/inspections")
    assert "2 inspections are tried again." in owner.read("/inspections")
    with house.app.app_context():
        assert set(db.session.scalars(select(InspectionRow.key).where(InspectionRow.due))) == {"1", "2"}
        assert db.session.scalars(select(Run)).one().asked_by == "owner1@office.example"
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "retried")).one()
        assert (entry.subject, entry.after) == ("chosen inspections", {"inspections": 2})


def test_all_that_match_are_retried_whatever_is_ticked(house, five, owner):
    answer = owner.post(
        f"{CHOSEN}/retry", {"all": "yes", "key": "0", "state": "needs-you"}, page="/inspections"
    )
    assert answer.location == "/inspections?state=needs-you"
    with house.app.app_context():
        assert set(db.session.scalars(select(InspectionRow.key).where(InspectionRow.due))) == {"1", "3"}


def test_ticked_ones_or_all_that_match_come_as_a_file(house, five, owner, company):
    accountant = house.browser(house.make_person("accountant", company))
    for values, keys in (
        ({"key": ["0", "2"], "sort": "start-up"}, ["0", "2"]),
        ({"key": ["0"], "all": "yes", "state": "needs-you"}, ["3", "1"]),
    ):
        answer = accountant.post(f"{CHOSEN}/files", {**values, "as": "csv"}, page="/inspections")
        assert [row[0] for row in csv_rows(answer.data)[1:]] == keys
    assert (
        accountant.post(f"{CHOSEN}/files", {"key": "0", "as": "xlsx"}, page="/inspections").data[:2] == b"PK"
    )
    accountant.post(f"{CHOSEN}/files", {"key": ["0", "2"]}, page="/inspections")
    page = accountant.read("/inspections")
    assert "Chosen: 2 inspections, $700.00." in page
    assert (
        "formaction" not in page and post_with_token(house, accountant, f"{CHOSEN}/retry").status_code == 403
    )


def test_nothing_ticked_does_nothing_and_says_what_to_do(house, five, owner):
    for path, values in (
        ("retry", {}),
        ("files", {"as": "csv"}),
        ("retry", {"all": "yes", "state": "nonsense"}),
    ):
        owner.post(f"{CHOSEN}/{path}", values, page="/inspections")
        assert "Tick the inspections first" in owner.read("/inspections")
    other = house.make_company("Front Range Home Inspections")
    stranger = house.browser(house.make_person("owner", other, "x@other.example"))
    stranger.post(f"{CHOSEN}/retry", {"key": "1", "all": ""}, page="/inspections")
    assert "None of them is there any more." in stranger.read("/inspections")
    with house.app.app_context():
        assert not list(db.session.scalars(select(InspectionRow.key).where(InspectionRow.due)))


def test_a_view_is_kept_renamed_and_removed_by_who_keeps_it(house, company, five, owner, bookkeeper):
    owner.post(
        VIEWS, {"name": " Mine  now ", "address": "state=needs-you&sort=amount&at=x&z=1"}, page="/inspections"
    )
    page = owner.read("/inspections?state=needs-you&sort=amount")
    assert (
        'href="/inspections?state=needs-you&amp;sort=amount" aria-current="true"' in page
        and "Mine now" in page
    )
    assert "Keep this view" not in page and "Mine now" not in bookkeeper.read("/inspections")
    with house.app.app_context():
        view = db.session.scalars(select(ListView)).one()
    for path in (f"{VIEWS}/{view.id}/rename", f"{VIEWS}/{view.id}/remove"):
        assert post_with_token(house, bookkeeper, path, name="x").status_code == 404
    owner.post(f"{VIEWS}/{view.id}/rename", {"name": "Ur\u202egent"}, page="/inspections")
    assert "Urgent" in owner.read("/inspections")
    owner.post(f"{VIEWS}/{view.id}/remove", page="/inspections")
    assert "Urgent" not in owner.read("/inspections").replace("“Urgent”", "")
    assert "Urgent" not in owner.read("/inspections")


def test_a_view_for_all_is_seen_by_all_and_changed_by_who_keeps_the_books(
    house, company, five, owner, bookkeeper
):
    accountant = house.browser(house.make_person("accountant", company))
    values = {"name": "Open", "address": "state=waiting", "shared": "yes"}
    assert post_with_token(house, accountant, VIEWS, **values).status_code == 403
    bookkeeper.post(VIEWS, values, page="/inspections")
    page = accountant.read("/inspections")
    assert "Open" in page and "/rename" not in page
    with house.app.app_context():
        view = db.session.scalars(select(ListView)).one()
    assert post_with_token(house, accountant, f"{VIEWS}/{view.id}/remove").status_code == 403
    owner.post(f"{VIEWS}/{view.id}/rename", {"name": "Waits"}, page="/inspections")
    assert "Waits" in accountant.read("/inspections")
    with house.app.app_context():
        acts = list(db.session.scalars(select(AuditEntry.act).where(AuditEntry.act.contains("view"))))
    assert acts == ["kept a view for all", "renamed a view for all"]


def test_what_cannot_be_kept_says_why(house, company, owner):
    for values in (
        {"name": "", "address": "state=waiting"},
        {"name": "All", "address": ""},
        {"name": "x", "address": "at=1"},
    ):
        owner.post(VIEWS, values, page="/inspections")
        assert "give the view a name" in owner.read("/inspections")
    with house.writing():
        for number in range(MOST_VIEWS):
            keep_view(
                company, "inspections", "owner1@office.example", str(number), "state=waiting", shared=False
            )
        keep_view(company, "inspections", "owner1@office.example", "7", "state=drift", shared=False)
        db.session.commit()
        assert len(views_of(company, "inspections", "owner1@office.example")) == MOST_VIEWS
    owner.post(VIEWS, {"name": "One more", "address": "state=waiting"}, page="/inspections")
    assert "Remove one first" in owner.read("/inspections")
