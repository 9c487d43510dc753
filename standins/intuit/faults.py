"""Faults on order: rules that make chosen requests fail, before or after the books have changed.

A rule says which requests (`realm`, `method`, `path`, `entity`, `operation`, `body`), which of those (`nth`, `times`), `when`
and what `kind`. Rules live in memory only.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any

KINDS = {
    "500", "502", "503", "504", "401", "403", "429", "html", "truncated", "empty", "cut", "slow", "stale", "item", "fault",
}  # fmt: skip
GOING_ON = ("slow", "stale", "item")
MATCHING = ("realm", "method", "path", "entity", "operation", "body")
KNOWN = {*MATCHING, "nth", "times", "when", "kind", "encoding", "seconds", "status", "code", "message", "detail", "bId", "index",
         "retry_after", "element"}  # fmt: skip


class FaultRules:
    """The rules in force, in the order they were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[dict[str, Any]] = []
        self._last = 0

    def add(self, given: dict[str, Any]) -> dict[str, Any]:
        """Put a rule in force and return it with its id. Raises ValueError on one that means nothing."""
        if unknown := set(given) - KNOWN:
            raise ValueError(
                f"A fault rule has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(KNOWN))}."
            )
        rule = {"when": "before", "nth": 1, "times": 1} | given | {"kind": str(given.get("kind"))}
        if rule["kind"] not in KINDS:
            raise ValueError(f"kind is one of {', '.join(sorted(KINDS))}.")
        if rule["when"] not in ("before", "after"):
            raise ValueError("when is before or after (the books have changed).")
        for name in ("path", "body"):
            re.compile(rule.get(name, ""))
        with self._lock:
            self._last += 1
            rule |= {"id": self._last, "seen": 0, "fired": 0}
            self._rules.append(rule)
        return dict(rule)

    def all(self) -> list[dict[str, Any]]:
        """Return the rules with how often each was seen and fired."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def forget(self, rule_id: int | None = None) -> None:
        """Drop one rule, or all."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rule_id is not None and rule["id"] != rule_id]

    def fire(self, facts: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rules that strike a request. `times` 0 means always.

        The first rule that answers the request ends the search, so several of them strike one request after another.

        `facts` holds realm, method, path, operation and body as text and `entities`, the lower-case names concerned.
        """
        struck = []
        with self._lock:
            for rule in self._rules:
                if not _matches(rule, facts):
                    continue
                rule["seen"] += 1
                if rule["seen"] >= rule["nth"] and (not rule["times"] or rule["fired"] < rule["times"]):
                    rule["fired"] += 1
                    struck.append(dict(rule))
                    if rule["kind"] not in GOING_ON:
                        break
        return struck


def _matches(rule: dict[str, Any], facts: dict[str, Any]) -> bool:
    for name in MATCHING:
        wanted = rule.get(name)
        if wanted is None:
            continue
        if name in ("path", "body"):
            if not re.search(str(wanted), facts[name]):
                return False
        elif name == "entity":
            if str(wanted).lower() not in facts["entities"]:
                return False
        elif str(wanted).lower() != str(facts[name]).lower():
            return False
    return True


def item_fault(rules: Iterable[dict[str, Any]], index: int, bid: str, entity: str) -> dict | None:
    """Return the Fault a rule of kind `item` puts on one batch item, or None.

    The item is named by `bId` or `index`; a rule with neither strikes every item of its entity.
    """
    for rule in rules:
        if rule["kind"] != "item":
            continue
        if "bId" in rule and rule["bId"] != bid:
            continue
        if "index" in rule and rule["index"] != index:
            continue
        if "entity" in rule and rule["entity"].lower() != entity.lower():
            continue
        return fault_of(rule)
    return None


def fault_of(rule: dict[str, Any]) -> dict:
    """Return the Fault object a rule describes by `code`, `message` and `detail`."""
    code = str(rule.get("code", "10000"))
    error = {
        "Message": rule.get("message", "An application error has occurred while processing your request"),
        "Detail": rule.get("detail", "System Failure Error: Fault on order"),
        "code": code,
        "element": rule.get("element", ""),
    }
    return {"Error": [error], "type": "SystemFault" if int(code) >= 10000 else "ValidationFault"}
