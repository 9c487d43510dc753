"""A kept statement arranged for the screen and for a file: what it comes to, what is to look at, and every figure in the file."""

from decimal import Decimal

import pytest

from bookkeeping.rules.tieout import MEASURES
from bookkeeping.rules.tieout_causes import CAUSES, needs_a_look
from bookkeeping.sources.words import FILES, PLATFORM
from webapp.numbers.statements import (
    chart,
    effect_words,
    groups,
    headline,
    months_with_figures,
    rows,
    table,
)


def _sides(platform: str = "0.00", books: str = "0.00") -> dict:
    def figure(amount: Decimal, count: int) -> dict:
        return {"count": count, "dollars": f"{amount:.2f}"}

    ours, theirs = Decimal(platform), Decimal(books)
    return {
        "platform": figure(ours, int(bool(ours))),
        "quickbooks": figure(theirs, int(bool(theirs))),
        "difference": figure(theirs - ours, int(bool(theirs)) - int(bool(ours))),
    }


def _month(name: str, **measures: dict) -> dict:
    return {"month": name, **{measure: measures.get(measure, _sides()) for measure in MEASURES}}


def _difference(cause: str, **values) -> dict:
    effect = {"month": "2026-03", "measure": "invoiced", "count": -1, "dollars": "-575.00"}
    base = {
        "cause": cause,
        "reason": "",
        "inspection": "1042",
        "document": None,
        "sentence": "Why.",
        "effects": [effect],
    }
    return {**base, **values}


def _content(**values) -> dict:
    base = {
        "months": [_month("2026-02"), _month("2026-03", invoiced=_sides("575.00"))],
        "totals": {measure: _sides() for measure in MEASURES},
        "explained": [],
        "not_explained": [],
        "unexplained": "0.00",
        "unexplained_count": 0,
        "to_look_at": 0,
    }
    return {**base, **values}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Platform and QuickBooks agree to the cent."),
        (
            {"explained": [_difference("waiting"), _difference("kept")]},
            "2 differences are explained; none of them asks anything of you.",
        ),
        (
            {"explained": [_difference("missing")], "to_look_at": 1},
            "1 difference is explained; somebody has to settle it.",
        ),
        ({"unexplained": "0.01"}, "There are differences that nothing explains."),
        ({"unexplained_count": 1}, "There are differences that nothing explains."),
    ],
)
def test_the_headline_says_what_it_comes_to(values, said):
    assert headline(_content(**values), PLATFORM) == said


def test_months_without_figures_on_either_side_are_not_shown():
    assert [month["month"] for month in months_with_figures(_content())] == ["2026-03"]
    drawn = str(chart(_content(), PLATFORM))
    assert "Mar 2026" in drawn and "Feb 2026" not in drawn


def test_differences_are_grouped_by_cause_those_to_look_at_first():
    look = next(cause for cause in CAUSES if needs_a_look(cause, ""))
    fine = next(cause for cause in CAUSES if not needs_a_look(cause, ""))
    found = groups(_content(explained=[_difference(fine), _difference(look), _difference(fine)]))
    assert [(group.key, len(group.items), group.to_look_at) for group in found] == [
        (look, 1, True),
        (fine, 2, False),
    ]
    assert found[0].cause is CAUSES[look]


@pytest.mark.parametrize(
    ("dollars", "count", "said"),
    [
        ("-575.00", -1, "Invoiced −$575.00 in Mar 2026"),
        ("575.00", 1, "Invoiced +$575.00 in Mar 2026"),
        ("0.00", 2, "Invoiced +2 in Mar 2026"),
        ("0.00", -2, "Invoiced −2 in Mar 2026"),
    ],
)
def test_an_effect_says_by_how_much_and_when(dollars, count, said):
    effect = {"measure": "invoiced", "month": "2026-03", "dollars": dollars, "count": count}
    assert effect_words(effect) == said


def test_the_file_has_every_figure_and_every_difference():
    document = {"kind": "Invoice", "doc_number": "SP-1042", "id": "145"}
    content = _content(
        explained=[_difference(next(iter(CAUSES)), document=document)],
        not_explained=[_difference("")],
        unexplained="-575.00",
        unexplained_count=-1,
    )
    made, headings = list(rows(content)), table("tie-out", content, PLATFORM).headings
    assert "Your files, dollars" in table("tie-out", content, FILES).headings
    assert {len(row) for row in made} == {len(headings)}
    assert len(made) == 2 * len(MEASURES) + len(MEASURES) + 2 + 1
    named = [dict(zip(headings, row, strict=True)) for row in made]
    invoiced = next(
        row for row in named if (row["Month"], row["Measure"]) == ("March 2026", MEASURES["invoiced"])
    )
    assert (invoiced["Platform, dollars"], invoiced["QuickBooks, dollars"]) == ("575.00", "0.00")
    assert (invoiced["Difference, number"], invoiced["Difference, dollars"]) == (-1, "-575.00")
    [explained] = [row for row in named if row["Part"] == "Explained"]
    assert (explained["Document"], explained["QuickBooks id"], explained["Inspection"]) == (
        "Invoice SP-1042",
        "145",
        "1042",
    )
    assert (named[-1]["Part"], named[-1]["Difference, dollars"]) == ("Unexplained", "-575.00")
