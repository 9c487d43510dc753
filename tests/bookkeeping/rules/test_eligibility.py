from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.eligibility import eligibility, is_us
from bookkeeping.rules.local_time import local_day
from tests.bookkeeping.rules.factories import NOON, SETTINGS, inspection, inspections, settings_values

CUTOFF = replace(SETTINGS, cutoff=NOON)


def test_a_confirmed_inspection_after_the_start_date_is_in_the_books():
    answer = eligibility(inspection(), SETTINGS)
    assert (answer.in_books, answer.reason) == (True, "in-books")
    assert answer.sentence == "In the books: confirmed, and scheduled for March 2, 2026, 12:00 PM (Denver)."


@pytest.mark.parametrize(
    ("fields", "reason", "sentence"),
    [
        ({"deleted_at": NOON}, "deleted", "it was deleted on March 2, 2026, 12:00 PM (Denver)."),
        (
            {"canceled_at": NOON, "cancel_reason": "Deal fell through."},
            "cancelled",
            "it was cancelled on March 2, 2026, 12:00 PM (Denver): Deal fell through.",
        ),
        ({"confirmed_at": None}, "not-confirmed", "it is not confirmed yet."),
        (
            {"starts_at": NOON - timedelta(days=90)},
            "before-start",
            "it is scheduled for December 2, 2025, 12:00 PM (Denver), before the sync start date January 1, 2026.",
        ),
    ],
)
def test_anything_else_is_left_out_with_the_reason(fields, reason, sentence):
    answer = eligibility(inspection(**fields), SETTINGS)
    assert (answer.in_books, answer.reason) == (False, reason)
    assert answer.sentence == f"Not in the books: {sentence}"


def test_the_start_date_is_cut_in_the_companys_zone():
    late_evening = inspection(starts_at=NOON.replace(day=3, hour=5))  # March 2, 10 PM in Denver.
    assert eligibility(late_evening, replace(SETTINGS, start_date=date(2026, 3, 2))).in_books
    assert eligibility(late_evening, replace(SETTINGS, start_date=date(2026, 3, 3))).reason == "before-start"


def test_without_a_start_date_nothing_is_booked():
    assert eligibility(inspection(), replace(SETTINGS, start_date=None)).reason == "no-start-date"


def test_the_cutoff_takes_the_place_of_the_start_date():
    assert eligibility(inspection(), CUTOFF).in_books
    assert eligibility(inspection(), replace(CUTOFF, start_date=date(2027, 1, 1))).in_books
    assert eligibility(inspection(), replace(CUTOFF, start_date=None)).in_books
    before = inspection(starts_at=NOON - timedelta(seconds=1))
    assert eligibility(before, CUTOFF).reason == "before-cutoff"


def test_a_reschedule_moves_nothing_across_a_confirmed_cutoff():
    moved_back = inspection(starts_at=NOON - timedelta(days=400))
    assert eligibility(moved_back, CUTOFF, side="new").in_books
    assert eligibility(inspection(), CUTOFF, side="old").reason == "before-cutoff"


def test_a_sales_receipt_keeps_its_inspection_out_until_migrated():
    assert eligibility(inspection(), SETTINGS, has_receipt=True).reason == "has-receipt"
    assert eligibility(inspection(), CUTOFF, has_receipt=True).reason == "has-receipt"
    assert eligibility(inspection(), CUTOFF, has_receipt=True, migrating=True).in_books


@pytest.mark.parametrize("has_receipt", [True, False])
def test_the_step_of_the_receipt_says_whether_one_stands(has_receipt):
    step = eligibility(inspection(), SETTINGS, has_receipt=has_receipt).steps[-1]
    assert (step.rule, step.passed) == ("No SalesReceipt stands for it", not has_receipt)
    assert step.because.startswith(
        "A SalesReceipt of the earlier" if has_receipt else "No SalesReceipt of the"
    )


@pytest.mark.parametrize(
    ("start", "how", "because"),
    [
        (NOON, {}, "It is scheduled for March 2, 2026, 12:00 PM (Denver), on or after the cutoff"),
        (
            NOON,
            {"booked": True},
            "It is scheduled for March 2, 2026, 12:00 PM (Denver), on or after the cutoff",
        ),
        (NOON - timedelta(1), {}, "It is scheduled for March 1, 2026, 12:00 PM (Denver), before the cutoff"),
        (NOON - timedelta(1), {"booked": True}, "It was booked on or after the cutoff"),
        (NOON - timedelta(1), {"side": "new"}, "It was on or after the cutoff"),
        (NOON, {"side": "old"}, "It was before the cutoff"),
    ],
)
def test_the_step_of_the_cutoff_says_what_decided_it(start, how, because):
    answer = eligibility(inspection(starts_at=start), CUTOFF, **how)
    [step] = [step for step in answer.steps if step.rule == "On or after the migration cutoff"]
    assert step.because.startswith(because)


@given(inspections, settings_values, st.booleans(), st.booleans())
def test_the_answer_follows_from_its_steps(given_inspection, settings, has_receipt, migrating):
    answer = eligibility(given_inspection, settings, has_receipt=has_receipt, migrating=migrating)
    assert answer.in_books == all(step.passed for step in answer.steps)
    assert answer.in_books == (answer.reason == "in-books")
    assert [step.rule for step in answer.steps][:3] == ["Not deleted", "Not cancelled", "Confirmed"]
    assert all(
        step.because.endswith((".", "!", "?")) or "cancelled on" in step.because for step in answer.steps
    )


@given(inspections, settings_values)
def test_in_the_books_exactly_by_decision_one(one, settings):
    if settings.cutoff is not None:
        late_enough = one.starts_at >= settings.cutoff
    else:
        start = settings.start_date
        late_enough = start is not None and local_day(one.starts_at, settings.time_zone) >= start
    alive = one.confirmed_at is not None and one.canceled_at is None and one.deleted_at is None
    assert eligibility(one, settings).in_books == (alive and late_enough)


@pytest.mark.parametrize(
    ("country", "served"),
    [
        *(
            (said, True)
            for said in ("US", "usa", " U.S.A. ", "United States", "The United  States of America", "PR")
        ),
        *(
            (said, False)
            for said in ("", "CA", "Canada", "Mexico", "United Kingdom", "USSR", "Australia", "UM1")
        ),
    ],
)
def test_the_united_states_are_known_in_anybodys_spelling(country, served):
    assert is_us(country) is served
