"""Every page against WCAG 2.2 AA by axe, full and empty, wide and narrow, light and dark; on a phone nothing is cut and nothing is too small.
None is heavy: at most 60 kB with all that it loads, compressed, and nothing from another host.

The suite looks at each page in one look, the same page of two companies in two; `make axe` looks at each in all.
"""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from sqlalchemy import select, update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.people import User
from bookkeeping.storage.work.runs import Run
from tests.browser.furnishing import MIGRATION, Town, town_of
from tests.harness.browser import MILLISECONDS_TO_FIND, log_in
from tests.harness.in_process import Shop, outside_world
from tests.webapp.house import PASSWORD

LOOKS = list(product((1280, 390, 320), ("light", "dark")))
ALL = os.environ.get("AXE") == "all"
STANDARD = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
NOT_THERE = "/not-there"
STRANGERS = ("/login", "/forgotten-password", NOT_THERE)
SMALLEST = 14
RUN_AXE = """options => axe.run(document, options).then(found => found.violations.map(
  one => one.id + ': ' + one.nodes.map(node => node.target.join(' ') + ' ' + (node.any[0] || node.all[0] || node.none[0] || {}).message).join(' | ')))"""
TOO_SMALL = """smallest => Array.from(document.querySelectorAll('body *')).filter(one => {
  const own = Array.from(one.childNodes).some(node => node.nodeType === 3 && node.textContent.trim());
  const box = one.getBoundingClientRect();
  return own && box.width > 1 && box.height > 1 && !one.closest('title, desc') && one.checkVisibility()
    && parseFloat(getComputedStyle(one).fontSize) * (one.ownerSVGElement ? one.getScreenCTM().a : 1) < smallest - 0.05;
}).map(one => one.tagName + '.' + one.className + ' ' + one.textContent.trim().slice(0, 40))"""
CUT = """() => Array.from(document.querySelectorAll('main *')).filter(one =>
  one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(one).overflowX)
).map(one => one.tagName + '.' + one.className)"""

HEAVIEST = 60_000
LOADS = """() => performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
  .filter(one => one.initiatorType !== 'fetch').map(one => [one.name, one.encodedBodySize])"""
MOVES = "document.getAnimations().filter(one => one.playState === 'running').map(one => one.animationName || 'transition')"
LINKS = "() => Array.from(document.querySelectorAll('a[href^=\"/\"]:not([download])')).map(one => one.getAttribute('href'))"
NO_PAGE = re.compile(r"\.(csv|json|xlsx|svg)\b|/download\b")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    shutil.copy(migrated_sqlite, folder / "tieout.db")
    with outside_world(folder) as (platform, intuit, valkey):
        shop = Shop(f"sqlite:///{folder / 'tieout.db'}", valkey.url, platform, intuit)
        with town_of(shop) as made:
            yield made


@pytest.fixture
def eye(browser) -> Iterator["Eye"]:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(MILLISECONDS_TO_FIND)
    yield Eye(context.new_page())
    context.close()


