"""The batch endpoint: up to thirty items one after another, each whole or faulted on its own."""

from __future__ import annotations

from typing import Any

from standins.intuit import cdc, errors, faults, operations, query_run
from standins.intuit.realm import Realm

MOST_ITEMS = 30
_NOT_ENTITIES = ("bId", "operation", "optionsData")


def entities_of(content: Any) -> list[tuple[str, Any]]:
    """Return (entity name as given, object) of every item that carries one."""
    items = content.get("BatchItemRequest") if isinstance(content, dict) else None
    found = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            found += [
                (name, value)
                for name, value in item.items()
                if name not in _NOT_ENTITIES and isinstance(value, dict)
            ]
    return found


def run(
    realm: Realm, content: Any, request_id: str | None, struck: list[dict], most: int = MOST_ITEMS
) -> list[dict]:
    """Return the BatchItemResponse list. `struck` are fault rules; those of kind `item` strike single items.

    Raises:
        QuickBooksFault: the batch as a whole is refused (empty, too big, ids too long for a request id).
    """
    items = content.get("BatchItemRequest") if isinstance(content, dict) else None
    if not isinstance(items, list) or not items:
        raise errors.malformed("Batch Request is Empty")
    if len(items) > most:
        raise errors.batch_too_big(len(items))
    if request_id:
        for item in items:
            if len(str(item.get("bId", ""))) > 10:
                raise errors.too_long("bId", 10, len(str(item["bId"])))
    return [_answered(realm, item, index, struck) for index, item in enumerate(items)]


def _answered(realm: Realm, item: Any, index: int, struck: list[dict]) -> dict:
    if not isinstance(item, dict) or not item.get("bId"):
        return {"bId": "bid1", "Fault": errors.missing("bId").as_json()}
    bid = str(item["bId"])
    names = [name for name in item if name not in _NOT_ENTITIES]
    operation = str(item.get("operation", "")).lower()
    rules = {when: [rule for rule in struck if rule["when"] == when] for when in ("before", "after")}
    before = faults.item_fault(rules["before"], index, bid, names[0] if names else "")
    if before:
        return {"bId": bid, "Fault": before}
    try:
        answer = _carried_out(realm, item, names, operation)
    except errors.QuickBooksFault as fault:
        return {"bId": bid, "Fault": fault.as_json()}
    after = faults.item_fault(rules["after"], index, bid, names[0])
    return {"bId": bid, "Fault": after} if after else {"bId": bid} | answer


def _carried_out(realm: Realm, item: dict, names: list[str], operation: str) -> dict:
    if len(names) != 1:
        raise (
            errors.missing("entity")
            if not names
            else errors.QuickBooksFault(
                2600, "Conflicting Elements", "Conflicting Elements : A batch item has one object."
            )
        )
    name, content = names[0], item[names[0]]
    if name == "Query":
        return {"QueryResponse": query_run.run(realm, str(content))}
    if name == "CDCQuery":
        entities, since = content.get("Entities", ""), content.get("ChangedSince", "")
        entities = ",".join(entities) if isinstance(entities, list) else entities
        return {"CDCResponse": [{"QueryResponse": cdc.changed(realm, entities, since)}]}
    if name == "ReportQuery":
        raise errors.unsupported_operation("ReportQuery is not supported.")
    entity = operations.entity_named(name)
    options = frozenset(
        part.strip().lower() for part in str(item.get("optionsData", "")).split(",") if part.strip()
    )
    return {entity: operations.write(realm, entity, operation, content, options)}
