"""Several currencies: names keep theirs for good, documents have their Customer's, and another is refused."""

import pytest

from tests.standins.conftest import current, sale_line

USD = {"value": "USD", "name": "United States Dollar"}
CAD = {"value": "CAD", "name": "Canadian Dollar"}
SEVERAL = {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}


@pytest.fixture
def several(new_company):
    """A company with several currencies."""
    return new_company(preferences=SEVERAL)


def test_where_there_is_one_currency_what_is_asked_for_is_ignored(company):
    ada = company.customer(CurrencyRef={"value": "CAD"})
    assert ada["CurrencyRef"] == USD
    invoice = company.invoice(ada, CurrencyRef={"value": "CAD"})
    assert invoice["CurrencyRef"] == company.payment(invoice)["CurrencyRef"] == USD
    assert "ExchangeRate" not in invoice


def test_a_document_takes_its_customers_currency(several):
    ada, lea = several.customer(), several.customer("Lea", CurrencyRef={"value": "CAD"})
    assert (ada["CurrencyRef"], lea["CurrencyRef"]) == (USD, CAD)
    for customer, currency in ((ada, USD), (lea, CAD)):
        invoice = several.invoice(customer)
        assert invoice["CurrencyRef"] == several.payment(invoice)["CurrencyRef"] == currency
        assert several.receipt(customer, CurrencyRef=currency)["CurrencyRef"] == currency
    several.books()


def test_a_document_in_another_currency_than_its_customers_is_refused(several):
    lea = several.customer("Lea", CurrencyRef={"value": "CAD"})
    invoice = several.invoice(lea)
    who = {"CustomerRef": {"value": lea["Id"]}, "CurrencyRef": {"value": "USD"}}
    refused = [
        several.refusal("Invoice", who | {"Line": [sale_line(5)]}),
        several.refusal("SalesReceipt", who | {"Line": [sale_line(5)]}),
        several.refusal("Payment", who | {"TotalAmt": 5}),
        several.refusal("Invoice", current(invoice) | {"sparse": True, "CurrencyRef": {"value": "USD"}}),
    ]
    said = "Business Validation Error: The currency of the transaction is invalid for customer / vendor / account."
    assert refused == [("6000", said)] * 4
    books = several.books()
    assert (len(books["Invoice"]), books["SalesReceipt"], books["Payment"]) == (1, [], [])


def test_a_name_keeps_its_currency_for_good(several):
    ada = several.customer()
    changed = current(ada) | {"sparse": True, "CurrencyRef": {"value": "CAD"}}
    assert several.refusal("Customer", changed)[0] == "6000"
    assert several.refusal("Customer", {"DisplayName": "Bo", "CurrencyRef": {"value": "XXX"}})[0] == "2500"
    renamed = several.post("Customer", current(ada) | {"sparse": True, "DisplayName": "Ada R."})
    assert renamed["CurrencyRef"] == USD
