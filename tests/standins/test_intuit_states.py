"""What the state of a document or a company lets through: voided, deposited, deleted, closed books, a lapsed subscription, automated tax."""

import pytest

from tests.standins.conftest import current, sale_line


@pytest.fixture
def ada(company):
    return company.customer()


def test_automated_sales_tax_changes_the_total(new_company):
    company = new_company(preferences={"TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True}})
    ada = company.customer()
    line = sale_line(100, TaxCodeRef={"value": "TAX"})
    assert company.invoice(ada, 0, Line=[line])["TotalAmt"] == 108.25
    assert company.invoice(ada, 0, Line=[line], TxnTaxDetail={"TotalTax": 7})["TotalAmt"] == 107
    assert company.invoice(ada, 0, Line=[sale_line(100, TaxCodeRef={"value": "NON"})])["TotalAmt"] == 100
    company.books()


def test_void_keeps_the_document_at_zero(company, ada):
    invoice = company.invoice(ada, PrivateNote="inspection 7")
    voided = company.post("Invoice", current(invoice), operation="void")
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided - inspection 7")
    receipt = company.receipt(ada)
    voided = company.post(
        "SalesReceipt", current(receipt) | {"sparse": True}, operation="update", include="void"
    )
    assert voided["TotalAmt"] == 0
    assert company.refusal("CreditMemo", {"Id": "1", "SyncToken": "0"}, operation="void")[0] == "500"
    company.books()


def test_deposit_freezes_what_is_in_it_until_it_is_gone(company, ada):
    payment = company.payment(company.invoice(ada))
    receipt = company.receipt(ada, 120)
    into_bank = company.receipt(ada, 80, DepositToAccountRef={"value": "35"})
    deposit = company.deposit(("Payment", payment), ("SalesReceipt", receipt))
    assert deposit["TotalAmt"] == 470
    for entity, txn in (("Payment", payment), ("SalesReceipt", receipt)):
        frozen = company.read(entity, txn["Id"])
        assert frozen["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
        assert frozen["DepositToAccountRef"]["value"] == "4"
        assert (frozen["SyncToken"], frozen["MetaData"]) == (txn["SyncToken"], txn["MetaData"])
        assert company.refusal(entity, current(frozen) | {"sparse": True, "PrivateNote": "x"})[0] == "6540"
        assert company.refusal(entity, current(frozen), operation="delete")[0] == "6540"
    body = {"DepositToAccountRef": {"value": "35"}}
    for txn, amount in ((receipt, 120), (into_bank, 80)):
        line = {"Amount": amount, "LinkedTxn": [{"TxnId": txn["Id"], "TxnType": "SalesReceipt"}]}
        assert company.refusal("Deposit", body | {"Line": [line]})[0] == "6000"
    assert company.read("Account", "35")["CurrentBalance"] == 550
    company.post("Deposit", current(deposit), operation="delete")
    free = company.read("SalesReceipt", receipt["Id"])
    assert (free["SyncToken"], free["MetaData"]) == (receipt["SyncToken"], receipt["MetaData"])
    assert company.post("SalesReceipt", current(free), operation="delete")["status"] == "Deleted"
    company.books()


@pytest.mark.parametrize(("password", "code"), [(False, "6200"), (True, "6210")])
def test_closed_period_refuses_every_change(company, ada, password, code):
    old, new = company.invoice(ada, TxnDate="2026-01-31"), company.invoice(ada, TxnDate="2026-02-01")
    company.admin("preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-01-31"}})
    company.admin("company", {"closing_password": password})
    body = {"CustomerRef": {"value": ada["Id"]}, "TxnDate": "2026-01-15", "Line": [sale_line(1)]}
    assert company.refusal("Invoice", body)[0] == code
    assert company.refusal("Invoice", current(old) | {"sparse": True, "TxnDate": "2026-02-02"})[0] == code
    assert company.refusal("Invoice", current(new) | {"sparse": True, "TxnDate": "2026-01-02"})[0] == code
    assert company.refusal("Invoice", current(old), operation="void")[0] == code
    assert company.refusal("Invoice", current(old), operation="delete")[0] == code
    assert company.post("Invoice", current(new), operation="delete")["status"] == "Deleted"


def test_lapsed_subscription_is_read_only(company, ada):
    company.admin("company", {"subscription": "lapsed"})
    assert company.refusal("Customer", {"DisplayName": "New"})[0] == "6190"
    assert company.read("Customer", ada["Id"])["DisplayName"] == "Ada Reyes"
    company.admin("company", {"subscription": "subscribed", "permission": "denied"})
    assert company.refusal("Customer", {"DisplayName": "New"})[0] == "5020"
    company.admin("company", {"permission": "lost"})
    answer = company.send("GET", f"customer/{ada['Id']}")
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (401, "120")


def test_gone_and_never_there_are_610(company, ada):
    invoice = company.invoice(ada)
    company.post("Invoice", current(invoice), operation="delete")
    for record_id in (invoice["Id"], "424242"):
        answer = company.send("GET", f"invoice/{record_id}")
        assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, "610")
    assert company.refusal("Invoice", current(invoice), operation="delete")[0] == "610"
    assert company.refusal("Invoice", {"Id": "x", "SyncToken": "0"}, operation="delete")[0] == "2030"
    assert company.refusal("Invoice", {"SyncToken": "0"}, operation="delete")[0] == "2020"
