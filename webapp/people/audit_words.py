"""How an entry of the audit log reads on its page: a sentence, and what changed in words. A file of it has what is stored, letter by letter."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import select

from bookkeeping.acts.questions import ACTS, REFUND_ACTS
from bookkeeping.faults import CATALOGUE, fault
from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import CustomerLink
from webapp.frame.words import local_time, money

OF_AN_INSPECTION = ("retried", *ACTS.values(), *REFUND_ACTS.values(), "looked at an inspection (ops)")
_NOT_ONE = ("chosen inspections", "all of a list")
_ACTS = {
    "retried": "tried again",
    "retried all": "tried again all that waits for",
    "retried all (ops)": "tried again (ops)",
    "asked for a check": "asked for a look at QuickBooks",
    "asked for a poll (ops)": "asked for the inspections to be read (ops)",
    "asked for the lists": "asked for the lists in QuickBooks",
    "managed again": "manages again",
    "took the Customer back": "said that it is another Customer",
}
"""Acts whose short names in the database are not what one says."""

NAMES = {
    "added": "SalesReceipts",
    "aside": "inspections set aside",
    "blocked": "SalesReceipts that cannot change yet",
    "callback": "called back",
    "cause": "cause",
    "code": "cause",
    "after": "after it was paused for",
    "create_new": "a new Customer",
    "cutoff": "cutoff",
    "deposit_account_id": "payments go to",
    "done": "SalesReceipts replaced",
    "due_days": "days until due",
    "existing_invoices": "Invoices that are there already",
    "factors": "second factors",
    "feed_key": "key of the platform",
    "feed_url": "address of the platform",
    "gone": "inspections deleted",
    "hands_off": "managed by",
    "hold": "the first sync waits for a person",
    "income_account_id": "income account",
    "inspections": "inspections",
    "key": "begins with",
    "left": "left over",
    "names": "new names",
    "new": "new inspections",
    "refund_account_id": "refunds are paid from",
    "runs_at": "runs",
    "same": "inspections as before",
    "scopes": "good for",
    "sessions": "browsers logged out",
    "sessions_ended": "other browsers logged out",
    "stay": "SalesReceipts that stay",
    "topics": "told of",
    "url": "address",
}
"""Facts whose names in the database are not what one says; the others are said as they are, without underscores."""

MARKS = ("sha256", "qbo_id", "payment", "theirs", "refund", "receipt", "stands_for", "not_same_as", "typed")
"""Facts that only a machine reads: under *Details*."""

_VALUES = {
    "hands_off": {"": "us", "drift": "nobody, until somebody chooses", "kept": "your bookkeeper"},
    "status": {"live": "stands", "deleted": "deleted"},
    "state": {"ask": "asked"},
    "source": {"feed": "the platform", "pages": "the platform, page by page", "files": "files"},
    "invoice_date": {"inspection": "day of the inspection", "confirmed": "day it was confirmed", "created": "day it was created"},
    "refunds": {"book": "booked by themselves", "wait": "wait for a person"},
}  # fmt: skip
_LISTS = {
    "deposit_account_id": "Account",
    "income_account_id": "Account",
    "refund_account_id": "Account",
    "classes": "Class",
    "locations": "Department",
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_NUMBERED = re.compile(r"(migration|company|client) \S+")
_CLIENT = "client "
Names = dict[tuple[str, str], str]


class Said(NamedTuple):
    """An entry in words. `facts` are (what, before, after), `marks` (name, value) of what only a machine reads."""

    entry: AuditEntry
    sentence: str
    facts: list[tuple[str, str, str]]
    marks: list[tuple[str, str]]


def said(entries: Iterable[AuditEntry], company_id: int, zone: str) -> list[Said]:
    """Return the entries in words, with names for QuickBooks' ids, in the company's time."""
    entries = list(entries)
    names, clients = _names(company_id, entries), _clients(company_id, entries)
    return [Said(one, sentence_of(one, clients), _facts(one, names, zone), _marks(one)) for one in entries]


def sentence_of(entry: AuditEntry, clients: Mapping[str, str] = MappingProxyType({})) -> str:
    """`ann@office.example tried again: inspection 1042`: who did what, and of what."""
    return f"{entry.who} {act_of(entry, clients)}"


def act_of(entry: AuditEntry, clients: Mapping[str, str] = MappingProxyType({})) -> str:
    """`tried again: inspection 1042`: what was done, and of what."""
    act = _ACTS.get(entry.act, entry.act)
    subject = clients.get(entry.subject) or subject_of(entry)
    return f"{act}: {subject}" if subject else act


def subject_of(entry: AuditEntry) -> str:
    """Return what an act was about, without our numbers for it; a cause by its title."""
    subject = entry.subject
    if subject in CATALOGUE or subject.startswith("qbo-"):
        return f"“{fault(subject).title}”"
    if entry.act in OF_AN_INSPECTION and subject and subject not in _NOT_ONE:
        return f"inspection {subject}"
    return "" if _NUMBERED.fullmatch(subject) else subject


def _facts(entry: AuditEntry, names: Names, zone: str) -> list[tuple[str, str, str]]:
    before, after = _parts(entry.before), _parts(entry.after)
    found = []
    for name in dict.fromkeys((*before, *after)):
        if name in MARKS:
            continue
        old, new = (_value(name, part[name], names, zone) if name in part else "" for part in (before, after))
        if old != new:
            found.append((NAMES.get(name, name.replace("_", " ")), old, new))
    return found


def _marks(entry: AuditEntry) -> list[tuple[str, str]]:
    both = {**_parts(entry.before), **_parts(entry.after)}
    return [(name.replace("_", " "), str(both[name])) for name in MARKS if both.get(name)]


def _parts(stored: Any) -> dict[str, Any]:
    return stored if isinstance(stored, dict) else {"": stored}


def _value(name: str, value: Any, names: Names, zone: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        parts = (
            (who or "everybody else", _value(name, part, names, zone)) for who, part in sorted(value.items())
        )
        return ", ".join(f"{who} → {part}" for who, part in parts)
    if value is None:
        return ""
    text = str(value)
    if name in _VALUES:
        return _VALUES[name].get(text, text)
    if name in _LISTS and text:
        return names.get((_LISTS[name], text), f"no. {text}")
    if name in ("cause", "code", "after") and text:
        return fault(text).title
    if name == "amount":
        return money(Decimal(text))
    return local_time(datetime.fromisoformat(text), zone) if _INSTANT.match(text) else text


def _clients(company_id: int, entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Return the present names of the clients that these are about, by the words in the entries: the log itself names none of them."""
    keys = {one.subject.removeprefix(_CLIENT) for one in entries if one.subject.startswith(_CLIENT)}
    if not keys:
        return {}
    rows = select(CustomerLink.client_key, CustomerLink.display_name).where(
        CustomerLink.company_id == company_id, CustomerLink.client_key.in_(sorted(keys))
    )
    return {f"{_CLIENT}{key}": name for key, name in db.session.execute(rows).all()}


def _names(company_id: int, entries: Iterable[AuditEntry]) -> Names:
    """Return today's names of the list entries whose ids stand in these, in one query."""
    stored = [_parts(part) for entry in entries for part in (entry.before, entry.after)]
    values = [facts[name] for facts in stored for name in _LISTS if facts.get(name)]
    ids = {str(one) for value in values for one in (value.values() if isinstance(value, dict) else [value])}
    if not ids:
        return {}
    rows = select(NamedThing).where(
        NamedThing.company_id == company_id,
        NamedThing.qbo_id.in_(sorted(ids)),
        NamedThing.kind.in_(sorted(set(_LISTS.values()))),
    )
    return {(one.kind, one.qbo_id): one.name for one in db.session.scalars(rows)}
