"""How ops' pages put things: who can fix a cause, trends, bodies without secrets, cells, filters."""

from datetime import UTC, datetime, timedelta

import pytest

from bookkeeping.faults import CATALOGUE, fault
from bookkeeping.logbook.failures import FailureFilter
from webapp.ops.words import (
    AGES,
    HANDLINGS,
    age_span,
    filter_words,
    seconds_after,
    shown_body,
    trend_words,
    who_fixes,
)


@pytest.mark.parametrize("code", CATALOGUE)
def test_for_every_cause_it_is_said_who_can_fix_it_and_what_class_it_is(code):
    assert who_fixes(fault(code))
    assert HANDLINGS[fault(code).handling]


def test_who_fixes_names_the_page_unless_nobody_has_to():
    assert who_fixes(fault("reconnect-needed")) == "the company's owner, under Settings → QuickBooks"
    assert "under" not in who_fixes(fault("qbo-3001"))


@pytest.mark.parametrize(("age", "hours"), [("1h", 1), ("1d", 24), ("3d", 72), ("7d", 168), ("30d", 720)])
def test_an_age_is_the_span_that_its_words_say(age, hours):
    assert age in AGES and age_span(age) == timedelta(hours=hours)


def test_every_age_has_a_span_and_nothing_else_has():
    assert all(age_span(age) for age in AGES)
    assert age_span("") is age_span("2d") is None


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ({}, ""),
        ({"": {"day": 0}}, "+12 in 24 h"),
        ({"": {"day": 0, "week": 0}, "c": {"day": 12, "week": 15}}, "±0 in 24 h · −3 in 7 days"),
        ({"": {"week": 0}, "c": {"day": 1}}, "+12 in 7 days"),
    ],
)
def test_a_trend_says_what_has_changed_since_it_was_counted(before, said):
    assert trend_words("c", 12, before) == said


def test_a_body_is_shown_without_tokens_and_addresses():
    shown = shown_body(
        '{"access_token": "abc", "PrimaryEmailAddr": {"Address": "ann@client.example"}, "Id": "7"}'
    )
    assert '"Id": "7"' in shown
    assert "abc" not in shown and "ann@client.example" not in shown
    assert "ann@client.example" not in shown_body("no JSON: ann@client.example")


@pytest.mark.parametrize(
    ("wanted", "words", "said"),
    [
        (FailureFilter(), {}, "All failures"),
        (
            FailureFilter(),
            {"title": "The books are closed", "company": "Blue Ridge"},
            "The books are closed at Blue Ridge",
        ),
        (
            FailureFilter(text="Oak", handling="temporary", held_for=timedelta(hours=1), rising=True),
            {},
            "All failures, with “Oak”, Passing: tried again by itself, held for 1 days and more, tried often",
        ),
        (FailureFilter(key="1042"), {"title": "Closed"}, "Closed inspection 1042"),
    ],
)
def test_a_filter_says_what_it_takes_in(wanted, words, said):
    assert filter_words(wanted, **words) == said


def test_time_between_two_moments_is_in_hundredths():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert seconds_after(now + timedelta(seconds=0.424), now) == "0.42 s"