class Eye:
    """A browser that looks at pages and notes what is wrong with them."""

    def __init__(self, page):
        self.page, self.looked, self.wrong = page, 0, []
        page.on("console", self.heard)

    def heard(self, said) -> None:
        """Note what the browser complains of, but that a page is not there which is none."""
        if said.type == "error" and not self.page.url.endswith(NOT_THERE):
            self.note("says", [said.text])

    def walk(self, url: str) -> None:
        """Look at one page of each kind that links lead to."""
        waiting, seen = ["/"], set()
        while waiting:
            address = waiting.pop(0)
            kind = re.sub(r"\d+", "N", urlsplit(address).path)
            if kind not in seen and not NO_PAGE.search(address):
                seen.add(kind)
                self.look(url + address)
                waiting += self.page.evaluate(LINKS)

    def look(self, url: str) -> None:
        """Look at one page: in one look, or in all; and on a phone, whether all is there and large enough."""
        self.page.goto(url)
        self.weigh()
        self.page.evaluate(AXE_SCRIPT)
        for width, scheme in LOOKS if ALL else [LOOKS[self.looked % len(LOOKS)]]:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)
            options = {"runOnly": STANDARD, "resultTypes": ["violations"], "iframes": False, "preload": ALL}
            found = self.page.evaluate(RUN_AXE, options)
            self.note(f"{width} {scheme}", found)
        for width in (390, 320):
            self.page.set_viewport_size({"width": width, "height": 900})
            if self.page.evaluate("document.documentElement.scrollWidth") > width:
                self.note(f"{width}", ["is wider than the screen"])
        self.note("moves", self.page.evaluate(MOVES))
        self.note("small", self.page.evaluate(TOO_SMALL, SMALLEST))
        self.note("cut", self.page.evaluate(CUT))
        self.looked += 1

    def weigh(self) -> None:
        """How many bytes somebody's first visit begins with, as they were sent or would be, and from where."""
        loaded = self.page.evaluate(LOADS)
        here = urlsplit(self.page.url).netloc
        self.note("loads", [name for name, _ in loaded if urlsplit(name).netloc not in ("", here)])
        bytes_sent = sum(size for _, size in loaded)
        self.note("weighs", [f"{bytes_sent} bytes"] if not 5_000 < bytes_sent <= HEAVIEST else [])

    def note(self, look: str, found: list[str]) -> None:
        self.wrong += [f"{self.page.url} {look} {one}" for one in found]


@pytest.mark.parametrize("who", ["full", "empty", "legacy", "ops"])
def test_every_page_is_for_everybody(town: Town, eye: Eye, who: str):
    log_in(eye.page, town.url, town.people[who], PASSWORD)
    eye.looked = len(who)  # So that the same page of another company is seen in another look.
    eye.walk(town.url)
    if who == "legacy":
        for state in ("scheduled", "running", "paused", "done"):
            town.show_migration(state)
            eye.look(town.url + MIGRATION)
    assert eye.looked > len(who) + 6
    assert not eye.wrong, "\n".join(eye.wrong)


def test_a_page_keeps_itself_fresh_and_touches_no_form_in_which_somebody_types(town: Town, eye: Eye):
    page, email = eye.page, town.people["full"]
    log_in(page, town.url, email, PASSWORD)
    with town.house.writing():
        company_id = db.session.scalar(select(Membership.company_id).join(User).where(User.email == email))
        run = Run(company_id=company_id, kind="sync", asked_by=email, state="running", done=26, total=72)
        run.started_at = utcnow() - timedelta(seconds=10)
        db.session.add(run)
        db.session.commit()
        run_id = run.id
    page.goto(f"{town.url}/settings/quickbooks")
    page.get_by_text("26 of 72").wait_for()
    page.locator("#start_date").fill("2026-01-05")
    with town.house.writing():
        db.session.execute(update(Run).where(Run.id == run_id).values(done=60))
        db.session.commit()
    page.get_by_text("60 of 72").wait_for()
    with town.house.writing():
        ended = {"state": "done", "done": 72, "finished_at": utcnow(), "counts": {"created": 3}}
        db.session.execute(update(Run).where(Run.id == run_id).values(**ended))
        db.session.commit()
    page.locator(".toast-box", has_text="The sync is done.").wait_for()
    assert "3 documents written." in page.locator(".toast-box:visible").inner_text()
    assert page.locator("[data-job]").count() == 0
    assert page.locator("#start_date").input_value() == "2026-01-05"
    assert page.evaluate("document.activeElement.id") == "start_date"


