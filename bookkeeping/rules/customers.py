"""Which QuickBooks Customer a buyer is: the ladder from stored evidence to a new name. Never merges, never reactivates."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from bookkeeping.rules.documents import DesiredCustomer
from bookkeeping.rules.names import clean_name, free_name, name_key
from bookkeeping.rules.text import DISPLAY_NAME_LIMIT, one_line

__all__ = [
    "PEOPLE",
    "Ask",
    "Candidate",
    "Create",
    "NameEntry",
    "NameIndex",
    "NamesWanted",
    "Use",
    "clean_name",
    "free_name",
    "kept_name",
    "match_customer",
    "name_key",
]

NameKind = Literal["Customer", "Vendor", "Employee"]
PEOPLE: tuple[NameKind, ...] = ("Customer", "Vendor", "Employee")
"""The lists that share one space of names in QuickBooks."""
US_DOLLARS = "USD"
_BETWEEN_PHONES = re.compile(r"[,;/&\n]|\b(?:or|and)\b")
_OUR_SUFFIX = re.compile(r" \((?:client|client \d+|\d+)\)$")
_UNCUT = DISPLAY_NAME_LIMIT - 20
"""So much of a long name is left whole where a suffix makes it shorter."""


def of_people(kind: str) -> TypeGuard[NameKind]:
    """Whether a list of QuickBooks is one of those that share one space of names."""
    return kind in PEOPLE


@dataclass(frozen=True)
class NameEntry:
    """One Customer, Vendor or Employee as the local index knows it. `email` and `phone` may list several."""

    kind: NameKind
    qbo_id: str
    display_name: str
    email: str = ""
    phone: str = ""
    address: str = ""
    active: bool = True
    given_name: str = ""
    family_name: str = ""
    currency: str = ""  # Empty where QuickBooks names none: then it is the company's own, US dollars.

    @property
    def in_dollars(self) -> bool:
        """Whether its documents are in US dollars; QuickBooks never lets a name change its currency."""
        return self.currency in ("", US_DOLLARS)


@dataclass(frozen=True)
class Candidate:
    """A Customer that may be the buyer, with what speaks for it."""

    entry: NameEntry
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Use:
    """The buyer is this Customer."""

    qbo_id: str
    because: str


@dataclass(frozen=True)
class Create:
    """The buyer is nobody in QuickBooks: make a Customer under this name, which is free."""

    display_name: str
    because: str = ""


@dataclass(frozen=True)
class Ask:
    """A person must choose among the candidates, or say that the buyer is none of them."""

    candidates: tuple[Candidate, ...]
    because: str


@dataclass(frozen=True)
class _Taken(Container[str]):
    """The names that somebody else than the Customer `but_for` has, by name key."""

    by_name: Mapping[str, list[NameEntry]]
    but_for: str

    def holders(self, key: object) -> list[NameEntry]:
        entries = self.by_name.get(str(key), [])
        return [entry for entry in entries if (entry.kind, entry.qbo_id) != ("Customer", self.but_for)]

    def __contains__(self, key: object) -> bool:
        return bool(self.holders(key))


@dataclass(frozen=True)
class NamesWanted:
    """Which entries of the local index can matter to some clients: who has their name in any spelling, or holds a form of it.

    A `NameIndex` of these entries answers for these clients as one of all entries does, and costs as little in a company of 100,000.
    """

    keys: frozenset[str]
    beginnings: tuple[str, ...]
    qbo_ids: frozenset[str]

    @classmethod
    def of(cls, display_names: Iterable[str], qbo_ids: Iterable[str] = ()) -> "NamesWanted":
        """`display_names` as the clients are called; `qbo_ids` of Customers that matter whatever they are called."""
        keys = {name_key(name) for name in display_names}
        long = tuple(key[:_UNCUT] for key in keys if len(key) > _UNCUT)
        keys |= {_OUR_SUFFIX.sub("", key) for key in keys} | {_first_last(key) for key in keys}
        return cls(frozenset(keys - {""}), long, frozenset(qbo_ids))

    def want(self, kind: str, qbo_id: str, key: str, given_name: str, family_name: str) -> bool:
        """Whether the entry with this name key can matter."""
        if not self.keys.isdisjoint(_spellings(key, given_name, family_name)):
            return True
        return (kind == "Customer" and qbo_id in self.qbo_ids) or key.startswith(self.beginnings)


class NameIndex(Sequence[NameEntry]):
    """Names of a realm, found by name without walking them: all, or those that `NamesWanted` wants. Add what is created, so that the next buyer sees it."""

    def __init__(self, entries: Iterable[NameEntry] = ()) -> None:
        self._entries: list[NameEntry] = []
        self._alike: dict[str, list[NameEntry]] = defaultdict(list)
        self._holders: dict[str, list[NameEntry]] = defaultdict(list)
        for entry in entries:
            self.add(entry)

    def __getitem__(self, position: Any) -> Any:
        return self._entries[position]

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: NameEntry) -> None:
        """Add one entry."""
        self._entries.append(entry)
        key = name_key(entry.display_name)
        self._holders[key].append(entry)
        for alike in _spellings(key, entry.given_name, entry.family_name):
            self._alike[alike].append(entry)

    def customers_like(self, display_name: str) -> list[NameEntry]:
        """Return the Customers of that name, be it with a suffix of ours, as *Last, First*, or in first and last name.

        One in another currency than US dollars is nobody whom we can bill.
        """
        key = name_key(display_name)
        found = [*self._alike.get(key, ()), *self._alike.get(_first_last(key), ())]
        customers = {entry.qbo_id: entry for entry in found if entry.kind == "Customer" and entry.in_dollars}
        return list(customers.values())

    def free_name(self, base: str, but_for: str = "") -> str:
        """Return `base` with the suffix, if any, that makes it free in all three lists; what the Customer `but_for` has is free to it."""
        taken = _Taken(self._holders, but_for)
        strangers = (entry.kind != "Customer" for entry in taken.holders(name_key(base)))
        return free_name(base, taken, prefer_client=any(strangers))

    def name_of(self, qbo_id: str) -> str:
        """Return what the Customer is called now, or "" when nobody knows it."""
        return next((one.display_name for one in self if (one.kind, one.qbo_id) == ("Customer", qbo_id)), "")


def kept_name(ours: str, desired: DesiredCustomer, qbo_id: str, names: NameIndex) -> str:
    """Return the name of a Customer of ours after an update; `ours` is the name that we gave it.

    Unless the client was renamed it stays as it is in QuickBooks now: with its suffix, or as a bookkeeper renamed it. A corrected
    name, a shortened one too, replaces it, with a suffix when somebody else has it.
    """
    plain = _OUR_SUFFIX.sub("", ours)
    if desired.display_name in (ours, plain):
        return names.name_of(qbo_id) or ours
    return names.free_name(desired.display_name, but_for=qbo_id)


def match_customer(
    desired: DesiredCustomer, address_line: str, index: Sequence[NameEntry]
) -> Use | Create | Ask:
    """Return who the buyer is, when no link is stored: decided by evidence, never by the name alone.

    1. One active Customer with the same name and email is the buyer.
    2. Else one active Customer with the same name and the same phone or address is.
    3. Several on a rung, or an inactive one with such evidence, wait for a person: we neither guess nor reactivate.
    4. Else the buyer is new, with a suffix when the name is taken. This also holds for a Customer of that name of whom
       QuickBooks knows nothing else: two Customers for one person can be merged there later, but two people's money on
       one Customer cannot be told apart again. Only when we in turn know nothing but the name, a person is asked,
       since every inspection of that buyer would make one more Customer.

    `address_line` is the property's street line. Pass a `NameIndex` when matching many.

    Source: bookkeeping decisions, "Customer" (2).
    """
    names = index if isinstance(index, NameIndex) else NameIndex(index)
    alike = names.customers_like(desired.display_name)
    found = [(entry, _evidence(desired, address_line, entry)) for entry in alike]
    active = [(entry, evidence) for entry, evidence in found if entry.active]
    by_email = [(entry, evidence) for entry, evidence in active if "email" in evidence]
    matches = by_email or [(entry, evidence) for entry, evidence in active if evidence]
    if len(matches) == 1:
        entry, evidence = matches[0]
        return Use(entry.qbo_id, f"Same name and same {' and '.join(evidence)} as {entry.display_name}.")
    if matches:
        return Ask(_candidates(matches), "Several Customers in QuickBooks match this client.")
    inactive = [(entry, evidence) for entry, evidence in found if evidence]
    if inactive:
        return Ask(_candidates(inactive), "The matching Customer is inactive in QuickBooks.")
    if active and not (
        desired.email or _digits(f"{desired.phone},{desired.mobile}") or _street(address_line)
    ):
        because = (
            "There is a Customer of this name, and nothing else is known of the client to tell them apart by."
        )
        return Ask(_candidates(active), because)
    name = names.free_name(desired.display_name)
    taken = (
        "the name was taken by someone else"
        if name != desired.display_name
        else "nobody in QuickBooks had the name"
    )
    return Create(name, f"New Customer: {taken}.")


def _candidates(matches: list[tuple[NameEntry, dict[str, str]]]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            entry,
            (
                "same name",
                *(f"same {what}: {value}" for what, value in evidence.items()),
                *(() if entry.active else ("inactive in QuickBooks",)),
            ),
        )
        for entry, evidence in matches
    )


def _evidence(desired: DesiredCustomer, address_line: str, entry: NameEntry) -> dict[str, str]:
    """Return what buyer and entry share beside the name: what it is → the value, as QuickBooks has it."""
    evidence = {}
    if _addresses(desired.email) & _addresses(entry.email):
        evidence["email"] = entry.email
    if _digits(f"{desired.phone},{desired.mobile}") & _digits(entry.phone):
        evidence["phone"] = entry.phone
    ours, theirs = _street(address_line), _street(entry.address)
    length = min(len(ours), len(theirs))
    if length and ours[:length] == theirs[:length]:
        evidence["address"] = entry.address
    return evidence


def _addresses(email: str) -> set[str]:
    return {part.casefold() for part in re.split(r"[,;\s]+", email) if part}


def _digits(phones: str) -> set[str]:
    """Return the numbers of a list as their last ten digits, so that a country code or punctuation does not matter."""
    parts = _BETWEEN_PHONES.split(phones.casefold())
    numbers = (re.sub(r"[^0-9]", "", part.partition("x")[0]) for part in parts)
    return {number[-10:] for number in numbers if len(number) >= 7}


def _street(address: str) -> list[str]:
    """Return the words of an address, or nothing when it is too short to tell one house from another."""
    words = re.findall(r"\w+", one_line(address).casefold())
    return words if len(words) >= 2 and any(word.isdigit() for word in words) else []


def _spellings(key: str, given_name: str, family_name: str) -> set[str]:
    """Return the name keys under which somebody with this one is found."""
    plain = _OUR_SUFFIX.sub("", key)
    return {key, plain, _first_last(plain), name_key(f"{given_name} {family_name}")} - {""}


def _first_last(key: str) -> str:
    """Return `First Last` of a name that is written `Last, First` or `Last,First`; "" for any other."""
    last, comma, first = (part.strip() for part in key.partition(","))
    return name_key(f"{first} {last}") if comma and first and last else ""
