"""The frame around signed-in pages: every entry of the navigation is a page, and each page knows its entry."""

import pytest

from webapp.frame.navigation import COMPANY_PLACES, OPS_PLACES, Frame


@pytest.mark.parametrize("place", COMPANY_PLACES, ids=lambda place: place.label)
def test_every_place_of_a_company_is_a_page_that_knows_where_it_is(place, owner):
    page = owner.read(place.path)
    assert f'href="{place.path}"' in page
    assert page.count('aria-current="page"') == 1


@pytest.mark.parametrize("place", OPS_PLACES, ids=lambda place: place.label)
def test_every_place_of_ops_is_a_page(place, house):
    assert f'href="{place.path}"' in house.browser(house.make_person("ops")).read(place.path)


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/", "/"),
        ("/inspections/1042", "/inspections"),
        ("/inspections-of-others", "/"),
        ("/customers/c1", "/inspections"),
        ("/settings/quickbooks/migration", "/settings"),
        ("/nowhere", "/"),
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
