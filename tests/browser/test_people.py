"""People, sessions and notifications, in real browsers: one for the owner, one for the person who is invited."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.functional.office import PASSWORD
from tests.harness.browser import MILLISECONDS_TO_FIND, log_in
from tests.harness.processes import wait_until

OWNER, PAT = "owner@office.example", "pat@client.example"
NEW = "another long password"
PEOPLE = "/settings/people"


@pytest.fixture
def url(tieout, mail_server) -> str:
    """The address of a Tieout with one company and its owner, which mails."""
    tieout.environment |= {"SMTP_URL": mail_server.url(), "POLL_SECONDS": "1"}
    words = (
        "company",
        "create",
        "Blue Ridge Home Inspections",
        "--offline",
        "--time-zone",
        "America/Denver",
        "--feed-url",
        "http://127.0.0.1:9",
        "--feed-key",
        "key",
    )
    company = tieout.flask_json(*words)["id"]
    tieout.flask_json(
        "user",
        "create",
        OWNER,
        "--role",
        "owner",
        "--company",
        company,
        "--password-stdin",
        input=PASSWORD + "\n",
    )
    tieout.web()
    return tieout.url


@pytest.fixture
def complaints() -> list[str]:
    """What the consoles of the browsers complain of."""
    return []


@pytest.fixture
def make_page(browser, complaints):
    """`make_page()`: a page in a browser profile of its own."""
    contexts = []

    def make() -> Page:
        contexts.append(browser.new_context())
        contexts[-1].set_default_timeout(MILLISECONDS_TO_FIND)
        page = contexts[-1].new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        return page

    yield make
    for context in contexts:
        context.close()


def join(page: Page, link: str) -> None:
    """Open the link of an invitation, make a login with it and log in."""
    page.goto(link)
    expect(page.get_by_role("heading", name="Join Blue Ridge Home Inspections")).to_be_visible()
    page.get_by_label("Your name").fill("Pat Lee <script>alert(1)</script>")
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("The same again").fill(NEW)
    page.get_by_role("button", name="Make my login").click()
    expect(page.get_by_text("Your login is ready")).to_be_visible()


def buttons(page: Page, url: str) -> list[str]:
    """Return the buttons on the page of people."""
    page.goto(url + PEOPLE)
    expect(page.get_by_role("heading", name="People", exact=True).first).to_be_visible()
    return page.locator("main").get_by_role("button").all_inner_texts()


def press(page: Page, url: str, name: str) -> None:
    """Press a button beside Pat, as the owner."""
    page.goto(url + PEOPLE)
    page.locator("#people li", has_text=PAT).get_by_role("button", name=name).click()


def give_role(page: Page, url: str, role: str) -> None:
    """Choose another role beside Pat, as the owner."""
    page.goto(url + PEOPLE)
    pat = page.locator("#people li", has_text=PAT)
    pat.get_by_label("Role of").select_option(role)
    pat.get_by_role("button", name="Change role").click()


def is_logged_out(page: Page, url: str) -> bool:
    page.goto(url + PEOPLE)
    return page.url.startswith(f"{url}/login")


def test_bookkeeper_comes_by_mail_works_and_goes(tieout, url, mail_server, make_page, complaints):
    tieout.tick()
    owner, pat = make_page(), make_page()
    log_in(owner, url, OWNER, PASSWORD)
    owner.goto(url + PEOPLE)
    owner.get_by_label("Email of the person").fill(PAT)
    owner.get_by_role("button", name="Invite", exact=True).click()
    link = owner.locator("#invitation-link").inner_text()
    wait_until(lambda: mail_server.mails, "the invitation in the mail")
    assert mail_server.mails[0]["To"] == PAT
    assert link in mail_server.mails[0].get_content()
    owner.goto(url + PEOPLE)
    expect(owner.locator("#invited")).to_contain_text("mailed")
    expect(owner.locator("#invitation-link")).to_have_count(0)

    join(pat, link)
    log_in(pat, url, PAT, NEW)
    assert buttons(pat, url) == []
    expect(pat.locator("#people")).to_contain_text("Pat Lee <script>")
    pat.goto(f"{url}/settings")
    expect(pat.get_by_role("heading", name="System Integrations")).to_be_visible()
    expect(pat.get_by_role("button", name=re.compile("Enable|Make an address"))).to_have_count(0)
    assert pat.goto(f"{url}/sync-log").ok
    assert pat.goto(f"{url}/ops").status == 403
    complaints.clear()  # A browser complains of the 403.

    give_role(owner, url, "Owner")
    expect(owner.get_by_text("is an owner now")).to_be_visible()
    assert "Invite" in buttons(pat, url), "in the session that Pat has"
    give_role(owner, url, "Bookkeeper")
    assert buttons(pat, url) == []

    press(owner, url, "End sessions")
    assert is_logged_out(pat, url)
    log_in(pat, url, PAT, NEW)
    press(owner, url, "Remove")
    expect(owner.get_by_text("can no longer come in here")).to_be_visible()
    assert is_logged_out(pat, url)
    assert complaints == []


def test_own_sessions_password_and_notifications(url, make_page, complaints):
    here, there, phone = make_page(), make_page(), make_page()
    for page in (here, there, phone):
        log_in(page, url, OWNER, PASSWORD)
    here.goto(f"{url}/account")
    expect(here.locator("#sessions li")).to_have_count(3)
    here.locator("#sessions").get_by_role("button", name="End", exact=True).first.click()
    expect(here.locator("#sessions li")).to_have_count(2)
    assert [is_logged_out(page, url) for page in (there, phone)].count(True) == 1

    here.get_by_label("Present password").fill(PASSWORD)
    here.get_by_label("New password").fill(NEW)
    here.get_by_label("The same again").fill(NEW)
    here.get_by_role("button", name="Change password").click()
    expect(here.get_by_text("Your password is changed")).to_be_visible()
    assert is_logged_out(there, url) and is_logged_out(phone, url)
    expect(here.locator("#sessions li")).to_have_count(1)

    here.goto(f"{url}/settings/notifications")
    here.get_by_label("Results of a migration").uncheck()
    here.get_by_role("button", name="Save").click()
    expect(here.get_by_text(f"Saved for {OWNER}")).to_be_visible()
    expect(here.get_by_label("Results of a migration")).not_to_be_checked()
    expect(here.get_by_label("Inspections that need somebody")).to_be_checked()

    here.goto(url + PEOPLE)
    here.set_viewport_size({"width": 390, "height": 844})
    here.get_by_label("Email of the person").fill(f"{'long.' * 11}name@{'sub.' * 12}client.example")
    here.get_by_role("button", name="Invite", exact=True).click()
    link = here.locator("#invitation-link").inner_text()
    assert here.evaluate("document.documentElement.scrollWidth") <= 390, "with a link on it"
    join(there, link)
    for path in (PEOPLE, "/settings/notifications", "/account"):
        assert here.goto(url + path).ok
        assert here.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert complaints == []
