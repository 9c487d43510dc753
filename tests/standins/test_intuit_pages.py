"""The pages for people: look, edit, void, delete, deposit, close, disconnect; judged by what the API says afterwards."""

import re

import pytest
import requests

from standins.intuit.looks import standing
from tests.standins.conftest import current
from tests.standins.html_forms import press


@pytest.fixture
def person() -> requests.Session:
    return requests.Session()


@pytest.fixture
def ada(company):
    return company.customer("Ada O'Hara <Reyes>")


def page_of(company, *parts) -> str:
    return "/".join([f"{company.standin.base_url}/books/{company.id}", *parts])


def test_every_page_can_be_opened(company, ada, person):
    invoice = company.invoice(ada, PrivateNote="inspection 7")
    payment, receipt = company.payment(invoice), company.receipt(ada)
    deposit = company.deposit(("Payment", payment))
    assert company.id in person.get(company.standin.base_url, timeout=10).text
    seen = person.get(page_of(company), timeout=10).text
    assert "Undeposited funds" in seen and "350.00" in seen
    for name in (
        "customer",
        "invoice",
        "payment",
        "salesreceipt",
        "deposit",
        "creditmemo",
        "refundreceipt",
        "item",
        "account",
    ):
        assert person.get(page_of(company, name), timeout=10).status_code == 200, name
    records = [
        ("invoice", invoice),
        ("payment", payment),
        ("salesreceipt", receipt),
        ("deposit", deposit),
        ("customer", ada),
    ]
    for name, record in records:
        seen = person.get(page_of(company, name, record["Id"]), timeout=10).text
        assert f"Id {record['Id']} " in seen
        assert "<Reyes>" not in seen
    seen = person.get(page_of(company, "invoice"), timeout=10).text
    assert "Ada O&#39;Hara &lt;Reyes&gt;" in seen and "$350.00" in seen and "Paid" in seen
    assert f'href="/books/{company.id}/customer/{ada["Id"]}"' in seen
    seen = person.get(page_of(company, "invoice", invoice["Id"]), timeout=10).text
    assert f'href="/books/{company.id}/payment/{payment["Id"]}"' in seen
    assert f'href="/books/{company.id}/customer/{ada["Id"]}"' in seen
    found = person.get(page_of(company, "invoice"), params={"q": "INSPECTION 7"}, timeout=10).text
    assert invoice["DocNumber"] in found
    assert "Nothing found" in person.get(page_of(company, "invoice"), params={"q": "zzz"}, timeout=10).text
    profit = person.get(page_of(company, "profit-and-loss"), params={"year": 2026}, timeout=10).text
    assert "Total Income" in profit and "700.00" in profit
    assert person.get(page_of(company, "widget"), timeout=10).status_code == 404
    link = f"{company.standin.base_url}/app/recvpayment"
    there = person.get(link, params={"txnId": payment["Id"], "deeplinkcompanyid": company.id}, timeout=10)
    assert there.url == page_of(company, "payment", payment["Id"])


def test_pages_need_nothing_from_elsewhere(company, person):
    seen = person.get(page_of(company), timeout=10).text
    assert re.findall(r"https?://", seen) == []
    assert "<script" not in seen and "style=" not in seen
    sheet = re.search(r'href="(/static/[^"]+)"', seen)[1]
    assert person.get(company.standin.base_url + sheet, timeout=10).status_code == 200


def test_editing_an_invoice(company, ada, person):
    other = company.customer("Bo Li")
    invoice = company.invoice(ada)
    url = page_of(company, "invoice", invoice["Id"])
    typed = {
        "TxnDate": "2026-03-09",
        "customer": "bo li",
        "amount_1": "1,300.50",
        "new_amount": "20",
        "new_description": "Mileage",
    }
    assert press(person, url, "Save", **typed).status_code == 200
    changed = company.read("Invoice", invoice["Id"])
    assert (changed["TxnDate"], changed["TotalAmt"], changed["SyncToken"]) == ("2026-03-09", 1320.5, "1")
    assert changed["CustomerRef"] == {"value": other["Id"], "name": "Bo Li"}
    assert [line.get("Description") for line in changed["Line"]][:2] == [None, "Mileage"]
    press(person, url, "Save", amount_2="")
    assert company.read("Invoice", invoice["Id"])["TotalAmt"] == 1300.5
    company.books()


