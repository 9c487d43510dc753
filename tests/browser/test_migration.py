"""The whole migration in a real browser, as an owner walks it: choose, preview, typed confirmation, tonight's run, report. Without a mouse where it matters."""

import re

import pytest

from tests.functional.legacy import PAGE, LegacyOffice, old_inspection
from tests.functional.office import PASSWORD
from tests.harness.browser import NARROW, WIDE, log_in, press, watch

MILLISECONDS_FOR_A_JOB = 90_000


@pytest.fixture
def offices(tieout, platform, intuit) -> list[LegacyOffice]:
    """Two companies with SalesReceipts in one installation: a migration is walked once."""
    tieout.web()
    tieout.worker()
    made = []
    for name in ("Blue Ridge Home Inspections", "Front Range Home Inspections"):
        office = LegacyOffice(tieout, platform, intuit, name=name).open()
        office.book_with_receipts(
            old_inspection(1, "2018-12-31T23:50:00", "300.00"),
            old_inspection(2, "2019-01-01T00:00:00", "425.00"),
            old_inspection(3, "2019-06-01T09:00:00", "99.95"),
        )
        made.append(office)
    return made


def test_an_owner_walks_from_the_cutoff_to_the_report_wide_and_on_a_phone(offices, browser):
    for office, screen in zip(offices, (WIDE, NARROW), strict=True):
        context = browser.new_context(viewport=screen)
        context.set_default_timeout(15_000)
        page = context.new_page()
        walk(office, page, watch(page))
        context.close()


def walk(office: LegacyOffice, page, complaints: list[str]) -> None:
    """Enable, choose, preview, confirm, let tonight's run go, read the report; the books are as they should be."""
    log_in(page, office.tieout.url, office.owner, PASSWORD)
    page.goto(f"{office.tieout.url}/settings")
    assert "Disabled, migration needed" in page.inner_text("main")
    press(page.get_by_role("button", name="Enable", exact=True))
    page.get_by_text(f"{office.name} Books").first.click()
    page.get_by_role("button", name="Connect").click()
    page.get_by_text("until you choose a cutoff and confirm it").wait_for()
    page.locator("#first-steps").get_by_role("link", name=re.compile("^Choose the cutoff")).click()

    choose(page)
    press(page.get_by_role("button", name="Preview migration"))
    page.get_by_text("Nothing stands in the way").wait_for(timeout=MILLISECONDS_FOR_A_JOB)
    assert_one_screen(page)
    press(page.get_by_role("link", name="Continue to what moves"))
    assert "Nothing moves between months" in page.inner_text("h1")
    assert "Difference: $0.00 in every month" in page.inner_text("#accrual summary")
    assert_one_screen(page)
    page.get_by_text("At the boundary").click()
    boundary = page.inner_text("#boundary")
    assert boundary.index("Dec 31, 2018, 11:50 PM") < boundary.index("Cutoff:"), boundary
    assert boundary.index("Cutoff:") < boundary.rindex("Jan 1, 2019, 12:00 AM MST")
    page.get_by_text("At the boundary").click()
    press(page.get_by_role("link", name="Continue to confirm"))
    confirm(page)
    assert "The migration runs in" in page.inner_text("h1")
    page.reload()
    assert_one_screen(page)
    press(page.get_by_role("button", name="Run tonight's sync now"))
    page.get_by_text("As forecast, to the cent, in every month.").first.wait_for(
        timeout=MILLISECONDS_FOR_A_JOB
    )
    assert "Done. 2 SalesReceipts replaced" in page.inner_text("h1")
    assert_one_screen(page)
    press(page.get_by_text("Report, receipts and files"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Archive: copies of the receipts (CSV)").click()
    assert download.value.suggested_filename.endswith("archive.csv")
    page.goto(f"{office.tieout.url}{PAGE}")
    press(page.get_by_role("link", name="Print"))
    assert "Migration statement" in page.inner_text("h1")
    books = office.books()
    assert [one["TotalAmt"] for one in books["SalesReceipt"]] == [300.0]
    assert sorted(one["TotalAmt"] for one in books["Invoice"]) == [99.95, 425.0]
    assert [said for said in complaints if "422" not in said] == []


def choose(page) -> None:
    """Move the cut by a year's button, by keyboard on the chart, and typed: what it means follows at once. What was typed stays."""
    said = page.locator('[data-part="said"]')
    field, slider = page.get_by_label("Cutoff", exact=True), page.get_by_label("Cutoff, by month")
    slider.wait_for(timeout=MILLISECONDS_FOR_A_JOB)
    page.get_by_role("link", name="All 3 change").click()
    said.get_by_text("3 change · 0 stay").wait_for()
    assert field.input_value() == "2018-12-31T00:00"
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    said.get_by_text("1 change · 2 stay").wait_for()
    assert field.input_value() == "2019-06-01T00:00"
    assert "1 change" in slider.get_attribute("aria-valuetext")
    assert page.evaluate("document.activeElement.type") == "range"
    field.fill("2019-01-01T00:00")
    said.get_by_text("2 change · 1 stay").wait_for()
    assert_one_screen(page)
    press(page.get_by_role("link", name="QuickBooks settings"))
    page.get_by_role("link", name="Choose the cutoff").click()
    assert field.input_value() == "2019-01-01T00:00"
    said.get_by_text("2 change · 1 stay").wait_for()


def confirm(page) -> None:
    """By keyboard: wrong words and a wrong password, each said at its field; then the password alone; then both right."""
    words, password = page.get_by_label("Type REPLACE 2 RECEIPTS"), page.get_by_label("Password")
    assert_one_screen(page)
    assert "There is no going back" in page.inner_text("#confirm")
    words.focus()
    for typed, secret, focused in (
        ("REPLACE 3 RECEIPTS", "wrong", "words"),
        ("REPLACE 2 RECEIPTS", "wrong", "password"),
    ):
        words.fill(typed)
        page.keyboard.press("Tab")
        page.keyboard.type(secret)
        page.keyboard.press("Enter")
        page.locator(f"#{focused}.is-invalid:focus").wait_for()
        assert words.input_value() == typed and password.input_value() == ""
        assert "That is not your password" in page.inner_text("#password-error")
        assert page.locator("#words-error").count() == (focused == "words")
        assert page.url.endswith("/confirm")
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Continue to confirm").click()
    words.fill("REPLACE 2 RECEIPTS")
    page.get_by_role("link", name="In the way").click()
    page.get_by_role("link", name="Continue to confirm").click()
    assert words.input_value() == "REPLACE 2 RECEIPTS"
    password.fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel migration").wait_for()


def assert_one_screen(page) -> None:
    """The page is no larger than the screen, with one main button that is seen."""
    high, wide = page.evaluate(
        "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
    )
    screen = page.viewport_size
    assert (high <= screen["height"], wide <= screen["width"]) == (True, True), (page.url, high, wide)
    assert page.locator("main [data-main]").count() == 1
    assert page.locator("main [data-main]").is_visible()
