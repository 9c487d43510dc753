"""The steps from an empty company to a first statement, each as it stands. Values in, values out; what is so is counted in `ground.py`."""

from dataclasses import dataclass

from bookkeeping.logbook.situation.facts import Facts
from bookkeeping.logbook.situation.open_things import counted
from bookkeeping.rules.money import dollars

INTEGRATIONS, SETTINGS = "/settings#system-integrations", "/settings/quickbooks"
PRACTICE, MIGRATION = f"{SETTINGS}/practice", f"{SETTINGS}/migration"
PEOPLE, STATEMENT, SYNC_LOG = "/settings/people", "/numbers/tie-out", "/sync-log"
CONNECT_FIRST = "Once QuickBooks is connected."


@dataclass(frozen=True)
class Ground:
    """What is so of a company: `facts` as for its situation, and the rest that its first steps ask for.

    `practice` is how the newest practice run stands: "", open, done or failed. `bookkeepers` are the bookkeepers and accountants who have
    a login, `invited` the address of one who has not used the link yet. `statement` is what the newest statement comes to, "" for none.
    """

    facts: Facts
    cutoff: bool = False
    practice: str = ""
    bookkeepers: int = 0
    invited: str = ""
    statement: str = ""


@dataclass(frozen=True)
class Step:
    """One step. `state` is done, open (a person can do it now), waiting (it goes on by itself) or later (another step comes before it).

    `action` and `address` are its one button; empty where there is nothing to press.
    """

    key: str
    title: str
    state: str
    more: str
    action: str = ""
    address: str = ""


def first_steps(ground: Ground) -> tuple[Step, ...]:
    """Return the steps in order. Where SalesReceipts are, the migration takes the place of practice run and earlier inspections."""
    facts = ground.facts
    middle = (_preview(ground), _replace(ground)) if facts.legacy else (_practice(ground), _earlier(facts))
    return (_connect(facts), *middle, _bookkeeper(ground), _statement(ground))


def are_done(steps: tuple[Step, ...]) -> bool:
    """Return whether nothing is left to show."""
    return all(step.state == "done" for step in steps)


def _connect(facts: Facts) -> Step:
    title = "Connect QuickBooks"
    state, more, action = {
        "connected": ("done", "Connected.", ""),
        "checking": ("waiting", "We are looking at the company that you chose.", ""),
        "reconnect": ("open", "QuickBooks no longer lets us in. Nothing is lost.", "Reconnect"),
        "refused": ("open", facts.connection_cause or "This company cannot be used.", "See why"),
    }.get(facts.connection, ("open", "You log in at Intuit and choose your company there.", "Enable"))
    return Step("connect", title, state, more, action, INTEGRATIONS if action else "")


def _practice(ground: Ground) -> Step:
    key, title, facts = "practice", "Make a practice run", ground.facts
    if not facts.usable and ground.practice != "done":
        return Step(key, title, "later", CONNECT_FIRST)
    if facts.to_start and ground.practice == "done":
        return Step(
            key, title, "open", "It is made. Look at it, then start syncing.", "Look and start", PRACTICE
        )
    if ground.practice == "done":
        return Step(key, title, "done", "It said what a sync would send, and sent nothing.")
    if ground.practice == "open":
        return Step(key, title, "waiting", "It is being worked out.", "Watch", PRACTICE)
    if ground.practice == "failed":
        return Step(key, title, "open", "The last one was not finished.", "See why", PRACTICE)
    if facts.synced and not facts.earlier:
        return Step(key, title, "done", "Not needed any more: the first sync has gone through.")
    return Step(
        key, title, "open", "It says what would be sent, and sends nothing.", "Practice run", PRACTICE
    )


def _earlier(facts: Facts) -> Step:
    key, title = "earlier", "Bring in earlier inspections"
    if not facts.usable:
        return Step(key, title, "later", CONNECT_FIRST)
    if not facts.synced:
        return Step(key, title, "later", "After the first sync.")
    if not facts.earlier:
        return Step(key, title, "done", "No inspection before your start date is left out.")
    held = facts.earlier
    count = counted(held.count, "inspection lies", "inspections lie")
    more = f"{count} before your start date ({dollars(held.dollars)})."
    return Step(key, title, "open", more, "Choose", f"{SETTINGS}#earlier")


def _preview(ground: Ground) -> Step:
    key, title, facts = "preview", "See what the migration would change", ground.facts
    if ground.cutoff or facts.migration in ("preview", "scheduled", "running", "paused"):
        return Step(key, title, "done", "The preview was made. It changed nothing.")
    if not facts.usable:
        return Step(key, title, "later", CONNECT_FIRST)
    if facts.migration == "previewing":
        return Step(key, title, "waiting", "It is being worked out.", "Watch", MIGRATION)
    more = (
        "Choose from which inspection on SalesReceipts become Invoices and Payments. Looking changes nothing."
    )
    return Step(key, title, "open", more, "Choose the cutoff", MIGRATION)


def _replace(ground: Ground) -> Step:
    key, title, facts = "replace", "Replace the SalesReceipts", ground.facts
    total = counted(facts.receipts.count, "SalesReceipt")
    if facts.migration == "scheduled":
        return Step(key, title, "waiting", f"{total}: {facts.migration_at}.", "Look or cancel", MIGRATION)
    if facts.migration == "running":
        return Step(key, title, "waiting", f"{facts.replaced:,} of {total} so far.", "Watch", MIGRATION)
    if facts.migration == "paused":
        return Step(key, title, "open", f"It is paused. {facts.migration_cause}.", "Look", MIGRATION)
    if ground.cutoff and facts.left:
        count = counted(facts.left.count, "SalesReceipt still needs", "SalesReceipts still need")
        return Step(
            key, title, "open", f"{count} you ({dollars(facts.left.dollars)}).", "See them", MIGRATION
        )
    if ground.cutoff:
        return Step(key, title, "done", "Done, with a copy of each kept.")
    if facts.migration == "preview" and facts.usable:
        more = f"{total} ({dollars(facts.receipts.dollars)}). There is no way back from it; read the preview first."
        return Step(key, title, "open", more, "Look at the preview", MIGRATION)
    return Step(key, title, "later", "After the preview." if facts.usable else CONNECT_FIRST)


def _bookkeeper(ground: Ground) -> Step:
    key, title = "bookkeeper", "Invite your bookkeeper"
    if ground.bookkeepers:
        who = counted(ground.bookkeepers, "bookkeeper or accountant has", "bookkeepers or accountants have")
        return Step(key, title, "done", f"{who} a login.")
    if ground.invited:
        return Step(
            key, title, "waiting", f"{ground.invited} has the link, and has not used it yet.", "Look", PEOPLE
        )
    more = "They settle what QuickBooks asks about, and cannot disconnect anything."
    return Step(key, title, "open", more, "Invite", PEOPLE)


def _statement(ground: Ground) -> Step:
    key, title, facts = "statement", "Read your first statement", ground.facts
    if ground.statement:
        return Step(key, title, "done", f"The newest one says: {ground.statement}.")
    if not facts.usable:
        return Step(key, title, "later", CONNECT_FIRST)
    if not facts.synced:
        return Step(key, title, "later", "After the first sync.")
    more = "It proves both sides against each other to the cent. One comes by itself each night."
    return Step(key, title, "open", more, "Make it now", STATEMENT)
