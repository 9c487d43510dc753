"""A passkey in a real browser: added on the account's page, and shown at the second step of the next login."""

from collections.abc import Iterator
from threading import Thread

import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from tests.harness.browser import MILLISECONDS_TO_FIND, log_in
from tests.webapp.house import PASSWORD, House

OWNER = "owner@office.example"


@pytest.fixture
def url(sqlite_url: str) -> Iterator[str]:
    """The web app with an owner, served in this process under the one name that browsers take passkeys for without TLS."""
    server = make_server("127.0.0.1", 0, lambda environ, start: house.app(environ, start), threaded=True)
    house = House(sqlite_url, public_url=f"http://localhost:{server.port}")
    house.make_person("owner", house.make_company(), OWNER)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield house.settings.public_url
    server.shutdown()
    thread.join()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A browser with a security key in it that answers at once."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS_TO_FIND)
    tools = context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": key | {"automaticPresenceSimulation": True}})
    yield page
    context.close()


def test_a_passkey_is_added_and_lets_in(url, page):
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    log_in(page, url, OWNER, PASSWORD)
    page.goto(f"{url}/account/second-factor")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Your recovery codes").wait_for()
    # An answer that is still under way would bring a cookie back that was only thrown away.
    page.get_by_label("Your menu").click()
    page.get_by_role("button", name="Log out", exact=True).click()
    page.wait_for_url(f"{url}/login*")
    log_in(page, url, OWNER, PASSWORD)
    assert page.url.endswith("/login/second-step")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{url}/")
    assert complaints == []
