"""Invoices, receipts, payments and deposits: lines, totals, links, SyncTokens, closed periods, preferences."""

import pytest

from tests.standins.conftest import current, sale_line


@pytest.fixture
def ada(company):
    return company.customer()


def lines_refused(company, customer, *lines):
    return company.refusal("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": list(lines)})[0]


def test_invoice_gets_numbers_dates_and_totals(company, ada):
    invoice = company.invoice(ada, 350, SalesTermRef={"value": "4"}, DueDate="")
    assert (invoice["DocNumber"], invoice["DueDate"], invoice["TotalAmt"]) == ("1001", "2026-04-01", 350)
    assert invoice["LinkedTxn"] == [] and invoice["TxnTaxDetail"] == {"TotalTax": 0}
    assert [(line.get("Id"), line["DetailType"]) for line in invoice["Line"]] == [
        ("1", "SalesItemLineDetail"),
        (None, "SubTotalLineDetail"),
    ]
    assert company.invoice(ada, 1)["DocNumber"] == "1002"
    assert company.read("Customer", ada["Id"])["Balance"] == 351


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (sale_line(100) | {"Amount": 99}, "6070"),
        (sale_line(100, Qty=3, UnitPrice=33.33), "6070"),
        (sale_line(100, TaxCodeRef={"value": "5"}), "6100"),
        (sale_line(100, item="999"), "2500"),
        (sale_line(-100), "6000"),
        (sale_line(100.001), "2140"),
        ({"Amount": 5, "DetailType": "SalesItemLineDetail"}, "6440"),
        ({"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}, "2020"),
        ({"Amount": 5, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}}, "2020"),
        ({"Amount": 5, "SalesItemLineDetail": {}}, "2020"),
        (sale_line(100) | {"Colour": "red"}, "2010"),
        (sale_line(100, Colour="red"), "2010"),
        (sale_line(100) | {"Description": "x" * 4001}, "2050"),
    ],
)
def test_line_is_refused(company, ada, line, code):
    assert lines_refused(company, ada, line) == code
    assert company.books()["Invoice"] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"DocNumber": "x" * 22}, "2050"),
        ({"PrivateNote": "x" * 4001}, "2050"),
        ({"CustomerMemo": {"value": "x" * 1001}}, "2050"),
        ({"TxnDate": "2026-02-30"}, "2060"),
        ({"CustomerRef": None}, "2020"),
        ({"CustomerRef": {"value": "1"}}, "2500"),
        ({"Line": []}, "2020"),
        ({"EmailStatus": "NeedToSend"}, "6420"),
        ({"Total": 3}, "2010"),
    ],
)
def test_invoice_is_refused(company, ada, fields, code):
    body = {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(5)]} | fields
    assert company.refusal("Invoice", body)[0] == code


def test_amount_alone_text_numbers_negative_lines_and_zero_are_taken(company, ada):
    first = {
        "Amount": "100.10",
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"Qty": 0, "UnitPrice": 0},
    }
    invoice = company.post("Invoice", {"CustomerRef": {"value": ada["Id"]}, "Line": [first, sale_line(-0.1)]})
    assert invoice["TotalAmt"] == 100
    assert invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"] == {"value": "1", "name": "Services"}
    assert company.invoice(ada, 0)["TotalAmt"] == 0
    thirds = company.invoice(ada, 0, Line=[sale_line(100, Qty=3, UnitPrice=33.333333)])
    assert thirds["TotalAmt"] == 100


def test_percent_discount_is_rounded_half_up_and_posted(company, ada):
    discount = {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 12.5},
    }
    invoice = company.invoice(ada, 0, Line=[sale_line(99.99), discount])
    assert invoice["TotalAmt"] == 87.49
    assert [line["DetailType"] for line in invoice["Line"]][-2:] == [
        "SubTotalLineDetail",
        "DiscountLineDetail",
    ]
    company.admin("preferences", {"SalesFormsPrefs": {"AllowDiscount": False}})
    assert lines_refused(company, ada, sale_line(5), discount) == "5030"
    company.books()


