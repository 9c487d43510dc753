"""A real Chromium for tests, by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# A container has neither the kernel's sandbox for its root nor a large /dev/shm; the rest keeps it from calling home.
OPTIONS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
MILLISECONDS_TO_FIND = 15_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a headless Chromium: the one on the PATH, else Playwright's own."""
    installed = next((path for path in map(shutil.which, NAMES) if path), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


def log_in(page: Page, url: str, email: str, password: str) -> None:
    """Log in through the login page, as a person would."""
    page.goto(f"{url}/login")
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda address: not address.rstrip("/").endswith("/login"))
