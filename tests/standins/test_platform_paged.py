"""The platform stand-in by numbered pages: as strict as the feed, and silent about changes and what was deleted."""

import pytest

pytest_plugins = ["tests.standins.platform_fixtures"]

INSPECTIONS, PAYMENTS = "/paged/v2/inspections", "/paged/v2/payments"


@pytest.fixture
def booked(standin):
    """A company with three inspections on three days, the first paid twice; and their ids."""
    company = standin.company()
    paid = [{"amount": "100.00", "method": "card", "received_at": "2026-03-02T15:00:00Z"}] * 2
    days = ({"datetime": f"2026-03-0{day}T09:00:00-05:00"} for day in (2, 3, 4))
    found = standin.book(company, *days)
    for payment in paid:
        standin.admin("POST", f"/inspections/{found[0]['id']}/payments", payment)
    return company, [one["id"] for one in found]


def ids(response):
    assert response.status_code == 200, response.text
    return [int(one["id"]) for one in response.json()["data"]]


def test_pages_are_numbered_and_count_their_rows(standin, booked):
    company, keys = booked
    first = standin.get(company, INSPECTIONS, page_size=2)
    second = standin.get(company, INSPECTIONS, page_size=2, **{"page[number]": 2})
    assert (ids(first), ids(second)) == (keys[:2], keys[2:])
    assert second.json()["meta"]["pagination"] == {"page": 2, "per_page": 2, "pages": 2, "total": 3}
    assert "links" not in first.json()


def test_a_span_has_what_begins_in_it(standin, booked):
    company, keys = booked
    span = {"filter[starts_from]": "2026-03-03T00:00:00Z", "filter[starts_until]": "2026-03-04T14:00:00Z"}
    assert ids(standin.get(company, INSPECTIONS, **span)) == keys[1:2]


def test_nothing_is_said_of_changes_deletions_and_money(standin, booked):
    company, keys = booked
    one = standin.get(company, f"{INSPECTIONS}/{keys[0]}", include="buyer,line_items").json()["data"]
    assert (
        not {"updated_at", "deleted_at"} & one["attributes"].keys() and "payments" not in one["relationships"]
    )
    standin.admin("PATCH", f"/inspections/{keys[0]}", {"deleted": True})
    assert ids(standin.get(company, INSPECTIONS)) == keys[1:]
    assert standin.get(company, f"{INSPECTIONS}/{keys[0]}").status_code == 404
    assert ids(standin.get(company, PAYMENTS, **{"filter[inspection_id]": str(keys[0])})) == []


def test_payments_say_whose_they_are(standin, booked):
    company, keys = booked
    given = {"filter[inspection_id]": f"{keys[0]},{keys[1]}", "page_size": 1}
    answer = standin.get(company, PAYMENTS, **given).json()
    assert answer["meta"]["pagination"]["total"] == 2
    [payment] = answer["data"]
    assert payment["relationships"]["inspection"]["data"] == {"type": "inspection", "id": str(keys[0])}
    other = standin.company()
    assert ids(standin.get(other, PAYMENTS, **{"filter[inspection_id]": str(keys[0])})) == []


@pytest.mark.parametrize(
    ("path", "given"),
    [
        (INSPECTIONS, {"updated_since": "2026-03-02T00:00:00Z"}),
        (INSPECTIONS, {"page_after": "x"}),
        (INSPECTIONS, {"page[number]": "0"}),
        (INSPECTIONS, {"page_size": "101"}),
        (INSPECTIONS, {"sort": "updated_at"}),
        (INSPECTIONS, {"include": "payments"}),
        (INSPECTIONS, {"filter[starts_from]": "yesterday"}),
        (PAYMENTS, {}),
        (PAYMENTS, {"filter[inspection_id]": "all"}),
    ],
)
def test_what_it_does_not_know_is_refused(standin, booked, path, given):
    assert standin.get(booked[0], path, **given).status_code == 400


def test_keys_and_faults_are_the_feeds(standin, booked):
    company, _ = booked
    assert standin.get({"key": "wrong"}, INSPECTIONS).status_code == 401
    standin.admin("POST", "/faults", {"kind": "503", "path": "/paged/", "company_id": company["id"]})
    assert standin.get(company, INSPECTIONS).status_code == 503
    assert standin.get(company, "/paged/v2/company").json()["data"]["attributes"]["us_based"] is True
    assert standin.get(company, "/paged/v2/nothing").json()["errors"][0]["status"] == "404"
