"""The one sentence and the one action of a company, for every state and every pair of them."""

from dataclasses import replace
from decimal import Decimal
from itertools import combinations

import pytest

from bookkeeping.logbook.situation.facts import Amount, Facts, HeldUp
from bookkeeping.logbook.situation.sentence import situation

SOME = Facts(states={"in-sync": 62})
BOOKS_CLOSED = HeldUp("books-closed", "Books are closed", "bookkeeper", Amount(7, Decimal("2480.00")))
NO_ITEM = HeldUp("no-item", "No Item", "owner", Amount(2, Decimal("640.00")))
RECEIPTS = Amount(15, Decimal("6200.00"))

ALONE = {
    "never": (
        {"connection": "never", "states": {}},
        "off",
        "QuickBooks is not connected yet.",
        "Enable",
    ),
    "disconnected": ({"connection": "disconnected"}, "off", "QuickBooks is disconnected.", "Enable"),
    "refused": (
        {"connection": "refused", "connection_cause": "Not in the US."},
        "off",
        "This QuickBooks company cannot be used.",
        "See why",
    ),
    "reconnect": (
        {"connection": "reconnect", "on_the_way": Amount(12, Decimal("4310.00"))},
        "needs-you",
        "QuickBooks needs you to reconnect.",
        "Reconnect",
    ),
    "to-start": ({"to_start": True}, "needs-you", "The first sync waits for you.", "Start"),
    "paused": (
        {"paused_by": "Bea", "paused_since": "November 3, 2026, 9:00 AM (Denver)"},
        "paused",
        "Syncing is paused.",
        "Resume",
    ),
    "halted": ({"halted_cause": "Not in the United States."}, "needs-you", "Syncing has stopped.", "See why"),
    "still": (
        {"still_since": "November 3, 2026, 9:00 AM (Denver)"},
        "waiting",
        "Syncing has stood still since November 3, 2026, 9:00 AM (Denver).",
        "Sync log",
    ),
    "deletes": ({"deletes": 22}, "needs-you", "22 deletes wait for your approval.", "Look at them"),
    "feed": (
        {"feed_cause": "The key is refused"},
        "needs-you",
        "We cannot read your inspections. The key is refused.",
        "See why",
    ),
    "a file waits": (
        {"by_files": True, "file_waits": "march.csv"},
        "needs-you",
        "march.csv was dropped and waits to be taken.",
        "Look at it",
    ),
    "running": (
        {"migration": "running", "receipts": RECEIPTS, "replaced": 4},
        "syncing",
        "15 SalesReceipts are being replaced.",
        "Watch",
    ),
    "migration-paused": (
        {"migration": "paused", "migration_cause": "Books are closed"},
        "needs-you",
        "The migration is paused.",
        "Look",
    ),
    "choose": (
        {"legacy": True, "migration": "choose", "receipts": RECEIPTS},
        "needs-you",
        "One step is left: choose your cutoff.",
        "Choose the cutoff",
    ),
    "previewing": (
        {"legacy": True, "migration": "previewing", "receipts": RECEIPTS},
        "syncing",
        "Your preview of the migration is being made.",
        "Watch",
    ),
    "preview": (
        {"legacy": True, "migration": "preview", "receipts": RECEIPTS, "migration_at": "Jan 1, 2019"},
        "needs-you",
        "Your preview of the migration is ready.",
        "Look at the preview",
    ),
    "first-sync": ({"first_run": "running"}, "syncing", "Your first sync is under way.", "Watch"),
    "causes": (
        {"causes": (BOOKS_CLOSED, NO_ITEM)},
        "needs-you",
        "9 inspections need you.",
        "See what to do",
    ),
    "left": (
        {"legacy": True, "left": Amount(6, Decimal("4439.90"))},
        "needs-you",
        "6 SalesReceipts still need you ($4,439.90).",
        "See them",
    ),
    "customers": ({"customers": 1}, "needs-you", "Which Customer is it? 1 client asks.", "Choose"),
    "unexplained": (
        {"unexplained": Amount(2, Decimal("12.50"))},
        "needs-you",
        "Nothing explains $12.50 of the newest statement.",
        "Look at the statement",
    ),
    "drifts": ({"drifts": 1}, "drift", "1 document was changed in QuickBooks.", "Look at them"),
    "scheduled": (
        {
            "migration": "scheduled",
            "receipts": RECEIPTS,
            "migration_at": "November 4, 2026, 12:00 AM (Denver)",
        },
        "waiting",
        "15 SalesReceipts are replaced November 4, 2026, 12:00 AM (Denver).",
        "Look or cancel",
    ),
    "never through": (
        {"first_run": "failed", "synced": False},
        "waiting",
        "Your first sync was not finished. We try again by ourselves.",
        "See why",
    ),
    "turn": (
        {"waits_since": "November 3, 2026, 9:00 AM (Denver)"},
        "waiting",
        "Syncing has not begun since November 3, 2026, 9:00 AM (Denver).",
        "Watch",
    ),
    "unread": (
        {"unread": "since November 3, 2026, 9:00 AM (Denver)"},
        "waiting",
        "The inspection platform could not be read since November 3, 2026, 9:00 AM (Denver).",
        "See why",
    ),
    "coming": (
        {"coming": Amount(44, Decimal("24106.35"))},
        "syncing",
        "44 earlier inspections are about to be brought in ($24,106.35).",
        "Watch",
    ),
    "syncing": (
        {"states": {"syncing": 1}},
        "syncing",
        "1 inspection is on the way to QuickBooks.",
        "Sync log",
    ),
    "waiting": (
        {"states": {"waiting": 4}},
        "waiting",
        "4 inspections wait. We try again by ourselves.",
        "See why",
    ),
}
"""What is so alone, with the word, the headline and the action that follow, the most urgent first."""

