"""A company with several currencies: everything of ours says US dollars, and nobody is billed in another currency."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.rules.tieout import Period
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.numbers import pulled_numbers
from bookkeeping.storage.work.journal import Operation
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop
from worker.reading.changes import check_changes
from worker.reading.company import refresh_facts
from worker.reading.numbers import pull_numbers
from worker.tieout.statement import make_tie_out, this_year

USD = {"value": "USD"}


@pytest.fixture
def several(shop: Shop) -> Desk:
    """A company with several currencies, connected, with nothing booked."""
    return shop.open(preferences={"CurrencyPrefs": {"MultiCurrencyEnabled": True}})


def _sent(desk: Desk) -> dict[tuple[str, str], Any]:
    """The CurrencyRef of each write so far, by (kind, action)."""
    with desk.shop.app.app_context():
        rows = db.session.scalars(select(Operation).where(Operation.company_id == desk.id))
        return {(row.kind, row.action): json.loads(row.body).get("CurrencyRef") for row in rows}


def _why(desk: Desk, key: str) -> tuple[str, str]:
    with desk.shop.app.app_context():
        mine = (InspectionRow.company_id == desk.id, InspectionRow.key == key)
        row = db.session.scalars(select(InspectionRow).where(*mine)).one()
        return row.state, row.reason


def _client(**client: str) -> dict[str, Any]:
    names = {"first_name": "Ada", "last_name": "Reyes", "email": "ada@client.example", "phone": ""}
    return names | client


def _canadian(desk: Desk, **fields: Any) -> dict[str, Any]:
    body = {"DisplayName": "Ada Reyes", "PrimaryEmailAddr": {"Address": "ada@client.example"}} | fields
    return Bookkeeper(desk).do("create", "Customer", CurrencyRef={"value": "CAD"}, **body)


def test_every_document_and_every_new_customer_says_us_dollars(several: Desk):
    [key] = several.book(inspection(1))
    several.sync_until_quiet()
    several.change(key, line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}])
    several.sync_until_quiet()
    several.change(key, canceled=True)
    several.sync_until_quiet()
    sent = _sent(several)
    documents = {
        place: said for place, said in sent.items() if place[0] in ("Invoice", "Payment", "Customer")
    }
    written = {place: said for place, said in documents.items() if place[1] != "delete"}
    assert {("Customer", "create"), ("Invoice", "create"), ("Invoice", "update")} <= set(written)
    assert ("Payment", "create") in written and set(map(str, written.values())) == {str(USD)}
    assert {said for place, said in sent.items() if place not in written} == {None}


def test_a_company_with_one_currency_sends_none(desk: Desk):
    desk.book(inspection(1))
    desk.sync_until_quiet()
    sent = _sent(desk)
    assert ("Payment", "create") in sent and set(sent.values()) == {None}


def test_a_customer_in_another_currency_is_never_matched(several: Desk):
    canadian = _canadian(several)
    several.book(inspection(1, buyer=_client()))
    several.sync_until_quiet()
    names = {one["Id"]: one["DisplayName"] for one in several.books()["Customer"]}
    assert names.pop(canadian["Id"]) == "Ada Reyes"
    [(ours, name)] = names.items()
    [invoice] = several.books()["Invoice"]
    assert (name, invoice["CustomerRef"]["value"]) == ("Ada Reyes (2)", ours)
    assert invoice["CurrencyRef"]["value"] == "USD"


def test_a_link_to_a_customer_in_another_currency_asks_and_nothing_is_sent(several: Desk):
    canadian = _canadian(several, DisplayName="Somebody in Canada")
    [key] = several.book(inspection(1, buyer=_client()))
    several.sync_until_quiet()
    [first] = several.books()["Invoice"]
    with several.holding() as work:
        link = db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == several.id)).one()
        link.qbo_id, link.ours = canadian["Id"], False
        work.commit()
    Bookkeeper(several).edit("Customer", canadian["Id"], Notes="Moved to Toronto")
    several.do(check_changes)
    several.change(key, line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}])
    several.forget_calls()
    several.sync()
    assert _why(several, key) == ("needs-you", "customer-currency")
    assert several.books()["Invoice"] == [first] and several.calls() == []
    with several.shop.app.app_context():
        link = db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == several.id)).one()
        assert (link.state, link.candidates) == ("ask", [])
        assert link.because == "The Customer of this client is in another currency than US dollars."


def test_names_are_read_again_when_several_currencies_are_switched_on(desk: Desk):
    desk.book(inspection(1))
    desk.sync_until_quiet()
    on = {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}
    desk.intuit.post(f"/_standin/realms/{desk.realm_id}/preferences", on)

    def asked() -> set[str]:
        desk.forget_calls()
        desk.do(refresh_facts)
        return {call["operation"] for call in desk.calls()}

    assert (asked(), asked()) == ({"read", "query"}, {"read"})
    desk.book(inspection(2))
    desk.sync_until_quiet()
    assert _sent(desk)["Invoice", "create"] in (None, USD)
    assert [one["CurrencyRef"]["value"] for one in desk.books()["Invoice"]] == ["USD", "USD"]


@pytest.fixture
def statement() -> Callable[[Desk], dict[str, Any]]:
    """`statement(desk)`: the tie-out statement of this year and the next."""

    def made(desk: Desk) -> dict[str, Any]:
        with desk.holding("tieout") as work:
            year = this_year(work.now().date())
            return make_tie_out(work, Period(year.first, year.last.replace(year=year.last.year + 1)))

    return made


def test_the_statement_counts_us_dollars_alone_and_says_what_it_leaves_out(several: Desk, statement):
    several.book(inspection(1))
    several.sync_until_quiet()
    alone = statement(several)
    assert (alone["several_currencies"], alone["other_currencies"]) == (True, {})
    canadian = _canadian(several)
    line = {
        "Amount": 90,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"Qty": 1, "UnitPrice": 90},
    }
    Bookkeeper(several).do("create", "Invoice", CustomerRef={"value": canadian["Id"]}, Line=[line])
    beside = statement(several)
    assert beside["other_currencies"] == {"CAD": 1}
    assert beside["totals"] == alone["totals"] and beside["unexplained"] == "0.00"


def test_a_statement_of_one_currency_speaks_of_none(desk: Desk, statement):
    desk.book(inspection(1))
    desk.sync_until_quiet()
    assert statement(desk)["several_currencies"] is False


def test_what_is_open_and_received_counts_us_dollars_alone_and_says_what_is_left_out(several: Desk):
    several.book(inspection(1, payments=[]))
    several.sync_until_quiet()
    customer, item = _canadian(several), several.books()["Item"][0]["Id"]
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": "300.00"}
    line = {"Amount": "300.00", "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    theirs = {"CustomerRef": {"value": customer["Id"]}}
    Bookkeeper(several).do("create", "Invoice", **theirs, Line=[line])
    Bookkeeper(several).do("create", "Payment", **theirs, TotalAmt="40.00")
    several.do(pull_numbers, "numbers")
    with several.shop.app.app_context():
        kept = {kind: one.content for (kind, _), one in pulled_numbers(several.id).items()}
    opened, received = kept["open-invoices"], kept["payments"]
    assert (opened["total"], len(opened["invoices"]), opened["left_out"]) == (
        "575.00",
        1,
        "Left out: 1 in CAD.",
    )
    assert (received["payments"], received["left_out"]) == ([], "Left out: 1 in CAD.")