def test_memo_can_be_written(company, ada, person):
    invoice = company.invoice(ada)
    url = page_of(company, "invoice", invoice["Id"], "save")
    person.post(url, data={"SyncToken": "0", "PrivateNote": "one\r\ntwo"}, timeout=10)
    changed = company.read("Invoice", invoice["Id"])
    assert (changed["PrivateNote"], changed["TotalAmt"]) == ("one\ntwo", 350)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"customer": "Nobody"}, "There is no customer Nobody"),
        ({"amount_1": "lots"}, "code 2090"),
        ({"TxnDate": "x"}, "code 2060"),
    ],
)
def test_refused_edit_says_why_and_changes_nothing(company, ada, person, typed, words):
    invoice = company.invoice(ada)
    answer = press(person, page_of(company, "invoice", invoice["Id"]), "Save", **typed)
    assert answer.status_code == 400
    assert words in answer.text
    assert company.read("Invoice", invoice["Id"])["SyncToken"] == "0"


def test_page_that_was_left_open_is_stale(company, ada, person):
    invoice = company.invoice(ada)
    company.post("Invoice", current(invoice) | {"sparse": True, "PrivateNote": "x"})
    url = page_of(company, "invoice", invoice["Id"], "delete")
    answer = person.post(url, data={"SyncToken": "0"}, timeout=10)
    assert answer.status_code == 400 and "code 5010" in answer.text


def test_voiding_and_deleting(company, ada, person):
    voided, deleted = company.invoice(ada), company.receipt(ada)
    press(person, page_of(company, "invoice", voided["Id"]), "Void")
    assert company.read("Invoice", voided["Id"])["PrivateNote"] == "Voided"
    press(person, page_of(company, "salesreceipt", deleted["Id"]), "Delete")
    assert company.books()["deleted"] == {"SalesReceipt": [deleted["Id"]]}
    assert "was deleted" in person.get(page_of(company, "salesreceipt", deleted["Id"]), timeout=10).text


def test_payment_edited_by_hand_moves_its_invoice(company, ada, person):
    invoice = company.invoice(ada)
    payment = company.payment(invoice, 100)
    press(person, page_of(company, "payment", payment["Id"]), "Save", TotalAmt="120.00", PaymentRefNum="77")
    changed = company.read("Payment", payment["Id"])
    assert (changed["TotalAmt"], changed["UnappliedAmt"], changed["PaymentRefNum"]) == (120, 20, "77")
    press(person, page_of(company, "payment", payment["Id"]), "Delete")
    assert company.read("Invoice", invoice["Id"])["Balance"] == 350


def test_deposit_takes_what_is_ticked(company, ada, person):
    payment, receipt = company.payment(company.invoice(ada)), company.receipt(ada, 80)
    url = page_of(company, "to-deposit")
    assert press(person, url, "Deposit").status_code == 400
    form = {"txn": [f"Payment:{payment['Id']}"], "account": "35", "date": "2026-03-09"}
    assert person.post(url, data=form, timeout=10).status_code == 200
    (deposit,) = company.books()["Deposit"]
    assert (deposit["TotalAmt"], deposit["TxnDate"], deposit["DepositToAccountRef"]["name"]) == (
        350,
        "2026-03-09",
        "Checking",
    )
    waiting = person.get(url, timeout=10).text
    assert f"SalesReceipt:{receipt['Id']}" in waiting and f"Payment:{payment['Id']}" not in waiting
    frozen = press(person, page_of(company, "payment", payment["Id"]), "Delete")
    assert frozen.status_code == 400 and "code 6540" in frozen.text
    press(person, page_of(company, "deposit", deposit["Id"]), "Delete")
    assert company.post("Payment", current(company.read("Payment", payment["Id"])), operation="delete")


def test_everything_that_waits_is_deposited_at_once_and_lists_say_what_they_come_to(company, ada, person):
    company.payment(company.invoice(ada))
    company.receipt(ada, 80)
    url = page_of(company, "to-deposit")
    assert "$430.00" in person.get(url, timeout=10).text
    assert press(person, url, "Deposit all", account="35").status_code == 200
    (deposit,) = company.books()["Deposit"]
    assert deposit["TotalAmt"] == 430
    assert "Nothing waits in Undeposited Funds" in person.get(url, timeout=10).text
    company.invoice(ada)
    seen = " ".join(person.get(page_of(company, "invoice"), timeout=10).text.split())
    total = seen.partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert "$700.00" in total and "$350.00" in total


