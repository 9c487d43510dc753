"""A bookkeeper walks the set-up, maps an Item, previews and practises, and settles a refusal, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.functional.office import PASSWORD, Office, inspection
from tests.harness.browser import NARROW, WIDE, log_in, press, watch
from tests.harness.processes import wait_until

PAT = "pat@office.example"
SETTINGS = "/settings/quickbooks"
MILLISECONDS = 60_000


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company with two inspections in the books, a bookkeeper and a worker."""
    tieout.web()
    made = Office(tieout, platform, intuit).open().connect()
    made.add_person(PAT, "bookkeeper")
    made.keys = made.book(inspection(1), inspection(2, payments=[]))
    made.sync()
    tieout.worker()
    return made


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What is wrong with the pages: the console's complaints, and a page that is wider than its screen."""
    return watch(page)


def test_a_bookkeeper_walks_the_set_up_wide_and_on_a_phone(office: Office, page: Page, complaints: list[str]):
    log_in(page, office.tieout.url, PAT, PASSWORD)
    for walked, (screen, days, item) in enumerate(
        ((WIDE, "14", "Home inspections"), (NARROW, "21", "Inspections of homes")), start=1
    ):
        page.set_viewport_size(screen)
        walk_the_set_up(office, page, complaints, days, item)
        page.goto(f"{office.tieout.url}/settings/audit-log")
        expect(page.get_by_text(re.compile(f"{PAT} changed how books are kept"))).to_have_count(2 * walked)
        assert complaints == []


def walk_the_set_up(office: Office, page: Page, complaints: list[str], days: str, item: str) -> None:
    """Due days, an Item, the preview of documents, a practice run."""
    url = office.tieout.url
    page.goto(f"{url}{SETTINGS}/bookkeeping")
    expect(page.locator("#payments")).to_contain_text("In force: Undeposited Funds")
    page.get_by_label("Days until due").fill("a fortnight")
    page.get_by_role("button", name="Save due days").click()
    expect(page.get_by_text("Enter a whole number from 0 to 365.")).to_be_visible()
    expect(page.get_by_label("Days until due")).to_have_value("a fortnight")
    assert len(complaints) == 1 and "422" in complaints.pop(), (
        "the browser notes the refused form, nothing else"
    )
    page.get_by_label("Days until due").fill(days)
    page.get_by_role("button", name="Save due days").click()
    expect(page.get_by_role("heading", name="2 existing Invoices are concerned")).to_be_visible()
    press(page.get_by_role("button", name="From now on"))
    expect(page.get_by_text("It holds from now on.")).to_be_visible()

    page.get_by_role("link", name="Items by service and fee name").click()
    page.get_by_label("Item for Full Home Inspection").fill(item)
    page.get_by_role("button", name="Save Items").click()
    press(page.get_by_role("button", name="Existing documents too (2)"))
    expect(page.get_by_text("2 existing Invoices follow")).to_be_visible()
    wait_until(lambda: _items(office) == {item}, "the new Item on both Invoices", 60)

    page.goto(f"{url}/inspections/{office.keys[0]}")
    page.get_by_role("button", name="Preview documents").click()
    expect(page.get_by_text("In QuickBooks, as shown")).to_have_count(3)
    expect(page.get_by_role("cell", name=item)).to_be_visible()
    page.get_by_text("Request as it was sent").last.click()
    expect(page.locator("pre.raw").last).to_contain_text('"TotalAmt": 575.00')

    page.goto(f"{url}{SETTINGS}/practice")
    page.get_by_role("button", name="Practice run").click()
    expect(page.get_by_role("heading", name="What would be sent")).to_be_visible(timeout=MILLISECONDS)
    expect(page.get_by_text("No new document would be sent.")).to_be_visible()


def test_a_refusal_stands_in_the_navigation_until_it_is_settled_wide_and_on_a_phone(
    office: Office, page: Page, complaints
):
    log_in(page, office.tieout.url, PAT, PASSWORD)
    for number, screen in ((3, WIDE), (4, NARROW)):
        page.set_viewport_size(screen)
        settle_a_refusal(office, page, number)
        assert complaints == []


def settle_a_refusal(office: Office, page: Page, number: int) -> None:
    """From Home over the sync log to its cause, and until Home has nothing to do any more."""
    url = office.tieout.url
    refusal = {"kind": "item", "entity": "Invoice", "times": 0, "code": "6000", "detail": "Not today"}
    office.intuit.post("/_standin/faults", {"realm": office.realm_id, **refusal})
    [key] = office.book(inspection(number))
    office.sync()
    page.goto(url)
    log = page.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile("Sync log"))
    expect(log).to_contain_text("1")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 inspection needs you")
    press(log)
    cause = page.locator("section.cause")
    expect(cause).to_contain_text("Who can do this: your bookkeeper.")
    expect(cause.get_by_role("link", name=re.compile(key))).to_be_visible()
    office.intuit.request("DELETE", "/_standin/faults")
    press(cause.get_by_role("button", name="Retry").first)
    wait_until(lambda: len(office.books()["Invoice"]) == number, "the Invoice", 60)

    def settled() -> bool:
        page.goto(url)
        return page.get_by_role("heading", level=1).inner_text() == "Everything is in the books."

    wait_until(settled, "a Home without anything to do", 60)
    assert not re.search(r"\d", log.inner_text()), "the count is gone"


def _items(office: Office) -> set[str]:
    """Return the names of the Items on the service lines of all Invoices."""
    books = office.books()
    names = {one["Id"]: one["Name"] for one in books["Item"]}
    first = [invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] for invoice in books["Invoice"]]
    return {names[item_id] for item_id in first}
