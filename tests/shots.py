"""`make shots`: a picture of each page of a Tieout that `make run` started, wide and narrow, light and dark, in `var/shots`.

For looking at, and for the documents. It only looks: it presses no button but *Log in*.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser

from launch.environment import make_plan
from launch.services import answers
from tests.harness.browser import chromium, log_in

LOOKS = {
    "wide-light": ({"width": 1280, "height": 900}, "light"),
    "wide-dark": ({"width": 1280, "height": 900}, "dark"),
    "narrow-light": ({"width": 390, "height": 844}, "light"),
}
PAGES = {
    "owner": (
        "/",
        "/settings",
        "/settings/quickbooks",
        "/settings/quickbooks/migration",
        "/sync-log",
        "/inspections",
        "/numbers",
        "/numbers/tie-out",
        "/drift",
    ),
    "ops": ("/ops", "/ops/failures", "/ops/companies/1"),
}


def main() -> int:
    """Take the pictures; returns 1 with a line that says what to do when there is nothing to look at."""
    plan = make_plan()
    url = plan.variables["PUBLIC_URL"]
    kept = plan.var / "demo-logins.txt"
    if not kept.exists() or not answers(f"{url}/healthz"):
        print(f"Nothing to look at: make run must be running at {url} with its demo.", file=sys.stderr)
        return 1
    logins = [line.split() for line in kept.read_text().splitlines()]
    shots = plan.var / "shots"
    shutil.rmtree(shots, ignore_errors=True)
    with chromium() as browser:
        for email, password in logins:
            name, _, domain = email.partition("@")
            if name in PAGES:
                take(browser, url, email, password, shots / domain.partition(".")[0], PAGES[name])
    print(f"{len(list(shots.rglob('*.png')))} pictures in {shots}")
    return 0


def take(browser: Browser, url: str, email: str, password: str, folder: Path, pages: tuple[str, ...]) -> None:
    """Log in once and take a picture of each page in each look; say which answer with an error."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/login")
    page.screenshot(path=folder / "login.png", full_page=True)
    log_in(page, url, email, password)
    for path in pages:
        for look, (size, scheme) in LOOKS.items():
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            answer = page.goto(f"{url}{path}")
            if answer is None or not answer.ok:
                print(f"{email}: {path} answers {answer.status if answer else 'nothing'}", file=sys.stderr)
            name = path.strip("/").replace("/", "-") or "home"
            page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