@pytest.mark.parametrize(
    ("entity", "shown", "said"),
    [
        ("Invoice", {"Balance": 10, "TotalAmt": 10, "TxnDate": "2026-03-02"}, "Open"),
        ("Invoice", {"Balance": 5, "TotalAmt": 10, "TxnDate": "2026-03-02"}, "Partly paid"),
        (
            "Invoice",
            {"Balance": 5, "TotalAmt": 10, "TxnDate": "2026-03-01", "DueDate": "2026-03-01"},
            "Overdue",
        ),
        ("Invoice", {"Balance": 0, "TotalAmt": 10, "TxnDate": "2026-03-02"}, "Paid"),
        ("Invoice", {"Balance": 0, "TotalAmt": 0, "PrivateNote": "Voided"}, "Voided"),
        ("Payment", {"UnappliedAmt": 0}, "Applied"),
        ("Payment", {"UnappliedAmt": 5}, "Not all applied"),
        ("Payment", {"UnappliedAmt": 0, "LinkedTxn": [{"TxnType": "Deposit"}]}, "Deposited"),
        ("CreditMemo", {"Balance": 5}, "Open"),
        ("Account", {}, ""),
    ],
)
def test_a_document_says_how_it_stands(entity, shown, said):
    assert standing(entity, shown, "2026-03-02") == said


def test_customer_is_renamed_and_made_inactive_and_active(company, ada, person):
    url = page_of(company, "customer", ada["Id"])
    press(person, url, "Save", DisplayName="Ada Reyes", email="ada@example.com")
    assert company.read("Customer", ada["Id"])["PrimaryEmailAddr"]["Address"] == "ada@example.com"
    press(person, url, "Make inactive")
    assert company.read("Customer", ada["Id"])["DisplayName"] == "Ada Reyes (deleted)"
    press(person, url, "Make active")
    assert company.read("Customer", ada["Id"])["DisplayName"] == "Ada Reyes"


def test_closing_lapsing_and_disconnecting(company, ada, person):
    press(person, page_of(company), "Save closing date", date="2026-03-31")
    assert (
        company.refusal(
            "Invoice", {"CustomerRef": {"value": ada["Id"]}, "TxnDate": "2026-03-31", "Line": []}
        )[0]
        == "6200"
    )
    press(person, page_of(company), "Save closing date", date="")
    assert company.invoice(ada)["Id"]
    press(person, page_of(company), "Let subscription lapse")
    assert company.refusal("Customer", {"DisplayName": "X"})[0] == "6190"
    press(person, page_of(company), "Resume subscription")
    assert company.customer("X")["Id"]
    press(person, page_of(company), "Disconnect app")
    assert company.send("GET", "preferences").status_code == 401


@pytest.mark.parametrize("kind", ["Customer", "Item"])
def test_merging_moves_every_document_to_the_survivor_and_makes_the_other_inactive(company, person, kind):
    ada, bo = company.customer("Ada Reyes"), company.customer("Bo Li")
    both = (ada, bo)
    if kind == "Item":
        account = {"IncomeAccountRef": {"value": "1"}, "Type": "Service"}
        both = (
            company.post("Item", {"Name": "Mold", **account}),
            company.post("Item", {"Name": "Radon", **account}),
        )
    line = {
        "Amount": 80,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"Qty": 1, "UnitPrice": 80},
    }
    if kind == "Item":
        line["SalesItemLineDetail"]["ItemRef"] = {"value": both[0]["Id"]}
    invoice = company.invoice(ada, Line=[line])
    other = company.invoice(bo)
    seen = company.books()["Invoice"]
    tokens = {one["Id"]: int(one["SyncToken"]) for one in seen}
    page = page_of(company, kind.lower(), both[0]["Id"])
    assert "Merge into" in person.get(page, timeout=10).text
    answer = person.post(page + "/merge", data={"into": both[1]["Id"]}, timeout=10)
    assert answer.status_code == 200 and "Merge into" not in answer.text
    books = company.books()
    merged = next(one for one in books[kind] if one["Id"] == both[0]["Id"])
    assert merged["Active"] is False
    assert (merged.get("DisplayName") or merged["Name"]).endswith(" (deleted)")
    moved = next(one for one in books["Invoice"] if one["Id"] == invoice["Id"])
    reference = (
        moved["CustomerRef"] if kind == "Customer" else moved["Line"][0]["SalesItemLineDetail"]["ItemRef"]
    )
    assert reference["value"] == both[1]["Id"]
    after = {one["Id"]: int(one["SyncToken"]) for one in books["Invoice"]}
    assert after == {invoice["Id"]: tokens[invoice["Id"]] + 1, other["Id"]: tokens[other["Id"]]}
    assert books["integrity"] == []
    again = person.post(page + "/merge", data={"into": both[1]["Id"]}, timeout=10)
    assert again.status_code == 400 and "two different active names" in again.text
