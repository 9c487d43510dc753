"""The public feed: keys, order, paging, windows, tombstones, strictness and late commits."""

import requests

pytest_plugins = ["tests.standins.platform_fixtures"]


def ids(resources):
    return [resource["id"] for resource in resources]


def test_company_says_name_country_and_zone(standin):
    company = standin.company(name="Front Range", time_zone="America/Denver")
    assert standin.get(company, "/v2/company").json()["data"]["attributes"] == {
        "name": "Front Range", "country": "US", "us_based": True, "time_zone": "America/Denver",
    }  # fmt: skip


def test_an_inspection_carries_every_documented_field(standin):
    company = standin.company()
    made = standin.book(company, {
        "datetime": "2026-07-02T09:00:00-04:00", "property_address": "12 Oak St", "property_city": "Asheville",
        "property_state": "NC", "property_zip": "28801", "inspector_name": "Dana Cole",
        "buyer": {"first_name": "Siobhán", "last_name": "O'Neil", "email": "s@example.com"},
        "line_items": [{"kind": "service", "name": "Radon", "amount": "150.5"}, {"kind": "discount", "name": "Repeat", "amount": "-25"}],
        "payments": [{"amount": "125.50", "method": "check", "reference": "1042", "received_at": "2026-07-02T12:00:00Z"}],
    })[0]  # fmt: skip
    body = standin.get(company, include=standin.include, sort="updated_at").json()
    resource = body["data"][0]
    assert (resource["type"], resource["id"]) == ("inspection", str(made["id"]))
    attributes = resource["attributes"]
    assert attributes["datetime"] == "2026-07-02T09:00:00-04:00"
    assert attributes["full_address"] == "12 Oak St, Asheville, NC 28801"
    assert (
        attributes["confirmed_at"] and attributes["canceled_at"] is None and attributes["deleted_at"] is None
    )
    included = {(each["type"], each["id"]): each["attributes"] for each in body["included"]}
    linked = resource["relationships"]
    buyer = linked["buyer"]["data"]
    assert included[buyer["type"], buyer["id"]]["last_name"] == "O'Neil"
    lines = [included["line_item", each["id"]] for each in linked["line_items"]["data"]]
    assert [(line["kind"], line["amount"], line["position"]) for line in lines] == [
        ("service", "150.50", 1),
        ("discount", "-25.00", 2),
    ]
    (payment,) = [included["payment", each["id"]] for each in linked["payments"]["data"]]
    assert payment == {
        "amount": "125.50", "method": "check", "received_at": "2026-07-02T12:00:00.000Z", "reference": "1042",
        "refunded_amount": "0.00", "voided_at": None,
    }  # fmt: skip


def test_paging_is_ordered_and_splits_ties_without_loss_or_repeat(standin):
    company = standin.company()
    stamps = ["2026-01-03T00:00:00Z"] * 5 + ["2026-01-01T00:00:00Z"] + ["2026-01-02T00:00:00Z"] * 4
    made = standin.book(company, *({"updated_at": stamp} for stamp in stamps))
    expected = [str(row["id"]) for row in sorted(made, key=lambda row: (row["updated_at"], row["id"]))]
    for size in (1, 2, 3, 10):
        assert ids(standin.walk(company, page_size=size)) == expected
    assert "next" not in standin.get(company, page_size=10).json()["links"]


def test_a_change_during_the_walk_moves_a_row_to_the_end(standin):
    company = standin.company()
    made = standin.book(company, {}, {}, {})
    first = standin.get(company, page_size=1).json()
    standin.admin("PATCH", f"/inspections/{made[0]['id']}", {"inspector_name": "Someone else"})
    headers = {"Authorization": f"Bearer {company['key']}"}
    following = requests.get(
        first["links"]["next"].replace("size%5D=1", "size%5D=9"), headers=headers, timeout=10
    ).json()
    assert ids(following["data"]) == [str(made[1]["id"]), str(made[2]["id"]), str(made[0]["id"])]


def test_updated_since_includes_the_moment_itself(standin):
    company = standin.company()
    stamps = ["2026-01-01T11:59:59.999Z", "2026-01-01T12:00:00Z", "2026-01-01T12:00:00.001Z"]
    made = standin.book(company, *({"updated_at": stamp} for stamp in stamps))
    assert ids(standin.walk(company, updated_since="2026-01-01T07:00:00-05:00")) == [
        str(row["id"]) for row in made[1:]
    ]


def test_a_deleted_inspection_stays_as_a_tombstone(standin):
    company = standin.company()
    old, kept = standin.book(company, {}, {})
    standin.admin("PATCH", f"/inspections/{old['id']}", {"deleted": True})
    assert standin.walk(company)[-1]["attributes"]["deleted_at"]
    assert standin.get(company, f"/v2/inspections/{old['id']}").json()["data"]["attributes"]["deleted_at"]
    assert standin.admin("POST", "/tombstones/purge") == {"purged": 0}
    standin.admin("POST", "/clock", {"offset_seconds": 31 * 86400})
    assert standin.admin("POST", "/tombstones/purge") == {"purged": 1}
    assert ids(standin.walk(company)) == [str(kept["id"])]
    assert standin.get(company, f"/v2/inspections/{old['id']}").status_code == 404


