"""Which Customer and Items a document names, what QuickBooks shows in their place, and our bodies with others put in.

QuickBooks moves them by itself when people merge two names; whether that is what happened is not decided here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bookkeeping.quickbooks_gateway.differences import every_line

Named = tuple[str, str]
"""A kind (Customer or Item) and a QuickBooks id."""

_PLACES = {"CustomerRef": "Customer", "ItemRef": "Item"}


def named(body: Mapping[str, Any]) -> list[Named]:
    """Return what a document names: its Customer, then the Item of each sales line, in order."""
    return list(_named(body))


def places(wrote: Mapping[str, Any], entity: Mapping[str, Any]) -> list[tuple[Named, str]]:
    """Return each Customer and Item that the body we wrote names, with the id that QuickBooks shows in that very place.

    Lines are told by their order; where they are more or fewer than ours, only the Customer is compared.
    """
    ours, theirs = named(wrote), named(entity)
    if len(ours) != len(theirs):
        ours, theirs = ours[:1], theirs[:1]
    return [(mine, there) for mine, (_, there) in zip(ours, theirs, strict=True) if mine[1] and there]


def renamed(body: Any, replaced: Named, by: str) -> Any:
    """Return a copy of the body that names `by` wherever it named `replaced`."""
    if isinstance(body, list):
        return [renamed(part, replaced, by) for part in body]
    if not isinstance(body, dict):
        return body
    return {
        name: {"value": by}
        if _PLACES.get(name) == replaced[0] and (part or {}).get("value") == replaced[1]
        else renamed(part, replaced, by)
        for name, part in body.items()
    }


def _named(body: Mapping[str, Any]) -> Iterator[Named]:
    yield ("Customer", str((body.get("CustomerRef") or {}).get("value") or ""))
    for line in every_line(body.get("Line")):
        item = ((line.get("SalesItemLineDetail") or {}).get("ItemRef") or {}).get("value")
        if item:
            yield ("Item", str(item))
