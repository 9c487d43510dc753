"""The neutral inspection: what is stored comes back whole, and what counts as a change of it."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given

from bookkeeping.rules.inspection import Address, BookSettings, Client, FeeLine, Inspection, PaymentReceived
from tests.bookkeeping.rules.factories import NOON, inspection, inspections, line, payment

FULL = Inspection(
    key="1042",
    starts_at=NOON,
    created_at=NOON - timedelta(days=9),
    updated_at=NOON + timedelta(hours=1),
    confirmed_at=NOON - timedelta(days=7),
    canceled_at=NOON - timedelta(days=6),
    cancel_reason="Deal fell through",
    deleted_at=NOON - timedelta(days=5),
    published_at=NOON + timedelta(days=1),
    address=Address("12 Oak St, Denver, CO 80203", "12 Oak St", "Unit 4", "Denver", "CO", "80203"),
    inspector_name="Bo Lind",
    slug="12-oak-st",
    client=Client("c1", "Ada", "Reyes", "ada@example.com", "(303) 555-0101", "(720) 555-0102"),
    lines=(FeeLine("l1", "service", "Radon", Decimal("425.10"), "s7", 2),),
    payments=(PaymentReceived("p1", Decimal("5.05"), "check", NOON, "1881", Decimal("1.25"), NOON),),
)
RECORD = {
    "key": "1042",
    "starts_at": "2026-03-02T19:00:00+00:00",
    "created_at": "2026-02-21T19:00:00+00:00",
    "updated_at": "2026-03-02T20:00:00+00:00",
    "confirmed_at": "2026-02-23T19:00:00+00:00",
    "canceled_at": "2026-02-24T19:00:00+00:00",
    "cancel_reason": "Deal fell through",
    "deleted_at": "2026-02-25T19:00:00+00:00",
    "published_at": "2026-03-03T19:00:00+00:00",
    "address": {
        "full": "12 Oak St, Denver, CO 80203",
        "line1": "12 Oak St",
        "line2": "Unit 4",
        "city": "Denver",
        "state": "CO",
        "postal_code": "80203",
    },
    "inspector_name": "Bo Lind",
    "slug": "12-oak-st",
    "client": {
        "key": "c1",
        "first_name": "Ada",
        "last_name": "Reyes",
        "email": "ada@example.com",
        "phone": "(303) 555-0101",
        "mobile_phone": "(720) 555-0102",
    },
    "lines": [
        {
            "key": "l1",
            "kind": "service",
            "name": "Radon",
            "amount": "425.10",
            "service_id": "s7",
            "position": 2,
        }
    ],
    "payments": [
        {
            "key": "p1",
            "amount": "5.05",
            "method": "check",
            "received_at": "2026-03-02T19:00:00+00:00",
            "reference": "1881",
            "refunded_amount": "1.25",
            "voided_at": "2026-03-02T19:00:00+00:00",
        }
    ],
}


def test_the_stored_record_is_plain_and_complete():
    assert FULL.to_record() == RECORD
    assert Inspection.from_record(RECORD) == FULL


@given(inspections)
def test_what_is_stored_as_json_comes_back_whole(one):
    assert Inspection.from_record(json.loads(json.dumps(one.to_record()))) == one


@pytest.mark.parametrize("without", ["client", "confirmed_at", "canceled_at", "deleted_at", "published_at"])
def test_what_the_platform_does_not_say_comes_back_as_nothing(without):
    one = replace(FULL, **{without: None})
    assert Inspection.from_record(one.to_record()) == one


OTHER = {
    "starts_at": NOON + timedelta(seconds=1),
    "created_at": NOON,
    "confirmed_at": None,
    "canceled_at": None,
    "cancel_reason": "Moved away",
    "deleted_at": None,
    "published_at": None,
    "address": Address("12 Oak St, Denver, CO 80203", "12 Oak St", "Unit 5", "Denver", "CO", "80203"),
    "inspector_name": "Cy Lind",
    "slug": "13-oak-st",
    "client": replace(FULL.client, mobile_phone=""),
    "lines": (replace(FULL.lines[0], amount=Decimal("425.11")),),
    "payments": (replace(FULL.payments[0], voided_at=None),),
    "key": "1043",
    "number": "B-7",
}


@pytest.mark.parametrize("name", [one.name for one in fields(Inspection) if one.name != "updated_at"])
def test_any_other_content_has_another_hash(name):
    assert replace(FULL, **{name: OTHER[name]}).content_hash() != FULL.content_hash()


def test_a_record_without_a_number_is_as_it_was_before_there_were_any():
    assert "number" not in FULL.to_record() and FULL.known_as == "1042"
    numbered = replace(FULL, number="B-7")
    assert Inspection.from_record(numbered.to_record()) == numbered and numbered.known_as == "B-7"


def test_the_hash_is_of_the_content_whenever_the_platform_touched_it():
    assert replace(FULL, updated_at=NOON + timedelta(days=9)).content_hash() == FULL.content_hash()
    backwards = dict(reversed(RECORD.items()))
    assert Inspection.from_record(backwards).content_hash() == FULL.content_hash()
    assert len(FULL.content_hash()) == 64


def test_a_moment_stored_with_another_offset_is_the_same_moment():
    denver = NOON.astimezone(timezone(timedelta(hours=-7)))
    assert Inspection.from_record({**RECORD, "starts_at": denver.isoformat()}).starts_at == NOON


def test_the_total_is_the_sum_of_all_lines_of_every_kind():
    amounts = {"service": "425.00", "fee": "-25.00", "discount": "-40.50", "tax": "12.01"}
    lines = tuple(line(amount, kind, key=kind) for kind, amount in amounts.items())
    assert inspection(lines=lines, payments=(payment("9.00"),)).total == Decimal("371.51")
    assert str(inspection(lines=()).total) == "0.00"


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Ada", "Reyes", "Ada Reyes"), (" Ada  Mae ", "", "Ada Mae"), ("", "Reyes", "Reyes"), ("", " ", "")],
)
def test_a_client_is_named_by_both_names_single_spaced(first, last, name):
    assert Client("c1", first, last).name == name


def test_a_company_that_chose_nothing_has_the_plain_choices():
    """What a bookkeeper who never opened the settings gets (decisions 3 and 4)."""
    chosen = BookSettings("America/Denver", None)
    assert (chosen.cutoff, chosen.invoice_date, chosen.due_days) == (None, "inspection", 0)
    assert (chosen.one_item, chosen.discount_item, chosen.tax_item) == (
        None,
        "Discount",
        "Sales tax collected",
    )
    assert (chosen.deposit_account_id, chosen.class_on) == ("", "line")
    assert not any(
        (chosen.item_names, chosen.item_ids, chosen.method_names, chosen.classes, chosen.locations)
    )


def test_a_payment_says_nothing_that_the_platform_did_not_say():
    bare = PaymentReceived("p1", Decimal("5.00"), "cash", datetime(2026, 3, 2, tzinfo=UTC))
    assert (bare.reference, bare.refunded_amount, bare.voided_at) == (None, Decimal("0.00"), None)
