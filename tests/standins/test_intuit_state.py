"""What survives a restart, what many at once do to the books, and that large books stay quick to make."""

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.standins.conftest import Company, current, sale_line


def test_everything_survives_a_killed_process(intuit):
    company = Company(intuit, preferences={"SalesFormsPrefs": {"CustomTxnNumbers": True}})
    invoice = company.invoice(company.customer(), DocNumber="SP-1")
    payment = company.payment(invoice)
    gone = company.receipt(company.read("Customer", invoice["CustomerRef"]["value"]))
    company.post("SalesReceipt", current(gone), operation="delete")
    company.post("Customer", {"DisplayName": "Once"}, requestid="r-1")
    intuit.post("/_standin/settings", {"requestid_mismatch": "600", "limits": False})
    intuit.post("/_standin/clock", {"offset": 60})
    before = company.books()
    intuit.process.kill()
    intuit.start()
    assert company.books() == before
    assert company.read("Payment", payment["Id"])["UnappliedAmt"] == 0
    assert company.refusal("Customer", {"DisplayName": "Other"}, requestid="r-1")[0] == "600"
    assert company.customer("Next")["Id"] not in str([each["Id"] for each in before["Customer"]])
    assert intuit.get("/_standin/clock")["offset"] == 60
    intuit.post("/_standin/reset")
    assert intuit.get("/_standin/realms") == {"realms": []}
    assert company.send("GET", "preferences").status_code == 401


def test_one_token_wins_among_many_writers(company):
    ada = company.customer()
    url = f"{company.url}/customer"
    headers = {"Authorization": f"Bearer {company.tokens['access_token']}", "Accept": "application/json"}

    def write(number: int) -> int:
        body = current(ada) | {"sparse": True, "Notes": str(number)}
        return requests.post(url, json=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(write, range(8)))
    assert sorted(statuses) == [200] + [400] * 7
    assert company.read("Customer", ada["Id"])["SyncToken"] == "1"


def test_same_request_id_at_once_books_once(company):
    url = f"{company.url}/customer?requestid=same"
    headers = {"Authorization": f"Bearer {company.tokens['access_token']}", "Accept": "application/json"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: requests.post(url, json={"DisplayName": "One"}, headers=headers, timeout=30).json(),
                range(8),
            )
        )
    assert all(answer == answers[0] for answer in answers)
    assert len(company.books()["Customer"]) == 1


def test_large_books_hold_together(company):
    """Ten thousand documents: made in bulk, counted, paged, reported."""
    people = [
        {"operation": "create", "Customer": {"DisplayName": f"Customer {number}"}} for number in range(1000)
    ]
    made = company.admin("batch", {"BatchItemRequest": people})["BatchItemResponse"]
    ids = [each["Customer"]["Id"] for each in made]
    sales = []
    for number in range(5000):
        body = {
            "CustomerRef": {"value": ids[number % 1000]},
            "TxnDate": "2026-03-02",
            "Line": [sale_line(10)],
        }
        sales += [{"operation": "create", "SalesReceipt": body}, {"operation": "create", "Invoice": body}]
    answers = company.admin("batch", {"BatchItemRequest": sales})["BatchItemResponse"]
    assert not [answer for answer in answers if "Fault" in answer]
    assert company.query("select count(*) from Invoice where Balance > '0'") == {"totalCount": 5000}
    page = company.query("select * from SalesReceipt startposition 4001 maxresults 1000")
    assert (page["startPosition"], page["maxResults"]) == (4001, 1000)
    report = company.send("GET", "reports/AgedReceivables").json()
    assert report["Rows"]["Row"][-1]["Summary"]["ColData"][-1]["value"] == "50000.00"
    company.books()


def test_taken_port_is_named(intuit_server, tmp_path):
    import subprocess
    import sys

    command = [
        sys.executable,
        "-m",
        "standins.intuit",
        "--port",
        str(intuit_server.port),
        "--state",
        str(tmp_path / "s"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1 and "--port" in ended.stderr and "Traceback" not in ended.stderr
