"""The first steps in every state of each, as values; and on Home, from rows."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bookkeeping.logbook.situation.facts import Amount, Facts
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from tests.webapp.records import NOON
from webapp.first_steps.steps import Ground, are_done, first_steps

NEW = Facts(connection="never", synced=False)
RUNS = Facts()
EARLIER = Amount(44, Decimal("24106.35"))
RECEIPTS = Amount(15, Decimal("6200.00"))
OLD = Facts(legacy=True, migration="choose", receipts=RECEIPTS)

STATES = {
    "connect": {
        "never": (Ground(NEW), "open", "Enable"),
        "disconnected": (Ground(replace(NEW, connection="disconnected")), "open", "Enable"),
        "refused": (Ground(replace(NEW, connection="refused")), "open", "See why"),
        "reconnect": (Ground(replace(RUNS, connection="reconnect")), "open", "Reconnect"),
        "checking": (Ground(replace(NEW, connection="checking")), "waiting", ""),
        "connected": (Ground(RUNS), "done", ""),
    },
    "practice": {
        "not connected": (Ground(NEW), "later", ""),
        "made, then disconnected": (Ground(NEW, practice="done"), "done", ""),
        "before the first sync": (Ground(replace(RUNS, synced=False)), "open", "Practice run"),
        "under way": (
            Ground(replace(RUNS, to_start=True, synced=False), practice="open"),
            "waiting",
            "Watch",
        ),
        "broken off": (Ground(RUNS, practice="failed"), "open", "See why"),
        "the first sync waits for it": (
            Ground(replace(RUNS, to_start=True), practice="done"),
            "open",
            "Look and start",
        ),
        "made": (Ground(RUNS, practice="done"), "done", ""),
        "never made, nothing left to try": (Ground(RUNS), "done", ""),
        "never made, earlier ones to try": (Ground(replace(RUNS, earlier=EARLIER)), "open", "Practice run"),
    },
    "earlier": {
        "not connected": (Ground(NEW), "later", ""),
        "first sync under way": (Ground(replace(RUNS, synced=False)), "later", ""),
        "some": (Ground(replace(RUNS, earlier=EARLIER)), "open", "Choose"),
        "none": (Ground(RUNS), "done", ""),
    },
    "preview": {
        "not connected": (Ground(replace(OLD, connection="never")), "later", ""),
        "to choose": (Ground(OLD), "open", "Choose the cutoff"),
        "under way": (Ground(replace(OLD, migration="previewing")), "waiting", "Watch"),
        "made": (Ground(replace(OLD, migration="preview")), "done", ""),
        "scheduled": (Ground(replace(OLD, migration="scheduled")), "done", ""),
        "over": (Ground(replace(OLD, migration=""), cutoff=True), "done", ""),
    },
    "replace": {
        "to choose": (Ground(OLD), "later", ""),
        "preview, then disconnected": (
            Ground(replace(OLD, migration="preview", connection="reconnect")),
            "later",
            "",
        ),
        "preview": (Ground(replace(OLD, migration="preview")), "open", "Look at the preview"),
        "scheduled": (Ground(replace(OLD, migration="scheduled")), "waiting", "Look or cancel"),
        "running": (Ground(replace(OLD, migration="running"), cutoff=True), "waiting", "Watch"),
        "paused": (Ground(replace(OLD, migration="paused"), cutoff=True), "open", "Look"),
        "some left": (Ground(replace(OLD, migration="", left=RECEIPTS), cutoff=True), "open", "See them"),
        "over": (Ground(replace(OLD, migration=""), cutoff=True), "done", ""),
    },
    "bookkeeper": {
        "nobody": (Ground(NEW), "open", "Invite"),
        "invited": (Ground(NEW, invited="pat@client.example"), "waiting", "Look"),
        "there": (Ground(NEW, bookkeepers=1), "done", ""),
    },
    "statement": {
        "not connected": (Ground(NEW), "later", ""),
        "first sync under way": (Ground(replace(RUNS, synced=False)), "later", ""),
        "none yet": (Ground(RUNS), "open", "Make it now"),
        "made": (Ground(RUNS, statement="Agrees"), "done", ""),
        "made, then disconnected": (Ground(NEW, statement="Agrees"), "done", ""),
    },
}
"""What is so, with the state and the button of the step that follow."""


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, states in STATES.items() for name in states])
def test_each_step_has_its_state_and_at_most_one_button(key, name):
    ground, state, action = STATES[key][name]
    steps = {step.key: step for step in first_steps(ground)}
    assert (steps[key].state, steps[key].action) == (state, action)
    for step in steps.values():
        assert step.more.endswith("."), step
        assert bool(step.action) == bool(step.address), step
        assert step.state == "waiting" or bool(step.action) == (step.state == "open"), step
        assert step.address == "" or step.address.startswith("/")
        assert "SalesReceipt" not in step.title + step.more or ground.facts.legacy, step


def test_a_company_with_sales_receipts_has_its_migration_in_the_list():
    keys = [step.key for step in first_steps(Ground(OLD))]
    assert keys == ["connect", "preview", "replace", "bookkeeper", "statement"]


@pytest.mark.parametrize("facts", [RUNS, replace(OLD, migration="")], ids=["new", "legacy"])
def test_the_list_is_done_when_each_step_is(facts):
    ready = Ground(facts, cutoff=facts.legacy, bookkeepers=1, statement="Agrees")
    assert are_done(first_steps(ready))
    assert not are_done(first_steps(replace(ready, statement="")))
    assert not are_done(first_steps(replace(ready, bookkeepers=0, invited="pat@client.example")))


def test_home_shows_the_steps_to_owners_until_they_are_put_away(house, company, records, owner, bookkeeper):
    home = owner.read("/")
    assert "First steps: 1 of 5 done" in home, "the bookkeeper is there"
    assert home.count("btn-primary") == 1, "the headline's own button"
    assert "First steps" not in bookkeeper.read("/")
    records.connect()
    records.inspection("1", "not-in-books", reason="before-start")
    owner.post("/settings/people/invite", {"email": "pat@client.example", "role": "accountant"})
    assert "1 inspection lies" not in owner.read("/"), "the first sync has not been"
    with house.writing():
        db.session.get_one(Company, company).last_sync_at = NOON
        db.session.commit()
    assert "1 inspection lies before your start date ($425.00)." in owner.read("/")
    away = owner.post("/first-steps/put-away", follow_redirects=True)
    assert "The first steps are put away." in away.text
    assert "First steps:" not in owner.read("/")
    assert 'action="/first-steps/show-again"' in owner.read("/settings")
    owner.post("/first-steps/show-again")
    assert "First steps:" in owner.read("/")
