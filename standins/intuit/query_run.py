"""Answering a query from the books: which properties may be asked for, comparing, ordering, paging."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from standins.intuit import views
from standins.intuit.query import Condition, Query, parse, validation_error
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import BY_LOWER_NAME, ENTITIES, LISTS, QUERYABLE

_TIMES = ("MetaData.CreateTime", "MetaData.LastUpdatedTime")
_DERIVED = ("Balance", "FullyQualifiedName")
_ABOUT = {"AttachableRef.EntityRef.Type": "type", "AttachableRef.EntityRef.value": "value"}


def run(realm: Realm, statement: str) -> dict[str, Any]:
    """Return the QueryResponse of a statement. Raises the 4000 and 4001 faults."""
    query = parse(statement)
    entity = BY_LOWER_NAME.get(query.entity.lower())
    if entity is None:
        raise validation_error(f"Invalid context declaration: {query.entity}")
    tests = [_test(realm, entity, condition) for condition in query.where]
    found = [record for record in realm.all(entity) if all(test(record) for test in tests)]
    if entity in LISTS and not any(condition.field.lower() == "active" for condition in query.where):
        found = [record for record in found if record.body["Active"]]
    if query.count:
        return {"totalCount": len(found)}
    for name, descending in reversed(query.order):
        getter = _getter(realm, entity, _property(entity, name))
        found.sort(key=lambda record: _sortable(getter(record)), reverse=descending)
    page = found[query.start - 1 : query.start - 1 + query.size]
    if not page:
        return {}
    rows = [_projected(views.shown(realm, record), query, entity) for record in page]
    return {entity: rows, "startPosition": query.start, "maxResults": len(rows)}


def _projected(row: dict, query: Query, entity: str) -> dict:
    if not query.fields:
        return row
    wanted = {_known(entity, name).split(".")[0] for name in query.fields}
    return {
        name: value for name, value in row.items() if name in wanted or name in ("Id", "domain", "sparse")
    }


def _known(entity: str, name: str) -> str:
    """Return a property's proper name; a property the entity does not have is a fault."""
    known = {
        each.lower(): each
        for each in (*ENTITIES[entity], "Id", "SyncToken", "MetaData", *_TIMES, "sparse", "domain")
    }
    found = known.get(name.lower())
    if found is None and name.split(".")[0].lower() in known:
        return f"{known[name.split('.')[0].lower()]}.{name.split('.', 1)[1]}"
    if found is None:
        raise validation_error(f"Property {name} not found for Entity {entity}")
    return found


def _property(entity: str, name: str) -> str:
    """Return the proper name of a property that may be filtered and sorted by."""
    found = _known(entity, name)
    if found not in ("Id", *_TIMES, *QUERYABLE[entity]):
        raise validation_error(f"property '{name}' is not queryable")
    return found


def _getter(realm: Realm, entity: str, name: str) -> Callable[[Record], Any]:
    if name == "Id":
        return lambda record: int(record.id) if record.id.isdigit() else record.id
    if name == "MetaData.CreateTime":
        return lambda record: record.created
    if name == "MetaData.LastUpdatedTime":
        return lambda record: record.updated
    if name in _ABOUT:  # One with several links is asked for by its first.
        return lambda record: next(
            (ref["EntityRef"][_ABOUT[name]] for ref in record.body.get("AttachableRef", ())), None
        )
    if name in _DERIVED:
        return lambda record: views.derived(realm, record).get(name)
    if name.endswith("Ref"):
        return lambda record: record.ref(name)
    if name == "PrimaryEmailAddr":
        return lambda record: record.body.get(name, {}).get("Address")
    return lambda record: record.body.get(name)


def _sortable(value: Any) -> tuple:
    if value is None:
        return (0, "")
    return (1, value.casefold() if isinstance(value, str) else value)


def _test(realm: Realm, entity: str, condition: Condition) -> Callable[[Record], bool]:
    name = _property(entity, condition.field)
    if name == "Id" and condition.operator not in ("=", "in"):
        raise validation_error(f"operator {condition.operator} is not supported for property 'Id'")
    getter = _getter(realm, entity, name)
    if condition.operator == "like":
        pattern = re.escape(str(condition.values[0])).replace("%", ".*")
        matcher = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda record: isinstance(found := getter(record), str) and bool(matcher.fullmatch(found))
    values = [_converted(realm, entity, name, value) for value in condition.values]
    if condition.operator in ("=", "in"):
        return lambda record: _comparable(getter(record)) in values
    wanted = values[0]
    compare = {
        "<": lambda found: found < wanted,
        ">": lambda found: found > wanted,
        "<=": lambda found: found <= wanted,
        ">=": lambda found: found >= wanted,
    }[condition.operator]
    return lambda record: (found := _comparable(getter(record))) is not None and compare(found)


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _converted(realm: Realm, entity: str, name: str, value: str | bool) -> Any:
    try:
        if name == "Id":
            return value if entity == "TaxCode" else int(str(value))
        if name in _TIMES:
            moment = datetime.fromisoformat(str(value))
            return (moment if moment.tzinfo else moment.replace(tzinfo=realm.zone)).timestamp()
        if ENTITIES[entity].get(name) == "b":
            return {"true": True, "false": False}[str(value).lower()]
        if name in ("Balance", "TotalAmt"):
            return Decimal(str(value))
        if ENTITIES[entity].get(name) == "d":
            return datetime.fromisoformat(str(value)).date().isoformat()
    except (ValueError, KeyError, InvalidOperation):
        raise validation_error(f"Invalid value '{value}' for property '{name}'") from None
    return str(value).casefold()
