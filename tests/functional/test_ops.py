"""Ops settle failures of a real company in a real browser: understood on the page, the cause removed, all retried, gone through."""

import json
import re

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.functional.office import PASSWORD, Office, inspection
from tests.harness.browser import NARROW, WIDE, log_in, press, watch
from tests.harness.processes import wait_until

OPS = "ops@tieout.example"
RULE = {"kind": "item", "entity": "Invoice", "times": 0}


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company with three inspections whose Invoices QuickBooks refuses; web app, worker and tick run."""
    tieout.environment |= {"POLL_SECONDS": "3600", "METRICS_TOKEN": "scrape-me-please"}
    tieout.web()
    made = Office(tieout, platform, intuit).open().connect()
    tieout.flask_json("user", "create", OPS, "--role", "ops", "--password-stdin", input=PASSWORD + "\n")
    refuse(made)
    made.book(*(inspection(number, days=number) for number in (1, 2, 3)))
    tieout.worker()
    tieout.tick()
    return made


def refuse(office: Office) -> None:
    """Let QuickBooks refuse every new Invoice of the company."""
    refusal = {
        "code": "6000",
        "message": "A business validation error has occurred",
        "detail": "No new Invoices today",
    }
    office.intuit.post("/_standin/faults", {**RULE, **refusal, "realm": office.realm_id})


def test_ops_understand_a_failure_and_release_all_behind_it_wide_and_on_a_phone(tieout, office, page):
    complaints = watch(page)
    page.set_viewport_size(WIDE)
    log_in(page, tieout.url, OPS, PASSWORD)
    release_all(office, page, invoices=3)
    assert complaints == []
    page.set_viewport_size(NARROW)
    refuse(office)
    office.book(*(inspection(number, days=number) for number in (4, 5, 6)))
    page.goto(f"{tieout.url}/ops/companies/{office.id}")
    press(page.get_by_role("button", name="Sync now"))
    release_all(office, page, invoices=6)
    assert complaints == []
    measured = requests.get(
        f"{tieout.url}/metrics", headers={"Authorization": "Bearer scrape-me-please"}, timeout=30
    )
    found = {
        sample.name + str(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(measured.text)
        for sample in family.samples
    }
    assert found["tieout_operations_total['', 'created']"] >= 6
    assert found["tieout_operations_total['qbo-6000', 'refused']"] >= 3
    assert found["tieout_workers[]"] == 1 and found["tieout_tick_age_seconds[]"] < 120
    assert any(name.startswith("tieout_quickbooks_call_seconds_bucket") for name in found)
    _logs_tell_of_it_and_keep_its_secrets(tieout, office)


def release_all(office: Office, page, invoices: int) -> None:
    """Understand three refused Invoices, take the cause away, retry all, and see that nothing is wrong any more."""
    url = office.tieout.url

    def three_fail() -> bool:
        page.goto(f"{url}/ops/failures?cause=qbo-6000")
        return page.get_by_text(re.compile(r"^Inspection \d+$")).count() == 3

    wait_until(three_fail, "three refused Invoices on the page of ops", 120)
    page.get_by_text("Request and answer").first.click()
    page.get_by_text("No new Invoices today").first.wait_for()
    page.get_by_text("intuit_tid").first.wait_for()
    raw = json.loads(page.locator("pre.raw").nth(1).inner_text())
    assert raw["Fault"]["Error"][0]["code"] == "6000", "the answer as it came"
    assert "HTTP 200" in page.locator("dl.facts dd", has_text="answered").first.inner_text()
    page.get_by_role("link", name=re.compile(r"^Inspection \d+$")).first.click()
    page.get_by_role("heading", name="Which rule").wait_for()
    page.get_by_text('"DocNumber"').first.wait_for()

    office.intuit.request("DELETE", "/_standin/faults")
    page.goto(f"{url}/ops/failures")
    press(page.get_by_role("button", name="Retry all").first)
    page.wait_for_url("**/ops/failures/retries/*")
    page.get_by_text("3 went through.").wait_for(timeout=90_000)
    assert len(office.books()["Invoice"]) == invoices

    page.goto(f"{url}/ops")
    assert page.get_by_role("heading", level=1).inner_text() == "The one company is fine."
    assert page.locator("img.chart").evaluate("picture => picture.complete && picture.naturalWidth > 0")


def _logs_tell_of_it_and_keep_its_secrets(tieout, office) -> None:
    lines = []
    for line in tieout.logs().splitlines():
        if line.startswith("{"):
            lines.append(json.loads(line))
    assert any(line.get("endpoint") == "ops_acts.retry" and line.get("request_id") for line in lines)
    for secret in (
        PASSWORD,
        office.feed_key,
        tieout.environment["TOKEN_KEYS"],
        "scrape-me-please",
        "standin-secret",
    ):
        assert secret not in tieout.logs()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_their_window_and_need_no_script(tieout, browser, width):
    tieout.web()
    tieout.flask_json("user", "create", OPS, "--role", "ops", "--password-stdin", input=PASSWORD + "\n")
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    log_in(page, tieout.url, OPS, PASSWORD)
    for path in ("/ops", "/ops/failures", "/ops/failures/stuck", "/ops/failures/mutes", "/ops/companies"):
        answer = page.goto(tieout.url + path)
        assert answer.ok, path
        assert page.locator("h1").is_visible()
        wide = context.new_cdp_session(page).send("Page.getLayoutMetrics")["cssContentSize"]["width"]
        assert wide <= width, (path, wide)
    context.close()
