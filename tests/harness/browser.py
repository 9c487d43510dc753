"""A real Chromium for tests, by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, sync_playwright

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
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
# Whatever a page does after it came: as soon as it is wider than its screen, its console says so.
_TELL_OF_WIDTH = """addEventListener("load", () => {
  const page = document.documentElement;
  const look = () => {
    if (page.scrollWidth > page.clientWidth) console.error(location.pathname + " is wider than the screen: " + page.scrollWidth);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  look();
})"""
_IS_ON_SCREEN = """one => {
  const box = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""

_LIES_UNDER = """over => {
  const told = document.querySelector(over), controls = "a, button, summary, input, select, textarea";
  return Array.from(document.querySelectorAll(controls)).filter(one => {
    if (told.contains(one) || !one.checkVisibility()) return false;
    if (!one.closest("header")) one.scrollIntoView({ block: "center", behavior: "instant" });
    else scrollTo({ top: 0, behavior: "instant" });
    const box = one.getBoundingClientRect(), at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return told.contains(at);
  }).map(one => one.outerHTML);
}"""


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


def lies_under(page: Page, over: str) -> list[str]:
    """Return what can be pressed or typed into on the page and lies under what `over` chooses, wherever one scrolls; of the header, at its top."""
    found: list[str] = page.evaluate(_LIES_UNDER, over)
    return found


def log_in(page: Page, url: str, email: str, password: str) -> None:
    """Log in through the login page, as a person would."""
    page.goto(f"{url}/login")
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda address: not address.rstrip("/").endswith("/login"))


def watch(page: Page) -> list[str]:
    """Return what will be wrong with the pages that this one shows, as it comes: errors, and a page that is wider than its screen."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.add_init_script(_TELL_OF_WIDTH)
    return heard


def press(what: Locator) -> None:
    """Press what a person presses next: it is on the screen, without scrolling and with nothing over it."""
    what.wait_for()
    assert what.evaluate(_IS_ON_SCREEN), f"{what} is not on the screen"
    what.click()
