"""Bundles: Items of type Group, and the lines on sales that hold the lines sold inside of them. A bundle's own amount is zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from standins.intuit import errors, schema, shapes
from standins.intuit.realm import Realm

KIND = "GroupLineDetail"
ZERO = Decimal("0.00")


def every_line(lines: list[dict]) -> Iterator[dict]:
    """Yield each line, and after a bundle the lines inside of it."""
    for line in lines:
        yield line
        if line["DetailType"] == KIND:
            yield from line[KIND]["Line"]


def over_every_line(lines: list[dict], change: Callable[[dict], dict]) -> list[dict]:
    """Return the lines as `change` makes them anew, those inside of bundles too."""
    changed = []
    for line in map(change, lines):
        if line["DetailType"] == KIND:
            inner = [change(each) for each in line[KIND]["Line"]]
            line = line | {KIND: line[KIND] | {"Line": inner}}
        changed.append(line)
    return changed


def line_of(realm: Realm, line: dict, sold: Callable[[Realm, Any], dict]) -> dict:
    """Return a bundle's line to store; `sold` makes one of the lines inside. Without any it sells what the bundle is made of.

    Raises:
        QuickBooksFault: no bundle is named, or another Item, or a line inside is refused.
    """
    detail = shapes.cleaned(realm, schema.GROUP_DETAIL, line.get(KIND) or {})
    if "GroupItemRef" not in detail:
        raise errors.missing("GroupItemRef")
    item = realm.find("Item", detail["GroupItemRef"]["value"])
    if item.body["Type"] != "Group":
        raise errors.bad_reference("Items", item.id)
    quantity = detail.setdefault("Quantity", Decimal(1))
    inner = detail.get("Line") or [_contained(realm, part, quantity) for part in contents(item.body)]
    detail["Line"] = [sold(realm, each) for each in inner]
    kept = {"Description": line["Description"]} if "Description" in line else {}
    return kept | {"Amount": ZERO, "DetailType": KIND, KIND: detail}


def contents(item: dict) -> list[dict]:
    """Return what a bundle is made of: Items and how many of each."""
    return (item.get("ItemGroupDetail") or {}).get("ItemGroupLine") or []


def _contained(realm: Realm, part: dict, quantity: Decimal) -> dict:
    item = realm.find("Item", part["ItemRef"]["value"])
    many, price = Decimal(str(part.get("Qty", 1))) * quantity, item.body["UnitPrice"]
    detail = {"ItemRef": {"value": item.id}, "Qty": many, "UnitPrice": price}
    amount = (many * price).quantize(ZERO)
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
