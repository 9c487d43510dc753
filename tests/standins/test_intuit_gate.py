"""The gateway: request ids, limits, faults on order, headers, encodings, the log."""

import json
import threading
import time

import pytest
import requests

from tests.standins.conftest import Company, current, fault, sale_line

NAMES = iter(f"Customer {number}" for number in range(10_000))


def create(company, **params) -> requests.Response:
    return company.send("POST", "customer", json={"DisplayName": next(NAMES)}, params=params)


def test_request_id_is_carried_out_once_whatever_the_body(company, settings):
    first = create(company, requestid="a-1")
    assert create(company, requestid="a-1").json() == first.json()
    assert len(company.books()["Customer"]) == 1
    settings(requestid_mismatch="600")
    assert create(company, requestid="a-1").json()["Fault"]["Error"][0]["code"] == "600"
    assert create(company, requestid="x" * 51).json()["Fault"]["Error"][0]["code"] == "2130"


def test_replay_after_delete_answers_with_the_dead_id(company):
    ada = company.customer()
    body = {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(5)]}
    made = company.post("Invoice", body, requestid="inv-1")
    company.post("Invoice", current(made), operation="delete", requestid="del-1")
    assert company.post("Invoice", body, requestid="inv-1")["Id"] == made["Id"]
    assert (
        company.post("Invoice", current(made), operation="delete", requestid="del-1")["status"] == "Deleted"
    )
    assert company.books()["Invoice"] == []
    assert company.post("Invoice", body, requestid="inv-1:g2")["Id"] != made["Id"]


def test_faulted_request_is_not_remembered(company):
    ada = company.customer()
    assert company.refusal("Customer", {"DisplayName": "Ada Reyes"}, requestid="c")[0] == "6240"
    company.post("Customer", current(ada) | {"sparse": True, "DisplayName": "Other"})
    assert company.post("Customer", {"DisplayName": "Ada Reyes"}, requestid="c")["Id"]


def test_request_ids_are_a_companys_own(company, new_company):
    create(company, requestid="same")
    assert create(new_company(), requestid="same").json()["Customer"]["SyncToken"] == "0"


@pytest.mark.parametrize("kind", ["500", "502", "503", "504", "html", "empty", "truncated", "cut", "429"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_strikes_once_before_or_after_the_change(company, kind, when):
    company.fault(kind=kind, when=when, entity="Customer", operation="create")
    try:
        answer = create(company, requestid="f-1")
        json.loads(answer.text)
        good = answer.status_code == 200
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, ValueError):
        good = False
    assert not good
    assert len(company.books()["Customer"]) == (1 if when == "after" else 0)
    assert create(company, requestid="f-1").status_code == 200
    assert len(company.books()["Customer"]) == 1


def test_throttle_comes_in_three_encodings(company):
    for encoding in ("json", "lowercase", "xml"):
        company.fault(kind="429", encoding=encoding, retry_after=60)
    first, second, third = (create(company) for _ in range(3))
    assert [answer.status_code for answer in (first, second, third)] == [429] * 3
    assert first.json()["Fault"]["Error"][0]["code"] == "3001"
    assert (
        second.json()["fault"]["error"][0]["message"]
        == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    )
    assert third.text.startswith("<?xml") and 'code="3001"' in third.text
    assert first.headers["Retry-After"] == "60"


def test_rules_choose_by_entity_number_path_and_body(company):
    company.fault(kind="500", entity="invoice", nth=2, times=1)
    company.fault(kind="fault", path="/customer", body="Struck", code=6190, status=400, detail="x")
    ada = company.customer()
    assert company.refusal("Customer", {"DisplayName": "Struck"})[0] == "6190"
    body = {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(5)]}
    statuses = [company.send("POST", "invoice", json=body).status_code for _ in range(3)]
    assert statuses == [200, 500, 200]


def test_nonsense_rules_and_settings_are_refused(intuit_server):
    for path, body in (
        ("faults", {"kind": "explode"}),
        ("faults", {"kind": "500", "wen": "after"}),
        ("settings", {"limits": "yes"}),
        ("settings", {"throttle_body": "yaml"}),
        ("settings", {"speed": 3}),
        ("realms", {"color": "red"}),
        ("realms", {"time_zone": "Mars/Base"}),
    ):
        answer = requests.post(f"{intuit_server.base_url}/_standin/{path}", json=body, timeout=10)
        assert answer.status_code == 400 and answer.json()["error"]


def test_stale_and_item_faults(company):
    ada = company.customer()
    company.fault(kind="stale", entity="Customer", operation="update")
    assert company.refusal("Customer", current(ada) | {"sparse": True, "Notes": "x"})[0] == "5010"
    company.fault(kind="item", index=1, code=6000, message="no", detail="struck")
    answers = company.batch(
        *[{"operation": "create", "Customer": {"DisplayName": next(NAMES)}} for _ in range(3)]
    )
    assert ["Fault" in answer for answer in answers] == [False, True, False]
    company.fault(kind="item", bId="0", code=10000, when="after")
    (answer,) = company.batch({"operation": "create", "Customer": {"DisplayName": "After all"}})
    assert answer["Fault"]["Error"][0]["code"] == "10000"
    assert company.query("select * from Customer where DisplayName = 'After all'")["maxResults"] == 1


