"""The path of the help page: Settings → Company Settings → System Integrations → Enable → Intuit → connected → first sync."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.functional.office import PASSWORD, Office, inspection
from tests.harness.browser import NARROW, WIDE, lies_under, log_in

LONG = 60_000


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A company that never connected, with everything running."""
    tieout.environment["POLL_SECONDS"] = "5"
    office = Office(tieout, platform, intuit).open()
    office.book(*[inspection(number) for number in range(12)])
    office.book(*[inspection(100 + number, days=-20 - number) for number in range(8)])
    tieout.web()
    tieout.worker()
    return office


def enable(page: Page, office: Office) -> None:
    """Click from the login to Intuit's consent page."""
    log_in(page, office.tieout.url, office.owner, PASSWORD)
    if page.viewport_size["width"] < 640:
        page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Settings").first.click()
    expect(page.get_by_role("heading", name="Company Settings")).to_be_visible()
    expect(page.get_by_role("heading", name="System Integrations")).to_be_visible()
    page.get_by_role("button", name="Enable").click()
    page.wait_for_url(re.compile(re.escape(office.intuit.base_url)))


def test_enable_means_done(page, office):
    enable(page, office)
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url(re.compile(re.escape(office.tieout.url)))
    expect(page.get_by_text("You're done.")).to_be_visible()
    steps = page.locator("#first-steps")
    expect(steps).to_contain_text("8 inspections lie before your start date ($4,600.00).", timeout=LONG)
    expect(page.get_by_text(office.name + " Books").first).to_be_visible()
    assert len(office.books()["Invoice"]) == 12

    steps.get_by_role("link", name="Choose: Bring in earlier inspections").click()
    expect(page.get_by_text(re.compile(r"12 invoices"))).to_be_visible()
    expect(page.get_by_text("Connected to")).to_be_visible()
    expect(page.get_by_role("button", name="Disconnect")).to_be_visible()
    page.goto(office.tieout.url)
    page.get_by_role("button", name="Put this list away").click()
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        expect(page.locator(".told").get_by_role("button", name="Undo")).to_be_in_viewport()
        assert lies_under(page, ".told") == []
    page.get_by_role("button", name="Undo").click()
    expect(steps).to_be_visible()


def test_it_works_on_a_phone_and_without_javascript(browser, office):
    phone = {"width": 390, "height": 844}
    context = browser.new_context(java_script_enabled=False, viewport=phone)
    page = context.new_page()
    page.set_default_timeout(LONG)
    enable(page, office)
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url(re.compile(re.escape(office.tieout.url)))
    expect(page.get_by_text("You're done.")).to_be_visible()
    expect(page.get_by_role("link", name="12 In sync")).to_be_visible(timeout=LONG)
    context.close()


def test_declined_consent_changes_nothing(page, office):
    enable(page, office)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(re.compile(re.escape(office.tieout.url)))
    expect(page.get_by_role("alert").first).to_be_visible()
    page.goto(office.tieout.url + "/settings")
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    assert office.books()["Invoice"] == []
