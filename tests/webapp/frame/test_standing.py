"""How a company stands in a word and a sentence: for every state of its connection, and what comes before what."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from tests.webapp.records import NOON
from webapp.frame.standing import Standing, next_sync, standing_of, today
from webapp.frame.words import plural

ALL = {"needs-you": 1, "drift": 2, "syncing": 3, "waiting": 4, "in-sync": 5}


def _standing(
    state: str = "connected", counts=None, drifts: int = 0, first_run: str = "", **company
) -> Standing:
    row = Company(**{"feed_state": "ok", "last_sync_at": NOON, **company})
    return Standing(row, Connection(state=state), counts or {}, drifts, first_run)


@pytest.mark.parametrize(
    ("state", "word", "said"),
    [
        ("disconnected", "off", "QuickBooks is disconnected."),
        ("refused", "off", "This QuickBooks company cannot be used."),
        ("reconnect", "needs-you", "QuickBooks no longer lets us in."),
    ],
)
def test_a_company_that_is_not_connected_says_only_that(state, word, said):
    standing = _standing(state, ALL, paused_at=NOON)
    assert (standing.word, standing.sentence, standing.connected) == (word, said, False)


def test_a_company_that_never_connected_is_off():
    standing = Standing(Company(), None)
    assert (standing.word, standing.sentence) == ("off", "QuickBooks is not connected yet.")
    assert (standing.starting, standing.never_through) == (False, False)


@pytest.mark.parametrize(
    ("values", "word", "said"),
    [
        ({"counts": ALL, "paused_at": NOON, "brake_at": NOON}, "paused", "Syncing is paused."),
        (
            {"counts": ALL, "brake_at": NOON, "brake_count": 22},
            "needs-you",
            "22 deletes wait for your approval.",
        ),
        (
            {"counts": ALL, "brake_at": NOON, "brake_count": 1},
            "needs-you",
            "1 delete waits for your approval.",
        ),
        ({"counts": ALL, "first_run": "running"}, "syncing", "Your first sync is under way."),
        ({"counts": ALL, "state": "checking"}, "syncing", "Your first sync is under way."),
        ({"counts": ALL}, "needs-you", "1 inspection needs you."),
        ({"counts": {"drift": 2}, "drifts": 3}, "drift", "3 documents were changed in QuickBooks."),
        ({"counts": {"syncing": 1, "waiting": 4}}, "syncing", "1 inspection is on the way to QuickBooks."),
        ({"counts": {"waiting": 4}}, "waiting", "4 inspections wait. We try again by ourselves."),
        ({"counts": {}}, "in-sync", "No inspections yet."),
        ({"counts": {"in-sync": 5}}, "in-sync", "Everything is in the books."),
        (
            {"counts": {"in-sync": 5}, "first_run": "failed", "last_sync_at": None},
            "waiting",
            "Your first sync was not finished. We try again by ourselves.",
        ),
    ],
)
def test_what_is_most_urgent_is_said(values, word, said):
    standing = _standing(**values)
    assert (standing.word, standing.sentence) == (word, said)


def test_a_feed_that_refuses_us_needs_somebody():
    standing = _standing(counts=ALL, feed_state="refused")
    assert standing.word == "needs-you"
    assert standing.sentence.startswith("We cannot read your inspections. ")


def test_the_company_is_counted_as_it_is_on_record(house, company, records):
    records.connect()
    for key, state in (("1", "in-sync"), ("2", "in-sync"), ("3", "drift")):
        records.inspection(key, state)
    records.drift(records.document("3"))
    records.run(kind="first", state="failed")
    now = utcnow()
    for number, outcome in enumerate(("created", "created", "refused")):
        records.operation(str(number), outcome, settled_at=now)
    records.operation("9", settled_at=now - timedelta(days=2))
    with house.app.app_context():
        row = db.session.scalars(select(Company)).one()
        standing = standing_of(row)
        assert (standing.counts, standing.drifts, standing.first_run) == (
            {"in-sync": 2, "drift": 1},
            1,
            "failed",
        )
        assert today(row) == [("Invoice", "created", 2), ("Invoice", "refused", 1)]


def test_the_next_sync_waits_for_poll_and_pause():
    assert next_sync(Company()) is None
    later = NOON + timedelta(hours=1)
    assert next_sync(Company(next_poll_at=NOON)) == NOON
    assert next_sync(Company(next_poll_at=NOON, not_before=later)) == later
    assert plural(1, "delete waits", "deletes wait") == "1 delete waits"
