"""What real QuickBooks companies answered, read by the real gateway and sign-in over HTTP. Every recording has one right reading."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bookkeeping.errors import (
    DuplicateNameError,
    GoneError,
    MisconfiguredError,
    NotConnectedError,
    PermanentError,
    StaleSyncTokenError,
    ThrottledError,
)
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.bodies import batch_body
from bookkeeping.quickbooks_gateway.oauth import OAuth
from bookkeeping.quickbooks_gateway.reading import chart, company_facts, name_entry, seen
from bookkeeping.quickbooks_gateway.receipts import receipt_of
from bookkeeping.quickbooks_gateway.reports import aged_receivables, has_data, profit_and_loss, report_rows
from tests.bookkeeping.quickbooks_gateway.conftest import Connected, config_for
from tests.harness.replaying import REALM, Replaying, recording, recordings

pytestmark = pytest.mark.outside  # Its server serves the whole module.


class Books:
    """The real gateway, connected to the replaying server."""

    def __init__(self, server: Replaying):
        self.server = server
        self.connected = Connected(server.url, realm_id=REALM)
        self.gateway = self.connected.gateway

    def play(self, name: str, edit=None):
        """Let the server give a recording from now on; return it."""
        played = recording(name) if edit is None else recording(name).edited(edit)
        self.server.play(played)
        return played

    def only(self, name: str, entity: str):
        """Query the entity of a recording that has one row; return the row."""
        self.play(name)
        (row,) = self.gateway.query_all(entity)
        return row

    def written(self, name: str, entity: str, operation: str = "create"):
        """Send the write that a recording answers, in a batch of one; return what became of it."""
        played = recording(name)
        self.server.play(played.in_a_batch("i0"))
        (answer,) = self.gateway.send_batch("r1", batch_body([("i0", operation, entity, played.asked)]))
        return answer


@pytest.fixture(scope="module")
def server() -> Iterator[Replaying]:
    made = Replaying()
    yield made
    made.stop()


@pytest.fixture
def books(server) -> Iterator[Books]:
    made = Books(server)
    yield made
    made.gateway.close()


# Objects as they were written and read.


def test_an_invoice_comes_back_from_its_creation(books):
    answer = books.written("invoice-create", "Invoice")
    invoice = seen("Invoice", answer.entity)
    assert (answer.error, answer.deleted, answer.reference) == (
        None,
        False,
        "1-5f730000-000000000000000000000001",
    )
    assert (invoice.qbo_id, invoice.sync_token, invoice.doc_number) == ("7266", "0", "1043")
    assert (invoice.total, invoice.balance) == (Decimal("100.00"), Decimal("100.00"))
    assert (invoice.txn_date, invoice.due_date) == (date(2020, 9, 29), date(2020, 10, 29))
    assert [(line.item_id, line.amount) for line in invoice.lines] == [("7001", Decimal("100.00"))]
    assert invoice.changed_at == datetime(2020, 9, 29, 12, 58, 7, tzinfo=UTC)
    assert not invoice.voided


def test_a_deleted_invoice_is_known_to_be_gone(books):
    answer = books.written("invoice-delete", "Invoice", "delete")
    assert (answer.deleted, answer.error) == (True, None)
    assert seen("Invoice", answer.entity).deleted


def test_a_voided_invoice_keeps_its_lines_and_is_seen_as_voided(books):
    answer = books.written("invoice-void", "Invoice", "void")
    invoice = seen("Invoice", answer.entity)
    assert (invoice.voided, invoice.deleted, invoice.total) == (True, False, Decimal("0.00"))
    assert [(line.item_id, line.amount) for line in invoice.lines] == [("7001", Decimal("0.00"))]


def test_a_taxed_invoice_with_two_payments(books):
    invoice = seen("Invoice", books.only("invoice-paid-taxed", "Invoice"))
    assert (invoice.total, invoice.balance) == (Decimal("2369.52"), Decimal("0.00"))
    assert sum(line.amount for line in invoice.lines) == Decimal("2194.00")
    assert invoice.links == (("Payment", "7120"), ("Payment", "7061"))


def test_a_deposited_payment_has_the_token_and_time_of_its_creation(books):
    payment = seen("Payment", books.only("payment-deposited", "Payment"))
    assert (payment.deposited, payment.sync_token) == (True, "0")
    assert payment.changed_at == datetime(2023, 2, 17, 21, 35, 42, tzinfo=UTC)
    assert (payment.total, payment.unapplied, payment.deposit_account_id) == (Decimal("81.00"), 0, "7004")
    assert [(line.links, line.amount) for line in payment.lines] == [
        ((("Invoice", "7042"),), Decimal("81.00"))
    ]


def test_a_deposit_names_what_it_swept_up(books):
    deposit = seen("Deposit", books.only("deposit-of-receipts", "Deposit"))
    assert deposit.swept == (("SalesReceipt", "7047"), ("SalesReceipt", "7038"))
    assert deposit.total == Decimal("218.75")


def test_receipts_edited_deposited_and_without_a_customer(books):
    books.play("salesreceipt-query")
    receipts = {one.receipt_id: one for one in map(receipt_of, books.gateway.query_all("SalesReceipt"))}
    assert {key: (one.edits, one.deposit_id) for key, one in receipts.items()} == {
        "7017": (5, ""),
        "7011": (1, ""),
        "7047": (0, "7062"),
        "7038": (0, "7062"),
    }
    assert (receipts["7017"].customer_id, receipts["7017"].total) == ("", Decimal("337.50"))
    assert receipts["7038"].total == Decimal("78.75")


def test_a_new_customer(books):
    answer = books.written("customer-create", "Customer")
    entry = name_entry("Customer", answer.entity)
    assert (entry.qbo_id, entry.display_name, entry.active, entry.email) == ("7070", "Dow, June", True, "")


def test_a_sub_customer_with_address_and_both_phones(books):
    entry = name_entry("Customer", books.only("customer-subcustomer", "Customer"))
    assert (entry.display_name, entry.given_name, entry.family_name) == (
        "12 Harbor View Road",
        "Sara",
        "Tilley",
    )
    assert entry.phone == "(555) 555-0187, (555) 555-0101"
    assert entry.address == "875 Example St, Anytown, CA, 80000"


def test_inactive_employees_are_read_with_their_suffix(books):
    books.play("employee-query-inactive")
    found = {row["Id"]: name_entry("Employee", row) for row in books.gateway.query_all("Employee")}
    assert {key: (one.display_name, one.active) for key, one in found.items()} == {
        "7055": ("Elena Pratt (deleted)", False),
        "7054": ("Jon Jensen", True),
    }


def test_undeposited_funds_is_known_by_what_it_is(books):
    books.play("account-undeposited")
    found = chart(books.gateway.query_all("Account"))
    assert (found.undeposited.qbo_id, found.undeposited.name) == ("7004", "Undeposited Funds")
    assert found.default_income is None


def test_a_tax_code_is_a_row_like_any_other(books):
    row = books.only("taxcode", "TaxCode")
    assert (row["Id"], row["Name"], row["Taxable"]) == ("7002", "California", True)


@pytest.mark.parametrize("name", ["query-empty", "query-count"])
def test_an_answer_without_rows_has_none(books, name):
    books.play(name)
    assert list(books.gateway.query_all("Customer")) == []


def test_the_company_and_its_preferences(books):
    books.play("companyinfo")
    info = books.gateway.company_info()
    books.play("preferences")
    facts = company_facts(info, books.gateway.preferences())
    assert (facts.name, facts.country, facts.currency) == ("Maple Sandbox Co", "US", "USD")
    assert (facts.close_date, facts.subscription) == (None, "")
    # These two are not among the preferences of this company at all.
    assert (facts.auto_apply_credit, facts.automated_sales_tax) == (False, False)
    assert (facts.class_on, facts.uses_locations) == ("", False)


def test_changes_with_a_deletion_between_empty_blocks(books):
    books.connected.clock.now = datetime(2016, 4, 13, 15, 0, tzinfo=UTC)
    books.play("cdc-with-deletion")
    since = books.connected.clock.now - timedelta(hours=8)
    found = books.gateway.changes(["Invoice", "Payment", "Customer"], since)
    paid, gone = (seen("Invoice", row) for row in found.by_entity["Invoice"])
    assert (paid.qbo_id, paid.total, paid.balance) == ("7103", Decimal("629.10"), Decimal("0.00"))
    assert paid.links == (("Estimate", "7041"), ("Payment", "7147"))
    assert (gone.qbo_id, gone.deleted) == ("7065", True)
    assert [seen("Payment", row).qbo_id for row in found.by_entity["Payment"]] == ["7147"]
    assert (found.by_entity["Customer"], found.truncated) == ([], False)
    assert found.server_time == datetime(2016, 4, 13, 14, 52, 34, 949000, tzinfo=UTC)


def test_each_item_of_a_batch_has_its_own_outcome(books):
    asked = books.play("batch-create-610-5010-query").asked
    vendor, gone, stale, rows = books.gateway.send_batch("r1", json.dumps(asked))
    assert (vendor.entity_name, vendor.entity["Id"], vendor.error) == ("Vendor", "7071", None)
    assert isinstance(gone.error, GoneError)
    assert isinstance(stale.error, StaleSyncTokenError)
    assert len(rows.entity["SalesReceipt"]) == 2
    assert {one.reference for one in (vendor, gone, stale, rows)} == {"1-5f730000-000000000000000000000001"}


# Refusals.


@pytest.mark.parametrize(
    ("name", "entity", "kind", "code"),
    [
        ("fault-2010-unknown-property", "Invoice", PermanentError, "qbo-2010"),
        ("fault-5010-stale", "Item", StaleSyncTokenError, "qbo-5010"),
        ("fault-6240-detail-null", "Customer", DuplicateNameError, "qbo-6240"),
        ("fault-6540-deposited", "SalesReceipt", PermanentError, "qbo-6540"),
    ],
)
def test_a_refused_write(books, name, entity, kind, code):
    error = books.written(name, entity).error
    assert (type(error), error.code, fault(code).code) == (kind, code, code)
    assert error.detail and "null" not in error.detail


@pytest.mark.parametrize(
    ("name", "qbo_id", "code"),
    [("fault-2030-no-time", "1.5", "qbo-2030"), ("fault-500-unsupported-under-400", "1/5", "qbo-500")],
)
def test_a_read_that_makes_no_sense_is_our_mistake_and_proves_nothing_gone(books, name, qbo_id, code):
    books.play(name)
    with pytest.raises(PermanentError) as caught:
        books.gateway.read("Customer", qbo_id)
    assert (caught.value.code, fault(caught.value.code).who) == (code, "ops")
    assert not isinstance(caught.value, GoneError)


def test_all_errors_of_a_batch_item_are_told(books):
    books.play("fault-6140-in-batch-two-errors")
    (answer,) = books.gateway.send_batch("r1", json.dumps({"BatchItemRequest": [{"bId": "1"}]}))
    assert answer.error.code == "qbo-6140"
    assert "TxnId=9632" in answer.error.detail and "AccountRef is missing" in answer.error.detail


def test_throttling_as_xml_under_403_is_no_lost_connection(books):
    books.play("fault-throttle-xml-under-403")
    with pytest.raises(ThrottledError):
        books.gateway.company_info()


def test_another_companys_token_needs_a_reconnect(books):
    books.play("fault-403-wrong-company")
    with pytest.raises(NotConnectedError) as caught:
        books.gateway.company_info()
    assert caught.value.code == "qbo-3100"


@pytest.mark.parametrize("ours", [True, False], ids=["part of our token", "a token that we do not know"])
def test_a_refused_token_is_quoted_nowhere(books, ours):
    quoted = "AB01EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE"
    assert quoted in books.play("fault-401-lowercase").text
    if ours:
        books.connected.tokens.access_token = lambda: f"eyJ{quoted}rest-of-the-token"
        books.connected.tokens.force_refresh = lambda stale: stale
    with pytest.raises(NotConnectedError) as caught:
        books.gateway.read("Customer", "7001")
    said = caught.value
    assert said.code == "qbo-3200" and "Token expired" in said.detail and "Token expired" in said.answer
    assert "EXAMPLE" not in said.detail + said.answer + str(said) + repr(said.args)


def test_another_apps_keys_are_our_mistake_and_the_connection_lives(server):
    oauth = OAuth(config_for(server.url))
    refusal = recording("oauth-wrong-app-keys")
    server.play(refusal, replace(refusal, path="/v2/oauth2/tokens/revoke"))
    for ask in (oauth.refresh, oauth.exchange, oauth.revoke):
        with pytest.raises(MisconfiguredError) as caught:
            ask("RT1-of-another-app")
        assert "clientID" in caught.value.detail and fault(caught.value.code).who == "ops"


# Reports.


def asked_for(start: str, end: str):
    """The recording as it comes when asked for these days."""

    def edit(body):
        body["Header"] |= {"StartPeriod": start, "EndPeriod": end}

    return edit


@pytest.mark.parametrize("columns", [2, 1, 0], ids=["a total", "no amounts", "none"])
def test_an_empty_profit_and_loss_is_nothing_whatever_its_columns(books, columns):
    def edit(body):
        asked_for("2015-01-01", "2015-06-30")(body)
        del body["Columns"]["Column"][columns:]

    books.play("report-profit-and-loss-empty", edit)
    found = profit_and_loss(books.gateway, date(2015, 1, 1), date(2015, 6, 30))
    assert (found.accounts, found.totals) == ((), {})


def test_an_empty_report_is_believed_by_its_option_alone(books):
    raw = books.play("report-profit-and-loss-empty").content
    assert raw["Rows"]["Row"] and not has_data(raw)


def test_every_section_of_a_real_profit_and_loss_is_read(books):
    books.play("report-profit-and-loss-production")
    rows = list(report_rows(books.gateway.report("ProfitAndLoss", {})))
    totals = {row.group: row.amount(1) for row in rows if row.is_total}
    assert totals == {
        "Income": Decimal("508203.77"),
        "COGS": Decimal("312995.70"),
        "GrossProfit": Decimal("195208.07"),
        "Expenses": Decimal("215955.79"),
        "NetOperatingIncome": Decimal("-20747.72"),
        "OtherIncome": Decimal("205.00"),
        "OtherExpenses": Decimal("-13633.20"),
        "NetOtherIncome": Decimal("13838.20"),
        "NetIncome": Decimal("-6909.52"),
    }
    for group in ("Income", "COGS", "Expenses", "OtherIncome", "OtherExpenses"):
        assert sum(row.amount(1) for row in rows if row.group == group and not row.is_total) == totals[group]


def test_a_report_that_is_not_by_month_is_not_guessed_at(books):
    books.play("report-profit-and-loss-production")
    with pytest.raises(PermanentError) as caught:
        profit_and_loss(books.gateway, date(2025, 1, 1), date(2025, 6, 28), "Cash")
    assert caught.value.code == "report-mismatch"


def test_a_parent_customer_that_owes_nothing_itself_is_no_row_of_aging(books):
    books.play("report-aged-receivables-subcustomers")
    found = aged_receivables(books.gateway, date(2015, 12, 31))
    assert [(one.customer_id, one.customer, one.total) for one in found.customers] == [
        ("7001", "Ann's Bird Rescue", Decimal("239.00")),
        ("7008", "Fairman Sports Goods:12 Harbor View Road", Decimal("477.50")),
        ("7009", "Fairman Sports Goods:7 Twin Pines", Decimal("85.00")),
    ]
    assert found.total == Decimal("5481.52")
    assert found.customers[1].by_age == (0, 0, 0, 0, Decimal("477.50"))


def test_a_parent_customer_with_a_balance_of_its_own_is_a_row_beside_its_sub_customers(books):
    def edit(body):
        header = body["Rows"]["Row"][1]["Header"]["ColData"]
        header[1]["value"], header[6]["value"] = "40.00", "40.00"
        header.append({"value": "a cell without a column"})

    books.play("report-aged-receivables-subcustomers", edit)
    found = aged_receivables(books.gateway, date(2015, 12, 31))
    assert found.customers[1].customer == "Fairman Sports Goods"
    assert (found.customers[1].by_age[0], found.customers[1].total) == (Decimal("40.00"), Decimal("40.00"))


def test_no_recording_is_left_unread():
    here = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in recordings() if f'"{name}"' not in here] == []
