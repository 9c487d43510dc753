"""Whether single values have the right form: dates, amounts, texts, references, small objects, unknown properties.

`cleaned` turns a request's object into one of checked values; what the values mean together is not looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from standins.intuit import errors, schema
from standins.intuit.realm import Realm

CENT = Decimal("0.01")
CLEARED = object()
_EMAIL = re.compile(
    r"[^@\s,;.]+(\.[^@\s,;.]+)*@[^@\s,;.-]([^@\s,;.]*[^@\s,;.-])?(\.[^@\s,;.-]([^@\s,;.]*[^@\s,;.-])?)+"
)
_REFERENCE_WORD = {
    "Customer": "Names",
    "Vendor": "Names",
    "Employee": "Names",
    "Account": "Accounts",
    "Item": "Items",
}


def number(name: str, value: Any) -> Decimal:
    """Return a number given as one or as text."""
    try:
        result = Decimal(str(value).strip())
    except InvalidOperation:
        raise errors.invalid(2090, "Number", name, value) from None
    if isinstance(value, bool) or not result.is_finite():
        raise errors.invalid(2090, "Number", name, value)
    return result


def quantity(name: str, value: Any) -> Decimal:
    """Return a number that is no amount of money; a whole one has no places."""
    result = number(name, value)
    return result.quantize(Decimal(1)) if result == result.to_integral_value() else result


def money(name: str, value: Any) -> Decimal:
    """Return an amount in cents; more places than two are refused."""
    amount = number(name, value)
    if amount != amount.quantize(CENT) or abs(amount) > Decimal("99999999999.99"):
        raise errors.invalid(2140, "Amount", name, value)
    return amount.quantize(CENT)


def text(name: str, value: Any, maximum: int) -> str:
    """Return a text of the US character set, trimmed, within its limit."""
    if isinstance(value, bool | dict | list):
        raise errors.invalid(2040, "String", name, value)
    value = str(value).strip()
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise errors.invalid(2040, "String", name, ascii(value[error.start : error.end])) from error
    if len(value) > maximum:
        raise errors.too_long(name, maximum, len(value))
    return value


def day(name: str, value: Any) -> str:
    """Return a date as YYYY-MM-DD; a time after it is cut off."""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise errors.invalid(2060, "Date", name, value) from None


def truth(name: str, value: Any) -> bool:
    """Return true or false, which may be given as text."""
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise errors.invalid(2230, "Boolean", name, value)


def reference(realm: Realm, name: str, entity: str, value: Any) -> dict:
    """Return a checked reference with its display name. What it points to must be there and active."""
    if not isinstance(value, dict) or set(value) - {"value", "name", "type"}:
        unknown = (
            next(iter(set(value) - {"value", "name", "type"}), name) if isinstance(value, dict) else name
        )
        raise errors.unknown_property(unknown)
    record = realm.find(entity, value.get("value"))
    if record is None:
        raise errors.bad_reference(_REFERENCE_WORD.get(entity, entity), value.get("value"))
    if not record.body.get("Active", True):
        raise errors.not_found()
    label = (
        record.body.get("DisplayName") or record.body.get("FullyQualifiedName") or record.body.get("Name", "")
    )
    return {"value": record.id, "name": label}


def _small(name: str, value: Any, allowed: dict[str, int]) -> dict:
    if not isinstance(value, dict):
        raise errors.unknown_property(name)
    result = {}
    for key, each in value.items():
        if key not in allowed:
            raise errors.unknown_property(key)
        if each not in (None, ""):
            result[key] = text(f"{name}.{key}", each, allowed[key])
    return result


def _address(name: str, value: Any) -> dict:
    value = (
        {key: each for key, each in value.items() if key not in ("Id", "Lat", "Long", "Tag")} if value else {}
    )
    return _small(name, value, schema.ADDRESS)


def _email(name: str, value: Any) -> dict:
    result = _small(name, value, {"Address": 100, "Id": 20, "Default": 5, "Tag": 50})
    for one in result.get("Address", "").split(","):
        if one.strip() and not _EMAIL.fullmatch(one.strip()):
            raise errors.invalid(2210, "Email Address", f"{name}.Address", result["Address"])
    return result


def _memo(name: str, value: Any) -> dict:
    return _small(name, value, {"value": 1000, "Id": 20})


_KINDS: dict[str, Callable[[str, Any], Any]] = {
    "d": day,
    "n": quantity,
    "m": money,
    "b": truth,
    "address": _address,
    "email": _email,
    "memo": _memo,
    "phone": lambda name, value: _small(
        name, value, {"FreeFormNumber": 30, "Id": 20, "Tag": 50, "Default": 5}
    ),
    "web": lambda name, value: _small(name, value, {"URI": 1000, "Id": 20, "Tag": 50, "Default": 5}),
    "r": lambda name, value: _small(name, value, {"value": 50, "name": 500, "type": 50}),
}
_DROPPED_WHEN_EMPTY = ("address", "email", "memo", "phone", "web", "r")


def _latin(name: str, value: Any) -> Iterator[None]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _latin(f"{name}.{key}", each)
    elif isinstance(value, list):
        for each in value:
            yield from _latin(name, each)
    elif isinstance(value, str):
        text(name, value, 100_000)
        yield


def _value(realm: Realm, name: str, kind: str, value: Any) -> Any:
    if kind in _KINDS:
        result = _KINDS[kind](name, value)
        return CLEARED if kind in _DROPPED_WHEN_EMPTY and not any(result.values()) else result
    if kind.startswith("s"):
        return text(name, value, int(kind[1:]))
    if kind.startswith("r:"):
        if isinstance(value, dict) and not value.get("value"):
            return CLEARED
        return reference(realm, name, kind[2:], value)
    if kind.startswith("e:"):
        allowed = {each.lower(): each for each in kind[2:].split("|")}
        if str(value).lower() not in allowed:
            raise errors.invalid(2170, "Enumeration", name, value)
        return allowed[str(value).lower()]
    for _ in _latin(name, value):
        pass
    return value


def cleaned(realm: Realm, fields: dict[str, str], given: Any, *, cleared: bool = False) -> dict:
    """Return the writable properties of `given`, checked against `fields`.

    Empty text and null count as absent; with `cleared` they come back as CLEARED instead, for a sparse update.
    What a reference points to must be active, also where the object named it already.

    Raises:
        QuickBooksFault: an unknown property or a value of the wrong form.
    """
    if not isinstance(given, dict):
        raise errors.invalid(2010, "Object", "body", type(given).__name__)
    result = {}
    for name, value in given.items():
        kind = fields.get(name)
        if kind is None:
            raise errors.unknown_property(name)
        if kind == "ro":
            continue
        checked = CLEARED if value is None or value == "" else _value(realm, name, kind, value)
        if checked is not CLEARED or cleared:
            result[name] = checked
    return result
