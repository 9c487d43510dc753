"""QuickBooks' JSON in neutral words, and what counts as a difference from what we wrote."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bookkeeping.quickbooks_gateway import bodies
from bookkeeping.quickbooks_gateway.reading import (
    SeenDeposit,
    SeenInvoice,
    SeenPayment,
    SeenReceipt,
    chart,
    company_facts,
    differs,
    name_entry,
    seen,
)
from tests.bookkeeping.quickbooks_gateway.test_bodies import INVOICE, ITEMS, PAYMENT

STAMP = {"CreateTime": "2026-03-02T09:15:04-08:00", "LastUpdatedTime": "2026-03-02T09:16:00-08:00"}


def stored_invoice(**changes):
    """The invoice of `test_bodies` as QuickBooks gives it back, with all that it adds."""
    lines = json.loads(bodies.frozen(bodies.invoice_body(INVOICE, "71", ITEMS)))["Line"]
    for number, line in enumerate(lines, 1):
        line |= {"Id": str(number), "LineNum": number}
        line["SalesItemLineDetail"]["ItemRef"]["name"] = line["Description"]
    return {
        "Id": "145",
        "SyncToken": "4",
        "DocNumber": "SP-1042",
        "TxnDate": "2026-03-02",
        "DueDate": "2026-03-16",
        "CustomerRef": {"value": "71", "name": "Ada Reyes"},
        "PrivateNote": "12 Oak St\r\nTieout inspection 1042",
        "CustomerMemo": {"value": "12 Oak St"},
        "BillEmail": {"Address": "ada@example.com"},
        "Line": [*lines, {"Amount": 315.10, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
        "LinkedTxn": [{"TxnId": "163", "TxnType": "Payment"}],
        "TotalAmt": Decimal("315.10"),
        "Balance": 0,
        "TxnTaxDetail": {"TotalTax": 0},
        "MetaData": STAMP,
        "domain": "QBO",
        "sparse": False,
        **changes,
    }


def stored_payment(**changes):
    return {
        "Id": "163",
        "SyncToken": "0",
        "TxnDate": "2026-03-03",
        "CustomerRef": {"value": "71"},
        "TotalAmt": 400,
        "UnappliedAmt": Decimal("84.9"),
        "PaymentMethodRef": {"value": "2"},
        "PaymentRefNum": "1077",
        "DepositToAccountRef": {"value": "4"},
        "PrivateNote": "Tieout payment p-9",
        "Line": [
            {
                "Amount": 315.1,
                "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}],
                "LineEx": {"any": [{"name": "txnId", "value": "145"}]},
            }
        ],
        "MetaData": STAMP,
        **changes,
    }


def test_an_invoice_is_read_in_full():
    invoice = seen("Invoice", stored_invoice())
    assert isinstance(invoice, SeenInvoice)
    assert (invoice.qbo_id, invoice.sync_token, invoice.doc_number) == ("145", "4", "SP-1042")
    assert (invoice.txn_date, invoice.due_date) == (date(2026, 3, 2), date(2026, 3, 16))
    assert (invoice.total, invoice.balance) == (Decimal("315.10"), Decimal("0.00"))
    assert (invoice.customer_id, invoice.customer_name) == ("71", "Ada Reyes")
    assert invoice.links == (("Payment", "163"),)
    assert invoice.changed_at == datetime(2026, 3, 2, 17, 16, tzinfo=UTC)
    assert [(line.item_id, line.amount) for line in invoice.lines] == [
        ("5", Decimal("350.10")),
        ("6", Decimal("-35.00")),
    ]
    assert not (invoice.voided or invoice.deposited or invoice.deleted)


def test_a_payment_is_read_with_what_it_pays():
    payment = seen("Payment", stored_payment())
    assert isinstance(payment, SeenPayment)
    assert (payment.total, payment.unapplied) == (Decimal("400.00"), Decimal("84.90"))
    assert (payment.method_id, payment.reference, payment.deposit_account_id) == ("2", "1077", "4")
    assert [(line.amount, line.links) for line in payment.lines] == [
        (Decimal("315.10"), (("Invoice", "145"),))
    ]


def test_a_receipt_in_a_deposit_is_known_as_deposited_and_so_is_the_deposit_that_holds_it():
    receipt = seen(
        "SalesReceipt", {"Id": "7", "TotalAmt": 99, "LinkedTxn": [{"TxnId": "123", "TxnType": "Deposit"}]}
    )
    assert isinstance(receipt, SeenReceipt) and receipt.deposited
    link = {"TxnId": "7", "TxnType": "SalesReceipt", "TxnLineId": "0"}
    deposit = seen("Deposit", {"Id": "123", "TotalAmt": 99, "Line": [{"Amount": 99, "LinkedTxn": [link]}]})
    assert isinstance(deposit, SeenDeposit)
    assert deposit.swept == (("SalesReceipt", "7"),)


def test_a_deleted_document_is_only_an_id():
    gone = seen("Invoice", {"domain": "QBO", "status": "Deleted", "Id": "145", "MetaData": STAMP})
    assert (gone.deleted, gone.qbo_id, gone.total) == (True, "145", Decimal("0.00"))


def test_a_voided_document_is_told_from_one_over_nothing():
    assert seen("Invoice", stored_invoice(TotalAmt=0, PrivateNote="Voided - 12 Oak St")).voided
    assert not seen("Invoice", stored_invoice(TotalAmt=0)).voided


def test_what_quickbooks_adds_or_moves_by_itself_is_no_difference():
    assert differs(bodies.invoice_body(INVOICE, "71", ITEMS), stored_invoice()) == []
    assert differs(bodies.payment_body(PAYMENT, "71", "145", {"Check": "2"}), stored_payment()) == []


def test_a_body_read_back_from_the_journal_compares_alike():
    wrote = json.loads(bodies.frozen(bodies.invoice_body(INVOICE, "71", ITEMS, sync=("145", "3"))))
    assert differs(wrote, stored_invoice()) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"TxnDate": "2026-03-05"}, ("Date", "2026-03-02", "2026-03-05")),
        ({"DueDate": "2026-04-01"}, ("Due date", "2026-03-16", "2026-04-01")),
        ({"DocNumber": "1001"}, ("Number", "SP-1042", "1001")),
        ({"CustomerRef": {"value": "72"}}, ("Customer", "71", "72")),
        ({"CustomerMemo": None}, ("Message to the customer", "12 Oak St", "")),
        ({"PrivateNote": "other"}, ("Memo", "12 Oak St\nTieout inspection 1042", "other")),
        ({"BillEmail": {"Address": "x@example.com"}}, ("Email", "ada@example.com", "x@example.com")),
        ({"TotalAmt": Decimal("340.31")}, ("Total", "315.10", "340.31")),
    ],
)
def test_an_edit_of_a_field_of_ours_is_named_with_both_sides(change, difference):
    assert differs(bodies.invoice_body(INVOICE, "71", ITEMS), stored_invoice(**change)) == [difference]


def test_edited_lines_are_shown_side_by_side():
    stored = stored_invoice()
    stored["Line"][0]["Amount"] = 300
    (lines,) = differs(bodies.invoice_body(INVOICE, "71", ITEMS), stored)
    assert lines[0] == "Lines"
    assert "350.10" in lines[1] and "300.00" in lines[2]


def test_a_removed_line_an_added_discount_and_an_unapplied_payment_are_differences():
    wrote = bodies.invoice_body(INVOICE, "71", ITEMS)
    removed = stored_invoice()
    del removed["Line"][1]
    added = stored_invoice()
    added["Line"].append({"Amount": 10, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}})
    assert [label for label, *_ in differs(wrote, removed)] == ["Lines"]
    assert [label for label, *_ in differs(wrote, added)] == ["Lines"]
    payment = bodies.payment_body(PAYMENT, "71", "145", {"Check": "2"})
    assert differs(payment, stored_payment(Line=[])) == [("Applied to", "Invoice 145: 315.10", "")]


def test_a_field_that_we_never_wrote_is_not_ours_to_compare():
    wrote = bodies.payment_body(PAYMENT, "71", "145", {"Check": "2"})
    assert differs(wrote, stored_payment(DepositToAccountRef={"value": "35"})) == []
    ours = bodies.payment_body(replace(PAYMENT, deposit_account_id="4"), "71", "145", {"Check": "2"})
    assert differs(ours, stored_payment(DepositToAccountRef={"value": "35"})) == [("Deposit to", "4", "35")]


def test_a_customer_and_an_item_are_compared_by_what_we_wrote():
    wrote = {
        "Id": "71",
        "SyncToken": "2",
        "DisplayName": "Ada Reyes",
        "PrimaryPhone": {"FreeFormNumber": "555-0100"},
    }
    stored = {**wrote, "SyncToken": "3", "Balance": 12, "GivenName": "Ada", "Mobile": {"FreeFormNumber": "1"}}
    assert differs(wrote, stored) == []
    assert differs(wrote, {**stored, "DisplayName": "Ada R."}) == [("Name", "Ada Reyes", "Ada R.")]
    assert differs(wrote, {**stored, "PrimaryPhone": None}) == [("Phone", "555-0100", "")]
    assert differs({"Name": "Radon"}, {"Name": "Radon test"}) == [("Name", "Radon", "Radon test")]


def test_a_customer_becomes_an_entry_of_the_name_index():
    entry = name_entry(
        "Customer",
        {
            "Id": "71",
            "DisplayName": "Ada Reyes (deleted)",
            "Active": False,
            "GivenName": "Ada",
            "PrimaryEmailAddr": {"Address": "ada@example.com,other@example.com"},
            "PrimaryPhone": {"FreeFormNumber": "555-0100"},
            "Mobile": {"FreeFormNumber": "555-0101"},
            "BillAddr": {"Id": "3", "Line1": "12 Oak St", "City": "Bend", "PostalCode": "97701"},
        },
    )
    assert (entry.kind, entry.qbo_id, entry.active) == ("Customer", "71", False)
    assert (entry.phone, entry.address) == ("555-0100, 555-0101", "12 Oak St, Bend, 97701")
    assert name_entry("Vendor", {"Id": "9", "DisplayName": "Radon Lab"}).active


def test_the_us_is_said_in_one_spelling_and_any_other_country_in_its_own():
    read = {said: company_facts({"Country": said}, {}) for said in ("United States of America", "U.S.", "CA")}
    assert [one.country for one in read.values()] == ["US", "US", "CA"]
    assert [one.currency for one in read.values()] == ["USD", "USD", ""]


def test_the_facts_of_a_company():
    facts = company_facts(
        {
            "CompanyName": "Acme Inspections",
            "Country": "CA",
            "NameValue": [{"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"}],
        },
        {
            "AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"},
            "SalesFormsPrefs": {"CustomTxnNumbers": True, "AutoApplyCredit": "true", "AllowDiscount": False},
            "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True},
            "CurrencyPrefs": {"HomeCurrency": {"value": "CAD"}},
        },
    )
    assert (facts.name, facts.country, facts.currency) == ("Acme Inspections", "CA", "CAD")
    assert facts.close_date == date(2025, 12, 31)
    assert facts.auto_apply_credit and facts.automated_sales_tax
    assert facts.subscription == "SUBSCRIBED"


def test_open_books_have_no_closing_date_and_a_silent_us_company_keeps_dollars():
    facts = company_facts({"CompanyName": "Acme", "Country": "US"}, {"AccountingInfoPrefs": {}})
    assert (facts.close_date, facts.currency) == (None, "USD")


def account(number, name, kind, sub="", active=True):
    return {"Id": str(number), "Name": name, "AccountType": kind, "AccountSubType": sub, "Active": active}


def test_the_accounts_we_need_are_found():
    found = chart(
        [
            account(79, "Sales of Product Income", "Income", "SalesOfProductIncome"),
            account(5, "Fees Billed", "Income", "ServiceFeeIncome", active=False),
            account(1, "Services", "Income", "ServiceFeeIncome"),
            account(82, "Other fees", "Income", "ServiceFeeIncome"),
            account(4, "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
            account(35, "Checking", "Bank", "Checking"),
        ]
    )
    assert found.default_income.name == "Services"
    assert found.undeposited.qbo_id == "4"
    assert [choice.qbo_id for choice in found.incomes] == ["1", "79", "82"]


def test_a_chart_without_income_says_so():
    assert chart([account(35, "Checking", "Bank")]).default_income is None
