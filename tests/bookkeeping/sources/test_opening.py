"""A company's source: what it is opened with, how that is kept, and where reading goes on."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bookkeeping.inspection_source.feed import EVERYTHING, Feed
from bookkeeping.inspection_source.source import OVERLAP
from bookkeeping.sources.opening import KINDS, checked_credentials, open_source, try_source
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import credentials_of, keep_credentials
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.work.resealing import rotate_keys

ODD = {"url": "https://p.example", "key": "s3cret", "days": [1, 2], "nested": {"a": None}}


@pytest.fixture
def row(house, company):
    """A company's row, in an app context."""
    with house.app.app_context():
        yield db.session.get_one(Company, company)


def test_a_company_that_stood_before_is_read_from_its_feed(row):
    assert (row.source_kind, row.source_cursor) == ("feed", None)
    assert credentials_of(row) == {"url": "http://127.0.0.1:9", "key": "key"}
    assert isinstance(open_source(row, public_only=False), Feed)


def test_credentials_of_any_shape_are_sealed_and_come_back_as_they_were(row):
    keep_credentials(row, "odd", ODD)
    db.session.commit()
    assert credentials_of(row) == ODD
    assert "s3cret" not in json.dumps([row.source_credentials, row.feed_url, row.feed_key])
    assert (row.feed_url, row.feed_key) == ("https://p.example", "")
    with pytest.raises(Exception, match="does not belong"):
        vault().open(row.source_credentials, row.id + 1, "source_credentials")


def test_credentials_are_sealed_again_with_every_other_secret(row):
    keep_credentials(row, "odd", ODD)
    row.source_credentials = row.source_credentials.replace(vault().newest, "01234567")
    db.session.commit()
    vault()._keys["01234567"] = vault()._keys[vault().newest]
    assert rotate_keys() == 1
    assert row.source_credentials.split(".")[1] == vault().newest
    assert credentials_of(row) == ODD


def test_a_feed_keeps_what_the_release_before_can_read(row):
    keep_credentials(row, "feed", {"url": "https://f.example", "key": "k2"})
    assert (row.feed_url, row.source_credentials) == ("https://f.example", "")
    assert vault().open(row.feed_key, row.id, "feed_key") == "k2"


BAD = {
    "no object": ("feed", [], "must be an object"),
    "no such way": (
        "pages",
        {"url": "u", "key": "k", "payments": "by pigeon"},
        "must be one of resource, events",
    ),
    "nothing": ("pages", {"key": "k"}, "The url of the source is missing or empty."),
    "blank": ("feed", {"url": "https://f.example", "key": " "}, "The key of the source is missing or empty."),
    "no text": ("feed", {"url": 7, "key": "k"}, "The url of the source is missing or empty."),
    "more": ("files", {"key": "k"}, "A source of the kind files takes no key."),
    "no number": (
        "pages",
        {"url": "u", "key": "k", "days_back": "9"},
        "days_back must be a whole number from 7 to 1099.",
    ),
    "yes": ("pages", {"url": "u", "key": "k", "days_ahead": True}, "days_ahead must be a whole number"),
    "too few": ("pages", {"url": "u", "key": "k", "days_back": 1}, "days_back must be a whole number"),
}


@pytest.mark.parametrize("kind", BAD)
def test_credentials_that_would_open_nothing_are_refused_in_a_sentence(kind):
    source, given, says = BAD[kind]
    with pytest.raises(ValueError, match=says):
        checked_credentials(source, given)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_opened_with_what_it_needs_and_asks_nothing_by_it(kind, row):
    given = {name: f" {name} " for name in KINDS[kind].needs}
    given |= {name: allowed[-1] for name, allowed in KINDS[kind].may.items()}
    found = checked_credentials(kind, given)
    assert found == {
        name: value.strip() if isinstance(value, str) else value for name, value in given.items()
    }
    assert try_source(kind, found, public_only=True) is not None
    keep_credentials(row, kind, found)
    assert credentials_of(row) == found and open_source(row, public_only=True) is not None


def test_a_feeds_cursor_is_a_moment_read_again_by_the_overlap():
    feed, at = Feed("https://f.example", "k"), datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert feed.reach(at.isoformat()).changed_since == at - OVERLAP == at - timedelta(minutes=10)
    assert feed.reach(None).changed_since == feed.reach(at.isoformat(), everything=True).changed_since
    assert feed.reach(None).changed_since == EVERYTHING