def test_fast_hands_find_an_inspection_and_walk_a_list_without_a_mouse(town: Town, eye: Eye):
    page = eye.page
    log_in(page, town.url, town.people["full"], PASSWORD)
    page.goto(f"{town.url}/inspections")
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("j")
    assert first.startswith("/inspections/")
    assert page.evaluate("document.activeElement.getAttribute('href')") != first
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.getAttribute('href')") == first
    page.keyboard.press("?")
    assert page.locator("#keys-box").is_visible()
    page.evaluate(AXE_SCRIPT)
    options = {"runOnly": STANDARD, "resultTypes": ["violations"]}
    eye.note("keys", page.evaluate(RUN_AXE, options))
    page.keyboard.press("Escape")
    tick, bar = page.locator(".records__tick").first, page.locator("#chosen")
    assert bar.is_hidden()
    tick.check()
    assert bar.locator("[data-chosen-sum]").inner_text().startswith("1 chosen: $")
    eye.note("chosen", page.evaluate(RUN_AXE, options))
    every = page.locator("[data-tick-all]")
    every.check()
    every.uncheck()
    assert bar.is_hidden() and not tick.is_checked()
    page.keyboard.press("Control+k")
    page.keyboard.type("featherstonehaúgh")
    found = page.locator("#find-box .find__list a", has_text="Margaret Villanueva")
    found.wait_for()
    eye.note("search", page.evaluate(RUN_AXE, options))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inspections/99901")
    page.keyboard.press("Control+k")
    page.locator("[data-recents] a", has_text="featherstonehaúgh").wait_for()
    page.keyboard.type("j?r")
    assert page.locator("#find-words").input_value() == "j?r"
    assert not eye.wrong, eye.wrong


PAPER = ("/inspections", "/sync-log", "/numbers", "/numbers/tie-out", "/settings/audit-log")
PALE = """() => Array.from(document.querySelectorAll('main *')).filter(one => {
  const own = Array.from(one.childNodes).some(node => node.nodeType === 3 && node.textContent.trim());
  if (!own || !one.checkVisibility()) return false;
  const look = getComputedStyle(one), ink = one.ownerSVGElement ? look.fill : look.color;
  const [red, green, blue] = ink.match(/[\\d.]+/g).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 100;
}).map(one => one.tagName + '.' + one.className + ' ' + one.textContent.trim().slice(0, 40))"""
SHOWN_ON_PAPER = "() => ['.top', '.foot', '.page-head__actions', 'button', '.printed'].filter(one => document.querySelector(one)?.checkVisibility())"


def test_on_paper_a_page_is_dark_ink_on_white_with_its_company_and_nothing_to_press(town: Town, eye: Eye):
    log_in(eye.page, town.url, town.people["full"], PASSWORD)
    eye.page.emulate_media(color_scheme="dark", media="print")
    eye.page.set_viewport_size({"width": 720, "height": 900})
    for address in PAPER:
        eye.page.goto(town.url + address)
        assert eye.page.evaluate(PALE) == [], address
        assert eye.page.evaluate(SHOWN_ON_PAPER) == [".printed"], address
        assert eye.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", (
            address
        )
        assert eye.page.locator(".printed").inner_text().strip(), address
        assert eye.page.pdf(format="Letter").startswith(b"%PDF"), address


def test_pages_of_strangers_are_for_everybody(town: Town, eye: Eye):
    for address in STRANGERS:
        eye.look(town.url + address)
    assert not eye.wrong, "\n".join(eye.wrong)


def test_on_a_phone_settings_are_two_touches_away_and_an_error_is_where_one_stands(town: Town, eye: Eye):
    page = eye.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{town.url}/login")
    page.get_by_label("Email", exact=True).fill("nobody")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.locator(".is-invalid:focus").wait_for()
    assert page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText"
    )
    log_in(page, town.url, town.people["full"], PASSWORD)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.goto(f"{town.url}/settings/quickbooks/bookkeeping")
    page.get_by_label("Days until due").fill("soon")
    page.get_by_role("button", name="Save due days").click()
    page.locator("#due_days.is-invalid:focus").wait_for()
    assert page.locator("#due_days-error").inner_text()
