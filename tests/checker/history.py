"""Every moment on the way: what must hold not only at the end. Judged by the stand-in's history of every object and its log of calls."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from tests.checker.facts import Finding
from tests.checker.ledger import OURS, Entry, made_by_us, mark_of, pays

STAYS = (
    *(
        "DocNumber",
        "PrivateNote",
        "CustomerMemo",
        "SalesTermRef",
        "BillAddr",
        "ShipAddr",
        "EmailStatus",
        "PrintStatus",
    ),
    *("CustomField", "DepartmentRef", "PaymentMethodRef", "PaymentRefNum"),
)
"""What a person may put on a document of ours that is no money, and finds there again after our updates (decision 20)."""

VOIDED = "Voided"
LISTS = ("Customer", "Item", "Account", "Class", "Department", "PaymentMethod", "Vendor", "Employee")
MOVED_BY_ITSELF = {"Line", "LinkedTxn", "Balance", "UnappliedAmt", "SyncToken", "MetaData"}
"""What QuickBooks changes in other documents when one of ours is deleted or applied."""


def check_history(
    history: Iterable[Entry],
    *,
    receipts: Mapping[str, str] | None = None,
    recorded: set[tuple[str, str]] | None = None,
) -> list[Finding]:
    """Return what was wrong at some moment.

    `receipts`: the SalesReceipts on our record, with their inspections; those alone we may delete. `recorded`: the (entity, id) of all
    documents that the platform side knows to have made, deleted ones too; None leaves that question out.
    """
    history = list(history)
    return [
        *_two_at_once(history),
        *_receipts_too_soon(history, receipts or {}),
        *_others_touched(history, receipts or {}),
        *_work_lost(history),
        *_not_recorded(history, recorded),
    ]


def check_calls(calls: Iterable[Mapping[str, Any]], limits: Mapping[str, int]) -> list[Finding]:
    """Return where more was asked than `limits` allow: `requests_per_minute`, `requests_per_second`, `batches_per_minute`, `batch_items`.

    A call has `at` (ISO), `operation` and `items`, as the stand-in logs them.
    """
    found: list[Finding] = []
    windows: dict[str, deque[datetime]] = defaultdict(deque)
    for call in calls:
        batch = call["operation"] == "batch"
        if batch and call["items"] > limits.get("batch_items", 30):
            found.append(Finding("limits", "batch_items", f"{call['items']} items at {call['at']}"))
        at = datetime.fromisoformat(call["at"])
        names = ("requests_per_second", "requests_per_minute", *(("batches_per_minute",) if batch else ()))
        for name in names:
            window = windows[name]
            window.append(at)
            while (at - window[0]).total_seconds() >= (1 if name.endswith("second") else 60):
                window.popleft()
            if len(window) > limits.get(name, len(window)):
                found.append(Finding("limits", name, f"{len(window)} at {call['at']}"))
    return found


def _changes(history: list[Entry]) -> Iterator[list[Entry]]:
    """Yield what happened at once together."""
    for _, entries in groupby(history, key=lambda entry: entry["change"]):
        yield list(entries)


def _two_at_once(history: list[Entry]) -> list[Finding]:
    made, alive, found = made_by_us(history), defaultdict(set), []
    for entries in _changes(history):
        for entry in entries:
            mark = made.get((entry.get("entity", ""), entry.get("id", "")))
            if mark is None or mark[0] not in ("inspection", "payment"):
                continue
            if entry["operation"] == "delete":
                alive[mark].discard(entry["id"])
            else:
                alive[mark].add(entry["id"])
        twice = [mark for mark, ids in alive.items() if len(ids) > 1]
        for mark in twice:
            found.append(Finding("two at once", mark[1], f"{mark[0]}: {sorted(alive.pop(mark))}"))
    return found


def _receipts_too_soon(history: list[Entry], receipts: Mapping[str, str]) -> list[Finding]:
    made, alive, seen, found = made_by_us(history), {}, set(), []
    for entry in history:
        if entry["operation"] == "read":
            seen |= set(entry["shown"]) if entry["by"] == "app" else set()
            continue
        name = f"{entry['entity']} {entry['id']}"
        if entry["operation"] != "delete":
            alive[name] = entry["body"]
            if entry["by"] == "app" and (entry["entity"], entry["id"]) in made and not _only_moved(entry):
                seen.discard(name)
            continue
        alive.pop(name, None)
        key = (
            receipts.get(entry["id"]) if entry["entity"] == "SalesReceipt" and entry["by"] == "app" else None
        )
        if key is not None:
            found += _not_seen(key, made, alive, seen)
    return found


def _not_seen(
    key: str, made: Mapping[tuple[str, str], tuple[str, str]], alive: Mapping[str, Any], seen: set[str]
) -> list[Finding]:
    """Return what of an inspection's replacement was not read back at the moment its receipt is deleted."""
    invoices = [f"Invoice {one}" for (kind, one), mark in made.items() if mark == ("inspection", key)]
    standing = [name for name in invoices if name in alive]
    if not standing:
        return [Finding("receipt too soon", key, "no Invoice stood")]
    ids = {name.split()[1] for name in standing}
    paying = [
        name
        for name, body in alive.items()
        if name.startswith("Payment ")
        and any(kind == "Invoice" and one in ids for kind, one, _ in pays(body))
    ]
    return [
        Finding("receipt too soon", key, f"{name} was not read back")
        for name in (*standing, *paying)
        if name not in seen and tuple(name.split()) in made
    ]


