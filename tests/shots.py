"""`make shots`: a picture of every page and state, wide and narrow, light and dark; those that the guides show go to `docs/images`.

The pages are those of the town in which axe walks (`tests/browser/furnishing.py`), livelier. Nothing has to run beforehand. What is shown
where is data: `PAGES`, `LOOKS` and `SHOWN`; a picture that no paper shows lies in `var/shots` alone (`tests/test_papers.py` holds it).
"""

import base64
import shutil
import sys
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.migrations import Migration
from tests.browser.furnishing import MIGRATION, Town, town_of
from tests.harness import ROOT
from tests.harness.browser import chromium, log_in
from tests.harness.in_process import Shop, outside_world
from tests.webapp.house import PASSWORD

IMAGES, REST = ROOT / "docs" / "images", ROOT / "var" / "shots"
QUALITY = 82
LOOKS = {
    "wide-light": (1280, 860, "light"),
    "wide-dark": (1280, 860, "dark"),
    "narrow-light": (390, 844, "light"),
    "narrow-dark": (390, 844, "dark"),
}


class Shown(NamedTuple):
    """One page in one state: whose it is (nobody's: before logging in), where, and which state the migration is put into first."""

    name: str
    who: str
    path: str
    migration: str = ""


PAGES = (
    Shown("login", "", "/login"),
    Shown("forgotten-password", "", "/forgotten-password"),
    Shown("first-steps", "empty", "/"),
    Shown("integrations-empty", "empty", "/settings"),
    Shown("inspections-empty", "empty", "/inspections"),
    Shown("sync-log-empty", "empty", "/sync-log"),
    Shown("drift-empty", "empty", "/drift"),
    Shown("numbers-empty", "empty", "/numbers"),
    Shown("home", "full", "/"),
    Shown("inspections", "full", "/inspections"),
    Shown("inspection", "full", "/inspections/99901"),
    Shown("sync-log", "full", "/sync-log"),
    Shown("drift", "full", "/drift"),
    Shown("which-customer", "full", "/customers/review"),
    Shown("numbers", "full", "/numbers"),
    Shown("statement", "full", "/numbers/tie-out"),
    Shown("integrations", "full", "/settings"),
    Shown("quickbooks-settings", "full", "/settings/quickbooks"),
    Shown("bookkeeping", "full", "/settings/quickbooks/bookkeeping"),
    Shown("items", "full", "/settings/quickbooks/items"),
    Shown("practice-run", "full", "/settings/quickbooks/practice"),
    Shown("people", "full", "/settings/people"),
    Shown("notifications", "full", "/settings/notifications"),
    Shown("api", "full", "/settings/api"),
    Shown("audit-log", "full", "/settings/audit-log"),
    Shown("search", "full", "/search?q=oak"),
    Shown("account", "full", "/account"),
    Shown("not-there", "full", "/not-there"),
    Shown("home-with-sales-receipts", "legacy", "/"),
    Shown("migration-choose", "legacy", f"{MIGRATION}/choose"),
    Shown("migration-in-the-way", "legacy", f"{MIGRATION}/in-the-way"),
    Shown("migration-months", "legacy", f"{MIGRATION}/what-moves"),
    Shown("migration-confirm", "legacy", f"{MIGRATION}/confirm"),
    Shown("migration-scheduled", "legacy", f"{MIGRATION}/tonight", "scheduled"),
    Shown("migration-running", "legacy", f"{MIGRATION}/tonight", "running"),
    Shown("migration-paused", "legacy", f"{MIGRATION}/tonight", "paused"),
    Shown("migration-report", "legacy", f"{MIGRATION}/report", "done"),
    Shown("ops", "ops", "/ops"),
    Shown("ops-failures", "ops", "/ops/failures"),
    Shown("ops-companies", "ops", "/ops/companies"),
    Shown("ops-company", "ops", "/ops/companies/1"),
)

