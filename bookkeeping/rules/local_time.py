"""Moments in a company's own time zone: which day one falls on, and how it is said on screen."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bookkeeping.errors import RuleError

_LABELS = {"Etc/GMT+7": "MST"}


def zone_named(name: str) -> ZoneInfo:
    """Return the IANA zone of that name.

    Raises:
        RuleError: there is no such zone (`unknown-time-zone`).
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise RuleError(
            f"{name!r} is not a time zone such as America/Denver.", code="unknown-time-zone"
        ) from error


def local_day(moment: datetime, zone: str) -> date:
    """Return the calendar day of an aware moment in that zone."""
    return moment.astimezone(zone_named(zone)).date()


def say_day(day: date) -> str:
    """Return "March 1, 2019"."""
    return f"{day:%B} {day.day}, {day.year}"


def say_moment(moment: datetime, zone: str) -> str:
    """Return "March 1, 2019, 12:00 AM (Denver)"; seconds only where there are any."""
    local = moment.astimezone(zone_named(zone))
    seconds = f":{local.second:02d}" if local.second else ""
    clock = f"{local.hour % 12 or 12}:{local.minute:02d}{seconds} {'AM' if local.hour < 12 else 'PM'}"
    label = _LABELS.get(zone) or zone.rsplit("/", 1)[-1].replace("_", " ")
    return f"{say_day(local.date())}, {clock} ({label})"