STOPS = {"never", "disconnected", "refused", "reconnect", "to-start", "paused", "halted", "still"}
_OF_ONE_FACT = {
    frozenset(pair)
    for group in (
        ("never", "disconnected", "refused", "reconnect"),
        ("to-start", "paused"),
        ("running", "migration-paused", "choose", "previewing", "preview", "scheduled"),
        ("first-sync", "never through"),
        ("first-sync", "turn"),
        ("first-sync", "still"),
        ("running", "left"),
        ("choose", "left"),
        ("scheduled", "left"),
        ("migration-paused", "left"),
        ("syncing", "waiting"),
        ("never", "syncing"),
        ("never", "waiting"),
    )
    for pair in combinations(group, 2)
}


UNTIL_CONNECTED = {
    "scheduled": "15 SalesReceipts are replaced in the first night after QuickBooks is connected again."
}
"""What is said otherwise while nothing can be sent: no night is promised that will not come."""


@pytest.mark.parametrize("name", ALONE)
def test_each_state_alone_has_its_sentence_and_its_action(name):
    facts, word, headline, action = ALONE[name]
    found = situation(replace(SOME, **facts))
    assert (found.word, found.headline, found.first.action) == (word, headline, action)
    assert found.first.address.startswith("/")
    goes_on = "Everything else goes on." in found.more
    assert goes_on == (word == "needs-you" and name not in STOPS)


@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in combinations(ALONE, 2) if frozenset(pair) not in _OF_ONE_FACT],
)
def test_of_each_pair_the_more_urgent_is_said_and_the_other_is_not_lost(first, second):
    facts = replace(SOME, **ALONE[second][0])
    facts = replace(facts, **ALONE[first][0])
    found = situation(facts)
    assert found.headline == ALONE[first][2]
    needs_quickbooks = {
        "to-start",
        "paused",
        "halted",
        "still",
        "running",
        "migration-paused",
        "choose",
        "previewing",
        "preview",
    } | {
        "first-sync",
        "never through",
        "turn",
        "unread",
        "coming",
        "left",
        "syncing",
        "waiting",
    }
    if first in ("never", "disconnected", "refused", "reconnect") and second in needs_quickbooks:
        return  # What nothing can be done about before QuickBooks is connected is not said.
    said = ALONE[second][2]
    if first in ("never", "disconnected", "refused", "reconnect"):
        said = UNTIL_CONNECTED.get(second, said)
    assert said in [one.sentence for one in found.rest]
    if first in STOPS or second in STOPS:
        assert "Everything else goes on." not in found.more


