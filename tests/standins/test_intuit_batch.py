"""Batches and change data capture."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.standins.conftest import current, sale_line


def codes(answers: list[dict]) -> list[str]:
    return [answer["Fault"]["Error"][0]["code"] if "Fault" in answer else "ok" for answer in answers]


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def capture(company, entities: str, since: str):
    answer = company.send("GET", "cdc", params={"entities": entities, "changedSince": since})
    assert answer.status_code == 200, answer.text
    return answer.json()["CDCResponse"][0]["QueryResponse"]


def test_items_are_carried_out_in_order_each_on_its_own(company):
    ada = company.customer()
    invoice = company.invoice(ada)
    payment = company.payment(invoice)
    answers = company.batch(
        {"operation": "delete", "Payment": current(payment)},
        {"operation": "delete", "Invoice": {"Id": invoice["Id"], "SyncToken": "1"}},
        {"operation": "delete", "Invoice": {"Id": invoice["Id"], "SyncToken": "2"}},
        {"operation": "create", "Customer": {"DisplayName": "ada reyes"}},
        {"operation": "create", "Customer": {"DisplayName": "Bo"}},
        {"operation": "create", "Widget": {"Name": "x"}},
        {"operation": "conjure", "Customer": {"DisplayName": "Cy"}},
        {"Query": "select * from Customer maxresults 1"},
    )
    assert codes(answers) == ["ok", "5010", "ok", "6240", "ok", "2000", "500", "ok"]
    assert answers[0]["Payment"] == {"domain": "QBO", "status": "Deleted", "Id": payment["Id"]}
    assert answers[4]["Customer"]["SyncToken"] == "0"
    assert answers[7]["QueryResponse"]["maxResults"] == 1
    assert [each["DisplayName"] for each in company.books()["Customer"]] == ["Ada Reyes", "Bo"]


def test_sparse_update_void_and_options(company):
    ada = company.customer()
    receipt, invoice = company.receipt(ada), company.invoice(ada)
    answers = company.batch(
        {"operation": "update", "Customer": current(ada) | {"sparse": True, "Notes": "n"}},
        {"operation": "update", "optionsData": "void", "SalesReceipt": current(receipt) | {"sparse": True}},
        {"operation": "void", "Invoice": current(invoice)},
    )
    assert codes(answers) == ["ok"] * 3
    assert [answers[1]["SalesReceipt"]["TotalAmt"], answers[2]["Invoice"]["TotalAmt"]] == [0, 0]


def test_batch_as_a_whole_is_refused(company):
    def whole(items, **params):
        answer = company.send("POST", "batch", json={"BatchItemRequest": items}, params=params)
        return answer.status_code, answer.json()["Fault"]["Error"][0]["code"]

    item = {"bId": "1", "operation": "create", "Customer": {"DisplayName": "A"}}
    assert whole([]) == (400, "400")
    assert whole([item] * 31) == (400, "1040")
    assert whole([item], requestid="x" * 37) == (400, "2130")
    assert whole([item | {"bId": "12345678901"}], requestid="r") == (400, "2050")
    assert company.books()["Customer"] == []


def test_batch_is_repeated_under_its_request_id(company):
    item = {"operation": "create", "Customer": {"DisplayName": "Once"}}
    first = company.batch(item, {"operation": "create", "Customer": {}}, requestid="r-1")
    again = company.batch(item, {"operation": "create", "Customer": {}}, requestid="r-1")
    assert first == again and codes(first) == ["ok", "6080"]
    assert len(company.books()["Customer"]) == 1


def test_wholly_faulted_batch_is_not_remembered(company):
    ada = company.customer()
    item = {"operation": "create", "Customer": {"DisplayName": "Ada Reyes"}}
    assert codes(company.batch(item, requestid="r-2")) == ["6240"]
    company.post("Customer", current(ada) | {"sparse": True, "DisplayName": "Ada R"})
    assert codes(company.batch(item, requestid="r-2")) == ["ok"]


def test_capture_shows_changes_tombstones_and_empty_blocks(company):
    ada = company.customer()
    kept, gone = company.invoice(ada), company.invoice(ada)
    company.post("Invoice", current(gone), operation="delete")
    company.admin("backdate", {"entity": "Customer", "hours": 2})
    blocks = capture(company, "Invoice,Payment,Customer", ago(hours=1))
    assert blocks[1:] == [{}, {}]
    live, dead = blocks[0]["Invoice"]
    assert (live["Id"], live["TotalAmt"]) == (kept["Id"], 350)
    assert set(dead) == {"domain", "status", "Id", "MetaData"} and set(dead["MetaData"]) == {
        "LastUpdatedTime"
    }
    assert (dead["Id"], dead["status"], blocks[0]["maxResults"]) == (gone["Id"], "Deleted", 2)
    payment = company.payment(kept)
    company.admin("backdate", {"entity": "Invoice", "hours": 2})
    assert capture(company, "Invoice,Payment", ago(hours=1))[1]["Payment"][0]["Id"] == payment["Id"]


def test_payment_makes_its_invoice_a_change(company):
    invoice = company.invoice(company.customer())
    company.admin("backdate", {"hours": 5})
    assert capture(company, "Invoice", ago(hours=1)) == [{}]
    company.payment(invoice)
    assert capture(company, "Invoice", ago(hours=1))[0]["Invoice"][0]["Balance"] == 0


def moved_by(company, write) -> tuple[list[str], list[str]]:
    """Carry out a write; return the names of the Customers and Accounts whose LastUpdatedTime it moved, their tokens staying."""
    company.admin("backdate", {"hours": 5})
    write()
    blocks = capture(company, "Customer,Account", ago(hours=1))
    rows = [block.get(entity, []) for block, entity in zip(blocks, ("Customer", "Account"), strict=True)]
    assert {row["SyncToken"] for found in rows for row in found} <= {"0"}
    return [row["DisplayName"] for row in rows[0]], sorted(row["Name"] for row in rows[1])


def test_balances_move_the_times_of_customers_and_accounts_and_no_token(company):
    ada, bob = company.customer(), company.customer("Bob")
    receivable, held = "Accounts Receivable (A/R)", "Undeposited Funds"
    assert moved_by(company, lambda: company.invoice(ada)) == (["Ada Reyes"], [receivable, "Services"])
    (invoice,) = company.query("SELECT * FROM Invoice")["Invoice"]
    assert moved_by(company, lambda: company.payment(invoice)) == (["Ada Reyes"], [receivable, held])
    (payment,) = company.query("SELECT * FROM Payment")["Payment"]
    noted = current(payment) | {"sparse": True, "PrivateNote": "thanks"}
    assert moved_by(company, lambda: company.post("Payment", noted)) == ([], [])
    assert moved_by(company, lambda: company.receipt(bob)) == ([], ["Services", held])
    deposit = ("Payment", payment)
    assert moved_by(company, lambda: company.deposit(deposit)) == ([], ["Checking", held])


def test_a_deposit_moves_neither_token_nor_time_of_what_it_holds(company):
    receipt = company.receipt(company.customer())
    company.admin("backdate", {"hours": 5})
    before = company.read("SalesReceipt", receipt["Id"])
    deposit = company.deposit(("SalesReceipt", receipt))
    held = company.read("SalesReceipt", receipt["Id"])
    assert (held["SyncToken"], held["MetaData"]) == ("0", before["MetaData"])
    assert held["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
    receipts, deposits = capture(company, "SalesReceipt,Deposit", ago(hours=1))
    assert (receipts, [row["Id"] for row in deposits["Deposit"]]) == ({}, [deposit["Id"]])
    company.post("Deposit", current(deposit), operation="delete")
    freed = company.read("SalesReceipt", receipt["Id"])
    assert (freed["SyncToken"], freed["MetaData"]) == ("0", before["MetaData"])


def test_deactivating_is_an_ordinary_change(company):
    ada = company.customer()
    company.post("Customer", current(ada) | {"sparse": True, "Active": False})
    (block,) = capture(company, "customer", ago(hours=1))
    assert [(each["Active"], "status" in each) for each in block["Customer"]] == [(False, False)]


@pytest.mark.parametrize(
    "query", [("", "now"), ("Nothing", "now"), ("TaxCode", "now"), ("Invoice", ""), ("Invoice", "old")]
)
def test_capture_is_refused(company, query):
    entities, since = query
    moment = {"now": ago(hours=1), "old": ago(days=30, minutes=5)}.get(since, since)
    answer = company.send("GET", "cdc", params={"entities": entities, "changedSince": moment})
    assert answer.status_code == 400 and "Fault" in answer.json()


def test_a_plus_that_was_not_escaped_is_a_space_and_not_guessed_at(company):
    company.customer()
    since = ago(hours=1)
    assert "+00:00" in since
    assert company.send("GET", f"cdc?entities=Customer&changedSince={since}").status_code == 400
    escaped = since.replace("+", "%2B")
    assert company.send("GET", f"cdc?entities=Customer&changedSince={escaped}").status_code == 200


def test_capture_ends_at_a_thousand_objects(company):
    ada = company.customer()
    body = {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(1)]}
    items = [{"operation": "create", "SalesReceipt": body} for _ in range(1003)]
    company.admin("batch", {"BatchItemRequest": items})
    receipts, customers = capture(company, "SalesReceipt,Customer", ago(hours=1))
    assert receipts["maxResults"] == 1000 and customers == {}
