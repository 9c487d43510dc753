"""Headers, content policy, error pages, health and hooks."""

import re
import sqlite3

import pytest
from sqlalchemy import select, text

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from tests.webapp.house import House
from tieout_files import VERSION
from webapp.access.security import MAX_BODY, same_site_path

PAGES = (
    "/",
    "/settings",
    "/settings/quickbooks",
    "/login",
    "/not-there",
    "/quickbooks/disconnected?realmId=1",
)
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


def test_every_answer_carries_the_headers(owner):
    for page in (*PAGES, "/healthz", "/static/app.css"):
        headers = owner.get(page).headers
        policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_not_kept_by_browsers_and_files_may_be(owner):
    for page in PAGES:
        assert owner.get(page).headers["Cache-Control"] == "no-store", page
    assert owner.get("/static/app.css").headers["Cache-Control"] != "no-store"


def test_pages_hold_nothing_inline(owner):
    for page in PAGES:
        text = owner.client.get(page, follow_redirects=True).text
        assert not INLINE.search(text), (page, INLINE.search(text))
        assert "<h1" in text


def test_pages_load_only_files_of_ours(owner):
    for page in PAGES:
        text = owner.client.get(page, follow_redirects=True).text
        files = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text)
        assert len(files) >= 4
        for file in files:
            assert file.startswith("/static/"), file
            assert owner.get(file).status_code == 200, file


def test_real_intuit_is_allowed_as_the_target_of_forms(sqlite_url):
    real = House(
        sqlite_url, intuit_environment="production", intuit_discovery_url="https://developer.api.intuit.com/x"
    )
    policy = real.browser().get("/login").headers["Content-Security-Policy"]
    assert "form-action 'self' https://*.intuit.com https://developer.api.intuit.com;" in policy


@pytest.mark.parametrize("target", ["/settings", "/inspections?state=waiting&text=O%27Neil", "/"])
def test_paths_on_this_site_are_taken(target):
    assert same_site_path(target) == target


@pytest.mark.parametrize("target", [None, "", "//x", "/\\x", "x", "https://x/", "/a b", "/a\nb", "/a\\b"])
def test_everything_else_is_not(target):
    assert same_site_path(target) is None


def test_error_pages_say_what_to_do(owner):
    assert "There is nothing at this address" in owner.get("/no-such-page").text
    assert owner.get("/logout").status_code == 405
    too_large = owner.client.post("/login", data={"email": "x" * (MAX_BODY + 1)})
    assert too_large.status_code == 413
    assert "larger than we take" in too_large.text


def test_unexpected_error_shows_a_reference_number_and_nothing_else(house, company, caplog):
    email = house.make_person("owner", company)
    browser = house.browser(email)
    with house.app.app_context():
        db.session.connection().exec_driver_sql("UPDATE companies SET time_zone = 'Nowhere/Else'")
        db.session.commit()
    answer = browser.get("/")
    assert answer.status_code == 500
    reference = re.search(r'class="reference">(\w{8})<', answer.text).group(1)
    assert "Nowhere" not in answer.text and "Traceback" not in answer.text
    assert reference in caplog.text


def test_process_is_healthy_and_readiness_names_what_is_missing(house):
    assert house.browser().get("/healthz").json == {"process": "ok", "version": VERSION}
    answer = house.browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["database"] == "ok"
    assert answer.json["queue"] == "ConnectionError"


def test_ready_with_database_and_queue(sqlite_url, valkey):
    house = House(sqlite_url, valkey.url)
    answer = house.browser().get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"database": "ok", "queue": "ok"})
    valkey.process.kill()
    assert house.browser().get("/readyz").status_code == 503


def test_hook_makes_the_poll_due_and_needs_no_token(house, company, owner):
    page = owner.post("/settings/hook", page="/settings").text
    path = re.search(r"/hooks/inspections/[\w-]+", page).group(0)
    assert path not in owner.read("/settings")  # Shown once.
    answer = house.browser().client.post(path, json={"whatever": ["it", "says"]})
    assert answer.status_code == 204
    with house.app.app_context():
        row = db.session.scalars(select(Company)).one()
        assert row.next_poll_at is not None
        assert row.hook_digest not in path
    assert house.browser().client.post("/hooks/inspections/guessed").status_code == 404


def test_new_hook_address_ends_the_one_before(house, owner):
    old = re.search(r"/hooks/inspections/[\w-]+", owner.post("/settings/hook", page="/settings").text).group(
        0
    )
    new = re.search(r"/hooks/inspections/[\w-]+", owner.post("/settings/hook", page="/settings").text).group(
        0
    )
    assert house.browser().client.post(old).status_code == 404
    assert house.browser().client.post(new).status_code == 204


@pytest.mark.parametrize("ask", ["get", "head", "options", "post"])
@pytest.mark.parametrize(
    "path", ["/", "/login", "/not-there", "/ops/failures.csv", "/static/app.css", "/healthz"]
)
def test_reading_ends_with_the_request(house: House, company: int, path: str, ask: str):
    """What its thread does next may write: a transaction that begins as a reader keeps no rival out."""
    ops = house.browser(house.make_person("ops"))
    with house.app.app_context():
        database = db.engine.url.database
    with ops.client.open(path, method=ask.upper()) as answer:
        assert answer.data is not None  # A streamed answer is read to its end, as a server does.
    rival = sqlite3.connect(database, timeout=0)
    with house.app.app_context():
        db.session.execute(text("SELECT 1"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            rival.execute("UPDATE companies SET name = 'late'")
    rival.close()
