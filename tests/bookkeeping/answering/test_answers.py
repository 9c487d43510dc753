"""By what a change of an answer is known. What is in one is held against its description in `tests/webapp/api`."""

from bookkeeping.answering.answers import NOT_BOOKED, mark_of
from bookkeeping.rules.eligibility import Eligibility

ANSWER = {"key": "1", "state": "in-sync", "last_synced_at": "2026-03-02T19:00:00Z", "payments": []}


def test_a_later_look_alone_is_no_change_and_all_else_is():
    mark = mark_of(ANSWER)
    assert mark_of(ANSWER | {"last_synced_at": None, "version": "x"}) == mark
    assert mark_of(dict(reversed(ANSWER.items()))) == mark
    for name in ("key", "state", "payments"):
        assert mark_of(ANSWER | {name: "other"}) != mark, name


def test_every_reason_for_which_nothing_is_booked_has_its_words():
    codes = (Eligibility.__doc__ or "").partition("Codes: ")[2].rstrip(".\n ").split(", ")
    assert set(codes) == set(NOT_BOOKED)