def test_every_related_change_moves_the_inspection(standin):
    company = standin.company()
    start = {"updated_at": "2026-01-01T00:00:00Z", "buyer": {"ref": "a", "first_name": "Ann"}}
    one, other = standin.book(
        company,
        start | {"line_items": [{"name": "Radon", "amount": "150"}], "payments": [{"amount": "1"}]},
        start,
    )
    path = f"/inspections/{one['id']}"
    line, payment = one["line_items"][0]["id"], one["payments"][0]["id"]
    changes = [
        ("POST", f"{path}/line_items", {"name": "Mold", "amount": "99"}),
        ("PATCH", f"{path}/line_items/{line}", {"amount": "160"}),
        ("DELETE", f"{path}/line_items/{line}", None),
        ("POST", f"{path}/payments", {"amount": "5"}),
        ("PATCH", f"{path}/payments/{payment}", {"refunded_amount": "1"}),
        ("DELETE", f"{path}/payments/{payment}", None),
        ("PATCH", f"/contacts/{one['buyer_id']}", {"email": "ann@example.com"}),
    ]
    for method, where, values in changes:
        before = standin.admin("PATCH", path, {"updated_at": "2026-01-01T00:00:00Z"})["updated_at"]
        standin.admin(method, where, values)
        assert standin.admin("GET", path)["updated_at"] > before, (method, where)
    assert (
        standin.admin("GET", f"/inspections/{other['id']}")["updated_at"] > other["updated_at"]
    )  # The same client.


def test_late_commits_appear_behind_newer_rows(standin):
    company = standin.company()
    (known,) = standin.book(company, {"inspector_name": "Before"})
    standin.admin("POST", "/late-commits", {"seconds": 60})
    (late,) = standin.book(company, {})
    standin.admin("PATCH", f"/inspections/{known['id']}", {"inspector_name": "After"})
    standin.admin("POST", "/late-commits", {"seconds": 0})
    (newer,) = standin.book(company, {})
    seen = standin.walk(company)
    assert ids(seen) == [str(known["id"]), str(newer["id"])]
    assert seen[0]["attributes"]["inspector_name"] == "Before"
    assert standin.get(company, f"/v2/inspections/{late['id']}").status_code == 404
    standin.admin("POST", "/clock", {"offset_seconds": 61})
    seen = standin.walk(company)
    assert ids(seen) == [str(late["id"]), str(known["id"]), str(newer["id"])]
    assert seen[1]["attributes"]["inspector_name"] == "After"


def test_late_commits_can_be_released_by_hand(standin):
    company = standin.company()
    standin.admin("POST", "/late-commits", {"seconds": 120})
    standin.book(company, {}, {})
    assert standin.walk(company) == []
    assert standin.admin("POST", "/late-commits/release") == {"released": 2}
    assert len(standin.walk(company)) == 2


def test_keys_are_told_apart(standin):
    company, other = standin.company(), standin.company(name="Other")
    (made,) = standin.book(company, {})
    assert standin.get({"key": ""}).status_code == 401
    assert standin.get({"key": "wrong"}).status_code == 401
    assert standin.get(other).json()["data"] == []
    assert standin.get(other, f"/v2/inspections/{made['id']}").status_code == 404
    for state, status in (("forbidden", 403), ("revoked", 401), ("active", 200)):
        standin.admin("POST", f"/companies/{company['id']}/keys/state", {"state": state})
        answer = standin.get(company)
        assert answer.status_code == status
        if status != 200:
            (error,) = answer.json()["errors"]
            assert error["status"] == str(status) and error["title"] and error["detail"]


def test_bad_parameters_are_refused(standin):
    company = standin.company()
    bad = [
        {"filter[updated_since]": "yesterday"}, {"filter[updated_since]": "2026-01-01T00:00:00"}, {"filter[updated_since]": ""},
        {"filter[updated_since]": "0001-01-01T00:00:00+14:00"}, {"filter[deleted]": "1"}, {"sort": "-updated_at"}, {"page[size]": "0"},
        {"page[size]": "101"}, {"page[size]": "ten"}, {"page[after]": "abc"}, {"page[after]": "é"}, {"page[number]": "2"},
        {"include": "buyer,agent"}, {"sort": ["updated_at", "updated_at"]},
    ]  # fmt: skip
    for params in bad:
        answer = standin.get(company, **params)
        assert answer.status_code == 400, params
        assert answer.json()["errors"][0]["status"] == "400"
    unescaped = requests.get(
        f"{standin.url}/v2/inspections?filter[updated_since]=2026-01-01T00:00:00+00:00",
        headers={"Authorization": f"Bearer {company['key']}"},
        timeout=10,
    )
    assert unescaped.status_code == 400
    assert standin.get(company, "/v2/company", include="x").status_code == 400
    assert standin.get(company, "/v2/nothing").json()["errors"][0]["status"] == "404"
    assert standin.get(company, "/v2/inspections/abc").status_code == 404


def test_included_resources_come_once_and_only_when_asked(standin):
    company = standin.company()
    standin.book(company, *[{"buyer": {"ref": "a", "first_name": "Ann"}, "payments": [{"amount": "5"}]}] * 2)
    assert "included" not in standin.get(company).json()
    included = standin.get(company, include=standin.include).json()["included"]
    assert sorted(each["type"] for each in included) == ["contact", "payment", "payment"]


def test_one_connection_serves_many_calls_and_each_is_logged(standin):
    company = standin.company()
    with requests.Session() as session:
        for _ in range(3):
            answer = session.get(
                f"{standin.url}/v2/company",
                headers={"Authorization": f"Bearer {company['key']}"},
                timeout=10,
            )
            assert answer.headers["Connection"] == "keep-alive"
    calls = standin.admin("GET", f"/calls?company_id={company['id']}")
    assert [(call["path"], call["status"]) for call in calls] == [("/v2/company", 200)] * 3


def test_state_survives_a_restart(running_platform, tmp_path):
    with running_platform(tmp_path / "state.sqlite") as first:
        company = first.company()
        first.book(company, {"inspector_name": "Dana"})
        seen = first.walk(company)
    with running_platform(tmp_path / "state.sqlite") as second:
        assert second.walk(company) == seen