def _others_touched(history: list[Entry], receipts: Mapping[str, str]) -> list[Finding]:
    ours = {
        (entry["entity"], entry["id"])
        for entry in history
        if entry["operation"] == "create" and entry["by"] == "app"
    }
    found = []
    for entry in history:
        if entry["operation"] in ("read", "create") or entry["by"] != "app":
            continue
        name = f"{entry['entity']} {entry['id']}"
        if (entry["entity"], entry["id"]) in ours:
            continue
        if entry["operation"] == "delete":
            if not (entry["entity"] == "SalesReceipt" and entry["id"] in receipts):
                found.append(Finding("foreign touched", name, "deleted by us"))
        elif not _only_moved(entry):
            found.append(Finding("foreign touched", name, "changed by us"))
    return found


def _only_moved(entry: Entry) -> bool:
    """Whether an update changed nothing but links and balances, as QuickBooks does by itself, or the token alone."""
    before, after = entry.get("before"), entry["body"]
    if before is None:
        return False
    if entry["entity"] in LISTS:
        return before == after
    named = (before.keys() | after.keys()) - MOVED_BY_ITSELF
    return all(before.get(name) == after.get(name) for name in named) and _lines_of(before) == _lines_of(
        after
    )


def _lines_of(body: Mapping[str, Any]) -> list[Any]:
    """Return a document's lines that are no links."""
    return [line for line in body.get("Line", ()) if not line.get("LinkedTxn")]


def _work_lost(history: list[Entry]) -> list[Finding]:
    """Find fields, and lines without an amount, that a person put on a document of ours and that an update of ours took away."""
    made, theirs, found = made_by_us(history), defaultdict(dict), []
    for entry in history:
        if entry["operation"] != "update" or entry["entity"] not in OURS:
            continue
        name = (entry["entity"], entry["id"])
        if name not in made:
            continue
        before, after = entry["before"] or {}, entry["body"]
        if str(after.get("PrivateNote") or "").startswith(VOIDED):
            continue  # QuickBooks wrote that into the memo, nobody else.
        if entry["by"] == "person":
            theirs[name] |= {
                field: after.get(field) for field in STAYS if before.get(field) != after.get(field)
            }
            theirs[name]["words"] = _words(after)
            continue
        kept = dict(theirs[name])
        words = kept.pop("words", [])
        lost = [field for field, value in kept.items() if value is not None and after.get(field) != value]
        lost += [f"the line {text!r}" for text in words if text not in _words(after)]
        if lost:
            found.append(Finding("work lost", " ".join(name), ", ".join(lost)))
            theirs[name].clear()
    return found


def _words(body: Mapping[str, Any]) -> list[str]:
    """Return the texts of the lines that only say something."""
    return [
        line.get("Description", "")
        for line in body.get("Line", ())
        if line.get("DetailType") == "DescriptionOnly"
    ]


def _not_recorded(history: list[Entry], recorded: set[tuple[str, str]] | None) -> list[Finding]:
    """Find what we made and have no record of. What a person deleted again is left out: where the answer was lost, nobody can know any more."""
    if recorded is None:
        return []
    gone = {
        (entry.get("entity"), entry.get("id"))
        for entry in history
        if entry["operation"] == "delete" and entry["by"] == "person"
    }
    return [
        Finding(
            "unknown effect", f"{entry['entity']} {entry['id']}", f"made by request {entry['request_id']}"
        )
        for entry in history
        if entry["operation"] == "create"
        and entry["by"] == "app"
        and entry["entity"] in OURS
        and mark_of(entry["body"])
        and (entry["entity"], entry["id"]) not in recorded | gone
    ]