SHOWN = {
    "first-steps": "wide-light",
    "home": "wide-light",
    "home-narrow": "narrow-light",
    "inspection": "wide-light",
    "sync-log": "wide-light",
    "drift": "wide-light",
    "which-customer": "wide-light",
    "statement": "wide-light",
    "integrations": "wide-light",
    "migration-choose": "wide-light",
    "migration-in-the-way": "wide-light",
    "migration-months": "wide-light",
    "migration-confirm": "wide-light",
    "migration-scheduled": "wide-light",
    "migration-report": "wide-light",
    "ops": "wide-dark",
    "ops-failures": "wide-light",
}
"""The pictures of the papers, with their looks; `-narrow` at the end of a name is the same page on a phone."""

CLIENTS = (
    ("Margaret", "Villanueva"),
    ("Tomás", "Ortega"),
    ("Linh", "Nguyễn"),
    ("Priya", "Raman"),
    ("Jack", "Whitfield"),
    ("Rosa", "Delgado"),
    ("Emil", "Hartmann"),
)
RECEIPTS = tuple(
    f"{year}-{month:02}-0{3 + month % 5}T10:00:00-07:00"
    for year in (2017, 2018, 2019)
    for month in range(1, 13, 2)
)


def main() -> int:
    """Take all pictures; returns 1 with a line for each page that answers with an error."""
    shutil.rmtree(REST, ignore_errors=True)
    for folder in (IMAGES, REST):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, outside_world(Path(name)) as (platform, intuit, valkey):
        shop = Shop(f"sqlite:///{Path(name) / 'tieout.db'}", valkey.url, platform, intuit)
        with shop.app.app_context():
            db.create_all()
        with town_of(shop, receipts=RECEIPTS, clients=CLIENTS) as town, chromium() as browser:
            wrong = take_all(browser, town)
    print(f"{len(list(IMAGES.iterdir()))} pictures in {IMAGES}, {len(list(REST.iterdir()))} in {REST}")
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


def take_all(browser: Browser, town: Town) -> list[str]:
    """Take each page in each look, and return what answered with an error."""
    wrong, contexts = [], {who: _context(browser, town, who) for who in {one.who for one in PAGES}}
    for one in PAGES:
        if one.migration == "done":
            _run_the_night(town)
        elif one.migration:
            town.show_migration(one.migration)
        page = contexts[one.who].new_page()
        for look, (width, height, scheme) in LOOKS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            answer = page.goto(town.url + one.path)
            if answer is None or answer.status >= 500:
                wrong.append(f"{one.path} of {one.who} answers {answer.status if answer else 'nothing'}")
            _take(page, places_of(one.name, look))
        page.close()
    return wrong


def places_of(name: str, look: str) -> list[Path]:
    """Return where the picture of this page in this look goes."""
    kept = [said for said in (name, f"{name}-narrow") if SHOWN.get(said) == look]
    return [REST / f"{name}-{look}.webp", *(IMAGES / f"{said}.webp" for said in kept)]


def _take(page: Page, places: Iterable[Path]) -> None:
    """Take what the screen shows, as WebP: a fifth of a PNG."""
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    for place in places:
        place.write_bytes(base64.b64decode(taken["data"]))
    session.detach()


def _context(browser: Browser, town: Town, who: str) -> BrowserContext:
    context = browser.new_context(reduced_motion="reduce", device_scale_factor=1)
    if who:
        page = context.new_page()
        log_in(page, town.url, town.people[who], PASSWORD)
        page.close()
    return context


def _run_the_night(town: Town) -> None:
    """Let the migration run as the nightly run does it."""
    town.show_migration("scheduled")
    with town.house.writing():
        soon = utcnow() - timedelta(minutes=1)
        db.session.execute(
            update(Migration).where(Migration.id == town.migration_id).values(runs_at=soon, canary_at=None)
        )
        db.session.commit()
    town.legacy.run("nightly")


if __name__ == "__main__":
    sys.exit(main())
