"""Charts as handwritten SVG: bars for comparison, and curves over two logarithmic axes.

They have no background, and colours that are readable on light and on dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

_TEXT = "#768390"
_OURS = "#2f81f7"
_OTHER = "#8b949e"
_MARK = "#d29922"
_WIDTH, _GAP = 900, 40
_PANEL = (_WIDTH - _GAP) / 2
_LINE = 18
_PLOT = 210

Point = tuple[float, float]


class Bars(NamedTuple):
    """A panel of bars. Ours has its own colour."""

    title: str
    #: The measured values by name, or a text if there is nothing to draw.
    values: Sequence[tuple[str, float | str]]
    unit: str
    #: Our names.
    ours: Collection[str]
    #: The width of the names, in pixels.
    names: int = 152
    #: A value to mark with a line for comparison, and its name.
    mark: tuple[float, str] | None = None

    @property
    def height(self) -> float:
        """The height, in pixels."""
        return _LINE * (len(self.values) + 2)

    def elements(self) -> Iterator[str]:
        """The drawing, as a panel."""
        yield _text(0, 12, self.title, bold=True)
        largest = max(value for _, value in self.values if isinstance(value, float))
        start, room = self.names, _PANEL - self.names - 62
        for place, (name, value) in enumerate(self.values):
            top = _LINE * (place + 1) + 2
            mine = name in self.ours
            strong = mine and not self.mark  # bold among others
            yield _text(start - 6, top + 12, name, anchor="end", bold=strong)
            if isinstance(value, str):
                yield _text(start, top + 12, value)
                continue
            length = max(1.0, room * value / largest)
            colour = _OURS if mine else _OTHER
            yield f'<rect x="{start}" y="{top + 2}" width="{length:.1f}" height="{_LINE - 5}" fill="{colour}"/>'
            yield _text(start + length + 5, top + 12, f"{number(value)} {self.unit}", bold=strong)
        if self.mark:
            at, meaning = self.mark
            across = start + room * at / largest
            yield _line(across, _LINE, across, self.height - _LINE + 2, strong=True)
            yield _text(across, self.height - 2, meaning, anchor="middle")


class Lines(NamedTuple):
    """A panel of curves. Ours is thicker."""

    title: str
    curves: Sequence[tuple[str, Sequence[Point]]]
    #: The label of the x axis; the y axis is time.
    x: str
    #: Our name.
    ours: str

    @property
    def height(self) -> float:
        """The height, in pixels."""
        return _PLOT + 76

    def elements(self) -> Iterator[str]:
        """The drawing, as a panel: ours stands out, and each curve has its name at its end."""
        yield _text(0, 12, self.title, bold=True)
        left, top, width = 58, 24, _PANEL - 180
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
        ends: dict[float, list[tuple[float, str]]] = {}
        for name, points in sorted(self.curves, key=lambda curve: curve[0] == self.ours):  # ours is drawn last
            mine = name == self.ours
            places = sorted((left + width * xs.at(x), top + _PLOT * (1 - ys.at(y))) for x, y in points)
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            style = f'stroke="{_OURS}" stroke-width="3"' if mine else f'stroke="{_OTHER}" stroke-opacity="0.7"'
            yield f'<polyline points="{path}" fill="none" {style}/>'
            across, down = places[-1]
            ends.setdefault(across, []).append((down, name))
        for across, labels in ends.items():
            apart = _apart(labels, 12)
            up = max(0, apart[-1][0] - (top + _PLOT - 6))  # keeps the labels above the axis
            for down, name in ((down - up, name) for down, name in apart):
                mine = name == self.ours
                yield _text(across + 5, down + 4, name, bold=mine, size=11 if mine else 10)


def _apart(labels: Iterable[tuple[float, str]], room: float) -> list[tuple[float, str]]:
    """Move labels that would overlap apart, each group around its own middle."""
    groups: list[list[tuple[float, str]]] = []
    for label in sorted(labels):
        groups.append([label])
        while len(groups) > 1 and _first(groups[-1], room) < _first(groups[-2], room) + room * len(groups[-2]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [(_first(group, room) + room * place, name) for group in groups for place, (_, name) in enumerate(group)]


def _first(group: Sequence[tuple[float, str]], room: float) -> float:
    """Return the position of a group's first label."""
    return sum(down for down, _ in group) / len(group) - room * (len(group) - 1) / 2


class _Scale:
    """A logarithmic axis, which maps the range of some values to 0 to 1."""

    def __init__(self, values: Iterable[float]) -> None:
        values = list(values)
        self.low, self.high = math.log10(min(values)), math.log10(max(values))

    @property
    def decades(self) -> float:
        return self.high - self.low

    def at(self, value: float) -> float:
        return (math.log10(value) - self.low) / (self.decades or 1)

    def ticks(self, step: int, base: int) -> Iterator[float]:
        """The powers of a base within the range."""
        unit = math.log10(base) * step
        for exponent in range(math.ceil(self.low / unit - 1e-9), math.floor(self.high / unit + 1e-9) + 1):
            yield float(base ** (step * exponent))


def number(value: float) -> str:
    """Format a number with three significant digits, or with all digits before the decimal point."""
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


def _text(x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False, size: int = 12) -> str:
    weight = (' font-weight="bold"' if bold else "") + (f' font-size="{size}"' if size != 12 else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, *, strong: bool = False) -> str:
    style = f'stroke="{_MARK}" stroke-width="2"' if strong else f'stroke="{_OTHER}" stroke-opacity="0.3"'
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def draw(title: str, meaning: str, panels: Sequence[Bars | Lines], notes: Sequence[str]) -> str:
    """Return an SVG with a title, an explanation, two panels per row, and small print below."""
    parts = [_text(0, 18, title, bold=True, size=17), _text(0, 38, meaning, size=13)]
    top = 56.0
    for at in range(0, len(panels), 2):
        for column, panel in enumerate(panels[at : at + 2]):
            parts.append(f'<g transform="translate({column * (_PANEL + _GAP):.0f} {top:.0f})">')
            parts += [*panel.elements(), "</g>"]
        top += max(panel.height for panel in panels[at : at + 2])
    for note in notes:
        top += 14
        parts.append(_text(0, top, note, size=10))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 10:.0f}" width="{_WIDTH}"'
        f' font-family="system-ui, sans-serif" font-size="12" fill="{_TEXT}">\n'
        f"<title>{escape(f'{title}. {meaning}')}</title>\n{body}\n</svg>\n"
    )