def test_sparse_update_replaces_lines_only_when_given(company, ada):
    invoice = company.invoice(ada, 350)
    noted = company.post("Invoice", current(invoice) | {"sparse": True, "PrivateNote": "moved"})
    assert (noted["TotalAmt"], noted["PrivateNote"], noted["SyncToken"]) == (350, "moved", "1")
    lines = [*noted["Line"], sale_line(50)]
    more = company.post("Invoice", current(noted) | {"sparse": True, "Line": lines})
    assert (more["TotalAmt"], [line.get("Id") for line in more["Line"]]) == (400, ["1", "2", None])
    full = current(more) | {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(10)]}
    assert "PrivateNote" not in company.post("Invoice", full)
    assert (
        company.refusal("Invoice", {"Id": invoice["Id"], "SyncToken": "3", "Line": [sale_line(1)]})[0]
        == "2020"
    )


def test_due_date_follows_the_terms_of_invoice_customer_or_company(company, ada):
    slow = company.customer("Slow", SalesTermRef={"value": "5"})
    due = {
        "the company's Net 30": company.invoice(ada)["DueDate"],
        "the customer's Net 60": company.invoice(slow)["DueDate"],
        "the invoice's Net 10": company.invoice(slow, SalesTermRef={"value": "2"})["DueDate"],
        "what was asked for": company.invoice(slow, DueDate="2026-03-02")["DueDate"],
    }
    assert list(due.values()) == ["2026-04-01", "2026-05-01", "2026-03-12", "2026-03-02"]
    company.admin("preferences", {"SalesFormsPrefs": {"DefaultTerms": None}})
    assert company.invoice(ada)["DueDate"] == "2026-03-02"


def test_discounts_and_swept_deposit_lines_have_no_id(company, ada):
    discount = {
        "Amount": 35,
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": False},
    }
    invoice = company.invoice(ada, 0, Line=[discount, sale_line(350), sale_line(50)])
    assert [(line["DetailType"][:8], line.get("Id"), line.get("LineNum")) for line in invoice["Line"]] == [
        ("SalesIte", "1", 1),
        ("SalesIte", "2", 2),
        ("SubTotal", None, None),
        ("Discount", None, None),
    ]
    receipt = company.receipt(ada, 80, PaymentMethodRef={"value": "2"})
    (line,) = company.deposit(("SalesReceipt", receipt))["Line"]
    link = {"TxnId": receipt["Id"], "TxnType": "SalesReceipt", "TxnLineId": "0"}
    assert line == {
        "Amount": 80,
        "LinkedTxn": [link],
        "DepositLineDetail": {"PaymentMethodRef": {"value": "2"}},
    }


def test_refund_receipt_needs_no_customer(company):
    given = {
        "DepositToAccountRef": {"value": "35"},
        "Line": [sale_line(30)],
        "TxnDate": "2026-03-02",
    }
    refund = company.post("RefundReceipt", given)
    assert "CustomerRef" not in refund and refund["TotalAmt"] == 30
    company.books()


def test_full_update_of_a_receipt_without_customer_clears_it(company, ada):
    receipt = company.receipt(ada)
    changed = company.post(
        "SalesReceipt", current(receipt) | {"TxnDate": "2026-03-02", "Line": [sale_line(350)]}
    )
    assert "CustomerRef" not in changed


def test_custom_numbers(new_company):
    company = new_company(preferences={"SalesFormsPrefs": {"CustomTxnNumbers": True}})
    ada = company.customer()
    assert "DocNumber" not in company.invoice(ada)
    company.invoice(ada, DocNumber="SP-1")
    second = company.invoice(ada, DocNumber="sp-1")
    company.admin("company", {"warn_duplicate_doc_numbers": True})
    body = {"CustomerRef": {"value": ada["Id"]}, "DocNumber": "SP-1", "Line": [sale_line(1)]}
    code, detail = company.refusal("Invoice", body)
    assert code == "6140" and f"TxnId={int(second['Id']) - 1}" in detail
    assert company.post("Invoice", body, include="allowduplicatedocnum")["DocNumber"] == "SP-1"


