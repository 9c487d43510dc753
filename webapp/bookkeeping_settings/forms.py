"""What people type on the bookkeeping pages, checked: Items by name, ids from the company's own lists, whole numbers, and the scope.

Lists come from `named_things`, which a job reads from QuickBooks; an id that is not in them is refused, whoever's it may be.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from flask import request

from bookkeeping.rules.names import clean_name, name_key
from bookkeeping.rules.text import ITEM_NAME_LIMIT, METHOD_NAME_LIMIT, one_line
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.names import NamedThing, named_things

LISTED = ("Item", "Account", "PaymentMethod", "Class", "Department")
DEPOSIT_ACCOUNTS = ("Bank", "Other Current Asset")
LONGEST_INSPECTOR = 200


@dataclass
class Lists:
    """A company's lists, active entries only, by name. `accounts_of` narrows the accounts to types."""

    items: list[NamedThing] = field(default_factory=list)
    accounts: list[NamedThing] = field(default_factory=list)
    methods: list[NamedThing] = field(default_factory=list)
    classes: list[NamedThing] = field(default_factory=list)
    locations: list[NamedThing] = field(default_factory=list)

    def accounts_of(self, *types: str) -> list[NamedThing]:
        return [one for one in self.accounts if (one.more or {}).get("type") in types]

    def item(self, name: str) -> NamedThing | None:
        """Return the Item of that name, as QuickBooks compares names."""
        return next((one for one in self.items if one.name_key == name_key(name)), None)

    def name_of(self, qbo_id: str) -> str:
        """Return an account's name, "" when it is not in the list."""
        return next((one.name for one in self.accounts if one.qbo_id == qbo_id), "")


def lists_of(company: Company) -> Lists:
    """Return the company's lists as last read."""
    by_kind: dict[str, list[NamedThing]] = {kind: [] for kind in LISTED}
    for thing in named_things(company.id, *LISTED):
        if thing.active:
            by_kind[thing.kind].append(thing)
    for things in by_kind.values():
        things.sort(key=lambda one: one.name.casefold())
    sellable = [one for one in by_kind["Item"] if (one.more or {}).get("type") not in ("Category", "Group")]
    return Lists(
        sellable, by_kind["Account"], by_kind["PaymentMethod"], by_kind["Class"], by_kind["Department"]
    )


class Typed:
    """One sent form: what was typed, and what is wrong with it by field name. Wrong fields are kept as they were typed."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self.errors: dict[str, str] = {}

    def text(self, name: str) -> str:
        """Return a field in one line."""
        return one_line(request.form.get(name, ""))

    def item(self, name: str, typed: str) -> tuple[str, str]:
        """Return (Item name, QuickBooks id) for a typed Item; the id is "" for one that is still to be made."""
        listed = self.lists.item(typed)
        if listed is not None:
            return listed.name, listed.qbo_id
        if len(typed) > ITEM_NAME_LIMIT:
            self.errors[name] = (
                f"An Item's name has at most {ITEM_NAME_LIMIT} characters. Type a shorter one."
            )
        elif clean_name(typed, ITEM_NAME_LIMIT) != typed:
            self.errors[name] = (
                "QuickBooks takes no colon and no unusual characters in an Item's name. Choose one from the list, or type another."
            )
        return typed, ""

    def method(self, name: str) -> str:
        """Return a typed payment method."""
        typed = self.text(name)
        listed = next((one.name for one in self.lists.methods if one.name_key == name_key(typed)), typed)
        if len(listed) > METHOD_NAME_LIMIT:
            self.errors[name] = f"A payment method's name has at most {METHOD_NAME_LIMIT} characters."
        return listed

    def listed(self, name: str, things: Iterable[NamedThing], typed: str | None = None) -> str:
        """Return a chosen id of these things, "" for the default."""
        chosen = self.text(name) if typed is None else typed
        if chosen and chosen not in {one.qbo_id for one in things}:
            self.errors[name] = "That is not in your list any more. Choose again, or press Refresh lists."
        return chosen

    def whole_number(self, name: str, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        typed = self.text(name)
        if not (typed.isascii() and typed.isdigit() and len(typed) < 6 and low <= int(typed) <= high):
            self.errors[name] = f"Enter a whole number from {low} to {high}."
            return low
        return int(typed)

    def scope(self) -> Literal["new", "all", ""]:
        """Return "new", "all", or "" while nobody was asked."""
        chosen = request.form.get("scope", "")
        return "new" if chosen == "new" else "all" if chosen == "all" else ""


def sent_fields() -> list[tuple[str, str]]:
    """Return what the form said, to be sent once more from the page that asks for the scope."""
    return [
        (name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "scope")
    ]
