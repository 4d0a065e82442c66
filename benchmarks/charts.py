"""Charts as SVG, written by hand: bars to compare, and curves over two logarithmic axes.

Nothing is painted behind them, and their colours are between light and dark, so that they can be read on both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

_TEXT = "#768390"
_OURS = "#2f81f7"
_OTHER = "#8b949e"
#: Of competitors' curves, in turn.
_COLOURS = (
    "#8b949e",
    "#db61a2",
    "#3fb950",
    "#a371f7",
    "#e5534b",
    "#39c5cf",
    "#d29922",
    "#c8781a",
    "#6e9e2d",
    "#b07b9c",
)
_WIDTH, _GAP = 900, 40
_PANEL = (_WIDTH - _GAP) / 2
_LINE = 18
_PLOT = 210

Point = tuple[float, float]


class Bars(NamedTuple):
    """A panel of bars, ours in its own colour."""

    title: str
    #: What was measured, by name; a text where there is nothing to draw.
    values: Sequence[tuple[str, float | str]]
    unit: str
    #: What the names of ours start with.
    ours: tuple[str, ...]
    #: The room for names, in pixels.
    names: int = 152

    @property
    def height(self) -> float:
        """What it takes, in pixels."""
        return _LINE * (len(self.values) + 2)

    def elements(self) -> Iterator[str]:
        """The drawing, in a panel of its own."""
        yield _text(0, 12, self.title, bold=True)
        largest = max(value for _, value in self.values if isinstance(value, float))
        start, room = self.names, _PANEL - self.names - 62
        for place, (name, value) in enumerate(self.values):
            top = _LINE * (place + 1) + 2
            colour = _OURS if name.startswith(self.ours) else _OTHER
            yield _text(start - 6, top + 12, name, anchor="end", bold=colour == _OURS)
            if isinstance(value, str):
                yield _text(start, top + 12, value)
                continue
            length = max(1.0, room * value / largest)
            yield f'<rect x="{start}" y="{top + 2}" width="{length:.1f}" height="{_LINE - 5}" fill="{colour}"/>'
            yield _text(start + length + 5, top + 12, f"{number(value)} {self.unit}", bold=colour == _OURS)


class Lines(NamedTuple):
    """A panel of curves, ours the thick one."""

    title: str
    curves: Sequence[tuple[str, Sequence[Point]]]
    #: What the lower axis shows; the other one shows time.
    x: str
    #: The name of ours.
    ours: str

    @property
    def height(self) -> float:
        """What it takes, in pixels."""
        return _PLOT + 84 + _LINE * math.ceil(len(self.curves) / 3)

    def elements(self) -> Iterator[str]:
        """The drawing, in a panel of its own."""
        yield _text(0, 12, self.title, bold=True)
        left, top, width = 58, 24, _PANEL - 80
        xs, ys = (_Scale(point[axis] for _, points in self.curves for point in points) for axis in (0, 1))
        for value in xs.ticks(2 if xs.decades > 3 else 1, base=4):
            across = left + width * xs.at(value)
            yield _line(across, top, across, top + _PLOT)
            yield _text(across, top + _PLOT + 14, _bytes(value), anchor="middle")
        for value in ys.ticks(1, base=10):
            down = top + _PLOT * (1 - ys.at(value))
            yield _line(left, down, left + width, down)
            yield _text(left - 6, down + 4, _seconds(value), anchor="end")
        yield _text(left + width / 2, top + _PLOT + 30, self.x, anchor="middle")
        colours = iter(_COLOURS * 2)
        for place, (name, points) in enumerate(self.curves):
            mine = name == self.ours
            colour = _OURS if mine else next(colours)
            path = " ".join(f"{left + width * xs.at(x):.1f},{top + _PLOT * (1 - ys.at(y)):.1f}" for x, y in points)
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{3 if mine else 1.5}"/>'
            across, down = left + width / 3 * (place % 3), top + _PLOT + 36 + _LINE * (place // 3)
            yield f'<rect x="{across:.1f}" y="{down + 6}" width="12" height="4" fill="{colour}"/>'
            yield _text(across + 17, down + 12, name, bold=mine)


class _Scale:
    """A logarithmic axis over some values, from 0 to 1."""

    def __init__(self, values: Iterable[float]) -> None:
        values = list(values)
        self.low, self.high = math.log10(min(values)), math.log10(max(values))

    @property
    def decades(self) -> float:
        return self.high - self.low

    def at(self, value: float) -> float:
        return (math.log10(value) - self.low) / (self.decades or 1)

    def ticks(self, step: int, base: int) -> Iterator[float]:
        """The powers of a base within it."""
        unit = math.log10(base) * step
        for exponent in range(math.ceil(self.low / unit - 1e-9), math.floor(self.high / unit + 1e-9) + 1):
            yield float(base ** (step * exponent))


def number(value: float) -> str:
    """Write a number with three digits, or with all that stand before the point."""
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}"


def _bytes(value: float) -> str:
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= size:
            return f"{value / size:.0f} {unit}"
    return f"{value:.0f} B"


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size * 0.999:
            return f"{value / size:.0f} {unit}"
    return f"{value * 1e6:.0f} µs"


def _text(x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_OTHER}" stroke-opacity="0.3"/>'


def draw(panels: Sequence[Bars | Lines], notes: Sequence[str]) -> str:
    """Return an SVG with two panels in a row, and lines of text under them."""
    parts = []
    top = 4.0
    for at in range(0, len(panels), 2):
        for column, panel in enumerate(panels[at : at + 2]):
            parts.append(f'<g transform="translate({column * (_PANEL + _GAP):.0f} {top:.0f})">')
            parts += [*panel.elements(), "</g>"]
        top += max(panel.height for panel in panels[at : at + 2])
    for note in notes:
        top += 15
        parts.append(f'<g font-size="11">{_text(0, top, note)}</g>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 10:.0f}" width="{_WIDTH}"'
        f' font-family="system-ui, sans-serif" font-size="12" fill="{_TEXT}">\n{body}\n</svg>\n'
    )