def test_payment_moves_balances_links_and_tokens(company, ada):
    invoice = company.invoice(ada)
    payment = company.payment(invoice, 100)
    assert (payment["UnappliedAmt"], payment["DepositToAccountRef"]["value"]) == (0, "4")
    assert {each["value"]["Name"] for each in payment["Line"][0]["LineEx"]["any"]} == {
        "txnId",
        "txnOpenBalance",
        "txnReferenceNumber",
    }
    paid = company.read("Invoice", invoice["Id"])
    assert (paid["Balance"], paid["SyncToken"]) == (250, "1")
    assert paid["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert company.read("Customer", ada["Id"])["Balance"] == 250
    freed = company.post("Payment", current(payment) | {"sparse": True, "Line": []})
    assert freed["UnappliedAmt"] == 100
    open_again = company.read("Invoice", invoice["Id"])
    assert (open_again["Balance"], open_again["SyncToken"], open_again["LinkedTxn"]) == (350, "2", [])
    assert company.post("Payment", current(freed), operation="delete")["status"] == "Deleted"
    assert company.read("Invoice", invoice["Id"])["SyncToken"] == "2"
    company.books()


def test_memo_of_a_payment_leaves_the_invoice_alone(company, ada):
    invoice = company.invoice(ada)
    payment = company.payment(invoice)
    company.post("Payment", current(payment) | {"sparse": True, "PrivateNote": "thanks"})
    assert company.read("Invoice", invoice["Id"])["SyncToken"] == "1"


def test_payment_is_refused(company, ada, new_company):
    invoice = company.invoice(ada)
    other = company.customer("Other")
    who = {"CustomerRef": {"value": ada["Id"]}}

    def line(amount, txn=invoice["Id"], kind="Invoice"):
        return [{"Amount": amount, "LinkedTxn": [{"TxnId": txn, "TxnType": kind}]}]

    refusals = [
        (who, "6000"),
        ({"TotalAmt": 5}, "2020"),
        (who | {"TotalAmt": 5, "Line": line(6)}, "6000"),
        (who | {"TotalAmt": 500, "Line": line(351)}, "6000"),
        (who | {"TotalAmt": 500, "Line": line(200) + line(200)}, "6000"),
        ({"TotalAmt": 5, "CustomerRef": {"value": other["Id"]}, "Line": line(5)}, "6000"),
        (who | {"TotalAmt": 5, "Line": line(5, "99999")}, "2500"),
        (who | {"TotalAmt": 5, "Line": line(5, kind="Bill")}, "2170"),
        (who | {"TotalAmt": 5, "DepositToAccountRef": {"value": "1"}}, "6430"),
        (who | {"TotalAmt": 5, "PaymentRefNum": "x" * 22}, "2050"),
        (who | {"TotalAmt": 5, "DocNumber": "1"}, "2010"),
    ]
    for body, code in refusals:
        assert company.refusal("Payment", body)[0] == code, body
    assert company.books()["Payment"] == []
    over = company.payment(invoice, 350, TotalAmt=400)
    assert over["UnappliedAmt"] == 50


def test_line_above_the_balance_can_be_switched_to_accepted(company, ada, settings):
    settings(line_over_balance="accept")
    payment = company.payment(company.invoice(ada, 100), 120)
    assert payment["UnappliedAmt"] == 20
    company.books()


def test_payment_reaches_invoices_of_the_family(company, ada):
    job = company.customer("12 Oak St", Job=True, ParentRef={"value": ada["Id"]})
    invoice = company.invoice(job)
    company.payment(invoice, CustomerRef={"value": ada["Id"]})
    assert company.read("Invoice", invoice["Id"])["Balance"] == 0


def test_deleting_a_paid_invoice_in_both_ways(company, ada, settings):
    invoice = company.invoice(ada)
    payment = company.payment(invoice)
    settings(invoice_delete_with_payments="refuse")
    fresh = company.read("Invoice", invoice["Id"])
    assert company.refusal("Invoice", current(fresh), operation="delete")[0] == "6000"
    settings(invoice_delete_with_payments="unapply")
    company.post("Invoice", current(fresh), operation="delete")
    left = company.read("Payment", payment["Id"])
    assert (left["UnappliedAmt"], left["Line"], left["SyncToken"]) == (350, [], "1")
    assert company.books()["deleted"] == {"Invoice": [invoice["Id"]]}


def test_invoice_made_smaller_than_its_payment_leaves_credit(company, ada):
    invoice = company.invoice(ada)
    payment = company.payment(invoice)
    fresh = company.read("Invoice", invoice["Id"])
    company.post("Invoice", current(fresh) | {"sparse": True, "Line": [sale_line(300)]})
    assert company.read("Payment", payment["Id"])["UnappliedAmt"] == 50
    company.books()


def test_credit_memo_is_applied_by_a_payment_of_nothing(company, ada):
    invoice = company.invoice(ada, 100)
    memo = company.post("CreditMemo", {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(30)]})
    assert memo["RemainingCredit"] == 30
    lines = [
        {"Amount": 30, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]},
        {"Amount": 30, "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]},
    ]
    applied = company.post("Payment", {"CustomerRef": {"value": ada["Id"]}, "TotalAmt": 0, "Line": lines})
    assert applied["UnappliedAmt"] == 0
    assert company.read("CreditMemo", memo["Id"])["RemainingCredit"] == 0
    assert company.read("Invoice", invoice["Id"])["Balance"] == 70
    company.post("Invoice", current(company.read("Invoice", invoice["Id"])), operation="delete")
    assert company.read("CreditMemo", memo["Id"])["RemainingCredit"] == 30
    company.books()


