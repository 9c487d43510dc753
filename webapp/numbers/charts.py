"""Charts as SVG made on the server, to stand in the page: labelled bars without script or style of their own (`numbers.css` has it).

A chart never stands alone: the same figures are in a table beside it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pygal
from markupsafe import Markup
from pygal.etree import etree

from webapp.frame.words import money

_DROPPED = {"defs", "desc", "script", "style", "title"}


def bar_chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[Decimal]]],
    *,
    horizontal: bool = False,
) -> Markup:
    """Return bars as an inline SVG: a group for each label, a bar for each series; "" when there is nothing to draw."""
    if not labels or not any(value for _, values in series for value in values):
        return Markup("")
    kind = pygal.HorizontalBar if horizontal else pygal.Bar
    chart = kind(
        width=900,
        height=max(170, 60 + 34 * len(labels)) if horizontal else 330,
        css=[],
        js=[],
        classes=("chart-svg",),
        show_legend=len(series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        legend_box_size=14,
        no_prefix=True,
        spacing=14,
        margin=8,
        max_scale=7,
        truncate_legend=-1,
        truncate_label=-1,
        x_label_rotation=0,
        value_formatter=_axis_money,
    )
    if horizontal:  # Drawn from below.
        labels, series = labels[::-1], [(name, values[::-1]) for name, values in series]
    chart.x_labels = labels
    for name, values in series:
        chart.add(
            name, [float(value) for value in values]
        )  # Only for drawing: figures stand in the table, exact.
    return _bare(chart.render_tree(), title, labels, series)


def _axis_money(value: float) -> str:
    return money(Decimal(f"{value:.2f}")).removesuffix(".00")


def _bare(
    root: Any, title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[Decimal]]]
) -> Markup:
    """Take out what a content policy forbids and what only a script could use; give each bar its words."""
    name = {child: parent for parent in root.iter() for child in parent}
    for element in list(root.iter()):
        tag = element.tag if isinstance(element.tag, str) else ""
        unwanted = tag in _DROPPED or "tooltip" in (element.get("class") or "").split() or not tag
        if unwanted and element in name:
            name[element].remove(element)
            continue
        element.attrib.pop("style", None)
        element.attrib.pop("id", None)
    for index, (what, values) in enumerate(series):
        bars = [one for one in root.iter("g") if f"serie-{index}" in (one.get("class") or "").split()]
        groups = [one for bar in bars for one in bar.iter("g") if one.get("class") == "bar"]
        for group, label, value in zip(groups, labels, values, strict=False):
            etree.SubElement(group, "title").text = f"{label}, {what}: {money(value)}"
    root.set("role", "img")
    root.set("aria-label", f"{title}. The table beside it has the same figures.")
    root.set("preserveAspectRatio", "xMidYMid meet")
    return Markup(etree.tostring(root, encoding="unicode"))
