"""What leaves a trace: refusals and wrong guesses in the security log and its counters, ops' looks in the company's audit log."""

import logging
import re

import pytest

from bookkeeping import metrics
from bookkeeping.storage.people.audit import every_act
from tests.webapp.failing import connected_company, failing
from tests.webapp.house import PASSWORD, House
from webapp.access.evidence import EVENTS


@pytest.fixture
def noted(caplog, monkeypatch):
    """The events that were written down, in order, with their facts. Valkey's part is `count_of` below."""
    caplog.set_level(logging.WARNING, logger="tieout.security")
    return lambda: [record.__dict__ for record in caplog.records if record.name == "tieout.security"]


def events(noted) -> list[str]:
    return [one["event"] for one in noted()]


def test_a_failed_login_is_noted_without_what_was_typed(house, company, noted):
    email = house.make_person("owner", company)
    house.browser().log_in(email, "not the password at all")
    house.browser().log_in("nobody@nowhere.example", "not the password at all")
    first, second = noted()
    assert first["event"] == second["event"] == "login-failed"
    assert first["account"] != second["account"] and first["from_address"] == "127.0.0.1"
    assert email not in str(first) and "not the password" not in str(first) + str(second)


def test_a_wrong_password_where_it_is_asked_for_once_more_is_noted(house, company, owner, noted):
    owner.post("/account/confirm", {"confirm_password": "wrong", "next": "/"})
    [one] = noted()
    assert one["event"] == "password-wrong" and one["role"] == "owner" and one["person_id"]


def test_refusals_foreign_rows_and_forms_without_their_token_are_noted(house, company, noted):
    bookkeeper = house.browser(house.make_person("bookkeeper", company))
    assert bookkeeper.get("/ops").status_code == 403
    assert bookkeeper.get("/inspections/not-ours").status_code == 404
    assert bookkeeper.get("/nothing-at-this-address").status_code == 404
    assert bookkeeper.client.post("/logout").status_code == 400
    assert events(noted) == ["refused", "not-theirs", "form-token"]


def test_asking_too_often_is_noted(house, company, noted):
    email = house.make_person("owner", company)
    browser = house.browser()
    codes = [browser.log_in(email, "wrong").status_code for _ in range(7)]
    assert codes[-1] == 429
    assert events(noted).count("too-many") == codes.count(429)


def test_a_call_that_is_not_signed_is_noted(sqlite_url, noted):
    house = House(sqlite_url, quickbooks_verifier_token="a-verifier-token")
    assert house.app.test_client().post("/quickbooks/webhook", data=b"{}").status_code == 401
    assert events(noted) == ["signature"]


def test_every_event_is_told_of_in_the_papers():
    from tests.harness import ROOT

    text = (ROOT / "docs" / "ops" / "runbook.md").read_text()
    rules = (ROOT / "docs" / "ops" / "alerts.yml").read_text()
    assert [event for event in EVENTS if f"`{event}`" not in text] == []
    assert [event for event in EVENTS if event not in rules] == []


def acts(house: House, company: int) -> list[tuple[str, str, str]]:
    with house.app.app_context():
        return [(one.who, one.act, one.subject) for one in every_act(company) if "looked" in one.act]


def test_owner_reads_who_of_ops_looked_at_what(house):
    company = connected_company(house, "Blue Ridge")
    failing(house, company, "a")
    ops = house.browser(house.make_person("ops"))
    for path in (
        f"/ops/companies/{company}",
        f"/ops/companies/{company}",
        f"/ops/companies/{company}/inspections/a",
    ):
        assert ops.get(path).status_code == 200
    assert ops.get("/ops/failures?text=a").status_code == 200
    who = "ops@office.example"
    assert acts(house, company) == [
        (who, "looked at the company (ops)", ""),
        (who, "looked at an inspection (ops)", "a"),
        (who, "looked at failures (ops)", ""),
    ]
    owner = house.browser(house.make_person("owner", company))
    assert "looked at an inspection (ops)" in owner.read("/settings/audit-log?text=looked+at")


def test_every_page_of_ops_about_a_company_leaves_an_entry(house):
    ops = house.browser(house.make_person("ops"))
    about = [
        rule.rule
        for rule in house.app.url_map.iter_rules()
        if "company_id" in rule.arguments and "GET" in rule.methods
    ]
    assert about
    for rule in about:
        company = connected_company(
            house, rule
        )  # One each: a second look at the same within the hour is noted once.
        failing(house, company, "a")
        before = len(acts(house, company))
        path = re.sub(r"<[^>]*company_id>", str(company), rule).replace("<path:key>", "a")
        assert "<" not in path, f"{rule}: say here what its other variables are"
        if ops.get(path).status_code == 200:
            assert len(acts(house, company)) == before + 1, rule


def test_lists_that_name_inspections_leave_an_entry_with_each_company(house):
    company = connected_company(house, "Blue Ridge")
    failing(house, company, "a")
    ops = house.browser(house.make_person("ops"))
    assert ops.get("/ops/failures.csv").status_code == 200
    assert acts(house, company) == [("ops@office.example", "looked at failures (ops)", "")]
    assert ops.get("/ops/companies").status_code == 200
    assert len(acts(house, company)) == 1


def test_events_are_counted(sqlite_url, valkey):
    house = House(sqlite_url, valkey.url)
    house.browser().log_in("nobody@nowhere.example", PASSWORD)
    assert metrics.counted(valkey.client())["tieout_security_events|login-failed"] == 1