def test_credits_pay_the_next_invoice_by_themselves_and_each_moves_its_token(company, ada):
    payment = company.post("Payment", {"CustomerRef": {"value": ada["Id"]}, "TotalAmt": 120})
    memo = company.post("CreditMemo", {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(30)]})
    invoice = company.invoice(ada, 200)
    assert (invoice["Balance"], invoice["SyncToken"]) == (50, "2")
    assert [link["TxnType"] for link in invoice["LinkedTxn"]] == ["Payment", "Payment"]
    payment = company.read("Payment", payment["Id"])
    assert (payment["UnappliedAmt"], payment["SyncToken"]) == (0, "1")
    assert company.read("CreditMemo", memo["Id"])["SyncToken"] == "1"
    company.books()


def test_credits_can_be_applied_after_the_answer_or_not_at_all(new_company, company, ada, settings):
    settings(auto_apply="after-the-answer")
    company.post("Payment", {"CustomerRef": {"value": ada["Id"]}, "TotalAmt": 120})
    invoice = company.invoice(ada, 200)
    assert (invoice["Balance"], company.read("Invoice", invoice["Id"])["Balance"]) == (200, 80)
    off = new_company(preferences={"SalesFormsPrefs": {"AutoApplyCredit": False}})
    bob = off.customer()
    off.post("Payment", {"CustomerRef": {"value": bob["Id"]}, "TotalAmt": 120})
    assert off.invoice(bob, 200)["Balance"] == 200


def test_automated_tax_can_come_on_every_line(new_company, settings):
    taxed = {"TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True}}
    company = new_company(preferences=taxed)
    settings(automated_tax="on-every-line")
    assert company.invoice(company.customer(), 100)["TotalAmt"] == 108.25
