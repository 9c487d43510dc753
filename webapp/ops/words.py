"""How ops' pages put things: classes of causes, who can fix them, trends, and bodies without secrets. Pure functions of values."""

from datetime import datetime, timedelta

from bookkeeping.faults import Fault
from bookkeeping.logbook.failures import FailureFilter
from bookkeeping.logs import Redactor
from webapp.inspections.json_text import parsed, readable

HANDLINGS = {
    "refused": "Refused: somebody must act",
    "temporary": "Passing: tried again by itself",
    "reconnect": "The whole company waits",
    "bug": "Our mistake",
    "stale": "Changed meanwhile",
    "done": "Nothing is owed",
}
AGES = {"1h": "An hour", "1d": "A day", "3d": "3 days", "7d": "A week", "30d": "30 days"}
_AGE_SPANS = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
MUTE_SPANS = {"1d": "For a day", "3d": "For 3 days", "7d": "For a week", "30d": "For 30 days"}
_WHO = {
    "owner": "the company's owner",
    "bookkeeper": "the company's bookkeeper",
    "ops": "we",
    "nobody": "nobody has to: it passes by itself",
}
_PLACES = {
    "/settings/quickbooks": "Settings → QuickBooks",
    "/settings/quickbooks/migration": "Settings → QuickBooks → Migration",
    "/sync-log": "Sync log",
    "/drift": "Changed in QuickBooks",
}
_redactor = Redactor()


def age_span(name: str) -> timedelta | None:
    """The span behind a key of `AGES`."""
    return _AGE_SPANS.get(name)


def who_fixes(known: Fault) -> str:
    """`the company's owner, under Settings → QuickBooks`."""
    place = _PLACES.get(known.link or "")
    return _WHO[known.who] + (f", under {place}" if place and known.who != "nobody" else "")


def trend_words(code: str, count: int, before: dict[str, dict[str, int]]) -> str:
    """`+12 in 24 h · −3 in 7 days` beside what stood then; "" while nothing was counted then."""
    parts = []
    for span, words in (("day", "in 24 h"), ("week", "in 7 days")):
        if span in before.get("", {}):
            change = count - before.get(code, {}).get(span, 0)
            parts.append(f"{'+' if change > 0 else '−' if change < 0 else '±'}{abs(change):,} {words}")
    return " · ".join(parts)


def shown_body(text: str) -> str:
    """A request's JSON for reading, its secrets and email addresses taken out."""
    try:
        return readable(_redactor.value("", parsed(text)))
    except ValueError:
        return _redactor.text(text)


def filter_words(wanted: FailureFilter, title: str = "", company: str = "") -> str:
    """`The books are closed for that date at Blue Ridge`: what a filter takes in, for the log and the screen."""
    parts = [title or "All failures"]
    parts += [f"at {company}"] if company else []
    parts += [f"inspection {wanted.key}"] if wanted.key else []
    parts += [f"with “{wanted.text}”"] if wanted.text else []
    parts += [HANDLINGS.get(wanted.handling, wanted.handling)] if wanted.handling else []
    parts += [f"held for {wanted.held_for.days or 1} days and more"] if wanted.held_for else []
    parts += ["tried often"] if wanted.rising else []
    return ", ".join(parts) if len(parts) > 2 else " ".join(parts)


def seconds_after(later: datetime, earlier: datetime) -> str:
    """`0.42 s` between two moments."""
    return f"{(later - earlier).total_seconds():.2f} s"


FILTERS = (who_fixes, shown_body, seconds_after)
