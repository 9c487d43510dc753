"""What tests do to the platform: faults on the wire, malformed records, and refusals of careless admin calls."""

import time

import pytest
import requests

pytest_plugins = ["tests.standins.platform_fixtures"]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503, 504])
def test_a_status_fault_answers_once_in_the_documented_body(standin, status: int):
    company = standin.company()
    standin.admin("POST", "/faults", {"kind": status, "retry_after": 7})
    answer = standin.get(company)
    assert answer.status_code == status and answer.json()["errors"][0]["status"] == str(status)
    assert answer.headers["Retry-After"] == "7"
    assert standin.get(company).status_code == 200
    assert [call["fault"] for call in standin.admin("GET", "/calls")] == [str(status), None]


def test_a_fault_counts_waits_and_aims(standin):
    company, other = standin.company(), standin.company(name="Other")
    standin.admin(
        "POST",
        "/faults",
        {"kind": 503, "times": 2, "skip": 1, "path": "/v2/inspections", "company_id": company["id"]},
    )
    assert standin.get(company, "/v2/company").status_code == 200
    assert standin.get(other).status_code == 200
    assert [standin.get(company).status_code for _ in range(4)] == [200, 503, 503, 200]
    standin.admin("POST", "/faults", {"kind": 500, "times": None})
    assert [standin.get(company).status_code for _ in range(3)] == [500] * 3
    standin.admin("DELETE", "/faults")
    assert standin.get(company).status_code == 200


@pytest.mark.parametrize("kind", ["cut", "cut_body"])
def test_a_cut_connection_is_an_error_of_transport(standin, kind: str):
    company = standin.company()
    standin.book(company, *[{}] * 20)
    standin.admin("POST", "/faults", {"kind": kind})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        standin.get(company)
    assert standin.get(company).status_code == 200


def test_a_truncated_answer_is_200_and_no_json(standin):
    company = standin.company()
    standin.admin("POST", "/faults", {"kind": "truncated"})
    answer = standin.get(company)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_proxy_page_is_html(standin):
    company = standin.company()
    standin.admin("POST", "/faults", {"kind": "html", "status": 200})
    answer = standin.get(company)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")


def test_a_slow_answer_still_comes(standin):
    company = standin.company()
    standin.admin("POST", "/faults", {"kind": "slow", "seconds": 0.3})
    before = time.monotonic()
    assert standin.get(company).status_code == 200
    assert time.monotonic() - before >= 0.3  # A lower bound only: the fault waited.


def feed_ids(standin, company) -> list[str]:
    return [one["id"] for one in standin.get(company).json()["data"]]


def test_a_list_and_a_company_can_be_anothers_for_once(standin):
    company, other = standin.company(), standin.company(name="Other")
    [mine], [theirs] = standin.book(company, {}), standin.book(other, {})
    rule = {"kind": "other_company", "as_company": other["id"], "company_id": company["id"], "times": 2}
    standin.admin("POST", "/faults", rule)
    assert standin.get(company, "/v2/company").json()["data"]["attributes"]["name"] == "Other"
    assert (feed_ids(standin, company), feed_ids(standin, company)) == (
        [str(theirs["id"])],
        [str(mine["id"])],
    )
    refused = standin.admin("POST", "/faults", {"kind": "other_company"}, status=400)
    assert "as_company" in refused["error"]


def test_a_list_can_be_as_it_was_kept(standin):
    company = standin.company()
    [first] = standin.book(company, {"property_address": "1 Oak St"})
    assert standin.admin("POST", f"/companies/{company['id']}/feed/keep") == {"kept": 1}
    standin.book(company, {})
    standin.admin("PATCH", f"/inspections/{first['id']}", {"property_address": "2 Elm St"})
    standin.admin("POST", "/faults", {"kind": "past", "path": "/v2/inspections"})
    [then] = standin.get(company).json()["data"]
    assert then["attributes"]["property_address"] == "1 Oak St"
    assert len(feed_ids(standin, company)) == 2


