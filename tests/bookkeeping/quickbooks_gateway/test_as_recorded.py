"""What real companies were recorded to answer and the stand-in answers, too: each is read right by the real gateway.

The recordings themselves are read in `test_recorded`; here such answers follow from books that a test has made.
"""

from datetime import date
from decimal import Decimal

import pytest
import requests

from bookkeeping.errors import DuplicateNameError, GoneError, NotConnectedError, PermanentError
from bookkeeping.quickbooks_gateway.bodies import delete_body
from bookkeeping.quickbooks_gateway.reading import differs, seen
from bookkeeping.quickbooks_gateway.receipts import copy_lines, receipt_of
from bookkeeping.quickbooks_gateway.reports import aged_receivables, profit_and_loss
from tests.bookkeeping.quickbooks_gateway.test_against_standin import Company
from tests.standins.conftest import sale_line

DAY = "2026-03-02"


@pytest.fixture
def company(intuit, tmp_path):
    """A connected company."""
    made = Company(intuit, tmp_path)
    yield made
    made.gateway.close()


def keep(company, entity, **body):
    """Put one object into the books as a person would; return it as QuickBooks answers it."""
    item = {"operation": "create", entity: body}
    path = f"/_standin/realms/{company.realm}/batch"
    (answer,) = company.intuit.post(path, {"BatchItemRequest": [item]})["BatchItemResponse"]
    assert entity in answer, answer
    return answer[entity]


def ref(found):
    return {"value": found["Id"]}


def test_other_income_and_expenses_are_sections_of_their_own(company):
    ada = keep(company, "Customer", DisplayName="Ada Reyes")
    interest = keep(company, "Account", Name="Interest Income", AccountType="Other Income")
    repairs = keep(company, "Account", Name="Storm repairs", AccountType="Other Expense")
    charge = keep(company, "Item", Name="Late charge", Type="Service", IncomeAccountRef=ref(interest))
    lines = [sale_line(350), sale_line(20, item=charge["Id"])]
    keep(company, "Invoice", CustomerRef=ref(ada), TxnDate=DAY, Line=lines)
    line = {
        "Amount": -45,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": ref(repairs)},
    }
    back = line | {"Amount": 100, "DepositLineDetail": {"AccountRef": {"value": "12"}}}
    keep(company, "Deposit", DepositToAccountRef={"value": "35"}, TxnDate=DAY, Line=[line, back])
    found = profit_and_loss(company.gateway, date(2026, 3, 1), date(2026, 3, 31))
    march = date(2026, 3, 1)
    assert {(one.section, one.account): one.amount for one in found.accounts} == {
        ("Income", "Services"): Decimal("350.00"),
        ("OtherIncome", "Interest Income"): Decimal("20.00"),
        ("OtherExpenses", "Storm repairs"): Decimal("45.00"),
    }
    assert {group: found.totals[group, march] for group in ("OtherIncome", "OtherExpenses")} == {
        "OtherIncome": Decimal("20.00"),
        "OtherExpenses": Decimal("45.00"),
    }
    results = [found.totals[group, march] for group in ("NetOperatingIncome", "NetOtherIncome", "NetIncome")]
    assert results == [Decimal("350.00"), Decimal("-25.00"), Decimal("325.00")]


