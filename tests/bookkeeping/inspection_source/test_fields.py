"""One object of the feed, field by field: what is taken, and by which sentence anything else is refused."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import String

import bookkeeping.storage.tables  # noqa: F401 - all of them are looked at
from bookkeeping.inspection_source.fields import (
    KEY_LIMIT,
    BadRecordError,
    Fields,
    key_of,
    shown,
    storable,
    storable_text,
)
from bookkeeping.storage.base import db


def _fields(**attributes) -> Fields:
    return Fields({"attributes": attributes}, "inspection 7")


def _refusal(read, *args, **values) -> str:
    with pytest.raises(BadRecordError) as refused:
        read(*args, **values)
    return str(refused.value)


def test_every_reader_takes_what_the_feed_promises():
    one = _fields(
        name="Ann\0", amount="-50.00", kind="fee", position=3, at="2026-03-02T12:00:00-07:00", none=None
    )
    assert (one.text("name"), one.text("none"), one.text("missing")) == ("Ann", "", "")
    assert one.money("amount") == Decimal("-50.00")
    assert one.one_of("kind", ("service", "fee")) == "fee"
    assert (one.whole_number("position", default=0), one.whole_number("none", default=9)) == (3, 9)
    assert one.time("at") == datetime(2026, 3, 2, 19, tzinfo=UTC)
    assert one.time_or_none("none", required=True) is one.time_or_none("missing") is None
    assert one.time_or_none("at") == one.time("at")


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        ("text", 7, "x of inspection 7 must be text; it is 7."),
        ("money", 425.5, "x of inspection 7 must be a decimal string in dollars"),
        ("money", "1.005", "with at most two places"),
        ("money", None, "it is None."),
        ("time", "2026-03-02", "must be a date and time in ISO 8601 with its offset from UTC"),
        ("time", "2026-03-02T12:00:00", "offset from UTC; it is '2026-03-02T12:00:00'."),
        ("time", "1969-01-01T00:00:00Z", "offset from UTC"),
        ("time", 1772478000, "offset from UTC; it is 1772478000."),
    ],
)
def test_anything_else_is_refused_with_its_field_and_value(reader, value, said):
    assert said in _refusal(getattr(_fields(x=value), reader), "x")


@pytest.mark.parametrize("value", [True, "3", 3.0])
def test_a_whole_number_is_no_truth_text_or_fraction(value):
    assert "must be a whole number" in _refusal(_fields(x=value).whole_number, "x", default=0)


def test_an_unknown_word_and_a_missing_moment_are_named():
    assert "must be one of service, fee; it is 'tip'." in _refusal(
        _fields(x="tip").one_of, "x", ("service", "fee")
    )
    assert "or null; it is missing." in _refusal(_fields().time_or_none, "x", required=True)
    assert "The attributes of inspection 7 are missing." in _refusal(
        Fields, {"attributes": []}, "inspection 7"
    )


@pytest.mark.parametrize(("value", "key"), [(1042, "1042"), ("a-1", "a-1"), ("x" * 64, "x" * 64)])
def test_an_id_is_printable_text_or_a_number(value, key):
    assert key_of({"id": value, "type": "inspection"}) == key


@pytest.mark.parametrize("value", [None, "", "x" * 65, "é", "a\nb", True, 1.5, ["1"]])
def test_an_id_that_cannot_be_kept_is_refused(value):
    assert _refusal(key_of, {"id": value, "type": "inspection"}).startswith(
        "The id of the 'inspection' is missing"
    )


def test_every_table_has_room_for_the_longest_id():
    """PostgreSQL refuses what is longer than its column; SQLite takes it."""
    keeps = {
        f"{table.name}.{column.name}": column.type.length
        for table in db.metadata.tables.values()
        for column in table.columns
        if column.name in ("key", "inspection_key", "source_key", "payment_key", "client_key")
        and isinstance(column.type, String)
    }
    assert len(keeps) > 12
    assert {name: length for name, length in keeps.items() if length < KEY_LIMIT} == {}


def test_what_is_shown_is_short_and_ascii_and_what_is_stored_any_database_takes():
    assert shown("é") == r"'\xe9'" and len(shown("x" * 500)) == 80 and shown("x" * 500).endswith("...")
    assert storable_text("a\0b\ud83c") == "ab?"
    assert storable({"a\0": ["b\0", {"c": "d\ud800"}], "n": 7}) == {"a": ["b", {"c": "d?"}], "n": 7}
