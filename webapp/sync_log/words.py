"""How operations and runs read in the log: one sentence each. Pure functions of their rows."""

from decimal import Decimal

from bookkeeping.storage.work.journal import Operation
from bookkeeping.storage.work.runs import Run
from webapp.frame.words import money, plural, span

_TITLES = {
    "created": "{what} created",
    "updated": "{what} updated",
    "deleted": "{what} deleted",
    "refused": "{what} not {verb}: QuickBooks refused",
    "waiting": "{what} waits to be {verb}",
    "unknown": "{what}: no answer whether it was {verb}",
    "drift": "{what} not {verb}: changed in QuickBooks",
    "planned": "{what} is about to be {verb}",
}
_VERBS = {"create": "created", "update": "updated", "delete": "deleted"}
_KINDS = {"PaymentMethod": "Payment method", "SalesReceipt": "SalesReceipt"}
_MONEY = {"Payment": ("received", "Payment", "from"), "RefundReceipt": ("given back", "Refund", "to")}
"""By kind: what became of the money, what the document is, and which way it went."""
_RUN_KINDS = {
    "first": "First sync",
    "sync": "Sync",
    "check": "Check of QuickBooks",
    "poll": "Looking for changes",
    "reconcile": "Sync",
    "nightly": "Nightly sync",
    "migrate": "Migration",
    "preview": "Migration preview",
    "drift": "Check of QuickBooks",
    "lists": "Lists from QuickBooks",
    "changes": "Changes made in QuickBooks",
    "sign-in": "Whether QuickBooks lets us in",
    "practice": "Practice run, nothing sent",
    "numbers": "Numbers from QuickBooks",
    "tieout": "Tie-out statement",
}
_REASONS = {"command": "from the command line"}
_COUNTED = {
    "drift": "changed in QuickBooks",
    "unknown": "without an answer yet",
    "planned": "about to be sent",
}
"""By outcome, where its word in the database is not what one says."""
# What a run that writes nothing to QuickBooks leaves behind.
_LEFT_BEHIND = {
    "sign-in": "It does",
    "lists": "Read",
    "numbers": "Read",
    "tieout": "Made",
    "practice": "Worked out",
    "preview": "Worked out",
}


def operation_title(operation: Operation) -> str:
    """`Invoice SP-1042 created · $425.00 · Ann O'Neil · 12 Oak St`: what became of one write, and of whose document."""
    if operation.kind in _MONEY and operation.amount is not None:
        return _money_title(operation, operation.amount)
    what = " ".join(
        part for part in (_KINDS.get(operation.kind, operation.kind), operation.doc_number) if part
    )
    title = _TITLES.get(operation.outcome, "{what}: {verb}")
    said = title.format(what=what, verb=_VERBS.get(operation.action, operation.action))
    amount = money(operation.amount) if operation.amount is not None else ""
    subject = operation.subject
    if operation.kind == "Customer":
        subject = subject.removeprefix(f"{operation.doc_number} · ")  # A Customer is named already.
    return " · ".join(part for part in (said, amount, subject) if part)


def _money_title(operation: Operation, amount: Decimal) -> str:
    """`$224.00 from Ann O'Neil received · 12 Oak St`: money is known by how much and whose it was, never by the platform's number of it."""
    done, thing, whose = _MONEY[operation.kind]
    client, _, place = operation.subject.partition(" · ")
    whole = f"{money(amount)} {whose} {client}" if client else money(amount)
    if operation.outcome == "created":
        said = f"{whole} {done}"
    else:
        verb = _VERBS.get(operation.action, operation.action)
        said = _TITLES.get(operation.outcome, "{what}: {verb}").format(what=f"{thing} of {whole}", verb=verb)
    return " · ".join(part for part in (said, place) if part)


def run_title(run: Run) -> str:
    """`Nightly sync`, `Sync, asked for by Ann`: what the run was and why."""
    title = _RUN_KINDS.get(run.kind, run.kind.capitalize())
    if run.asked_by:
        return f"{title}, asked for by {run.asked_by}"
    reason = "" if run.reason.casefold() in title.casefold() else _REASONS.get(run.reason, run.reason)
    return f"{title}, {reason}" if reason else title


def run_counts(run: Run) -> str:
    """`12 created, 3 updated`, or what the run is doing, what it left behind, or that there was nothing to do."""
    found = [
        f"{run.counts[outcome]:,} {_COUNTED.get(outcome, outcome)}"
        for outcome in _TITLES
        if run.counts.get(outcome)
    ]
    if found:
        return ", ".join(found)
    if run.state == "queued":
        return "Waiting for its turn"
    if run.state == "running":
        return run.phase or "Under way"
    return "Not finished" if run.state == "failed" else _LEFT_BEHIND.get(run.kind, "Nothing to do")


def run_length(run: Run) -> str:
    """How long it took: `2 s`; "" while it has not ended."""
    return span(run.finished_at - run.started_at) if run.started_at and run.finished_at else ""


def run_calls(run: Run) -> str:
    """`3 QuickBooks calls`."""
    return plural(run.calls, "QuickBooks call")


FILTERS = (operation_title, run_title, run_counts, run_length, run_calls)
