"""Each thing that can be open in a company: its sentence, its word and its one action. Which comes first is `sentence`."""

from collections.abc import Callable
from dataclasses import dataclass

from bookkeeping.logbook.situation.facts import ZERO, Amount, Facts, HeldUp
from bookkeeping.rules.money import dollars

WHO_FIXES = {"owner": "an owner", "bookkeeper": "your bookkeeper", "ops": "our support"}
FILES = "/settings/files"
SETTINGS, INTEGRATIONS = "/settings/quickbooks", "/settings#system-integrations"
MIGRATION = "/settings/quickbooks/migration"


@dataclass(frozen=True)
class Open:
    """One thing that is open: the sentence, what more to say of it, the state's word, and the one action with its address.

    `stops` everything: nothing is sent while it lasts. `quiet` ones never are the headline. `settled`: nobody has to do anything.
    """

    key: str
    sentence: str
    more: str
    word: str
    action: str
    address: str
    stops: bool = False
    quiet: bool = False
    settled: bool = False


def counted(count: int, one: str, many: str = "") -> str:
    """Return `1 inspection`, `2 inspections`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _connection(facts: Facts) -> list[Open]:
    held = facts.on_the_way
    waits = (
        f"{counted(held.count, 'inspection waits', 'inspections wait')} ({dollars(held.dollars)}); nothing is lost."
        if held
        else "Nothing is lost."
    )
    said = {
        "never": (
            "QuickBooks is not connected yet.",
            "You used the integration before August 2019. Enable it again, then choose from which inspection on SalesReceipts become "
            "Invoices and Payments."
            if facts.legacy
            else "Connect it once, and every confirmed inspection gets its Customer, Invoice and Payments by itself.",
            "off",
            "Enable",
        ),
        "disconnected": (
            "QuickBooks is disconnected.",
            "Nothing is sent. Every record is kept; connecting again goes on where it stopped.",
            "off",
            "Enable",
        ),
        "refused": ("This QuickBooks company cannot be used.", facts.connection_cause, "off", "See why"),
        "reconnect": ("QuickBooks needs you to reconnect.", waits, "needs-you", "Reconnect"),
    }
    if facts.connection not in said:
        return []
    sentence, more, word, action = said[facts.connection]
    return [Open("connection", sentence, more, word, action, INTEGRATIONS, stops=True)]


def _halted(facts: Facts) -> list[Open]:
    found: list[Open] = []
    if not facts.usable:
        return found
    if facts.to_start:
        more = "Look at what it would send, then start it."
        sentence = "The first sync waits for you."
        found.append(Open("to-start", sentence, more, "needs-you", "Start", SETTINGS, stops=True))
    elif facts.paused_by or facts.paused_since:
        who = f"{facts.paused_by} paused it, {facts.paused_since}."
        more = f"{who} Nothing is sent until somebody resumes it."
        found.append(Open("paused", "Syncing is paused.", more, "paused", "Resume", SETTINGS, stops=True))
    if facts.halted_cause:
        more = f"{facts.halted_cause} Nothing is sent, and nothing is deleted."
        sentence = "Syncing has stopped."
        found.append(Open("halted", sentence, more, "needs-you", "See why", SETTINGS, stops=True))
    if facts.still_since:
        more = "We are told of it and look at it. Nothing is lost, and it goes on where it stopped."
        sentence = f"Syncing has stood still since {facts.still_since}."
        found.append(Open("still", sentence, more, "waiting", "Sync log", "/sync-log", stops=True))
    return found


def _deletes(facts: Facts) -> list[Open]:
    if not facts.deletes:
        return []
    sentence = f"{counted(facts.deletes, 'delete waits', 'deletes wait')} for your approval."
    more = "More documents than usual would go at once."
    return [Open("deletes", sentence, more, "needs-you", "Look at them", SETTINGS)]


def _feed(facts: Facts) -> list[Open]:
    if not facts.feed_cause:
        return []
    sentence = f"We cannot read your inspections. {facts.feed_cause}."
    return [Open("feed", sentence, "What was read before stays as it is.", "needs-you", "See why", SETTINGS)]


def _files(facts: Facts) -> list[Open]:
    if facts.file_waits:
        sentence = f"{facts.file_waits} was dropped and waits to be taken."
        return [Open("file", sentence, "Nothing of it is read before.", "needs-you", "Look at it", FILES)]
    if facts.by_files and not sum(facts.states.values()):
        more = "Drop a file of them. Every line is checked, and nothing changes before you have seen it."
        return [Open("first-file", "No inspections yet.", more, "needs-you", "Drop your first file", FILES)]
    return []


def _migration_now(facts: Facts) -> list[Open]:
    if not facts.usable:
        return []
    total = counted(facts.receipts.count, "SalesReceipt")
    if facts.migration == "running":
        sentence = f"{total} {'is' if facts.receipts.count == 1 else 'are'} being replaced."
        return [Open("running", sentence, f"{facts.replaced:,} done so far.", "syncing", "Watch", MIGRATION)]
    if facts.migration == "paused":
        more = f"{facts.migration_cause}. What was done is kept; nothing is left halfway."
        return [Open("migration-paused", "The migration is paused.", more, "needs-you", "Look", MIGRATION)]
    if facts.migration == "previewing":
        more = f"From {facts.migration_at} on. Nothing changes in QuickBooks."
        sentence = "Your preview of the migration is being made."
        return [Open("previewing", sentence, more, "syncing", "Watch", MIGRATION)]
    if facts.migration == "preview":
        more = f"{total} ({dollars(facts.receipts.dollars)}) from {facts.migration_at} on. Nothing changes before an owner confirms it."
        sentence = "Your preview of the migration is ready."
        return [Open("preview", sentence, more, "needs-you", "Look at the preview", MIGRATION)]
    if facts.migration == "choose":
        more = f"{total} ({dollars(facts.receipts.dollars)}) on record. Until then, inspections that have one are left alone."
        sentence = "One step is left: choose your cutoff."
        return [Open("choose", sentence, more, "needs-you", "Choose the cutoff", MIGRATION)]
    return []


def _first_sync(facts: Facts) -> list[Open]:
    running = facts.first_run in ("queued", "running")
    begun = not (facts.waits_since or facts.still_since)
    if not facts.usable or not begun or not (running or facts.connection == "checking"):
        return []
    sentence = f"Your {'first ' if running or not facts.synced else ''}sync is under way."
    more = "You can leave this page; we carry on."
    return [Open("first-sync", sentence, more, "syncing", "Watch", "/sync-log")]


def _causes(facts: Facts) -> list[Open]:
    """Return what all causes hold up together, and then each cause with who can fix it."""
    if not facts.causes:
        return []
    held = Amount(
        sum(one.held.count for one in facts.causes), sum((one.held.dollars for one in facts.causes), ZERO)
    )
    sentence = f"{counted(held.count, 'inspection needs', 'inspections need')} you."
    more = f"{dollars(held.dollars)} waits. Nothing is lost." if held.dollars else "Nothing is lost."
    each = [
        Open(
            f"cause:{one.code}",
            f"{one.title}.",
            _held(one),
            "needs-you",
            "What to do",
            f"/sync-log#cause-{one.code}",
            quiet=True,
        )
        for one in facts.causes
    ]
    return [Open("causes", sentence, more, "needs-you", "See what to do", "/sync-log"), *each]


def _held(one: HeldUp) -> str:
    """Return `7 inspections · $2,480.00 · your bookkeeper`."""
    parts = (counted(one.held.count, "inspection"), dollars(one.held.dollars), WHO_FIXES.get(one.who, ""))
    return " · ".join(part for part in parts if part)


def _left(facts: Facts) -> list[Open]:
    if not facts.left or not facts.usable:
        return []
    count = counted(facts.left.count, "SalesReceipt still needs", "SalesReceipts still need")
    sentence = f"{count} you ({dollars(facts.left.dollars)})."
    more = "The migration could not replace them; the report says why for each."
    return [Open("left", sentence, more, "needs-you", "See them", MIGRATION)]


def _customers(facts: Facts) -> list[Open]:
    if not facts.customers:
        return []
    sentence = f"Which Customer is it? {counted(facts.customers, 'client asks', 'clients ask')}."
    return [Open("customers", sentence, "", "needs-you", "Choose", "/customers/review")]


def _unexplained(facts: Facts) -> list[Open]:
    if not (facts.unexplained.count or facts.unexplained.dollars):
        return []
    amount = dollars(facts.unexplained.dollars) if facts.unexplained.dollars else "a difference in number"
    sentence = f"Nothing explains {amount} of the newest statement."
    return [Open("unexplained", sentence, "", "needs-you", "Look at the statement", "/numbers/tie-out")]


def _drifts(facts: Facts) -> list[Open]:
    if not facts.drifts:
        return []
    sentence = f"{counted(facts.drifts, 'document was', 'documents were')} changed in QuickBooks."
    more = "Nothing is overwritten until you choose."
    return [Open("drifts", sentence, more, "drift", "Look at them", "/drift")]


def _scheduled(facts: Facts) -> list[Open]:
    if facts.migration != "scheduled":
        return []
    count = counted(facts.receipts.count, "SalesReceipt is", "SalesReceipts are")
    more = f"{facts.migration_cause}." if facts.migration_cause else "You can cancel until it starts."
    at = facts.migration_at if facts.usable else "in the first night after QuickBooks is connected again"
    sentence = f"{count} replaced {at}."
    return [Open("scheduled", sentence, more, "waiting", "Look or cancel", MIGRATION)]


def _by_itself(facts: Facts) -> list[Open]:
    if not facts.usable:
        return []
    found = []
    if facts.first_run == "failed" and not facts.synced:
        sentence = "Your first sync was not finished. We try again by ourselves."
        found.append(Open("first-sync", sentence, "", "waiting", "See why", "/sync-log"))
    if facts.waits_since:
        sentence = f"Syncing has not begun since {facts.waits_since}."
        more = "A sync waits for its turn, and begins by itself."
        found.append(Open("turn", sentence, more, "waiting", "Watch", SETTINGS))
    if facts.unread:
        sentence = f"The inspection platform could not be read {facts.unread}."
        more = "What was booked before is in the books. We try again by ourselves."
        found.append(Open("unread", sentence, more, "waiting", "See why", SETTINGS))
    if facts.coming:
        count = counted(facts.coming.count, "earlier inspection is", "earlier inspections are")
        sentence = f"{count} about to be brought in ({dollars(facts.coming.dollars)})."
        found.append(Open("coming", sentence, "", "syncing", "Watch", SETTINGS))
    if syncing := facts.states.get("syncing"):
        sentence = f"{counted(syncing, 'inspection is', 'inspections are')} on the way to QuickBooks."
        found.append(Open("syncing", sentence, "", "syncing", "Sync log", "/sync-log"))
    if waiting := facts.states.get("waiting"):
        sentence = f"{counted(waiting, 'inspection waits', 'inspections wait')}. We try again by ourselves."
        found.append(Open("waiting", sentence, "", "waiting", "See why", "/sync-log"))
    return found


def _quiet_ones(facts: Facts) -> list[Open]:
    found = []
    if facts.to_settle:
        held = facts.to_settle
        amount = f" ({dollars(held.dollars)})" if held.dollars else ""
        sentence = f"{counted(held.count, 'difference')} of the newest statement to settle{amount}."
        where = "/numbers/tie-out#differences"
        found.append(Open("settle", sentence, "", "drift", "Settle them", where, quiet=True))
    if facts.left_as_theirs:
        count = counted(facts.left_as_theirs, "document is", "documents are")
        sentence = f"{count} left as QuickBooks has {'it' if facts.left_as_theirs == 1 else 'them'}."
        where = "/drift#left"
        found.append(Open("theirs", sentence, "", "drift", "See them", where, quiet=True, settled=True))
    if facts.earlier and facts.usable and not facts.legacy:
        held = facts.earlier
        count = counted(held.count, "earlier inspection is", "earlier inspections are")
        sentence = f"{count} not brought in ({dollars(held.dollars)})."
        where = f"{SETTINGS}#earlier"
        found.append(Open("earlier", sentence, "", "not-in-books", "Choose", where, quiet=True))
    return found


IN_ORDER: tuple[Callable[[Facts], list[Open]], ...] = (
    _connection,
    _halted,
    _deletes,
    _feed,
    _files,
    _migration_now,
    _first_sync,
    _causes,
    _left,
    _customers,
    _unexplained,
    _drifts,
    _scheduled,
    _by_itself,
    _quiet_ones,
)
