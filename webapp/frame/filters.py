"""The filters above long lists: read from the address, checked, and turned into bounds. What was typed always stays."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for
from wtforms import DateField, Form, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, Length, Optional

from bookkeeping.storage.paging import Column, Page, Position, PositionError

EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)


class Day(DateField):
    """A calendar day; a text that is none gets a sentence that says how one is written."""

    data: date | None

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(f"“{valuelist[0][:40]}” is no day. Write it as 2026-03-01.") from None
        if self.data and not EARLIEST <= self.data <= LATEST:
            self.data = None
            raise ValueError(f"Choose a day between {EARLIEST} and {LATEST}.")


def choice(label: str, words: dict[str, str], none: str = "All") -> SelectField:
    """Return a field that takes one of these keys or nothing (all of them, or what `none` says)."""
    return SelectField(
        label,
        choices=[SelectChoice("", none), *(SelectChoice(key, word) for key, word in words.items())],
        validate_choice=False,
        validators=[Optional(), AnyOf(words, message="There is no such choice. Pick one from the list.")],
    )


class ListFilter(Form):
    """Days and text: what every list can be narrowed by."""

    since = Day("From", validators=[Optional()])
    until = Day("To", validators=[Optional()])
    text = StringField(
        "Search",
        filters=[lambda typed: (typed or "").strip()],
        validators=[Length(max=200, message="Search for at most 200 letters.")],
    )

    def validate_until(self, field: Day) -> None:
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError("This day is before the first one. Swap the two.")

    @classmethod
    def read(cls) -> "ListFilter":
        """Return the filter that the address carries, checked: wrong fields have `errors` and keep what was typed."""
        form = cls(request.args)
        form.validate()
        return form

    @property
    def given(self) -> dict[str, str]:
        """What the address says, for the links of other pages of the same list."""
        return {field.name: request.args[field.name] for field in self if request.args.get(field.name)}

    def values(self) -> dict[str, Any]:
        """Return the fields that are right; those that are not narrow nothing."""
        return {field.name: field.data for field in self if not field.errors}

    def wanted(self, zone: str) -> dict[str, Any]:
        """Return `values` with the days as instants: from midnight in `zone` on, up to the midnight after the last day."""
        values = self.values()
        first, last = values.get("since"), values.get("until")
        values["since"] = _midnight(first, zone) if first else None
        values["until"] = _midnight(last + timedelta(days=1), zone) if last else None
        return values


def position_asked(*columns: Column) -> tuple[Position | None, str]:
    """Return the place in the list that the address names, and a sentence when it names none that exists."""
    text = request.args.get("at", "")
    if not text:
        return None, ""
    try:
        return Position.parse(text, columns), ""
    except PositionError:
        return None, "The address of that page is damaged, so this is the first page again."


def number_asked(name: str) -> int | None:
    """Return the id that the address names, None when it names none that a database can hold."""
    number = request.args.get(name, type=int)
    return number if number is not None and 0 <= number < 2**31 else None


def neighbours(page: Page[Any], endpoint: str, **address: Any) -> dict[str, str]:
    """Return the addresses of the next pages both ways, "" where there is none; `address` is kept in them."""
    return {
        "newer": url_for(endpoint, **address, at=str(page.newer)) if page.newer else "",
        "older": url_for(endpoint, **address, at=str(page.older)) if page.older else "",
    }


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