@pytest.mark.parametrize("own", ["0.00", "239.00"])
def test_each_customer_of_a_family_is_a_row_of_aging_once(company, own):
    parent = keep(company, "Customer", DisplayName="Fairman Sports Goods")
    jobs = [
        keep(company, "Customer", DisplayName=name, Job=True, ParentRef=ref(parent))
        for name in ("12 Harbor View Road", "7 Twin Pines")
    ]
    amounts = {parent["Id"]: own, jobs[0]["Id"]: "477.50", jobs[1]["Id"]: "85.00"}
    for customer_id, amount in amounts.items():
        if Decimal(amount):
            keep(
                company,
                "Invoice",
                CustomerRef={"value": customer_id},
                TxnDate=DAY,
                DueDate=DAY,
                Line=[sale_line(float(amount))],
            )
    on = date(2026, 3, 31)
    raw = company.gateway.report("AgedReceivables", {"report_date": on.isoformat()})
    family, _ = raw["Rows"]["Row"]
    assert family["Header"]["ColData"][-1] == {"value": own} and len(family["Rows"]["Row"]) == 2
    found = aged_receivables(company.gateway, on)
    expected = [
        (parent["Id"], "Fairman Sports Goods", Decimal(own)),
        (jobs[0]["Id"], "Fairman Sports Goods:12 Harbor View Road", Decimal("477.50")),
        (jobs[1]["Id"], "Fairman Sports Goods:7 Twin Pines", Decimal("85.00")),
    ]
    assert [(one.customer_id, one.customer, one.total) for one in found.customers] == [
        one for one in expected if one[2]
    ]
    assert found.total == sum(one[2] for one in expected)


def test_a_used_credit_memo_names_nothing_and_its_invoice_says_what_is_left(company):
    ada = keep(company, "Customer", DisplayName="Ada Reyes")
    invoice = keep(company, "Invoice", CustomerRef=ref(ada), TxnDate=DAY, Line=[sale_line(350)])
    memo = keep(company, "CreditMemo", CustomerRef=ref(ada), TxnDate=DAY, Line=[sale_line(50)])
    used = [
        {"Amount": 50, "LinkedTxn": [{"TxnId": one["Id"], "TxnType": kind}]}
        for kind, one in (("Invoice", invoice), ("CreditMemo", memo))
    ]
    payment = keep(company, "Payment", CustomerRef=ref(ada), TotalAmt=0, TxnDate=DAY, Line=used)
    read = company.gateway.read("CreditMemo", memo["Id"])
    assert "LinkedTxn" not in read and read["RemainingCredit"] == 0
    assert seen("CreditMemo", read).links == ()
    left = seen("Invoice", company.gateway.read("Invoice", invoice["Id"]))
    assert (left.balance, left.links) == (Decimal("300.00"), (("Payment", payment["Id"]),))


@pytest.mark.parametrize("kind", ["Estimate", "TimeActivity", "StatementCharge", "ReimburseCharge"])
def test_what_an_invoice_was_made_from_is_a_link_and_no_difference(company, kind):
    body, invoice, _, payment = company.booked()
    given = {"invoice": invoice["Id"], "type": kind, "txn_id": "41"}
    company.intuit.post(f"/_standin/realms/{company.realm}/made-from", given)
    read = company.gateway.read("Invoice", invoice["Id"])
    assert seen("Invoice", read).links == ((kind, "41"), ("Payment", payment["Id"]))
    assert seen("Invoice", read).balance == Decimal("0.00") and differs(body, read) == []


def bundle(company):
    """A bundle of two Items; return it."""
    income = {"value": "1"}
    radon, sewer = (
        keep(company, "Item", Name=name, Type="Service", UnitPrice=price, IncomeAccountRef=income)
        for name, price in (("Radon", 150), ("Sewer scope", 100.5))
    )
    parts = [{"ItemRef": ref(radon), "Qty": 1}, {"ItemRef": ref(sewer), "Qty": 2}]
    return keep(company, "Item", Name="All in one", Type="Group", ItemGroupDetail={"ItemGroupLine": parts})


def of_bundle(company):
    return {"DetailType": "GroupLineDetail", "GroupLineDetail": {"GroupItemRef": ref(bundle(company))}}


