"""A kept tie-out statement arranged for the screen and as a table for a file. It is shown as it was made; nothing is computed anew."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from bookkeeping.rules.tieout import MEASURES, dollars_only
from bookkeeping.rules.tieout_causes import CAUSES, Cause, needs_a_look, verdict_of
from bookkeeping.sources.words import SourceWords
from webapp.frame.spreadsheets import Column, Table
from webapp.frame.words import money, plural
from webapp.frame.words import month as month_words
from webapp.numbers import charts

COLUMNS = (
    Column("Part"),
    Column("Month"),
    Column("Measure"),
    Column("{source}, number", "number"),
    Column("{source}, dollars", "money"),
    Column("QuickBooks, number", "number"),
    Column("QuickBooks, dollars", "money"),
    Column("Difference, number", "number"),
    Column("Difference, dollars", "money"),
    Column("Cause"),
    Column("Inspection"),
    Column("Document"),
    Column("QuickBooks id"),
    Column("Explanation"),
)


@dataclass(frozen=True)
class CauseGroup:
    """All differences of one cause. `to_look_at`: somebody should."""

    key: str
    cause: Cause
    items: list[dict[str, Any]]
    to_look_at: bool


def groups(content: dict[str, Any]) -> list[CauseGroup]:
    """Return the explained differences by cause; those that somebody should look at first."""
    found: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    for one in content["explained"]:
        found.setdefault((one["cause"], needs_a_look(one["cause"], one["reason"])), []).append(one)
    made = [
        CauseGroup(key, CAUSES.get(key, Cause(key, "", False)), items, look)
        for (key, look), items in found.items()
    ]
    return sorted(made, key=lambda group: (not group.to_look_at, list(CAUSES).index(group.key)))


def months_with_figures(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the months in which there is anything on either side."""
    return [
        month
        for month in content["months"]
        if any(side["count"] or Decimal(side["dollars"]) for one in MEASURES for side in month[one].values())
    ]


def effect_words(effect: dict[str, Any]) -> str:
    """`Invoiced −$575.00 in Mar 2026`: by how much QuickBooks is above or below what the inspections say."""
    amount = Decimal(effect["dollars"])
    said = money(amount) if amount <= 0 else f"+{money(amount)}"
    if not amount:
        said = f"{effect['count']:+d}".replace("-", "−")
    return f"{MEASURES[effect['measure']]} {said} in {month_words(effect['month'], short=True)}"


def chart(content: dict[str, Any], source: SourceWords) -> Markup:
    """Return what was invoiced by month, what the source says beside QuickBooks."""
    months = months_with_figures(content)
    series = [
        (label, [Decimal(month["invoiced"][side]["dollars"]) for month in months])
        for side, label in (("platform", f"Invoiced, {source.name}"), ("quickbooks", "Invoiced, QuickBooks"))
    ]
    return charts.chart(
        f"Invoiced by month, {source.name} beside QuickBooks",
        [month_words(month["month"], short=True) for month in months],
        series,
    )


def headline(content: dict[str, Any], source: SourceWords) -> str:
    """Return what the statement comes to, in one sentence."""
    found, explained = verdict_of(content), len(content["explained"])
    if found.unexplained:
        return "There are differences that nothing explains."
    if found.word == "Agrees":
        return f"{source.head} and QuickBooks agree to the cent."
    count = plural(explained, "difference is", "differences are")
    if found.number:
        what = f"{found.number} of them" if found.number < explained else "it" if explained == 1 else "them"
        return f"{count} explained; somebody has to settle {what}."
    return f"{count} explained; none of them asks anything of you."


def currencies(content: dict[str, Any]) -> str:
    """Return what is to be said of a company that keeps several currencies; nothing of another, or of an older statement."""
    return dollars_only(content["other_currencies"]) if content.get("several_currencies") else ""


def table(name: str, content: dict[str, Any], source: SourceWords) -> Table:
    """Return the statement as a file of this name."""
    columns = tuple(replace(one, heading=one.heading.format(source=source.head)) for one in COLUMNS)
    return Table(name, columns, rows(content))


def rows(content: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the months, the totals, and each difference with its effect on each month; what nothing explains comes last."""
    for month in content["months"]:
        for measure in MEASURES:
            yield ("Month", month_words(month["month"]), MEASURES[measure], *_sides(month[measure]))
    for measure in MEASURES:
        yield ("Total", "", MEASURES[measure], *_sides(content["totals"][measure]))
    parts = (("Explained", content["explained"]), ("Not explained", content["not_explained"]))
    for part, items in parts:
        for one in items:
            document = one["document"] or {}
            name = " ".join(text for text in (document.get("kind"), document.get("doc_number")) if text)
            for effect in one["effects"]:
                place = (part, month_words(effect["month"]), MEASURES[effect["measure"]], "", "", "", "")
                cause = CAUSES[one["cause"]].title if one["cause"] in CAUSES else one["cause"]
                about = (cause, one["inspection"], name, document.get("id", ""), one["sentence"])
                yield (*place, effect["count"], effect["dollars"], *about)
    left = (content["unexplained_count"], content["unexplained"])
    yield ("Unexplained", "", "", "", "", "", "", *left, "", "", "", "", "")


def _sides(sides: dict[str, dict[str, Any]]) -> tuple[int | str, ...]:
    cells = [cell for name in ("platform", "quickbooks", "difference") for cell in _cell(sides[name])]
    return (*cells, "", "", "", "", "")


def _cell(side: dict[str, Any]) -> tuple[int, str]:
    return side["count"], side["dollars"]
