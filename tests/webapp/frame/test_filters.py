"""The filters above long lists: days, choices and text as typed, what is wrong with them, and the bounds that they mean."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bookkeeping.storage.work.runs import Run
from webapp.frame.filters import ListFilter, neighbours, position_asked


@pytest.fixture
def read(house):
    """Return (a function of) the filter that an address carries."""

    def ask(query: str) -> ListFilter:
        with house.app.test_request_context(f"/inspections?{query}"):
            form = ListFilter.read()
            form.kept, form.bounds = form.given, form.wanted("America/Denver")
            return form

    return ask


def test_days_are_cut_in_the_companys_zone_and_the_last_one_counts(read):
    form = read("since=2026-03-01&until=2026-03-31&text=+Oak%00+")
    assert form.bounds["since"].astimezone(UTC) == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert form.bounds["until"].astimezone(UTC) == datetime(2026, 4, 1, 6, tzinfo=UTC), (
        "Summer time has begun."
    )
    assert (form.bounds["text"], form.errors) == ("Oak", {})


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("since=yesterday", "since", "“yesterday” is no day. Write it as 2026-03-01."),
        ("since=1989-12-31", "since", "Choose a day between 1990-01-01 and 2200-01-01."),
        ("until=2200-01-02", "until", "Choose a day between 1990-01-01 and 2200-01-01."),
        ("since=2026-03-02&until=2026-03-01", "until", "This day is before the first one. Swap the two."),
        (f"text={'x' * 201}", "text", "Search for at most 200 letters."),
    ],
)
def test_a_wrong_field_says_so_narrows_nothing_and_stays_as_typed(query, field, said, read):
    form = read(query)
    assert form.errors == {field: [said]}
    assert not form.bounds.get(field)
    assert form.kept[field] == dict(part.split("=") for part in query.split("&"))[field]


def test_nothing_typed_narrows_nothing(read):
    form = read("since=&until=&text=")
    assert (form.kept, form.bounds["since"], form.bounds["until"], form.bounds["text"]) == (
        {},
        None,
        None,
        "",
    )


def test_a_place_in_a_list_comes_from_the_address_and_a_damaged_one_is_the_first_page(house):
    with house.app.test_request_context("/sync-log?at=nonsense"):
        position, said = position_asked(Run.id)
        assert position is None and said.startswith("The address of that page is damaged")
    with house.app.test_request_context("/sync-log"):
        assert position_asked(Run.id) == (None, "")


def test_the_pages_beside_keep_what_was_asked(house):
    with house.app.test_request_context("/"):
        page = SimpleNamespace(newer=None, older="o-7")
        found = neighbours(page, "sync_log.page", text="Oak")
    assert found["newer"] == "" and found["older"] == "/sync-log?text=Oak&at=o-7"
