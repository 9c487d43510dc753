"""Bars drawn on the server: where they end, what they say, and that nothing in them can run."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.numbers.charts import bar_chart, bar_list, chart, scale

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*args, **options) -> ElementTree.Element:
    return ElementTree.fromstring(str(bar_chart(*args, **options)))


def rects(chart: ElementTree.Element) -> list[dict[str, float]]:
    bars = [one for one in chart.iter(f"{SVG}g") if one.get("class") == "bar"]
    found = [bar.find(f"{SVG}rect") for bar in bars]
    return [{name: float(one.get(name)) for name in ("x", "y", "width", "height")} for one in found]


@pytest.mark.parametrize("horizontal", [False, True])
def test_a_bar_of_twice_the_amount_is_twice_as_long(horizontal):
    series = [("Accrual", [Decimal("100.00"), Decimal("200.00")])]
    first, second = rects(drawn("Income", ["Jan", "Feb"], series, horizontal=horizontal))
    along = "width" if horizontal else "height"
    assert second[along] == pytest.approx(2 * first[along], abs=0.2)


def test_a_loss_hangs_below_the_line_and_nothing_is_flat():
    up, down, none = rects(drawn("Income", ["a", "b", "c"], [("x", [Decimal(50), Decimal(-50), Decimal(0)])]))
    assert down["y"] == pytest.approx(up["y"] + up["height"], abs=0.2) and none["height"] == 0


def test_each_bar_says_its_label_its_series_and_its_exact_amount():
    chart = drawn("Income", ["Jan"], [("Accrual", [Decimal("1234.50")]), ("Cash", [Decimal("9.00")])])
    said = [one.text for one in chart.iter(f"{SVG}title")]
    assert said == ["Jan, Accrual: $1,234.50", "Jan, Cash: $9.00"]
    assert [one.text for one in chart.iter(f"{SVG}text")][-2:] == ["Accrual", "Cash"]


def test_names_are_text_and_nothing_in_a_chart_can_run():
    chart = str(bar_chart("<b>", ["<script>alert(1)</script>"], [("&", [Decimal(1)])]))
    assert "<script" not in chart and " style=" not in chart and not re.search(r"\bon\w+=", chart)


def test_a_phone_has_a_list_with_the_same_bars_and_their_amounts():
    series = [
        ("<A>", [Decimal("100.00"), Decimal(0), Decimal("-50.00")]),
        ("B", [Decimal(0), Decimal(0), Decimal("25.00")]),
    ]
    drawn = ElementTree.fromstring(str(bar_list("Income", ["Jan", "Feb", "Mar"], series)))
    said = [" ".join("".join(one.itertext()).split()) for one in drawn]
    assert said == ["Jan <A> $100.00 B $0.00", "Mar <A> −$50.00 B $25.00"], "February has nothing"
    bars = [(float(one.get("x")), float(one.get("width"))) for one in drawn.iter("rect")]
    jan, _, march, other = bars
    assert jan[1] == pytest.approx(2 * march[1], abs=0.2) and march[0] + march[1] == pytest.approx(
        jan[0], abs=0.2
    )
    assert other[0] == jan[0] and all(x >= 0 and x + width <= 100.1 for x, width in bars)


def test_a_page_has_the_drawing_and_the_list_or_neither():
    both = str(chart("Income", ["Jan"], [("x", [Decimal(1)])]))
    assert both.count('class="chart-svg"') == both.count('class="bars"') == 1
    assert chart("Income", ["Jan"], [("x", [Decimal(0)])]) == ""


def test_without_figures_nothing_is_drawn():
    assert bar_chart("Income", [], []) == ""
    assert bar_chart("Income", ["Jan"], [("x", [Decimal("0.00")])]) == ""


@given(st.lists(st.decimals(-10_000_000, 10_000_000, places=2), min_size=1, max_size=12))
def test_every_bar_lies_within_the_drawing_and_the_axis_covers_it(values):
    if not any(values):
        return
    ticks = scale([float(value) for value in values])
    assert ticks[0] <= min(0, *map(float, values)) and ticks[-1] >= max(0, *map(float, values))
    assert 2 <= len(ticks) <= 9 and 0 in ticks
    for one in rects(drawn("Income", [str(number) for number in range(len(values))], [("x", values)])):
        assert one["x"] >= 0 and one["x"] + one["width"] <= 900
        assert one["y"] >= 0 and one["y"] + one["height"] <= 330
