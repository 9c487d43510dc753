"""The frame around signed-in pages: every entry of the navigation is a page, and each page knows its entry."""

import json
import re

import pytest

from webapp.frame.navigation import COMPANY_PLACES, ON_THE_BAR, OPS_PLACES, Frame


@pytest.mark.parametrize("place", COMPANY_PLACES, ids=lambda place: place.label)
def test_every_place_of_a_company_is_a_page_that_knows_where_it_is(place, owner):
    page = owner.read(place.path)
    assert f'href="{place.path}"' in page
    current = re.findall(r'<a href="([^"]+)"[^>]*aria-current="page"', page)
    later = COMPANY_PLACES[ON_THE_BAR:]
    assert current == [place.path] * (2 if place in later else 1), (
        "once among the places, and under More on a phone"
    )


def test_a_phones_bar_has_four_places_and_more_which_leads_to_the_others(owner):
    page = owner.read("/")
    more = page.partition("places__more")[2].partition("</details>")[0]
    assert re.findall(r'<a href="([^"]+)"', more) == ["/numbers", "/settings", "/account"]
    assert page.partition("places__more")[0].count("places__later") == len(COMPANY_PLACES) - ON_THE_BAR


def test_few_places_all_stand_on_the_bar(house):
    assert "places__more" not in house.browser(house.make_person("ops")).read("/ops")


def test_tieout_can_be_installed_on_a_phone(owner):
    page = owner.read("/")
    address = re.search(r'<link rel="manifest" href="([^"]+)"', page).group(1)
    answer = owner.get(address)
    assert answer.mimetype == "application/manifest+json"
    manifest = json.loads(answer.text)
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        drawn = owner.get(icon["src"])
        assert drawn.mimetype == icon["type"], icon
        width = int.from_bytes(drawn.data[16:20], "big") if drawn.data.startswith(b"\x89PNG") else "any"
        assert icon["sizes"] == (f"{width}x{width}" if width != "any" else width)
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    for shortcut in manifest["shortcuts"]:
        assert owner.get(shortcut["url"]).status_code == 200


@pytest.mark.parametrize("place", OPS_PLACES, ids=lambda place: place.label)
def test_every_place_of_ops_is_a_page(place, house):
    assert f'href="{place.path}"' in house.browser(house.make_person("ops")).read(place.path)


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/", "/"),
        ("/inspections/1042", "/inspections"),
        ("/inspections-of-others", ""),
        ("/search", ""),
        ("/customers/c1", "/inspections"),
        ("/settings/quickbooks/migration", "/settings"),
        ("/nowhere", ""),
    ],
)
def test_a_page_belongs_to_the_longest_place_that_its_address_starts_with(path, here, house):
    class Ann:
        role = "owner"

    with house.app.test_request_context(path):
        frame = Frame()
        frame.__dict__["person"] = Ann
        assert frame.here == here


def test_nobody_logged_in_has_no_places(house):
    with house.app.test_request_context("/login"):
        assert (Frame().places, Frame().here, Frame().standing) == ((), "", None)
