"""The tie-out statement as lines of text: a table by month, each difference with its cause, and what is left over."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from bookkeeping.faults import fault
from bookkeeping.rules.money import dollars
from bookkeeping.rules.tieout import MEASURES, dollars_only
from bookkeeping.rules.tieout_causes import CARRIES_OUR_NUMBER, CAUSES, verdict_of
from bookkeeping.sources.words import source_words

SIDES = ("platform", "quickbooks", "difference")
_ROW = "{:<9}{:<10}{:>8}{:>16}{:>8}{:>16}{:>8}{:>16}"


def statement_lines(content: dict[str, Any]) -> list[str]:
    """Return the kept statement `content`, with the kind of the company's `source`, as a person reads it in a terminal."""
    source = source_words(content["source"])
    books = content["quickbooks_company"] or "QuickBooks"
    days = f"{content['from']} to {content['to']}"
    return [
        f"{content['company_name']} beside {books}, {days} (statement {content['statement']})",
        "",
        *_table(content, source.head),
        "",
        *_differences(content),
        *_unreadable(content["unreadable_records"], source.name),
        *([dollars_only(content["other_currencies"])] if content.get("several_currencies") else []),
        f"{verdict_of(content).said}.",
    ]


def _table(content: dict[str, Any], source: str) -> Iterator[str]:
    rows = [(month["month"], month) for month in content["months"] if _has_figures(month)]
    yield _ROW.format("", "", "", source, "", "QuickBooks", "", "Difference")
    for name, sides in [*rows, ("Total", content["totals"])]:
        for number, (measure, label) in enumerate(MEASURES.items()):
            cells = [cell for side in SIDES for cell in _cell(sides[measure][side], side)]
            yield _ROW.format("" if number else name, label, *cells).rstrip()


def _has_figures(month: dict[str, Any]) -> bool:
    return any(side["count"] or Decimal(side["dollars"]) for one in MEASURES for side in month[one].values())


def _cell(figure: dict[str, Any], side: str) -> tuple[str, str]:
    count, amount = figure["count"], Decimal(figure["dollars"])
    if side == "difference" and not count and not amount:
        return "", "-"
    return f"{count:+,d}" if side == "difference" else f"{count:,}", dollars(amount)


def _differences(content: dict[str, Any]) -> Iterator[str]:
    explained, unexplained = content["explained"], content["not_explained"]
    if not explained and not unexplained:
        yield "No differences."
    if explained:
        yield f"Explained differences: {len(explained)}, to settle: {content['to_look_at']}"
    for one in explained:
        cause, reason = one["cause"], one["reason"]
        title = CAUSES[cause].title if cause in CAUSES else cause
        why = f" {fault(reason).title}." if reason not in ("", CARRIES_OUR_NUMBER) else ""
        yield f"  {title}: {one['sentence']}{why}"
    if unexplained:
        yield f"Differences that nothing explains: {len(unexplained)}"
    for one in unexplained:
        yield f"  {one['sentence']}"


def _unreadable(keys: list[str], source: str) -> Iterator[str]:
    if keys:
        yield f"Inspections that could not be read from {source}: {', '.join(keys)}"
