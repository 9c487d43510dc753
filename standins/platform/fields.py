"""What may be written to a record: one table of fields a resource, each with the check that its value must pass.

Malformed values are possible too, but only through `raw`, which `resources` lays over the record in the feed.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from standins.platform import clock

KINDS = ("service", "fee", "discount", "tax")
METHODS = ("card", "ach", "check", "cash", "other")
MONEY = re.compile(r"-?\d{1,9}(\.\d{1,2})?")
RAW_KEYS = {"attributes", "omit", "relationships", "replace"}


class Refused(Exception):
    """A change that the platform does not accept; the text says what to do."""


def text(value: Any, _zone: str) -> str | None:
    """Accept text or null."""
    if value is not None and not isinstance(value, str):
        raise Refused("must be text or null")
    return value


def whole(value: Any, _zone: str) -> int:
    """Accept a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("must be a whole number")
    return value


def moment(value: Any, zone: str) -> str:
    """Accept ISO 8601 and return UTC text; without an offset it is meant in the company's time zone."""
    try:
        parsed = datetime.fromisoformat(value)
        return clock.to_text(parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone)))
    except (TypeError, ValueError, OverflowError) as error:
        raise Refused("must be ISO 8601 text such as 2026-03-02T09:00:00-05:00") from error


def moment_or_null(value: Any, zone: str) -> str | None:
    """Accept what `moment` accepts, or null."""
    return None if value is None else moment(value, zone)


def money(value: Any, _zone: str) -> str:
    """Accept a decimal string with at most two places and return it with exactly two."""
    if not isinstance(value, str) or not MONEY.fullmatch(value):
        raise Refused(
            'must be a decimal string with at most two places, such as "425.00" (use raw for malformed ones)'
        )
    return f"{Decimal(value):.2f}"


def one_of(*choices: str) -> Callable[[Any, str], str]:
    """Return a check that accepts only the given words."""

    def check(value: Any, _zone: str) -> str:
        if value not in choices:
            raise Refused(f"must be one of {', '.join(choices)} (use raw for unknown ones)")
        return value

    return check


def raw(value: Any, _zone: str) -> str | None:
    """Accept an override {attributes, omit, relationships, replace} or null, and return it as JSON text."""

    if value is None:
        return None
    if not isinstance(value, dict) or not value or set(value) - RAW_KEYS:
        raise Refused(f"must be an object with {', '.join(sorted(RAW_KEYS))}, or null")
    return json.dumps(value)


def zone_name(value: Any, _zone: str) -> str:
    """Accept the name of an IANA time zone."""
    try:
        ZoneInfo(value)
    except (TypeError, ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise Refused("must be an IANA time zone such as America/Denver") from error
    return value


Checks = Mapping[str, Callable[[Any, str], Any]]
MOMENTS = ("confirmed_at", "canceled_at", "deleted_at", "published_at")
PLACE = ("property_address", "property_address_2", "property_city", "property_state", "property_zip")
CONTACT_DETAILS = ("first_name", "last_name", "email", "phone", "mobile_phone")
CONTACT: Checks = dict.fromkeys(("ref", *CONTACT_DETAILS), text) | {"raw": raw}
INSPECTION: Checks = (
    {"datetime": moment, "created_at": moment, "updated_at": moment, "raw": raw}
    | dict.fromkeys(MOMENTS, moment_or_null)
    | dict.fromkeys(("cancel_reason", *PLACE, "inspector_name", "slug"), text)
)
LINE_ITEM: Checks = {
    "kind": one_of(*KINDS), "name": text, "amount": money, "service_id": text, "position": whole, "raw": raw,
}  # fmt: skip
PAYMENT: Checks = {
    "amount": money, "method": one_of(*METHODS), "received_at": moment, "reference": text, "refunded_amount": money,
    "voided_at": moment_or_null, "raw": raw,
}  # fmt: skip


def checked(values: Any, checks: Checks, zone: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the values ready to store.

    Raises:
        Refused: not an object, an unknown field, a missing required field, or a value that its check refuses.
    """
    if not isinstance(values, dict):
        raise Refused("must be a JSON object")
    if unknown := set(values) - set(checks):
        raise Refused(f"unknown field {min(unknown)}; known are {', '.join(checks)}")
    if missing := [name for name in required if values.get(name) in (None, "")]:
        raise Refused(f"{missing[0]} is missing")
    stored = {}
    for name, value in values.items():
        try:
            stored[name] = checks[name](value, zone)
        except Refused as error:
            raise Refused(f"{name} {error}") from error
    return stored
