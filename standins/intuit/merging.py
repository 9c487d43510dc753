"""Merging two Customers or two Items, as people do by giving one the name of the other. The API offers no such thing.

Every document that named the merged one names the survivor then, under a new SyncToken; the merged one is inactive for good.
"""

from __future__ import annotations

from standins.intuit import errors, operations
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import TRANSACTIONS

MERGED = ("Customer", "Item")


def merge(realm: Realm, entity: str, merged_id: str, survivor_id: str) -> None:
    """Merge the first into the second.

    Raises:
        QuickBooksFault: one is missing or inactive, they are the same, of different types, or the merged one has entries below it.
    """
    with realm.change(), realm.savepoint():
        merged, survivor = (operations.read(realm, entity, one) for one in (merged_id, survivor_id))
        if merged is survivor or not (merged.body["Active"] and survivor.body["Active"]):
            raise errors.business("Choose two different active names to merge.")
        if merged.body.get("Type") != survivor.body.get("Type"):
            raise errors.business("You can't merge products or services of different types.")
        if realm.under("parent", entity, merged.id):
            raise errors.business("You can't merge a name that has sub-entries.")
        for kind in TRANSACTIONS:
            for record in realm.all(kind):
                body = _naming(record.body, entity, merged.id, survivor)
                if body != record.body:
                    realm.replace(record, body)
        inactive = {"Id": merged.id, "SyncToken": str(merged.token), "sparse": True, "Active": False}
        operations.write(realm, entity, "update", inactive)


def _naming(part: object, entity: str, merged_id: str, survivor: Record) -> object:
    """Return a copy of (a part of) a body in which every reference to the merged one is one to the survivor."""
    if isinstance(part, list):
        return [_naming(each, entity, merged_id, survivor) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: {"value": survivor.id, "name": survivor.body.get("DisplayName") or survivor.body["Name"]}
        if name == f"{entity}Ref" and isinstance(value, dict) and value.get("value") == merged_id
        else _naming(value, entity, merged_id, survivor)
        for name, value in part.items()
    }
