"""Charts as SVG made on the server, to stand in the page: labelled bars without script or style of their own (`numbers.css` has it).

On a phone, where the labels of a drawing would be too small to read, a list of bars with their figures stands in its place.

A chart never stands alone: the same figures are in a table beside it, exact; here they are only drawn.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from webapp.frame.words import money

WIDTH, HEIGHT = 900, 330
MARGIN = 10
LEGEND = 30
TICKS = 5
BAR_SHARE = 0.8
"""So much of a label's place is taken by its bars."""

Series = Sequence[tuple[str, Sequence[Decimal]]]


@dataclass(frozen=True)
class Box:
    """The part of the drawing that the bars have, and the values at its two ends."""

    left: float
    top: float
    right: float
    bottom: float
    low: float
    high: float
    horizontal: bool

    def at(self, value: float) -> float:
        """Return where a value lies along its axis."""
        share = (value - self.low) / (self.high - self.low)
        if self.horizontal:
            return self.left + share * (self.right - self.left)
        return self.bottom - share * (self.bottom - self.top)


def bar_chart(title: str, labels: Sequence[str], series: Series, *, horizontal: bool = False) -> Markup:
    """Return bars as an inline SVG: a group for each label, a bar for each series; "" when there is nothing to draw."""
    if not labels or not any(value for _, values in series for value in values):
        return Markup("")
    height = max(170, 60 + 34 * len(labels)) if horizontal else HEIGHT
    ticks = scale([float(value) for _, values in series for value in values])
    legend = LEGEND if len(series) > 1 else 0
    left = MARGIN + 7.5 * max(len(label) for label in (labels if horizontal else map(_axis_money, ticks)))
    box = Box(left, MARGIN, WIDTH - 30, height - 28 - legend, ticks[0], ticks[-1], horizontal)
    parts = [
        *_axis(box, ticks),
        *_labels(box, labels),
        *_bars(box, labels, series),
        *(_legend(series, height) if legend else ()),
    ]
    about = escape(f"{title}. The table beside it has the same figures.")
    inner = "\n".join(parts)
    return Markup(  # noqa: S704 - Each part is escaped as it is made. # nosec B704
        f'<svg class="chart-svg" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{about}" preserveAspectRatio="xMidYMid meet">\n{inner}\n</svg>'
    )


def chart(title: str, labels: Sequence[str], series: Series, *, horizontal: bool = False) -> Markup:
    """Return the bars for a wide page and for a phone, of which a browser shows one; "" when there is nothing to draw."""
    wide = bar_chart(title, labels, series, horizontal=horizontal)
    return (
        Markup('<div class="chart-wide">%s</div>\n%s') % (wide, bar_list(title, labels, series))
        if wide
        else wide
    )


def bar_list(title: str, labels: Sequence[str], series: Series) -> Markup:
    """Return the same bars as a list in words and figures, each bar as wide as there is room for; labels without any are left out."""
    ticks = scale([float(value) for _, values in series for value in values])
    box = Box(0, 0, 100, 1, ticks[0], ticks[-1], True)
    parts = [f'<ul class="bars" aria-label="{escape(title)}">']
    for place, label in enumerate(labels):
        if not any(values[place] for _, values in series):
            continue
        parts.append(f'<li><span class="bars__label">{escape(label)}</span>')
        for index, (what, values) in enumerate(series):
            low, high = sorted((box.at(0), box.at(float(values[place]))))
            said = f"{escape(what)} " if len(series) > 1 else ""
            parts.append(
                f'<span class="bars__bar color-{index}"><svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
                f'<rect x="{low:.1f}" y="0" width="{high - low:.1f}" height="1"/></svg>'
                f'<span class="bars__what">{said}</span>{money(values[place])}</span>'
            )
        parts.append("</li>")
    return Markup("\n".join([*parts, "</ul>"]))  # noqa: S704 - Each part is escaped as it is made. # nosec B704


def scale(values: Sequence[float]) -> list[float]:
    """Return round figures for the axis, from below the smallest value (or zero) to above the largest."""
    low, high = min(0.0, *values), max(0.0, *values)
    rough = (high - low) / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _axis(box: Box, ticks: Sequence[float]) -> Iterator[str]:
    name = "x" if box.horizontal else "y"
    yield f'<g class="axis {name}">'
    for tick in ticks:
        at, major = box.at(tick), " major" if tick == 0 else ""
        if box.horizontal:
            yield f'<path class="line{major}" d="M{at:.1f} {box.top} V{box.bottom}"/>'
            yield f'<text x="{at:.1f}" y="{box.bottom + 18}">{_axis_money(tick)}</text>'
        else:
            yield f'<path class="line{major}" d="M{box.left:.1f} {at:.1f} H{box.right}"/>'
            yield f'<text x="{box.left - 6:.1f}" y="{at + 4:.1f}">{_axis_money(tick)}</text>'
    yield "</g>"


def _labels(box: Box, labels: Sequence[str]) -> Iterator[str]:
    yield f'<g class="axis {"y" if box.horizontal else "x"}">'
    for label, (start, size) in zip(labels, _places(box, len(labels)), strict=True):
        middle = start + size / 2
        x, y = (box.left - 6, middle + 4) if box.horizontal else (middle, box.bottom + 18)
        yield f'<text x="{x:.1f}" y="{y:.1f}">{escape(label)}</text>'
    yield "</g>"


def _bars(box: Box, labels: Sequence[str], series: Series) -> Iterator[str]:
    for index, (what, values) in enumerate(series):
        yield f'<g class="color-{index}">'
        for label, value, (start, size) in zip(labels, values, _places(box, len(labels)), strict=True):
            thick = size * BAR_SHARE / len(series)
            across = start + size * (1 - BAR_SHARE) / 2 + index * thick
            low, high = sorted((box.at(0), box.at(float(value))))
            at = (low, across, high - low, thick) if box.horizontal else (across, low, thick, high - low)
            x, y, width, height = (f"{number:.1f}" for number in at)
            said = escape(f"{label}, {what}: {money(value)}")
            yield f'<g class="bar"><title>{said}</title><rect x="{x}" y="{y}" width="{width}" height="{height}"/></g>'
        yield "</g>"


def _places(box: Box, count: int) -> list[tuple[float, float]]:
    """Return (start, size) of each label's place across the bars."""
    first, last = (box.top, box.bottom) if box.horizontal else (box.left, box.right)
    size = (last - first) / count
    return [(first + number * size, size) for number in range(count)]


def _legend(series: Series, height: int) -> Iterator[str]:
    yield '<g class="legend">'
    for index, (what, _) in enumerate(series):
        x, y = MARGIN + index * WIDTH / len(series), height - 18
        yield f'<rect class="color-{index}" x="{x:.1f}" y="{y}" width="14" height="14"/>'
        yield f'<text x="{x + 20:.1f}" y="{y + 12}">{escape(what)}</text>'
    yield "</g>"


def _axis_money(value: float) -> str:
    return money(Decimal(f"{value:.2f}")).removesuffix(".00")
