"""The five steps of a migration: where each state stands, which pages may be opened, and what the line on top of them shows."""

from dataclasses import dataclass

from flask import url_for

from bookkeeping.storage.records.migrations import Migration

STEPS = {
    "choose": "Choose",
    "in_the_way": "In the way",
    "what_moves": "What moves",
    "confirm": "Confirm",
    "tonight": "Tonight",
    "report": "Report",
}
"""The pages in their order. The last two are one step: its page before it is over, and after."""

LOOKING_BACK = frozenset({"in_the_way", "what_moves"})
OPEN_TO = {
    "choose": {"choose"},
    "failed": {"choose"},
    "previewing": {"choose", "in_the_way"},
    "preview": {"choose", "confirm", *LOOKING_BACK},
    "scheduled": {"tonight", *LOOKING_BACK},
    "running": {"tonight", *LOOKING_BACK},
    "paused": {"tonight", *LOOKING_BACK},
    "done": {"choose", "report", *LOOKING_BACK},
}
"""Which pages a state has; `choose` is also the state of a company that has no migration yet."""


@dataclass(frozen=True)
class Step:
    """One step as it is drawn. `address` is empty while its page may not be opened."""

    number: int
    label: str
    address: str
    here: bool
    done: bool


def state_of(migration: Migration | None) -> str:
    """Return the migration's state; `choose` where there is none, or one that was cancelled."""
    return "choose" if migration is None or migration.state == "cancelled" else migration.state


def stands_at(migration: Migration | None) -> str:
    """Return the page where the migration stands: what a person wants to see who just comes."""
    state = state_of(migration)
    if migration is not None and state == "preview":
        return "in_the_way" if migration.numbers["blocked"]["count"] else "what_moves"
    places = {"previewing": "in_the_way", "done": "report"}
    return places.get(state, "tonight" if "tonight" in OPEN_TO[state] else "choose")


def address_of(page: str) -> str:
    """Return where a page of the five is."""
    return url_for(f"migration_steps.{page}")


def steps_of(here: str, migration: Migration | None) -> list[Step]:
    """Return the five steps as the page `here` shows them. What lies before where one is, or is confirmed already, is done."""
    state = state_of(migration)
    pages = [page for page in STEPS if page != ("tonight" if state == "done" else "report")]
    confirmed = not OPEN_TO[state].isdisjoint({"tonight", "report"}) and here != "choose"
    at = pages.index(here)
    return [
        Step(
            number=number,
            label=STEPS[page],
            address=address_of(page) if page in OPEN_TO[state] else "",
            here=page == here,
            done=page != here and (number - 1 < at or (confirmed and number < len(pages))),
        )
        for number, page in enumerate(pages, start=1)
    ]
