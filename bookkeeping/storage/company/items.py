"""Which Item of QuickBooks a name stands for: by its full name, by its own name inside a category, never a Category or a bundle.

Reads the local index. Making an Item is `worker.reconciling.items`; which name a line has is `rules.documents`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bookkeeping.rules.names import clean_name, name_key, without_deleted
from bookkeeping.rules.text import ITEM_NAME_LIMIT
from bookkeeping.storage.company.merges import survivors
from bookkeeping.storage.company.names import NamedThing, named_things

NOT_SOLD = ("Category", "Group")
"""Types of what QuickBooks lists among its Items, but takes on no line: categories and bundles."""

_BESIDE = " (service)"


class ItemNames:
    """The Items that a line can name. `ids` gives the QuickBooks id by name key; `survivors` say what was merged into what."""

    def __init__(self, things: Iterable[NamedThing], survivors: Mapping[str, str] | None = None) -> None:
        self.ids: dict[str, str] = {}
        self._survivors = survivors or {}
        merged: list[NamedThing] = []
        own: dict[str, list[NamedThing]] = defaultdict(list)
        self._held: set[str] = set()
        for thing in things:
            if thing.more.get("type") in NOT_SOLD:
                self._held.add(_own_key(thing))
            elif thing.active:
                self.ids.setdefault(thing.name_key, thing.qbo_id)
                own[_own_key(thing)].append(thing)
            elif thing.qbo_id in self._survivors:
                merged.append(thing)
        self._several = {key: found for key, found in own.items() if len(found) > 1 and key not in self.ids}
        alone = {key: found[0].qbo_id for key, found in own.items() if len(found) == 1}
        written = {_as_written(thing.name): thing.qbo_id for found in own.values() for thing in found}
        self.ids = written | alone | self.ids
        for key in self._held - self.ids.keys() - self._several.keys():
            if beside := self.ids.get(key + _BESIDE):
                self.ids[key] = beside
        active = set(self.ids.values())
        for thing in merged:
            for key in (thing.name_key, _own_key(thing), _as_written(without_deleted(thing.name))):
                if self._survivors[thing.qbo_id] in active:
                    self.ids.setdefault(key, self._survivors[thing.qbo_id])

    def id_of(self, name: str, chosen_id: str = "") -> str | None:
        """Return the id under which an Item is sent: the one chosen, or what it was merged into, else by the name; None for none."""
        if chosen_id:
            return chosen_id if chosen_id in self.ids.values() else self._survivors.get(chosen_id, chosen_id)
        return self.ids.get(name_key(name))

    def several(self, name: str) -> list[str]:
        """Return the full names of the Items called so, when there are several and none of them is meant by that name alone."""
        return sorted(thing.name for thing in self._several.get(name_key(name), ()))

    def name_to_make(self, name: str) -> str:
        """Return the name under which a new Item is made: with a suffix where a Category or a bundle has it."""
        if name_key(name) not in self._held:
            return name
        return clean_name(name, ITEM_NAME_LIMIT - len(_BESIDE)) + _BESIDE


def item_names(company_id: int) -> ItemNames:
    """Return the company's Items by name, as last read."""
    return ItemNames(named_things(company_id, "Item"), survivors(company_id, "Item"))


def item_ids(company_id: int) -> dict[str, str]:
    """Return the QuickBooks ids of the active Items that a line can name, by name key."""
    return item_names(company_id).ids


def _own_key(thing: NamedThing) -> str:
    return name_key(thing.name.rpartition(":")[2])


def _as_written(full_name: str) -> str:
    """The key of a full name as a line's name can say it, which has no colon."""
    return name_key(clean_name(full_name, ITEM_NAME_LIMIT))
