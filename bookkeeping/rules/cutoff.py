"""The migration's cutoff and the calendar around it: sides, tax years and quarters, and the night on which it runs."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from bookkeeping.errors import RuleError
from bookkeeping.rules.local_time import local_day, say_day, say_moment, zone_named

Side = Literal["old", "new"]

_DATETIME_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
_EARLIEST_YEAR, _LATEST_YEAR = 1970, 9998


def parse_cutoff(text: str, zone: str, *, now: datetime, first_start: datetime | None) -> datetime:
    """Return the cutoff that an owner typed into a datetime-local field, as aware UTC.

    `zone` is the company's IANA zone, `first_start` the scheduled start of its first inspection (None: it has none).
    Any time on the day of the first inspection is allowed: that is how an owner says "all of them".

    Raises:
        RuleError: `cutoff-malformed`, `cutoff-in-gap` (a time that the clocks skipped), `cutoff-ambiguous` (one that they
            showed twice), `cutoff-future` or `cutoff-before-first`; the detail is a sentence for the owner.

    Source: bookkeeping decisions, "Cutoff" (12).
    """
    typed = _typed_time(text)
    cutoff = _only_moment(typed, zone)
    if cutoff > now:
        raise RuleError(
            f"{say_moment(cutoff, zone)} is in the future. Choose a date and time that has passed.",
            code="cutoff-future",
        )
    if first_start is not None and typed.date() < local_day(first_start, zone):
        raise RuleError(
            f"Your first inspection is on {say_moment(first_start, zone)}. Choose {say_day(local_day(first_start, zone))} "
            "or later: before that day there is nothing to replace.",
            code="cutoff-before-first",
        )
    return cutoff


def side_of(
    starts_at: datetime, cutoff: datetime, *, frozen: Side | None = None, booked: bool = False
) -> Side:
    """Return the side of the cutoff on which an inspection lies.

    `frozen`: where a confirmed migration froze it, which holds whatever is rescheduled later. `booked`: documents of ours stand for it
    and no migration froze it, so it was booked after the cutoff, wherever a reschedule has moved it since. Otherwise its scheduled start
    decides: at the cutoff or later is new.

    Source: bookkeeping decisions 12 ("Cutoff") and 14 (frozen membership).
    """
    if frozen is not None:
        return frozen
    return "new" if booked or starts_at >= cutoff else "old"


def next_midnight_mst(now: datetime, zone: str = "Etc/GMT+7", hour: int = 0) -> datetime:
    """Return the next start of the nightly run strictly after `now`, as aware UTC; by default midnight MST, UTC-7 all year."""
    tz = zone_named(zone)
    day = now.astimezone(tz).date()
    while True:
        start = datetime.combine(day, time(hour), tzinfo=tz).astimezone(UTC)
        if start > now:
            return start
        day += timedelta(days=1)


def latest_midnight_mst(now: datetime, zone: str = "Etc/GMT+7", hour: int = 0) -> datetime:
    """Return the latest start of the nightly run that is not after `now`, as aware UTC; a day is not 24 hours long where clocks change."""
    tz = zone_named(zone)
    day = now.astimezone(tz).date()
    while True:
        start = datetime.combine(day, time(hour), tzinfo=tz).astimezone(UTC)
        if start <= now:
            return start
        day -= timedelta(days=1)


def tax_year(day: date) -> int:
    """Return the tax year of a day: the calendar year, as for nearly every inspection company."""
    return day.year


def quarter(day: date) -> int:
    """Return the quarter of the tax year that a day falls in, 1 to 4."""
    return (day.month + 2) // 3


def _typed_time(text: str) -> datetime:
    text = (text or "").strip()
    try:
        if not _DATETIME_LOCAL.fullmatch(text):
            raise ValueError(text)
        typed = datetime.fromisoformat(text)
        if not _EARLIEST_YEAR <= typed.year <= _LATEST_YEAR:  # Else it may be no moment in UTC.
            raise ValueError(text)
    except ValueError as error:
        raise RuleError(
            f"{text[:40]!r} is not a date and time. Enter it like 2019-03-01T00:00.", code="cutoff-malformed"
        ) from error
    return typed


def _only_moment(typed: datetime, zone: str) -> datetime:
    tz = zone_named(zone)
    early, late = (typed.replace(tzinfo=tz, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        return early
    clock = f"{typed:%H:%M} on {say_day(typed.date())}"
    if early.astimezone(tz).replace(tzinfo=None) != typed:
        raise RuleError(
            f"{clock} did not exist in your time zone: the clocks went forward over it. Choose a time an hour later.",
            code="cutoff-in-gap",
        )
    raise RuleError(
        f"{clock} happened twice in your time zone: the clocks went back over it. Choose a time outside that hour.",
        code="cutoff-ambiguous",
    )
