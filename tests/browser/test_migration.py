"""The whole migration in a real browser, as an owner walks it: choose, preview, typed confirmation, tonight's run, report. Without a mouse where it matters."""

import re

import pytest

from tests.functional.legacy import PAGE, LegacyOffice, old_inspection
from tests.functional.office import PASSWORD
from tests.harness.browser import log_in

MILLISECONDS_FOR_A_JOB = 90_000


@pytest.fixture
def office(tieout, platform, intuit) -> LegacyOffice:
    tieout.web()
    tieout.worker()
    office = LegacyOffice(tieout, platform, intuit).open()
    office.book_with_receipts(
        old_inspection(1, "2018-12-31T23:50:00", "300.00"),
        old_inspection(2, "2019-01-01T00:00:00", "425.00"),
        old_inspection(3, "2019-06-01T09:00:00", "99.95"),
    )
    return office


def test_an_owner_walks_from_the_cutoff_to_the_report(office, page):
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    log_in(page, office.tieout.url, office.owner, PASSWORD)
    page.goto(f"{office.tieout.url}/settings")
    assert "Disabled, migration needed" in page.inner_text("main")
    page.get_by_role("button", name="Enable", exact=True).click()
    page.get_by_text("Blue Ridge Home Inspections Books").first.click()
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url(re.compile("/settings/quickbooks"))
    page.get_by_role("link", name="Choose the cutoff").click()

    page.get_by_label("Cutoff", exact=True).fill("2019-01-01T00:00")
    page.get_by_role("button", name="Preview migration").click()
    confirm = page.get_by_role("button", name="Confirm migration")
    confirm.wait_for(timeout=MILLISECONDS_FOR_A_JOB)
    assert "2 SalesReceipts can become Invoices and Payments" in page.inner_text("h1")
    assert "Difference: $0.00 in every month" in page.inner_text("#accrual")
    boundary = page.inner_text("#boundary")
    assert (
        boundary.index("Dec 31, 2018, 11:50 PM")
        < boundary.index("Cutoff:")
        < boundary.index("Jan 1, 2019, 12:00 AM MST\t")
    )

    assert_no_sideways_scrolling(page)
    # By keyboard: words, tab, password, enter. Wrong words are said beside the field, and nothing is lost.
    words = page.get_by_label("Type REPLACE 2 RECEIPTS")
    words.focus()
    page.keyboard.type("REPLACE 3 RECEIPTS")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="Type REPLACE 2 RECEIPTS").wait_for()
    words.fill("REPLACE 2 RECEIPTS")
    page.get_by_label("Password").fill(PASSWORD)
    confirm.click()

    page.get_by_role("button", name="Cancel migration").wait_for()
    assert "The migration runs in" in page.inner_text("h1")
    page.get_by_role("button", name="Run tonight's sync now").click()
    page.get_by_text("As forecast, to the cent, in every month.").first.wait_for(
        timeout=MILLISECONDS_FOR_A_JOB
    )
    assert "Done. 2 SalesReceipts replaced" in page.inner_text("h1")
    assert_no_sideways_scrolling(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Archive: copies of the receipts").click()
    assert download.value.suggested_filename.endswith("archive.csv")
    page.goto(f"{office.tieout.url}{PAGE}")
    page.get_by_role("link", name="Print").click()
    assert "Migration statement" in page.inner_text("h1")
    books = office.books()
    assert [one["TotalAmt"] for one in books["SalesReceipt"]] == [300.0]
    assert sorted(one["TotalAmt"] for one in books["Invoice"]) == [99.95, 425.0]
    assert problems == []


def assert_no_sideways_scrolling(page) -> None:
    """A page is as wide as the screen, on a phone too."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