def test_a_receipt_with_a_bundle_is_copied_with_the_lines_inside(company):
    ada = keep(company, "Customer", DisplayName="Ada Reyes")
    lines = [of_bundle(company), sale_line(10)]
    made = keep(company, "SalesReceipt", CustomerRef=ref(ada), TxnDate=DAY, Line=lines)
    read = company.gateway.read("SalesReceipt", made["Id"])
    assert read["Line"][0]["Amount"] == 0 and receipt_of(read).total == Decimal("361.00")
    copied = [
        (row["line_kind"], row["item"], row["quantity"], row["amount"]) for row in copy_lines("1042", read)
    ]
    assert copied == [
        ("Group", "All in one", "1", "0.00"),
        ("SalesItem", "Radon", "1", "150.00"),
        ("SalesItem", "Sewer scope", "2", "201.00"),
        ("SalesItem", "Services", "1", "10.00"),
    ]
    rows = profit_and_loss(company.gateway, date(2026, 3, 1), date(2026, 3, 31)).accounts
    assert [row.amount for row in rows] == [Decimal("361.00")]
    company.books()


def test_a_bundle_that_a_person_puts_on_our_invoice_is_a_difference(company):
    body, invoice, _, _ = company.booked()
    token = company.gateway.read("Invoice", invoice["Id"])["SyncToken"]
    changed = {"Id": invoice["Id"], "SyncToken": token, "sparse": True}
    changed["Line"] = [*invoice["Line"], of_bundle(company)]
    (answer,) = company.write("by-hand", "update", "Invoice", _plain(changed))
    found = {label: theirs for label, _, theirs in differs(body, answer.entity)}
    assert found["Total"] == "666.10"
    assert ": 150.00" in found["Lines"] and ": 201.00" in found["Lines"]


def _plain(value):
    """The same without numbers that a frozen body cannot have."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) else value


TELLING = [
    {"fault_texts": "spanish"},
    {"fault_texts": "null"},
    {"fault_element": False},
    {"fault_texts": "spanish", "fault_element": False},
]


@pytest.mark.parametrize("telling", TELLING, ids=str)
def test_refusals_mean_the_same_in_any_words(company, telling):
    company.intuit.post("/_standin/settings", {"limits": False, **telling})
    _, invoice, _, payment = company.booked()
    kinds = {}
    (kinds["6240"],) = company.write("c1", "create", "Customer", {"DisplayName": "Ada Reyes"})
    (kinds["5010"],) = company.write("d1", "delete", "Invoice", delete_body(invoice["Id"], "77"))
    (kinds["2010"],) = company.write("c2", "create", "Customer", {"DisplayName": "Bo", "Colour": "red"})
    keep(
        company,
        "Deposit",
        DepositToAccountRef={"value": "35"},
        TxnDate=DAY,
        Line=[
            {
                "Amount": float(payment["TotalAmt"]),
                "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
            }
        ],
    )
    (kinds["6540"],) = company.write("d2", "delete", "Payment", delete_body(payment["Id"], "0"))
    assert {code: answer.error.code for code, answer in kinds.items()} == {
        code: f"qbo-{code}" for code in kinds
    }
    assert isinstance(kinds["6240"].error, DuplicateNameError)
    (gone,) = company.write("d3", "delete", "Invoice", delete_body("99999", "0"))
    assert isinstance(gone.error, GoneError) and company.gateway.read("Invoice", "99999") is None
    said = kinds["6540"].error.detail
    assert ("depositada" in said) == (telling.get("fault_texts") == "spanish") and "null" not in said


def test_an_address_that_does_not_exist_is_no_missing_object(company):
    with pytest.raises(PermanentError) as caught:
        company.gateway.read("Customer", "1/5")
    assert caught.value.code == "qbo-500" and not isinstance(caught.value, GoneError)


def test_the_token_that_a_401_quotes_is_told_to_nobody(company):
    company.gateway.company_info()
    token = company.keeper.access_token()
    company.intuit.post("/_standin/tokens/revoke", {"realm_id": company.realm})
    url = f"{company.intuit.base_url}/v3/company/{company.realm}/companyinfo/{company.realm}"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    assert token[:20] in requests.get(url, headers=headers, timeout=10).text
    with pytest.raises(NotConnectedError) as caught:
        company.gateway.company_info()
    said = caught.value
    told = f"{said.detail} {said.answer} {said} {said.args!r}"
    assert not any(token[start : start + 12] in told for start in range(len(token) - 12))
