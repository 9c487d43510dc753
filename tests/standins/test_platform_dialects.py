"""The stand-in's dialects: what each does otherwise than the documented feed, asked for the same."""

import pytest

pytest_plugins = ["tests.standins.platform_fixtures"]


@pytest.fixture
def booked(standin):
    """A company with three inspections, changed one after another; and their ids, oldest change first."""
    company = standin.company()
    stamps = [f"2026-03-02T1{hour}:00:00Z" for hour in range(3)]
    found = standin.book(company, *({"updated_at": at} for at in stamps))
    return company, [one["id"] for one in found]


def speak(standin, company, dialect, **expected):
    return standin.admin("POST", f"/companies/{company['id']}/dialect", {"dialect": dialect}, **expected)


def ids(response):
    assert response.status_code == 200, response.text
    return [int(one["id"]) for one in response.json()["data"]]


@pytest.mark.parametrize(("dialect", "says_total"), [("page-number", True), ("page-number-silent", False)])
def test_pages_by_number_name_no_next_page(standin, booked, dialect, says_total):
    company, keys = booked
    speak(standin, company, dialect)
    first = standin.get(company, page_size=2, sort="updated_at")
    second = standin.get(company, page_size=2, **{"page[number]": 2})
    assert (ids(first), ids(second)) == (keys[:2], keys[2:])
    assert "next" not in first.json()["links"]
    assert ("meta" in first.json()) is says_total
    if says_total:
        assert first.json()["meta"]["pagination"] == {"page": 1, "per_page": 2, "pages": 2, "total": 3}
    assert standin.get(company, page_after="x").status_code == 400


def test_small_pages_have_three_rows_and_name_the_next(standin, booked):
    company, keys = booked
    keys += [one["id"] for one in standin.book(company, {"updated_at": "2026-03-02T19:00:00Z"})]
    speak(standin, company, "small-pages")
    first = standin.get(company, page_size=100)
    assert ids(first) == keys[:3] and "page%5Bafter%5D" in first.json()["links"]["next"]
    assert [int(one["id"]) for one in standin.walk(company)] == keys


def test_newest_first_ignores_the_sort(standin, booked):
    company, keys = booked
    speak(standin, company, "newest-first")
    assert [int(one["id"]) for one in standin.walk(company, **{"page[size]": 2})] == keys[::-1]


def test_filters_can_be_ignored(standin, booked):
    company, keys = booked
    since = "2026-03-02T11:30:00Z"
    assert ids(standin.get(company, updated_since=since)) == keys[2:]
    speak(standin, company, "ignores-filters")
    assert ids(standin.get(company, updated_since=since)) == keys


def test_parameters_can_be_refused(standin, booked):
    company, keys = booked
    speak(standin, company, "refuses-parameters")
    assert ids(standin.get(company)) == keys
    assert standin.get(company, sort="updated_at").status_code == 400
    assert standin.get(company, updated_since="2026-03-02T11:30:00Z").status_code == 400


def test_a_dialect_is_one_companys_and_must_exist(standin, booked):
    company, keys = booked
    other = standin.company()
    speak(standin, other, "refuses-parameters")
    assert ids(standin.get(company, sort="updated_at")) == keys
    assert "newest-first" in speak(standin, company, "klingon", status=400)["error"]
    speak(standin, other, "ours")
    assert standin.get(other, sort="updated_at").status_code == 200
