"""What people type on the bookkeeping pages: Items by name, ids from the company's own lists, whole numbers, and the scope."""

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.names import NamedThing
from webapp.bookkeeping_settings.forms import Lists, Typed, lists_of, sent_fields


def _thing(kind: str, qbo_id: str, name: str, *, active: bool = True, type_: str = "") -> NamedThing:
    thing = NamedThing(
        company_id=1, kind=kind, qbo_id=qbo_id, name=name, name_key=name.casefold(), active=active
    )
    thing.more = {"type": type_}
    return thing


LISTS = Lists(
    items=[_thing("Item", "9", "Radon Test")],
    accounts=[
        _thing("Account", "4", "Checking", type_="Bank"),
        _thing("Account", "5", "Sales", type_="Income"),
    ],
    methods=[_thing("PaymentMethod", "2", "Stripe")],
)


@pytest.fixture
def typed(house):
    """Return (a function of) a sent form."""

    def send(**values: str):
        with house.app.test_request_context("/", method="POST", data=values):
            yield Typed(LISTS)

    return send


def test_an_item_is_known_by_its_name_as_quickbooks_compares_names(typed):
    for form in typed():
        assert form.item("item", " radon  TEST ") == ("Radon Test", "9")
        assert form.item("item", "Mold Test") == ("Mold Test", "")
        assert form.errors == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [("x" * 101, "at most 100 characters"), ("Radon: Test", "no colon"), ("Radon 🏠", "no unusual")],
)
def test_a_name_that_quickbooks_would_refuse_is_refused_here(name, said, typed):
    for form in typed():
        assert form.item("item", name) == (name, "")
        assert said in form.errors["item"] or "no colon and no unusual" in form.errors["item"]


def test_an_id_that_is_in_no_list_of_the_company_is_refused(typed):
    for form in typed(account="4", other="99", none=""):
        assert form.listed("account", LISTS.accounts) == "4"
        assert form.listed("none", LISTS.accounts) == ""
        assert form.errors == {}
        form.listed("other", LISTS.accounts)
        assert "not in your list any more" in form.errors["other"]


@pytest.mark.parametrize(("typed_text", "number"), [("0", 0), ("14", 14), (" 60 ", 60)])
def test_a_whole_number_within_bounds_is_taken(typed_text, number, typed):
    for form in typed(days=typed_text):
        assert (form.whole_number("days", 0, 60), form.errors) == (number, {})


@pytest.mark.parametrize("typed_text", ["", "-1", "61", "1.5", "٣", "1e2", "9" * 10])
def test_any_other_number_says_what_to_enter(typed_text, typed):
    for form in typed(days=typed_text):
        assert form.whole_number("days", 0, 60) == 0
        assert form.errors == {"days": "Enter a whole number from 0 to 60."}


def test_methods_scope_and_text_are_read_in_one_line(typed):
    for form in typed(method=" stripe ", long="x" * 32, scope="new", memo="a\n b\x00"):
        assert form.method("method") == "Stripe"
        form.method("long")
        assert form.errors == {"long": "A payment method's name has at most 31 characters."}
        assert (form.scope(), form.text("memo")) == ("new", "a b")
        assert ("method", " stripe ") in sent_fields() and "scope" not in dict(sent_fields())
    for form in typed(scope="everything"):
        assert form.scope() == ""


def test_lists_hold_what_is_active_and_can_be_sold_by_name(house, company, records):
    things = [
        _thing("Item", "1", "b"),
        _thing("Item", "2", "A"),
        _thing("Item", "3", "old", active=False),
        _thing("Item", "4", "group", type_="Group"),
        _thing("Item", "5", "category", type_="Category"),
        _thing("Account", "6", "Checking", type_="Bank"),
    ]
    for thing in things:
        thing.company_id = company
    records.keep(*things)
    with house.app.app_context():
        lists = lists_of(db.session.get_one(Company, company))
        assert [one.name for one in lists.items] == ["A", "b"]
        assert [one.qbo_id for one in lists.accounts_of("Bank", "Income")] == ["6"]
        assert (lists.accounts_of("Income"), lists.name_of("6"), lists.name_of("7")) == ([], "Checking", "")
        assert (lists.item("B").qbo_id, lists.item("old")) == ("1", None)
