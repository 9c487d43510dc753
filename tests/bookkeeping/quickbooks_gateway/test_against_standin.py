"""The gateway against the Intuit stand-in: what is in the books afterwards counts, not which calls were made."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bookkeeping.errors import (
    BookkeepingError,
    DuplicateNameError,
    GoneError,
    NotConnectedError,
    PermanentError,
    StaleSyncTokenError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.quickbooks_gateway import bodies, reports
from bookkeeping.quickbooks_gateway.bodies import batch_body, delete_body
from bookkeeping.quickbooks_gateway.config import utc_now
from bookkeeping.quickbooks_gateway.gateway import Gateway, quote
from bookkeeping.quickbooks_gateway.limits import LocalLimiter
from bookkeeping.quickbooks_gateway.oauth import OAuth
from bookkeeping.quickbooks_gateway.reading import chart, company_facts, differs, name_entry, seen
from bookkeeping.quickbooks_gateway.tokens import TokenKeeper
from tests.bookkeeping.quickbooks_gateway.conftest import config_for
from tests.bookkeeping.quickbooks_gateway.sqlite_tokens import SqliteTokens
from tests.bookkeeping.quickbooks_gateway.test_bodies import INVOICE, PAYMENT

LINES = tuple(replace(line, item="Inspection") for line in INVOICE.lines)


class Company:
    """A company in the stand-in, connected by consent, with a gateway to it."""

    def __init__(self, intuit, folder, name="Acme Inspections", **options):
        self.intuit = intuit
        self.realm = intuit.post("/_standin/realms", {"name": name, **options})["realm_id"]
        self.config = config_for(
            intuit.base_url,
            client_id="standin-client",
            client_secret="standin-secret",
            timeout=(5, 5),
            requests_per_second=1000,
            requests_per_minute=10000,
        )
        self.oauth = OAuth(self.config)
        self.store = SqliteTokens(folder / f"{self.realm}.db")
        self.store.put(self.oauth.exchange(self.consent()))
        self.keeper = TokenKeeper(self.oauth, self.store)
        self.limiter = LocalLimiter(self.config, sleep=lambda _: None)
        self.calls = []
        self.gateway = Gateway(self.config, self.realm, self.keeper, self.limiter, self.calls.append)

    def consent(self) -> str:
        """Allow the app as the owner does in a browser; return the code."""
        form = {"choice": "connect", "realm": self.realm, "email": "owner@example.com"}
        answer = requests.post(
            self.oauth.authorize_url("state-1"), data=form, allow_redirects=False, timeout=10
        )
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert (back["state"], back["realmId"]) == (["state-1"], [self.realm])
        return back["code"][0]

    def books(self) -> dict:
        """Return everything in the books, which must hold together."""
        books = self.intuit.get(f"/_standin/realms/{self.realm}/books")
        assert not books["integrity"], books["integrity"]
        return books

    def fail(self, **rule) -> None:
        """Make requests of this company fail."""
        self.intuit.post("/_standin/faults", {"realm": self.realm, **rule})

    def write(self, request_id, operation, entity, *bodies):
        """Send a batch of one operation and entity; return the answers."""
        items = [(f"i{n}", operation, entity, body) for n, body in enumerate(bodies)]
        return self.gateway.send_batch(request_id, batch_body(items))

    def booked(self, payment=PAYMENT):
        """Book Customer, Item, Invoice and Payment; return (invoice body, invoice, payment body, payment) as answered."""
        income = chart(self.gateway.query_all("Account")).default_income.qbo_id
        methods = {row["Name"]: row["Id"] for row in self.gateway.query_all("PaymentMethod")}
        first = [
            ("i0", "create", "Customer", {"DisplayName": "Ada Reyes"}),
            ("i1", "create", "Item", bodies.item_body("Inspection", income)),
        ]
        customer, item = self.gateway.send_batch("names", batch_body(first))
        invoice_body = bodies.invoice_body(
            replace(INVOICE, lines=LINES), customer.entity["Id"], {"Inspection": item.entity["Id"]}
        )
        (invoice,) = self.write("invoice", "create", "Invoice", invoice_body)
        payment_body = bodies.payment_body(payment, customer.entity["Id"], invoice.entity["Id"], methods)
        (paid,) = self.write("payment", "create", "Payment", payment_body)
        assert (invoice.error, paid.error) == (None, None)
        return invoice_body, invoice.entity, payment_body, paid.entity


@pytest.fixture
def company(intuit, tmp_path):
    """A connected company."""
    made = Company(intuit, tmp_path)
    yield made
    made.gateway.close()


def test_an_inspection_is_booked_to_the_cent_and_reads_back_as_written(company):
    invoice_body, invoice, payment_body, payment = company.booked()
    stored, paid = (
        company.gateway.read("Invoice", invoice["Id"]),
        company.gateway.read("Payment", payment["Id"]),
    )
    assert (seen("Invoice", stored).total, seen("Invoice", stored).balance) == (
        Decimal("315.10"),
        Decimal("0.00"),
    )
    assert seen("Payment", paid).unapplied == Decimal("84.90")
    assert differs(invoice_body, stored) == [] and differs(payment_body, paid) == []
    assert seen("Invoice", stored).links == (("Payment", payment["Id"]),)
    books = company.books()
    assert (len(books["Invoice"]), len(books["Payment"]), len(books["Customer"])) == (1, 1, 1)


def test_a_stale_update_is_refused_and_a_fresh_one_keeps_the_rest(company):
    body, invoice, _, _ = company.booked()
    token = company.gateway.read("Invoice", invoice["Id"])["SyncToken"]
    assert token != invoice["SyncToken"]  # The Payment moved it.
    sparse = {**body, "Id": invoice["Id"], "sparse": True, "TxnDate": "2026-03-04"}
    (stale,) = company.write("u1", "update", "Invoice", {**sparse, "SyncToken": invoice["SyncToken"]})
    assert isinstance(stale.error, StaleSyncTokenError)
    (fresh,) = company.write("u2", "update", "Invoice", {**sparse, "SyncToken": token})
    assert differs({**body, "TxnDate": "2026-03-04"}, fresh.entity) == []


def test_deletes_in_order_leave_nothing_and_again_means_gone(company):
    _, invoice, _, payment = company.booked()
    (gone,) = company.write("d1", "delete", "Payment", delete_body(payment["Id"], payment["SyncToken"]))
    assert gone.deleted and gone.error is None
    token = company.gateway.read("Invoice", invoice["Id"])["SyncToken"]
    (gone,) = company.write("d2", "delete", "Invoice", delete_body(invoice["Id"], token))
    assert gone.deleted
    (again,) = company.write("d3", "delete", "Invoice", delete_body(invoice["Id"], token))
    assert isinstance(again.error, GoneError)
    assert company.gateway.read("Invoice", invoice["Id"]) is None
    assert not company.books()["Invoice"] and not company.books()["Payment"]


def test_one_faulted_item_leaves_the_others(company):
    company.write("c1", "create", "Customer", {"DisplayName": "Ada"})
    first, second, third = company.write(
        "c2", "create", "Customer", {"DisplayName": "Bo"}, {"DisplayName": " ada "}, {"DisplayName": "Cy"}
    )
    assert isinstance(second.error, DuplicateNameError) and second.error.reference
    assert (first.error, third.error) == (None, None)
    assert sorted(each["DisplayName"] for each in company.books()["Customer"]) == ["Ada", "Bo", "Cy"]


FAULTS = [
    *({"kind": kind} for kind in ("500", "502", "503", "504", "html", "truncated", "empty", "cut")),
    {"kind": "slow", "seconds": 1},
    *({"kind": "429", "encoding": encoding, "retry_after": 1} for encoding in ("json", "lowercase", "xml")),
    {"kind": "fault", "code": "10000", "status": 500},
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values()))
def test_whatever_happens_to_the_answer_the_same_request_again_books_once(intuit, tmp_path, fault, when):
    company = Company(intuit, tmp_path)
    gateway = Gateway(
        replace(company.config, timeout=(5, 0.5)),
        company.realm,
        company.keeper,
        company.limiter,
        company.calls.append,
    )
    body = batch_body([(f"i{n}", "create", "Customer", {"DisplayName": f"Client {n}"}) for n in range(3)])
    company.fail(path="/batch", when=when, **fault)
    with pytest.raises(TemporaryError) as caught:
        gateway.send_batch("r-1:g1", body)
    throttled = isinstance(caught.value, ThrottledError)
    assert throttled == (fault["kind"] == "429")
    assert caught.value.outcome_unknown == (not throttled)
    gateway = Gateway(
        company.config, company.realm, company.keeper, LocalLimiter(company.config), company.calls.append
    )
    answers = gateway.send_batch("r-1:g1", body)
    assert [answer.error for answer in answers] == [None] * 3
    booked = {each["Id"]: each["DisplayName"] for each in company.books()["Customer"]}
    assert booked == {answer.entity["Id"]: f"Client {n}" for n, answer in enumerate(answers)}


def test_a_403_for_a_token_of_another_company_stops_the_company(company, intuit, tmp_path):
    other = Company(intuit, tmp_path, "Other Inspections")
    stray = Gateway(company.config, other.realm, company.keeper, company.limiter, company.calls.append)
    with pytest.raises(NotConnectedError) as caught:
        stray.company_info()
    assert caught.value.code == "qbo-3100"
    assert company.store.dead() is None


def test_an_expired_access_token_is_renewed_unseen(company, intuit):
    intuit.post("/_standin/tokens/expire", {"realm_id": company.realm})
    assert company.gateway.company_info()["CompanyName"] == "Acme Inspections"
    assert company.store.load().version == 2


def test_a_grant_taken_back_inside_quickbooks_is_noticed_and_a_reconnect_heals_it(company, intuit):
    intuit.post("/_standin/tokens/revoke", {"realm_id": company.realm})
    with pytest.raises(NotConnectedError):
        company.gateway.company_info()
    assert company.store.dead() == "reconnect-needed"
    company.store.put(company.oauth.exchange(company.consent()))
    company.keeper = TokenKeeper(company.oauth, company.store)
    again = Gateway(company.config, company.realm, company.keeper, company.limiter, company.calls.append)
    assert again.company_info()["CompanyName"] == "Acme Inspections"


def test_disconnecting_ends_the_grant_and_doing_it_twice_is_no_error(company, intuit):
    token = company.store.load().token_set.refresh_token
    company.oauth.revoke(token)
    company.oauth.revoke(token)
    assert intuit.get("/_standin/realms")["realms"][0]["connected_apps"] == []
    with pytest.raises(NotConnectedError):
        company.oauth.refresh(token)


def test_a_code_is_good_once(company):
    code = company.consent()
    company.oauth.exchange(code)
    with pytest.raises(NotConnectedError):
        company.oauth.exchange(code)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"subscription": "lapsed"}, "qbo-6190"),
        ({"permission": "denied"}, "qbo-5020"),
        ({"permission": "lost"}, "qbo-120"),
    ],
)
def test_a_lapsed_subscription_and_a_lost_permission_are_known(company, intuit, state, code):
    intuit.post(f"/_standin/realms/{company.realm}/company", state)
    try:
        (answer,) = company.write("c1", "create", "Customer", {"DisplayName": "Ada"})
        error = answer.error
    except BookkeepingError as raised:
        error = raised
    assert isinstance(error, NotConnectedError)
    assert error.code == code


def test_closed_books_are_named(company, intuit):
    _, _, body, _ = company.booked()
    intuit.post(
        f"/_standin/realms/{company.realm}/preferences",
        {"AccountingInfoPrefs": {"BookCloseDate": "2026-12-31"}},
    )
    (answer,) = company.write("late", "create", "Payment", body)
    assert isinstance(answer.error, PermanentError)
    assert answer.error.code in {"qbo-6200", "qbo-6210"}
    facts = company_facts(company.gateway.company_info(), company.gateway.preferences())
    assert facts.close_date == date(2026, 12, 31)


def test_the_company_and_its_accounts_are_understood(company):
    facts = company_facts(company.gateway.company_info(), company.gateway.preferences())
    assert (facts.name, facts.country, facts.currency) == ("Acme Inspections", "US", "USD")
    assert facts.close_date is None
    found = chart(company.gateway.query_all("Account"))
    assert found.default_income and found.undeposited


NAMES = ["Peet's", "back\\slash", "O'\\'Brien", "100% sure", "Zoë Müller", 'say "hi"', "a" * 500]


def test_odd_names_are_stored_and_found_again(company):
    answers = company.write("c1", "create", "Customer", *({"DisplayName": name} for name in NAMES))
    assert [answer.error for answer in answers] == [None] * len(NAMES)
    for name, answer in zip(NAMES, answers, strict=True):
        rows = list(company.gateway.query_all("Customer", f"DisplayName = {quote(name)}"))
        assert [row["Id"] for row in rows] == [answer.entity["Id"]], name
        assert name_entry("Customer", rows[0]).display_name == name


def test_inactive_customers_are_read_too_and_known_as_such(company):
    (made,) = company.write("c1", "create", "Customer", {"DisplayName": "Ada"})
    sleeping = {
        "Id": made.entity["Id"],
        "SyncToken": made.entity["SyncToken"],
        "sparse": True,
        "Active": False,
    }
    company.write("c2", "update", "Customer", sleeping)
    (row,) = company.gateway.query_all("Customer")
    assert (name_entry("Customer", row).active, row["DisplayName"]) == (False, "Ada (deleted)")
    assert set(company.gateway.read_many("Customer", [made.entity["Id"], "99999"])) == {made.entity["Id"]}


def test_two_thousand_customers_come_complete_in_three_pages(company, intuit):
    items = [{"operation": "create", "Customer": {"DisplayName": f"Client {n}"}} for n in range(2005)]
    intuit.post(f"/_standin/realms/{company.realm}/batch", {"BatchItemRequest": items})
    names = {row["DisplayName"] for row in company.gateway.query_all("Customer", fields="Id, DisplayName")}
    assert len(names) == 2005
    assert [call.kind for call in company.calls] == ["query"] * 3
    found = company.gateway.changes(["Customer", "Invoice"], utc_now() - timedelta(hours=1))
    assert len(found.by_entity["Customer"]) == 2005
    assert found.truncated


def test_changes_show_edits_deletions_and_the_cursor_goes_on(company):
    start = utc_now() - timedelta(minutes=1)
    body, _, _, payment = company.booked()
    first = company.gateway.changes(["Invoice", "Payment", "Customer"], start)
    assert [len(first.by_entity[name]) for name in ("Invoice", "Payment", "Customer")] == [1, 1, 1]
    assert not first.truncated
    assert abs(first.server_time - datetime.now(UTC)) < timedelta(minutes=1)
    company.write("d1", "delete", "Payment", delete_body(payment["Id"], payment["SyncToken"]))
    later = company.gateway.changes(["Payment", "Invoice"], first.server_time - timedelta(seconds=1))
    (gone,) = (seen("Payment", each) for each in later.by_entity["Payment"])
    assert gone.deleted and gone.qbo_id == payment["Id"]
    assert differs(body, later.by_entity["Invoice"][0]) == []


def test_every_read_is_metered_and_no_write_is(company):
    company.booked()
    company.gateway.preferences()
    assert {(call.kind, call.metered) for call in company.calls} == {
        ("query", True),
        ("batch", False),
        ("read", True),
    }
    assert all(call.tid and call.status == 200 for call in company.calls)


def test_profit_and_loss_by_month_is_what_was_booked(company):
    company.booked()
    found = reports.profit_and_loss(company.gateway, date(2025, 9, 15), date(2026, 4, 30))
    assert found.totals["Income", date(2026, 3, 1)] == Decimal("315.10")
    assert sum(amount for (section, _), amount in found.totals.items() if section == "Income") == Decimal(
        "315.10"
    )
    assert {(row.section, row.month): row.amount for row in found.accounts} == {
        ("Income", date(2026, 3, 1)): Decimal("315.10")
    }


def test_aged_receivables_are_of_the_day_that_was_asked_for(company):
    company.booked(replace(PAYMENT, amount=Decimal("100.00"), applied=Decimal("100.00")))
    before = reports.aged_receivables(company.gateway, date(2026, 3, 1))
    assert (before.total, before.customers) == (Decimal("0.00"), ())
    after = reports.aged_receivables(company.gateway, date(2026, 3, 31))
    assert after.total == Decimal("215.10")
    (owes,) = after.customers
    assert (owes.customer, owes.total, sum(owes.by_age)) == (
        "Ada Reyes",
        Decimal("215.10"),
        Decimal("215.10"),
    )
    assert len(after.ages) == len(owes.by_age) == 5