@pytest.mark.parametrize("name", ["turn", "still"])
@pytest.mark.parametrize("first_run", ["queued", "running"])
def test_a_first_sync_that_does_not_go_on_is_not_said_to_be_under_way(first_run, name):
    found = situation(replace(SOME, first_run=first_run, **ALONE[name][0]))
    assert (found.headline, found.rest) == (ALONE[name][2], ())


def test_where_inspections_come_in_files_the_first_is_to_be_dropped():
    found = situation(Facts(by_files=True))
    assert (found.headline, found.first.action, found.first.address) == (
        "No inspections yet.",
        "Drop your first file",
        "/settings/files",
    )
    assert situation(replace(SOME, by_files=True)).first is None


def test_each_cause_stands_below_with_its_dollars_and_who_can_fix_it():
    found = situation(replace(SOME, causes=(BOOKS_CLOSED, NO_ITEM)))
    assert [(one.sentence, one.more, one.address) for one in found.rest] == [
        ("Books are closed.", "7 inspections · $2,480.00 · your bookkeeper", "/sync-log#cause-books-closed"),
        ("No Item.", "2 inspections · $640.00 · an owner", "/sync-log#cause-no-item"),
    ]
    assert found.more == "$3,120.00 waits. Nothing is lost. Everything else goes on."


@pytest.mark.parametrize(
    ("facts", "headline", "more"),
    [
        (
            {"states": {}},
            "No inspections yet.",
            "Each confirmed one gets its Customer, Invoice and Payments by itself.",
        ),
        ({}, "Everything is in the books.", ""),
        (
            {"states": {"in-sync": 2, "not-in-books": 1}},
            "Everything is in the books.",
            "1 inspection does not belong there; each says why.",
        ),
        (
            {"states": {"in-sync": 2, "not-in-books": 3}, "earlier": Amount(2, Decimal("80.00"))},
            "Everything is in the books.",
            "1 inspection does not belong there; each says why.",
        ),
        (
            {"states": {"in-sync": 2, "not-in-books": 2}, "earlier": Amount(2, Decimal("80.00"))},
            "Everything is in the books.",
            "",
        ),
        ({"left_as_theirs": 3}, "Everything that is ours is in the books.", ""),
    ],
)
def test_where_nothing_is_open_that_is_said(facts, headline, more):
    found = situation(replace(SOME, **facts))
    assert (found.headline, found.more, found.word, found.first) == (headline, more, "in-sync", None)


@pytest.mark.parametrize(
    ("unexplained", "said"), [(Amount(0, Decimal("12.50")), "$12.50"), (Amount(2), "a difference in number")]
)
def test_money_or_number_alone_is_unexplained_too(unexplained, said):
    found = situation(replace(SOME, unexplained=unexplained))
    assert (found.word, found.headline) == ("needs-you", f"Nothing explains {said} of the newest statement.")


@pytest.mark.parametrize(("synced", "said"), [(False, "Your first sync"), (True, "Your sync")])
def test_only_the_first_sync_is_called_the_first(synced, said):
    """Whoever connects again has had one."""
    found = situation(replace(SOME, connection="checking", synced=synced))
    assert (found.word, found.headline) == ("syncing", f"{said} is under way.")


def test_what_is_good_to_know_is_never_the_headline():
    facts = replace(
        SOME,
        to_settle=Amount(13, Decimal("1194.95")),
        left_as_theirs=1,
        earlier=Amount(44, Decimal("24106.35")),
    )
    found = situation(facts)
    assert (found.word, found.first) == ("in-sync", None)
    assert [one.sentence for one in found.rest] == [
        "13 differences of the newest statement to settle ($1,194.95).",
        "1 document is left as QuickBooks has it.",
        "44 earlier inspections are not brought in ($24,106.35).",
    ]
    assert "not brought in" not in str(situation(replace(facts, legacy=True)).rest)
