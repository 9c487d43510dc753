"""A bookkeeper walks the set-up, maps an Item, previews and practises, and settles a refusal, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.functional.office import PASSWORD, Office, inspection
from tests.harness.browser import log_in
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
    """What the console of the page complains of."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def test_a_bookkeeper_walks_the_set_up(office: Office, page: Page, complaints: list[str]):
    url = office.tieout.url
    log_in(page, url, PAT, PASSWORD)
    page.goto(f"{url}{SETTINGS}/bookkeeping")
    expect(page.locator("#payments")).to_contain_text("In force: Undeposited Funds")
    page.get_by_label("Days until due").fill("a fortnight")
    page.get_by_role("button", name="Save due days").click()
    expect(page.get_by_text("Enter a whole number from 0 to 365.")).to_be_visible()
    expect(page.get_by_label("Days until due")).to_have_value("a fortnight")
    assert len(complaints) == 1 and "422" in complaints.pop(), (
        "the browser notes the refused form, nothing else"
    )
    page.get_by_label("Days until due").fill("14")
    page.get_by_role("button", name="Save due days").click()
    expect(page.get_by_role("heading", name="2 existing Invoices are concerned")).to_be_visible()
    page.get_by_role("button", name="From now on").click()
    expect(page.get_by_text("It holds from now on.")).to_be_visible()

    page.get_by_role("link", name="Items by service and fee name").click()
    page.get_by_label("Item for Full Home Inspection").fill("Home inspections")
    page.get_by_role("button", name="Save Items").click()
    page.get_by_role("button", name="Existing documents too (2)").click()
    expect(page.get_by_text("2 existing Invoices follow")).to_be_visible()
    wait_until(lambda: _items(office) == {"Home inspections"}, "the new Item on both Invoices", 60)

    page.goto(f"{url}/inspections/{office.keys[0]}")
    page.get_by_role("button", name="Preview documents").click()
    expect(page.get_by_text("In QuickBooks, as shown")).to_have_count(3)
    expect(page.get_by_role("cell", name="Home inspections")).to_be_visible()
    page.get_by_text("Request as it was sent").last.click()
    expect(page.locator("pre.raw").last).to_contain_text('"TotalAmt": 575.00')

    page.goto(f"{url}{SETTINGS}/practice")
    page.get_by_role("button", name="Practice run").click()
    expect(page.get_by_role("heading", name="What would be sent")).to_be_visible(timeout=MILLISECONDS)
    expect(page.get_by_text("No new document would be sent.")).to_be_visible()

    page.goto(f"{url}/settings/audit-log")
    expect(page.get_by_text(re.compile(f"{PAT} changed how books are kept"))).to_have_count(2)
    assert complaints == []
    _fits_a_phone(page, url, office.keys[0])


def test_a_refusal_stands_in_the_navigation_until_it_is_settled(office: Office, page: Page, complaints):
    url = office.tieout.url
    refusal = {"kind": "item", "entity": "Invoice", "times": 0, "code": "6000", "detail": "Not today"}
    office.intuit.post("/_standin/faults", {"realm": office.realm_id, **refusal})
    [key] = office.book(inspection(3))
    office.sync()
    log_in(page, url, PAT, PASSWORD)
    log = page.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile("Sync log"))
    expect(log).to_contain_text("1")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 inspection needs you")
    log.click()
    cause = page.locator("section.cause")
    expect(cause).to_contain_text("Who can do this: your bookkeeper.")
    expect(cause.get_by_role("link", name=re.compile(key))).to_be_visible()
    office.intuit.request("DELETE", "/_standin/faults")
    cause.get_by_role("button", name="Retry").first.click()
    wait_until(lambda: len(office.books()["Invoice"]) == 3, "the Invoice", 60)

    def settled() -> bool:
        page.goto(url)
        return page.get_by_role("heading", level=1).inner_text() == "Everything is in the books."

    wait_until(settled, "a Home without anything to do", 60)
    assert not re.search(r"\d", log.inner_text()), "the count is gone"
    assert complaints == []


def _items(office: Office) -> set[str]:
    """Return the names of the Items on the service lines of all Invoices."""
    books = office.books()
    names = {one["Id"]: one["Name"] for one in books["Item"]}
    first = [invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] for invoice in books["Invoice"]]
    return {names[item_id] for item_id in first}


def _fits_a_phone(page: Page, url: str, key: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("bookkeeping", "items", "practice"):
        page.goto(f"{url}{SETTINGS}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    for path in (f"/inspections/{key}/preview", "/settings/audit-log"):
        page.goto(f"{url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