def test_a_row_can_move_once_its_page_was_served(standin):
    company = standin.company()
    keys = [str(one["id"]) for one in standin.book(company, {}, {})]
    standin.admin("POST", "/faults", {"kind": "moves"})
    assert (feed_ids(standin, company), feed_ids(standin, company)) == (keys, keys[::-1])


def test_raw_overrides_reach_the_feed_as_they_are_and_can_be_mended(standin):
    company = standin.company()
    made = standin.book(
        company,
        {"line_items": [{"name": "a", "amount": "1", "raw": {"attributes": {"amount": "12.345"}}}]},
        {
            "line_items": [
                {"name": "a", "amount": "1", "raw": {"attributes": {"amount": 12.5, "kind": "gift"}}}
            ]
        },
        {"raw": {"omit": ["datetime"]}},
        {"raw": {"replace": "garbage"}},
        {"payments": [{"amount": "5", "raw": {"omit": ["received_at"], "attributes": {"amount": "-5.00"}}}]},
        {"buyer": {"first_name": "Ann", "raw": {"attributes": {"email": {"no": "text"}}}}},
        {"raw": {"relationships": {"buyer": {"data": {"type": "contact", "id": "999999"}}}}},
        {},
    )
    body = standin.get(company, include=standin.include).json()
    assert len(body["data"]) == len(made)
    included = {(each["type"], each["id"]): each["attributes"] for each in body["included"]}
    assert included["line_item", str(made[0]["line_items"][0]["id"])]["amount"] == "12.345"
    assert (
        included["line_item", str(made[1]["line_items"][0]["id"])] | {"amount": 12.5, "kind": "gift"}
        == included["line_item", str(made[1]["line_items"][0]["id"])]
    )
    assert "datetime" not in body["data"][2]["attributes"]
    assert body["data"][3] == "garbage"
    payment = included["payment", str(made[4]["payments"][0]["id"])]
    assert payment["amount"] == "-5.00" and "received_at" not in payment
    assert included["contact", str(made[5]["buyer_id"])]["email"] == {"no": "text"}
    assert body["data"][6]["relationships"]["buyer"]["data"]["id"] == "999999"
    standin.admin("PATCH", f"/inspections/{made[2]['id']}", {"raw": None})
    assert standin.walk(company)[-1]["attributes"]["datetime"] == "2026-03-02T09:00:00-05:00"


@pytest.mark.parametrize(
    "change",
    [
        {"line_items": [{"name": "a", "amount": 12.5}]}, {"line_items": [{"name": "a", "amount": "12.345"}]},
        {"line_items": [{"name": "a", "amount": "1", "kind": "gift"}]}, {"payments": [{"amount": "0"}]},
        {"payments": [{"amount": "5", "refunded_amount": "5.01"}]}, {"datetime": "tomorrow"}, {"colour": "red"},
        {"buyer": {"id": 1}}, {"raw": {"nonsense": 1}}, [1, 2],
    ],
)  # fmt: skip
def test_careless_admin_calls_are_refused_and_change_nothing(standin, change):
    company = standin.company()
    (made,) = standin.book(company, {})
    assert standin.admin("PATCH", f"/inspections/{made['id']}", change, status=400)["error"]
    assert standin.admin("GET", f"/inspections/{made['id']}") == made


def test_a_list_is_created_wholly_or_not_at_all(standin):
    company = standin.company()
    batch = [{"datetime": "2026-01-01T09:00:00Z"}, {"datetime": "never"}]
    error = standin.admin("POST", f"/companies/{company['id']}/inspections", batch, status=400)["error"]
    assert "number 2" in error
    assert standin.admin("GET", f"/companies/{company['id']}/inspections") == []


def test_many_inspections_are_deleted_in_one_call(standin):
    company, other = standin.company(), standin.company(name="Other")
    made = standin.book(company, *[{}] * 30)
    standin.admin(
        "PATCH",
        f"/companies/{company['id']}/inspections",
        [{"id": row["id"], "deleted": True} for row in made],
    )
    assert all(row["attributes"]["deleted_at"] for row in standin.walk(company))
    standin.admin("PATCH", f"/companies/{other['id']}/inspections", [{"id": made[0]["id"]}], status=404)
