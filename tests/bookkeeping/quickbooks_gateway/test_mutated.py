"""QuickBooks' answers with something in them that nobody expects: what leaves the gateway is an error of ours, whatever came in."""

import copy
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bookkeeping.errors import BookkeepingError
from bookkeeping.quickbooks_gateway.answers import UnauthorizedAnswer, check
from bookkeeping.quickbooks_gateway.reading import chart, company_facts, name_entry, paid_by, seen
from bookkeeping.quickbooks_gateway.receipts import receipt_of
from bookkeeping.quickbooks_gateway.reports import aged_receivables, profit_and_loss
from tests.bookkeeping.quickbooks_gateway.conftest import Connected
from tests.harness.replaying import REALM, Replaying, recording

NOW = datetime(2026, 3, 2, tzinfo=UTC)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("9" * 400)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
)
some = settings(
    max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
fewer = settings(some, max_examples=6)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Return the path of every part of a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for name, part in inner for each in places(part, (*path, name)))]


def mutated(name: str) -> st.SearchStrategy[Any]:
    """Return a recorded answer with one or two of its parts replaced by anything."""
    content = json.loads(recording(name).text)

    @st.composite
    def change(draw) -> Any:
        changed = copy.deepcopy(content)
        for path in draw(st.lists(st.sampled_from(places(content)[1:]), min_size=1, max_size=2)):
            inside = changed
            try:
                for step in path[:-1]:
                    inside = inside[step]
                inside[path[-1]] = draw(anything)
            except (KeyError, IndexError, TypeError):
                continue  # The other change took this place away.
        return changed

    return change()


def first(content: Any, name: str) -> Any:
    """Return the first object of this name in an answer, whole or as a row of a query; any part that is none stays what it is."""
    found = content.get(name) if isinstance(content, dict) else None
    rows = content.get("QueryResponse") if isinstance(content, dict) else None
    rows = rows.get(name) if isinstance(rows, dict) else None
    return found if found is not None else rows[0] if isinstance(rows, list) and rows else {}


READERS = {
    "invoice-paid-taxed": ("Invoice", lambda one: seen("Invoice", one)),
    "payment-deposited": ("Payment", lambda one: (seen("Payment", one), paid_by(one))),
    "salesreceipt-query": ("SalesReceipt", receipt_of),
    "deposit-of-receipts": ("Deposit", lambda one: seen("Deposit", one)),
    "customer-subcustomer": ("Customer", lambda one: name_entry("Customer", one)),
    "account-undeposited": ("Account", lambda one: chart([one])),
    "companyinfo": ("CompanyInfo", lambda one: company_facts(one, {})),
    "preferences": ("Preferences", lambda one: company_facts({}, one)),
}


@pytest.mark.parametrize("name", READERS)
def test_an_object_with_anything_in_it_is_read_or_said_to_be_unknown(name):
    entity, read = READERS[name]
    read(first(json.loads(recording(name).text), entity))

    @some
    @given(mutated(name))
    def look(content):
        try:
            read(first(content, entity))
        except BookkeepingError:
            pass

    look()


@given(
    st.sampled_from([200, 204, 400, 401, 403, 404, 429, 500, 503]),
    anything.map(json.dumps)
    | st.text(max_size=40)
    | mutated("fault-6140-in-batch-two-errors").map(json.dumps),
    st.booleans(),
)
@example(200, "[" * 50_000, True)
@example(200, '{"Fault": ' + "[" * 300 + "]" * 300 + "}", True)
def test_any_answer_is_usable_or_an_error_of_ours(status, text, writes):
    try:
        check(status, {"Retry-After": text[:10]}, text, writes=writes, now=NOW)
    except (BookkeepingError, UnauthorizedAnswer):
        pass


@pytest.fixture(scope="module")
def server():
    made = Replaying()
    yield made
    made.stop()


BATCH = json.dumps({"BatchItemRequest": [{"bId": "1", "operation": "query", "Query": "x"}, {"bId": "2"}]})
REPORTS = {
    "report-profit-and-loss-production": lambda gateway: profit_and_loss(
        gateway, date(2026, 1, 1), date(2026, 3, 31)
    ),
    "report-aged-receivables-subcustomers": lambda gateway: aged_receivables(gateway, date(2026, 3, 31)),
}
CALLS = {
    "salesreceipt-query": lambda gateway: list(gateway.query_all("SalesReceipt")),
    "batch-create-610-5010-query": lambda gateway: gateway.send_batch("r1", BATCH),
    "cdc-with-deletion": lambda gateway: gateway.changes(["Invoice", "Payment"], NOW),
    "companyinfo": lambda gateway: gateway.company_info(),
    **REPORTS,
}


@pytest.mark.outside
@pytest.mark.parametrize("name", CALLS)
def test_a_call_ends_with_an_answer_or_an_error_of_ours(server, name):
    connected = Connected(server.url, realm_id=REALM)

    @fewer
    @given(mutated(name))
    def call(content):
        server.play(recording(name).edited(lambda kept: (kept.clear(), kept.update(content))))
        try:
            CALLS[name](connected.gateway)
        except BookkeepingError:
            pass

    try:
        call()
    finally:
        connected.gateway.close()
