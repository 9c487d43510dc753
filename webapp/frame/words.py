"""How values read on screen: money, days, times with their zone, spans. Jinja filters, pure functions of their values."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Flask
from flask_login import current_user

from bookkeeping.acts.telling import with_article
from bookkeeping.faults import Fault, fault, with_support
from bookkeeping.sources.words import source_words
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.records.inspections import STATES
from bookkeeping.storage.work.journal import OUTCOMES
from tieout_files import VERSION

MST = ZoneInfo("Etc/GMT+7")
_MACHINES_NUMBER = re.compile(r"\bPayment (?=[\w-]*[A-Za-z_])(?=[\w-]*\d)[\w-]+(?=$| of \$)")
# Each names itself beside those that it descends from, so the first that is found is it.
_BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "FxiOS/": "Firefox", "Chrome/": "Chrome"}
_BROWSERS |= {"CriOS/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows"}
_SYSTEMS |= {"Mac OS X": "Mac", "CrOS": "Chromebook", "Linux": "Linux"}


def set_up_words(app: Flask) -> None:
    """Make the filters known to the templates, and the tables of words that the components look up."""
    words = (money, day, local_time, clock_time, zone_name, ago, coming_up, span, plural, month, browser)
    for word in (*words, with_article, with_support, of_ours, plainly):
        app.jinja_env.filters[word.__name__] = word
    app.jinja_env.globals |= {
        "STATES": STATES,
        "OUTCOMES": OUTCOMES,
        "fault": fault_here,
        "source_words": source_words,
        "MST": MST,
        "VERSION": VERSION,
        "SUPPORT_EMAIL": app.extensions["settings"].support_email,
    }
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def fault_here(code: str, source: str = "") -> Fault:
    """The catalogue's entry in the words for this source, or for that of the company whose page is asked for."""
    company = None if source or current_user.is_anonymous else current_user.company
    return fault(code, company.source_kind if company is not None else source)


def of_ours(detail: str, code: str) -> str:
    """What is to be said beside the catalogue's words for `code`; "" where it is Intuit's own text, which stands under *Details*."""
    return "" if fault(code).quotes_intuit else plainly(detail)


def plainly(text: str) -> str:
    """`Payment ch_9f of $425.00` → `Payment of $425.00`: money is not called by the number that a machine gave. A check's number stays."""
    return _MACHINES_NUMBER.sub("Payment", text)


def money(amount: Decimal) -> str:
    """`Decimal("-1234.5")` → `−$1,234.50`."""
    return f"{'−' if amount < 0 else ''}${abs(amount):,.2f}"


def day(value: date) -> str:
    """`date(2026, 3, 2)` → `Mar 2, 2026`."""
    return f"{value:%b} {value.day}, {value.year}"


def month(value: str, short: bool = False) -> str:
    """`2026-03` → `March 2026`, or `Mar 2026`."""
    first = date.fromisoformat(value + "-01")
    return f"{first:%b %Y}" if short else f"{first:%B %Y}"


def clock_time(at: datetime, zone: str | ZoneInfo) -> str:
    """The time of day in `zone`: `9:15 AM`."""
    there = at.astimezone(_zone(zone))
    return f"{there:%I:%M %p}".lstrip("0")


def local_time(at: datetime, zone: str | ZoneInfo) -> str:
    """Day and time in `zone` with its name: `Mar 2, 2026, 9:15 AM MST`."""
    return f"{day(at.astimezone(_zone(zone)))}, {clock_time(at, zone)} {zone_name(at, zone)}"


def zone_name(at: datetime, zone: str | ZoneInfo) -> str:
    """The zone's short name at that instant; our nightly zone, UTC−7 all year, reads MST."""
    name = at.astimezone(_zone(zone)).tzname() or ""
    return "MST" if name == "-07" else name


def ago(at: datetime | None) -> str:
    """How long ago or ahead, roughly: `2 min ago`, `in 4 min`, `just now`, `never`."""
    if at is None:
        return "never"
    seconds = (utcnow() - at).total_seconds()
    if abs(seconds) < 45:
        return "just now" if seconds >= 0 else "in a moment"
    return f"{span(abs(seconds))} ago" if seconds > 0 else f"in {span(abs(seconds))}"


def coming_up(at: datetime) -> str:
    """When something planned happens: `in 4 min`; once its time has come `in a moment`, for it is next."""
    return ago(at) if at > utcnow() else "in a moment"


def span(length: float | timedelta) -> str:
    """A length of time, roughly: `40 s`, `2 min`, `7 h 12 min`, `3 days`."""
    seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return plural(round(hours / 24), "day")


def plural(count: int, one: str, many: str = "") -> str:
    """`plural(1, "invoice")` → `1 invoice`; `plural(2, "invoice")` → `2 invoices`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _zone(zone: str | ZoneInfo) -> ZoneInfo:
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone)


def browser(agent: str) -> str:
    """A browser as people call it: `Chrome on Windows`; what cannot be told is shown as it calls itself."""
    name = next((word for mark, word in _BROWSERS.items() if mark in agent), "")
    system = next((word for mark, word in _SYSTEMS.items() if mark in agent), "")
    return f"{name} on {system}" if name and system else agent[:90] or "Unknown browser"
