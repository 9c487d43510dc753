"""One object of the feed, field by field: each value is what the feed promises, or refused with its name and value."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bookkeeping.rules.money import cents

KEY_LIMIT = 64
"""Characters of an id at most: what every table keeps of one, which PostgreSQL takes at its word."""
_YEARS = range(1970, 2200)


class BadRecordError(ValueError):
    """A record is not as the feed promises; the message is a sentence that names field and value."""


class Fields:
    """The attributes of one object. `owner` names it in messages; every reader raises BadRecordError."""

    def __init__(self, item: dict[str, Any], owner: str) -> None:
        self.owner = owner
        attributes = item.get("attributes")
        if not isinstance(attributes, dict):
            raise BadRecordError(f"The attributes of {owner} are missing.")
        self.values: dict[str, Any] = attributes

    def bad(self, name: str, problem: str) -> BadRecordError:
        """Return the error that says what is wrong with this field."""
        value = shown(self.values[name]) if name in self.values else "missing"
        return BadRecordError(f"{name} of {self.owner} {problem}; it is {value}.")

    def text(self, name: str) -> str:
        """Return the text, empty for null or missing."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise self.bad(name, "must be text")
        return storable_text(value or "")

    def money(self, name: str) -> Decimal:
        """Return dollars to the cent."""
        try:
            return cents(self.values.get(name))
        except ValueError as error:
            problem = 'must be a decimal string in dollars with at most two places, such as "425.00"'
            raise self.bad(name, problem) from error

    def one_of(self, name: str, known: tuple[str, ...]) -> Any:
        """Return one of the known words."""
        if self.values.get(name) not in known:
            raise self.bad(name, f"must be one of {', '.join(known)}")
        return self.values[name]

    def whole_number(self, name: str, *, default: int) -> int:
        """Return the whole number, or the default for null or missing."""
        value = self.values.get(name)
        if value is not None and type(value) is not int:
            raise self.bad(name, "must be a whole number")
        return default if value is None else value

    def time(self, name: str) -> datetime:
        """Return the moment as aware UTC."""
        problem = "must be a date and time in ISO 8601 with its offset from UTC"
        value = self.values.get(name)
        if not isinstance(value, str):
            raise self.bad(name, problem)
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None or moment.year not in _YEARS:
                raise self.bad(name, problem)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.bad(name, problem) from error

    def time_or_none(self, name: str, *, required: bool = False) -> datetime | None:
        """Return the moment as aware UTC, None for null and, unless required, for missing."""
        if required and name not in self.values:
            raise self.bad(name, "must be a date and time, or null")
        return None if self.values.get(name) is None else self.time(name)


def key_of(item: dict[str, Any]) -> str:
    """Return the id of an object; a number is taken as its digits."""
    value = item.get("id")
    key = str(value) if type(value) is int else value
    if (
        not isinstance(key, str)
        or not 0 < len(key) <= KEY_LIMIT
        or not key.isascii()
        or not key.isprintable()
    ):
        raise BadRecordError(
            f"The id of the {shown(item.get('type'))} is missing or unusable: {shown(value)}."
        )
    return key


def shown(value: Any) -> str:
    """Return the value for a message: short, and plain ASCII."""
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def storable_text(text: str) -> str:
    """Return the text without what no database takes: null characters and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def storable(value: Any) -> Any:
    """Return the value with all its texts as `storable_text` leaves them."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [storable(part) for part in value]
    if isinstance(value, dict):
        return {storable(name): storable(part) for name, part in value.items()}
    return value
