import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.inspection_source.records import BadRecord, index_included, read_record
from bookkeeping.rules.inspection import Inspection
from tests.bookkeeping.inspection_source.factories import included, record


def read(one=None, **parts):
    return read_record(record() if one is None else one, index_included(included(**parts)))


def reason(one=None, **parts):
    bad = read(one, **parts)
    assert isinstance(bad, BadRecord), bad
    assert bad.reason.endswith(".")
    return bad.reason


def test_a_record_becomes_an_inspection():
    found = read()
    assert (found.key, found.inspector_name, found.cancel_reason) == ("1042", "Bo Lind", "")
    assert found.starts_at == datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
    assert (found.client.name, found.client.mobile_phone) == ("Ada Reyes", "")
    assert [(each.kind, each.amount) for each in found.lines] == [("service", Decimal("425.00"))]
    assert [(each.amount, each.reference) for each in found.payments] == [(Decimal("400.00"), "1187")]
    assert Inspection.from_record(json.loads(json.dumps(found.to_record()))) == found


@pytest.mark.parametrize(
    "amount", [425, 425.0, "425.001", "4.25e2", "NaN", "", None, "1,000.00", [], {}, True]
)
def test_money_is_a_decimal_string_or_the_record_is_bad(amount):
    for parts in (
        {"line": {"amount": amount}},
        {"payment": {"amount": amount}},
        {"payment": {"refunded_amount": amount}},
    ):
        said = reason(**parts)
        assert "amount of" in said and "decimal string" in said and ascii(amount) in said


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"line": {"kind": "gift"}},
            "kind of line_item l1 must be one of service, fee, discount, tax; it is 'gift'.",
        ),
        ({"line": {"kind": ["fee"]}}, "kind of line_item l1"),
        ({"line": {"kind": "discount", "amount": "5.00"}}, "amount of line_item l1 must be negative"),
        ({"line": {"name": 5}}, "name of line_item l1 must be text; it is 5."),
        ({"line": {"position": True}}, "position of line_item l1 must be a whole number"),
        ({"payment": {"method": "bitcoin"}}, "method of payment p1 must be one of card"),
        ({"payment": {"amount": "0.00"}}, "amount of payment p1 must be above zero; it is '0.00'."),
        ({"payment": {"amount": "-1.00"}}, "amount of payment p1 must be above zero"),
        ({"payment": {"refunded_amount": "400.01"}}, "refunded_amount of payment p1 must be between 0.00"),
        ({"payment": {"refunded_amount": "-0.01"}}, "refunded_amount of payment p1"),
        ({"payment": {"received_at": None}}, "received_at of payment p1 must be a date and time"),
        ({"payment": {"voided_at": "soon"}}, "voided_at of payment p1"),
        ({"buyer": {"email": {"a": 1}}}, "email of contact c1 must be text"),
    ],
)
def test_the_reason_names_field_and_value(parts, said):
    assert reason(**parts).startswith(said)


@pytest.mark.parametrize("name", ["datetime", "created_at", "updated_at", "confirmed_at", "deleted_at"])
@pytest.mark.parametrize(
    "value",
    ["2026-03-02T09:00:00", "2026-03-02", "x", 5, "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-09:00"],
)
def test_times_must_be_aware(name, value):
    assert reason(record(**{name: value})).startswith(f"{name} of the inspection must be a date and time")


def test_a_feed_without_confirmations_is_not_one_of_unconfirmed_inspections():
    one = record()
    del one["attributes"]["confirmed_at"]
    assert reason(one) == "confirmed_at of the inspection must be a date and time, or null; it is missing."
    assert read(record(confirmed_at=None)).confirmed_at is None


@pytest.mark.parametrize("name", ["buyer", "line_items", "payments"])
def test_a_relationship_that_is_not_told_is_not_an_empty_one(name):
    one = record()
    del one["relationships"][name]
    assert reason(one) == f"The relationship {name} of the inspection is missing."


@pytest.mark.parametrize("kind", ["contact", "line_item", "payment"])
def test_what_is_referred_to_must_be_included(kind):
    bad = read_record(record(), index_included([each for each in included() if each["type"] != kind]))
    assert bad.reason.endswith("which is not included in the answer.")


def test_an_inspection_may_have_no_buyer_lines_or_payments():
    one = record()
    one["relationships"] = {"buyer": {"data": None}, "line_items": {"data": []}, "payments": {"data": []}}
    found = read(one)
    assert (found.client, found.lines, found.payments) == (None, (), ())


def test_a_line_listed_twice_is_refused():
    one = record()
    one["relationships"]["line_items"]["data"] *= 2
    assert reason(one) == "The inspection lists line_item l1 twice."


def test_a_tombstone_is_believed_whatever_its_lines_say():
    gone = read(record(deleted_at="2026-03-03T00:00:00Z"), line={"amount": 5})
    assert gone.deleted_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert gone.lines == ()
    kept = read(record(deleted_at="2026-03-03T00:00:00Z"))
    assert len(kept.lines) == len(kept.payments) == 1


def test_lines_are_ordered_by_position():
    one = record()
    one["relationships"]["line_items"]["data"].append({"type": "line_item", "id": "l0"})
    first = {
        "type": "line_item",
        "id": "l0",
        "attributes": {"kind": "fee", "name": "A", "amount": "1", "position": 0},
    }
    found = read_record(one, index_included([*included(), first]))
    assert [line.key for line in found.lines] == ["l0", "l1"]


@pytest.mark.parametrize("key", [None, "", True, 1.5, "a\n", "é", "x" * 101, {}])
def test_an_unusable_id_is_a_bad_record_without_key(key):
    bad = read(record(key))
    assert (bad.key, bad.updated_at is not None) == ("", True)
    assert "id of the 'inspection' is missing or unusable" in bad.reason


def test_a_number_as_id_is_its_digits():
    assert read(record(1042)).key == "1042"


def test_a_bad_record_keeps_key_time_and_raw():
    bad = read(record(), line={"amount": 12.345})
    assert (bad.key, bad.updated_at) == ("1042", datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC))
    assert bad.raw["id"] == "1042"


def test_text_that_no_database_takes_is_cleaned():
    found = read(buyer={"first_name": "A\0da\ud800"})
    assert found.client.first_name == "Ada?"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(anything)
def test_any_record_at_all_is_read_or_bad(value):
    assert isinstance(read_record(value, {}), BadRecord)


@given(st.sampled_from(["type", "id", "attributes", "relationships"]), anything)
def test_any_part_of_a_record_may_be_anything(name, value):
    assert isinstance(read({**record(), name: value}), BadRecord | Inspection)


@given(st.sampled_from(sorted(record()["attributes"])), anything)
def test_any_attribute_may_be_anything(name, value):
    found = read(record(**{name: value}))
    assert isinstance(found, Inspection) or ascii(name)[1:-1] in found.reason
    json.dumps(found.to_record() if isinstance(found, Inspection) else found.raw).encode()


@given(
    st.sampled_from(["line", "payment", "buyer"]),
    st.dictionaries(
        st.sampled_from(
            [
                "amount",
                "kind",
                "name",
                "method",
                "received_at",
                "refunded_amount",
                "voided_at",
                "reference",
                "position",
                "email",
            ]
        ),
        anything,
        min_size=1,
    ),
)
def test_any_included_attribute_may_be_anything(part, values):
    found = read(**{part: values})
    if isinstance(found, Inspection):
        assert all(p.amount > 0 and 0 <= p.refunded_amount <= p.amount for p in found.payments)
        assert all(line.amount == round(line.amount, 2) for line in found.lines)