def test_slow_answer_does_not_hold_up_others(company, new_company):
    company.fault(kind="slow", seconds=2, operation="read")
    ada = company.customer()
    with pytest.raises(requests.ReadTimeout):
        requests.get(
            f"{company.url}/customer/{ada['Id']}",
            headers={"Authorization": f"Bearer {company.tokens['access_token']}"},
            timeout=0.3,
        )
    assert company.read("Customer", ada["Id"])["DisplayName"] == "Ada Reyes"


def limited(server, company) -> dict[str, str]:
    tokens = server.post(f"/_standin/realms/{company.id}/token", {"limits": True})
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def test_eleventh_request_of_a_second_is_throttled(intuit_server, company):
    headers = limited(intuit_server, company)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answers = [company.send("GET", "preferences", headers=headers).status_code for _ in range(25)]
        if 429 in answers:
            break
    assert 429 in answers and answers[:10].count(200) >= 1
    throttled = [call for call in company.calls()["calls"] if call["status"] == 429]
    assert throttled[0]["limit"] == "requests_per_second"


@pytest.mark.parametrize(
    ("limit", "path"),
    [("batches_per_minute", "batch"), ("requests_per_minute", "query"), ("coreplus_quota", "preferences")],
)
def test_limits_by_the_minute_and_the_month(intuit, limit, path):
    company = Company(intuit)
    intuit.post("/_standin/settings", {limit: 3, "requests_per_second": 1000, "throttle_body": "lowercase"})
    headers = limited(intuit, company)
    options = {
        "batch": {
            "method": "POST",
            "json": {"BatchItemRequest": [{"bId": "1", "Query": "select * from Item"}]},
        },
        "query": {"method": "POST", "data": "select * from Item"},
        "preferences": {"method": "GET"},
    }[path]
    answers = [company.send(path=path, headers=headers, **options) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert "fault" in answers[-1].json()
    assert company.send("POST", "customer", headers=headers, json={"DisplayName": "A"}).status_code == (
        429 if limit == "requests_per_minute" else 200
    )
    intuit.post("/_standin/settings", {"limits": False, "coreplus_quota": 0})
    assert company.send(path=path, headers=headers, **options).status_code == 200


def test_requests_in_flight_are_limited(intuit_server, company):
    headers = limited(intuit_server, company)
    company.fault(kind="slow", seconds=1.5, operation="query", times=10)
    statuses: list[int] = []

    def ask() -> None:
        answer = requests.post(
            f"{company.url}/query",
            data="select * from Item",
            headers=headers | {"Accept": "application/json"},
            timeout=30,
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 10 + [429] * 4


def test_every_answer_carries_a_tid_and_calls_are_counted(company):
    made = create(company, requestid="log-1")
    company.send("POST", "query", data="select * from Item")
    company.send("POST", "customer", json={"Odd": 1})
    assert made.headers["intuit_tid"].startswith("1-") and made.headers["QBO-Version"]
    log = company.calls()
    first, second, third = log["calls"]
    assert (first["operation"], first["entities"], first["requestid"]) == ("create", ["Customer"], "log-1")
    assert first["intuit_tid"] == made.headers["intuit_tid"]
    assert (second["operation"], third["fault"]) == ("query", "2010")
    assert (log["counters"]["core"], log["counters"]["coreplus"], log["counters"]["calls"]) == (1, 1, 3)
    requests.delete(f"{company.standin.base_url}/_standin/realms/{company.id}/calls", timeout=10)
    assert company.calls() == {"counters": {}, "calls": []}


def test_encodings_of_answers(company):
    ada = company.customer()
    whole = company.send("GET", f"customer/{ada['Id']}", headers={"Accept": "text/xml"})
    assert whole.headers["Content-Type"].startswith("application/xml") and "<DisplayName>Ada" in whole.text
    zipped = company.send("POST", "query", data="select * from Account")
    assert zipped.headers["Content-Encoding"] == "gzip" and zipped.json()["QueryResponse"]["maxResults"] == 18
    plain = company.send(
        "POST", "query", data="select * from Account", headers={"Accept-Encoding": "identity"}
    )
    assert "Content-Encoding" not in plain.headers
    assert (
        company.send("POST", "customer", data=b'{"DisplayName":"\xff"}').json()["Fault"]["Error"][0]["code"]
        == "500"
    )
    assert company.send("POST", "customer", data="{").json()["Fault"]["Error"][0]["code"] == "2010"
    assert fault(company.send("POST", "widget", json={}))[0] == "500"
    assert fault(company.send("GET", "customer/1/2/3"))[0] == "500"
    assert company.send("PUT", "customer", json={}).status_code == 405


def test_connection_is_kept_alive(company):
    """Two answers come over one socket."""
    import http.client

    host = company.standin.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    headers = {"Authorization": f"Bearer {company.tokens['access_token']}", "Accept": "application/json"}
    sockets = []
    for _ in range(2):
        connection.request("GET", f"/v3/company/{company.id}/preferences", headers=headers)
        sockets.append(connection.sock)
        assert connection.getresponse().read()
    assert sockets[0] is not None and sockets[0] is sockets[1]
    connection.close()
