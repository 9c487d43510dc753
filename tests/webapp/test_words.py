"""How values read on screen."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.harness import ROOT
from webapp.frame import words

SPRING = datetime(2026, 3, 2, 16, 15, tzinfo=UTC)
SUMMER = datetime(2026, 7, 2, 16, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "$0.00"), ("1234.5", "$1,234.50"), ("-9120.00", "−$9,120.00"), ("0.05", "$0.05")],
)
def test_money(amount, text):
    assert words.money(Decimal(amount)) == text


def test_times_carry_the_name_of_their_zone():
    assert words.local_time(SPRING, "America/Denver") == "Mar 2, 2026, 9:15 AM MST"
    assert words.local_time(SUMMER, "America/Denver") == "Jul 2, 2026, 10:05 AM MDT"
    assert words.local_time(SUMMER, words.MST) == "Jul 2, 2026, 9:05 AM MST"
    assert words.local_time(SPRING, "UTC") == "Mar 2, 2026, 4:15 PM UTC"


def test_days_are_cut_in_the_zone():
    late = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert words.local_time(late, "America/New_York") == "Feb 28, 2026, 10:00 PM EST"
    assert words.day(date(2026, 12, 31)) == "Dec 31, 2026"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "1 h"),
        (7 * 3600 + 720, "7 h 12 min"),
        (86400, "1 day"),
        (260000, "3 days"),
    ],
)
def test_spans(seconds, text):
    assert words.span(seconds) == words.span(timedelta(seconds=seconds)) == text


def test_months_and_counts():
    assert words.month("2026-03") == "March 2026"
    assert words.month("2026-03", short=True) == "Mar 2026"
    assert words.plural(1, "invoice") == "1 invoice"
    assert words.plural(1200, "invoice") == "1,200 invoices"
    assert words.plural(2, "delete waits", "deletes wait") == "2 deletes wait"


def test_what_is_next_is_never_past():
    now = datetime.now(UTC)
    assert words.coming_up(now - timedelta(minutes=7)) == "in a moment"
    assert words.coming_up(now + timedelta(minutes=7, seconds=20)) == "in 7 min"


def test_never_is_said_and_not_left_blank():
    assert words.ago(None) == "never"


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36", "Chrome on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Mac",
        ),
        ("python-requests/2.32", "python-requests/2.32"),
        ("", "Unknown browser"),
    ],
)
def test_browser(agent, text):
    assert words.browser(agent) == text


def test_email_is_spelled_in_one_way():
    spelled = [
        str(path.relative_to(ROOT))
        for room in ("templates", "webapp", "bookkeeping", "worker", "legal", "docs")
        for path in sorted((ROOT / room).rglob("*"))
        if path.suffix in (".py", ".html", ".toml", ".md") and "e-mail" in path.read_text("utf-8").casefold()
    ]
    assert spelled == []
