"""What pages load: how much a first visit weighs, that browsers keep it, and that nothing that a page names was cut away."""

import gzip
import re

import brotli
import pytest

from tests.webapp.furnished import furnish, pages_from
from tests.webapp.house import Browser, House
from tests.webapp.records import Records
from webapp.serving.files import BOOTSTRAP, FOR_GOOD, files
from webapp.serving.packing import MOST_PADDING, SMALLEST, packed

HEAVIEST = 60_000
LISTED = 60
STRANGERS_PAGES = ("/login", "/forgotten-password", "/quickbooks/disconnected?realmId=1", "/not-there")
LOADED = re.compile(r'<(?:script|link|img|use|source|iframe|object|embed)\b[^>]*?\b(?:src|href)="([^"#]+)')
ICON = re.compile(r'<use href="[^"#]+#([^"]+)"')
CLASSES = re.compile(r'\bclass="([^"]+)"')
AS_A_BROWSER = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def full(house: House) -> int:
    """A company with something on every page and full lists."""
    company_id = furnish(house, "Blue Ridge Home Inspections")
    records = Records(house, company_id)
    for number in range(LISTED):
        records.inspection(f"7{number:03}", "waiting", client_name=f"Client {number} of Oak Street")
        records.operation(f"7{number:03}", subject=f"Client {number} · {number} Oak Street")
    return company_id


def pages(house: House, company_id: int) -> list[tuple[str, Browser, str]]:
    """Return (address, browser, text) of each page: a stranger's, an owner's and those of ops."""
    stranger = house.browser()
    found = [(address, stranger, stranger.get(address).text) for address in STRANGERS_PAGES]
    for role, where in (("owner", company_id), ("ops", None)):
        browser = house.browser(house.make_person(role, where))
        found += [(address, browser, answer.text) for address, answer in pages_from(browser, "/")]
    assert len(found) > 30, [address for address, _, _ in found]
    return found


def test_a_first_visit_of_any_page_is_light_and_names_nothing_that_is_not_there(house, full):
    kept = files()
    whole = set(re.findall(r"\.([a-z][\w-]*)", (BOOTSTRAP / "css" / "bootstrap.min.css").read_text()))
    styles = {name: file.body.decode() for name, file in kept.items() if name.endswith(".css")}
    ours = set(re.findall(r"\.([a-z][\w-]*)", "".join(styles.values())))
    icons = set(re.findall(r'<symbol id="([^"]+)"', kept["icons.svg"].body.decode()))
    sizes: dict[str, int] = {}
    for address, browser, text in pages(house, full):
        loaded = set(LOADED.findall(text))
        assert all(one.startswith("/") and not one.startswith("//") for one in loaded), (address, loaded)
        answers = [browser.get(one, headers=AS_A_BROWSER) for one in (address, *loaded)]
        sizes[address] = sum(len(answer.data) for answer in answers)
        assert sizes[address] <= HEAVIEST, (address, [(one.request.path, len(one.data)) for one in answers])
        assert set(ICON.findall(text)) <= icons, (address, set(ICON.findall(text)) - icons)
        named = {one for found in CLASSES.findall(text) for one in found.split()}
        assert not named & whole - ours, address
    assert max(sizes.values()) > 10_000, "what pages load was counted"


@pytest.mark.parametrize("name", sorted(files()))
def test_every_file_is_kept_for_good_under_its_digest_and_comes_in_the_best_coding(name, house):
    file, browser = files()[name], house.browser()
    with house.app.test_request_context():
        address = house.app.url_for("static", filename=name)
    assert re.fullmatch(rf"/static/{name.rpartition('.')[0]}\.[0-9a-f]{{10}}\.\w+", address)
    best = browser.get(address, headers=AS_A_BROWSER)
    assert best.headers["Cache-Control"] == FOR_GOOD
    if best.headers.get("Content-Encoding"):
        assert best.headers["Content-Encoding"] == "br" and best.headers["Vary"] == "Accept-Encoding"
        assert brotli.decompress(best.data) == file.body and len(best.data) < len(file.body)
        older = browser.get(address, headers={"Accept-Encoding": "br;q=0, gzip"})
        assert gzip.decompress(older.data) == file.body and older.headers["ETag"] != best.headers["ETag"]
    plain = browser.get(address)
    assert plain.data == file.body and "Content-Encoding" not in plain.headers
    again = browser.get(address, headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_page_from_before_a_release_still_gets_its_files_but_keeps_none(house):
    browser = house.browser()
    for old in ("/static/app.0123456789.css", "/static/app.css"):
        answer = browser.get(old)
        assert answer.data == files()["app.css"].body and answer.headers["Cache-Control"] == "no-cache"
    for wrong in ("/static/app", "/static/x.0123456789.css", "/static/../wsgi.py", "/static/.css"):
        assert browser.get(wrong).status_code == 404


def test_pages_are_compressed_and_their_length_tells_nothing(house):
    browser = house.browser()
    plain = browser.get("/login")
    assert "Content-Encoding" not in plain.headers and "Accept-Encoding" in plain.headers["Vary"]
    answer = browser.get("/login", headers=AS_A_BROWSER)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"<h1" in gzip.decompress(answer.data)
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    lengths = {len(packed(plain.data)) for _ in range(60)}
    assert len(lengths) > 10 and max(lengths) - min(lengths) <= MOST_PADDING


def test_what_is_short_or_no_page_is_sent_as_it_is(house):
    @house.app.get("/short")
    def short() -> str:
        return "<p>" + "x" * (SMALLEST - 10)

    browser = house.browser()
    for address in ("/short", "/healthz"):
        assert "Content-Encoding" not in browser.get(address, headers=AS_A_BROWSER).headers
