"""RefundReceipts: made, changed, found and deleted like the other documents; income and the account they name go down, what is owed does not."""

import pytest

from tests.standins.conftest import current, sale_line
from tests.standins.test_intuit_reports import profit, report

BANK, UNDEPOSITED = "35", "4"


@pytest.fixture
def ada(company):
    return company.customer()


def refund(company, customer, amount=75, account=BANK, **fields):
    """Give money back."""
    body = {"Line": [sale_line(amount)], "DepositToAccountRef": {"value": account}, **fields}
    return company.post(
        "RefundReceipt", body | ({"CustomerRef": {"value": customer["Id"]}} if customer else {})
    )


def balance(company, account_id):
    """Return what an account holds."""
    return company.read("Account", account_id)["CurrentBalance"]


def test_it_takes_from_the_account_it_names_and_from_income_on_its_day_and_not_from_what_is_owed(
    company, ada
):
    invoice = company.invoice(ada, 425, TxnDate="2026-01-20")
    payment = company.payment(invoice, TxnDate="2026-01-20")
    made = refund(company, ada, TxnDate="2026-02-03", DocNumber="SP-1-R1", PrivateNote="Tieout refund 1-R1")
    assert (made["TotalAmt"], made["Balance"], made["DocNumber"]) == (75, 0, "SP-1-R1")
    assert balance(company, BANK) == -75 and balance(company, UNDEPOSITED) == 425
    assert company.read("Customer", ada["Id"])["Balance"] == 0
    assert company.read("Invoice", invoice["Id"])["Balance"] == 0
    assert company.read("Payment", payment["Id"])["UnappliedAmt"] == 0
    for basis in ("Accrual", "Cash"):
        months = profit(company, "2026-01-01", "2026-02-28", basis, summarize_column_by="Month")
        assert months["Total Income"] == ["425.00", "-75.00", "350.00"]
    assert report(company, "AgedReceivables", report_date="2026-02-28")["Rows"].get("Row", []) == []
    company.books()


def test_it_is_changed_found_and_deleted_under_its_sync_token(company, ada):
    made = refund(company, ada)
    changed = company.post("RefundReceipt", current(made) | {"sparse": True, "Line": [sale_line(60)]})
    assert (changed["TotalAmt"], changed["SyncToken"]) == (60, "1")
    assert company.refusal("RefundReceipt", current(made) | {"sparse": True, "PrivateNote": "x"})[0] == "5010"
    [found] = company.query(f"SELECT * FROM RefundReceipt WHERE CustomerRef = '{ada['Id']}'")["RefundReceipt"]
    assert found["Id"] == made["Id"]
    since = made["MetaData"]["CreateTime"]
    answer = company.send("GET", "cdc", params={"entities": "RefundReceipt", "changedSince": since}).json()
    [block] = answer["CDCResponse"][0]["QueryResponse"]
    assert [one["TotalAmt"] for one in block["RefundReceipt"]] == [60]
    company.post("RefundReceipt", current(changed), operation="delete")
    answer = company.send("GET", "cdc", params={"entities": "RefundReceipt", "changedSince": since}).json()
    [block] = answer["CDCResponse"][0]["QueryResponse"]
    assert [one.get("status") for one in block["RefundReceipt"]] == ["Deleted"]
    assert balance(company, BANK) == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"DepositToAccountRef": None}, "2020"),  # From where was it given back?
        ({"DepositToAccountRef": {"value": "1"}}, "6430"),
        ({"Line": []}, "2020"),
        ({"Line": [sale_line(-5)]}, "6000"),
        ({"DocNumber": "x" * 22}, "2050"),
        ({"LinkedInvoice": "1"}, "2010"),
    ],
)
def test_what_is_refused(company, ada, fields, code):
    body = {
        "CustomerRef": {"value": ada["Id"]},
        "DepositToAccountRef": {"value": BANK},
        "Line": [sale_line(5)],
    }
    assert company.refusal("RefundReceipt", body | fields)[0] == code


def test_nobody_need_be_named(company):
    assert "CustomerRef" not in refund(company, None)


def test_a_closed_period_takes_none_and_gives_none_back(company, ada):
    made = refund(company, ada, TxnDate="2026-01-20")
    company.admin("preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-01-31"}})
    assert company.refusal("RefundReceipt", current(made), operation="delete")[0] == "6200"
    with pytest.raises(AssertionError, match="6200"):
        refund(company, ada, TxnDate="2026-01-31")


def test_one_out_of_undeposited_funds_lowers_the_deposit_and_is_frozen_by_it(company, ada):
    payment = company.payment(company.invoice(ada, 425))
    made = refund(company, ada, account=UNDEPOSITED)
    lines = [
        {"Amount": 425, "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]},
        {"Amount": -75, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "RefundReceipt", "TxnLineId": "0"}]},
    ]
    body = {"DepositToAccountRef": {"value": BANK}, "Line": lines}
    wrong = [lines[0], lines[1] | {"Amount": 75}]
    assert company.refusal("Deposit", body | {"Line": wrong})[0] == "6000"
    deposit = company.post("Deposit", body)
    assert deposit["TotalAmt"] == 350
    assert balance(company, BANK) == 350 and balance(company, UNDEPOSITED) == 0
    shown = company.read("RefundReceipt", made["Id"])
    assert shown["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
    assert company.refusal("RefundReceipt", current(shown), operation="delete")[0] == "6540"
    assert (
        company.refusal("RefundReceipt", current(shown) | {"sparse": True, "Line": [sale_line(60)]})[0]
        == "6540"
    )
    company.books()
