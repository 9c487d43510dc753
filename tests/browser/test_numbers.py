"""A bookkeeper reads the numbers, makes a statement, and follows one of its figures, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.functional.office import PASSWORD, Office, inspection
from tests.harness.browser import NARROW, WIDE, log_in, press, watch

MILLISECONDS = 60_000


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company with one inspection that is not paid yet, and a worker."""
    tieout.web()
    made = Office(tieout, platform, intuit).open().connect()
    made.keys = made.book(inspection(1), inspection(2, payments=[]))
    made.sync()
    tieout.worker()
    return made


def test_numbers_and_a_statement_are_read_on_demand_wide_and_on_a_phone(office, page):
    complaints = watch(page)
    log_in(page, office.tieout.url, office.owner, PASSWORD)
    page.goto(f"{office.tieout.url}/numbers")
    expect(page.get_by_text("Nothing was read back yet")).to_be_visible()
    for screen in (WIDE, NARROW):
        page.set_viewport_size(screen)
        read_numbers(office, page)
        assert complaints == []


def read_numbers(office: Office, page: Page) -> None:
    """Refresh, look at what is there, make a statement, and follow one of its figures to where it comes from."""
    page.goto(f"{office.tieout.url}/numbers")
    press(page.get_by_role("button", name="Refresh"))
    expect(page.get_by_role("heading", name="Profit and Loss by month")).to_be_visible(timeout=MILLISECONDS)
    expect(page.get_by_role("heading", name="Payments by method")).to_be_visible(timeout=MILLISECONDS)
    drawn = page.locator("#payments").get_by_label("Received by payment method")
    expect(drawn.filter(visible=True)).to_have_count(1, timeout=MILLISECONDS)
    expect(page.locator("#open-invoices")).to_contain_text("$575.00")

    page.get_by_role("link", name="Tie-out", exact=True).click()
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_label("To", exact=True).fill("2028-12-31")
    page.get_by_role("button", name="Make statement").click()
    expect(page.get_by_text("platform and QuickBooks agree to the cent")).to_be_visible(timeout=MILLISECONDS)

    page.goto(f"{office.tieout.url}/inspections/{office.keys[1]}")
    press(page.get_by_role("link", name="Explain this number"))
    expect(page.get_by_role("heading", name="Explain this number")).to_be_visible()
    expect(page.get_by_text("Full Home Inspection").first).to_be_visible()
    expect(page.get_by_text("Nothing was received yet.")).to_be_visible()
