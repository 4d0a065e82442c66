"""Turns results into lines of text, tables and charts, and finds rows that became slower.

`python benchmarks/report.py` writes the tables in benchmarks/README.md, benchmarks/results/ and docs/performance.md,
and all charts, from the JSON files in benchmarks/results/.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(len(sys.path) if "--installed" in sys.argv else 0, str(Path(__file__).resolve().parent.parent))

from benchmarks import encoders
from benchmarks.charts import Bars, Lines, draw, number
from benchmarks.measure import Row, fastest
from benchmarks.peers import FLOOR, NODE, OURS
from benchmarks.timing import Spread

HERE = Path(__file__).resolve().parent
START, END = "<!-- results -->", "<!-- end of results -->"
FRONT_START, FRONT_END = "<!-- speed -->", "<!-- /speed -->"

Result = dict[str, Any]

#: Our names.
OUR_NAMES = {OURS, "encode_block"}
#: The rows in the charts, and the title of each there.
DECODING_CHART = {
    "LLM chat, event a feed": "a token in 240 bytes of JSON, read one by one",
    "LLM chat, 64 KiB": "the same, read 64 KiB at a time",
    "named events, event a feed": "a token with an event type, read one by one",
    "named events, 64 KiB": "the same, read 64 KiB at a time",
}
ENCODING_CHART = {
    "build and encode, 240 B, type and id": "make an event and encode it",
    "encode what is built, 240 B, type and id": "encode an existing event",
}
#: Clearer names for some competitors.
READERS_NAMES = {NODE: f"{NODE}, JS", FLOOR: "bare split loop"}

#: The competitor that the table and the chart of shapes compare with: the fastest Python library on nearly all streams.
RIVAL = "launchdarkly"
#: The chunkings in the chart of shapes, and the title of each there.
SHAPES_CHART = {"64 KiB": "read 64 KiB at a time", "event a feed": "read one event at a time"}

#: A row that takes more than this multiple of the baseline's time became slower.
SLOWER = 1.15


def label(row: Row) -> str:
    """Name a row."""
    return f"{row['workload']}, {row['chunks']}" if "curve" not in row else f"{row['curve']}: {row['x']}"


def _pass_seconds(row: Row) -> float:
    return Spread(*row["seconds"]).median * (row["events"] or 1)


def _problem(text: str) -> str:
    """The first words of a problem, which name its kind."""
    return text.partition(":")[0].partition(" (")[0]


def _fastest(row: Row) -> str:
    found = fastest(row)
    return f"x{number(found[1].median)} {found[0]}" if found else "none right"


def heading(result: Result) -> str:
    """Describe the run: versions, machine, date and rounds."""
    machine = result["machine"]
    return (
        f"sse-codec {result['versions'][OURS]}, {result['python']}; "
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; {result['date']}, {result['rounds']} rounds"
    )


def row_text(row: Row) -> str:
    """Format a row as a line: ours, the fastest correct Python library, and every competitor."""
    found = fastest(row)
    between = f" ({number(found[1].low)}-{number(found[1].high)})" if found else ""
    others = [
        f"{name} {_problem(peer['problem']) if 'problem' in peer else 'x' + number(peer['ratio'][1])}"
        for name, peer in row["peers"].items()
    ]
    ours = f"{Spread(*row['seconds']).median * 1e6:10.3f} us {row['bytes'] / _pass_seconds(row) / 1e6:6.0f} MB/s"
    return f"{label(row):46} {ours}   {_fastest(row) + between:34} | {', '.join(others)}"


def layers_text(row: Row) -> str:
    """Format a row of our layers as a line."""
    layers = [f"{name} x{number(peer['ratio'][1])}" for name, peer in row["layers"].items()]
    return f"{label(row):46} {Spread(*row['seconds']).median * 1e6:10.3f} us   {', '.join(layers)}"


def figure_text(figure: Row) -> str:
    """Format a figure as a line."""
    low, median, high = figure["value"]
    between = "" if low == high else f" ({number(low)}-{number(high)})"
    return f"{_figure_name(figure):82} {number(median)} {figure['unit']}{between}"


def slower(baseline: Result, result: Result) -> list[str]:
    """Return lines that name the rows that became slower.

    Each run's times are compared with its own yardstick, so that the machines may differ. Rows whose quartiles overlap
    are left out, because they vary more than they changed.
    """
    before = {label(row): Spread(*row["yardstick"]) for row in _rows(baseline)}
    lines = []
    for row in _rows(result):
        old, new = before.get(label(row)), Spread(*row["yardstick"])
        if old and new.median > SLOWER * old.median and new.low > old.high:
            lines.append(
                f"slower: {label(row)}: x{number(new.median / old.median)}"
                f" ({number(old.median)} times the yardstick, now {number(new.median)})"
            )
    return lines


def _rows(result: Result) -> Iterator[Row]:
    """All rows with a yardstick. Older results have no shapes and no layers."""
    for group in ("rows", "shapes", "layers"):
        yield from result.get(group, ())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(peer: Row | None) -> str:
    if peer is None:
        return ""
    if "problem" in peer:
        return str(peer["problem"])
    low, median, high = peer["ratio"]
    return f"{number(median)} ({number(low)}-{number(high)})"


_NOTE = """\
Written by `python benchmarks/report.py` from the JSON file beside it. Times are ours: microseconds for one event, or
for the whole stream if it has none. Others are shown as multiples of our time, with the quartiles; *fastest* is the
fastest Python library that gives the right result."""


def full_tables(result: Result) -> str:
    """Format all of a result in Markdown."""
    parts = [
        f"# {heading(result)}",
        _NOTE,
        "Versions: " + ", ".join(f"{name} {version}" for name, version in result["versions"].items()) + ".",
    ]
    groups = {
        "Decoding": [row for row in result["rows"] if FLOOR in row["peers"]],
        "Encoding": [row for row in result["rows"] if encoders.FLOOR in row["peers"]],
        "Shapes": result.get("shapes"),
        "Curves": result["curves"],
    }
    for title, rows in groups.items():
        if rows:
            names = list(dict.fromkeys(name for row in rows for name in row["peers"]))
            body = [
                [
                    row.get("curve") or label(row),
                    f"{row['bytes']:,}",
                    *([row["chunks"]] if title == "Curves" else []),
                    number(row["seconds"][1] * 1e6),
                    number(row["bytes"] / _pass_seconds(row) / 1e6),
                    _fastest(row),
                    *(_cell(row["peers"].get(name)) for name in names),
                ]
                for row in rows
            ]
            chunks = ["chunks"] if title == "Curves" else []
            parts += [f"## {title}", table(["row", "bytes", *chunks, "µs", "MB/s", "fastest", *names], body)]
    if result.get("layers"):
        parts += ["## Layers", _layers_table(result["layers"])]
    parts += ["## Figures", table(["figure", "value"], _figures(result, all_libraries=True))]
    return "\n\n".join(parts) + "\n"


def _grid(rows: Sequence[Row]) -> tuple[list[str], dict[str, dict[str, Row]]]:
    """Return all chunkings, and each stream's rows by chunking."""
    grid: dict[str, dict[str, Row]] = {}
    for row in rows:
        grid.setdefault(row["workload"].partition(": ")[2], {})[row["chunks"]] = row
    return list(dict.fromkeys(row["chunks"] for row in rows)), grid


def _shapes_table(rows: Sequence[Row]) -> str:
    """Format, for each shape, the rival's time as a multiple of ours, and our microseconds."""
    chunkings, grid = _grid(rows)

    def cell(row: Row | None) -> str:
        if row is None:
            return ""
        peer = row["peers"].get(RIVAL, {"problem": "not there"})
        other = _problem(peer["problem"]) if "problem" in peer else f"x{number(peer['ratio'][1])}"
        return f"**{other}**; {number(row['seconds'][1] * 1e6)}"

    return table(
        ["shape", *chunkings], ([name, *(cell(found.get(c)) for c in chunkings)] for name, found in grid.items())
    )


def _layers_table(rows: Sequence[Row]) -> str:
    """Format, for each stream, the microseconds of `Decoder`, and every layer's time as a multiple of them."""
    names = list(dict.fromkeys(name for row in rows for name in row["layers"]))
    body = (
        [
            label(row).partition(": ")[2],
            number(row["seconds"][1] * 1e6),
            *(_cell(row["layers"].get(name)) for name in names),
        ]
        for row in rows
    )
    return table(["stream", "Decoder, µs", *(f"{name}, x" for name in names)], body)


def _figures(result: Result, *, all_libraries: bool) -> Iterator[list[str]]:
    for figure in result["figures"]:
        if all_libraries or figure["library"] == OURS:
            low, median, high = map(number, figure["value"])
            yield [_figure_name(figure), f"{median} {figure['unit']}" + ("" if low == high else f" ({low}-{high})")]


def _figure_name(figure: Row) -> str:
    return f"{figure['name']}{'' if figure['library'] == OURS else ': ' + figure['library']}"


def _columns(results: Sequence[Result]) -> list[str]:
    return [result["python"].replace("CPython ", "") for result in results]


def summary(results: Sequence[Result]) -> str:
    """Format the tables of the README, with measurements in rows and interpreters in columns."""
    found = [{label(row): row for row in result["rows"]} for result in results]

    def cell(row: Row | None) -> str:
        if row is None:
            return ""
        node = row["peers"].get(NODE, {}).get("ratio")
        return f"{number(row['seconds'][1] * 1e6)}; **{_fastest(row)}**" + (f"; V8 x{number(node[1])}" if node else "")

    names = dict.fromkeys(name for rows in found for name in rows)
    figures = [dict(_figures(result, all_libraries=False)) for result in results]
    figure_names = dict.fromkeys(name for values in figures for name in values)
    columns = _columns(results)
    return "\n\n".join(
        [
            "\n".join(f"- [{heading(result)}](results/{stem(result)}.md)" for result in results),
            table(["row", *columns], ([name, *(cell(rows.get(name)) for rows in found)] for name in names)),
            table(["figure", *columns], ([name, *(v.get(name, "") for v in figures)] for name in figure_names)),
            *_titled("Shapes", "shapes", _shapes_table, results),
            *_titled("Layers", "layers", _layers_table, results),
        ]
    )


#: The rows in docs/performance.md: the name there, and the start (and end) of the labels here that it sums up.
_FRONT_DECODING: dict[str, tuple[str, ...]] = {
    "data alone, one event a feed": ("LLM chat, event a feed",),
    "data alone, in 64 KiB": ("LLM chat, 64 KiB",),
    "data alone, in 1400 bytes": ("LLM chat, 1400 B",),
    "data alone, in 16 bytes": ("LLM chat, 16 B",),
    "event type and data, one event a feed": ("named events, event a feed",),
    "event type and data, in 64 KiB": ("named events, 64 KiB",),
    "all shapes, one event a feed": ("shape: ", ", event a feed"),
    "all shapes, in 64 KiB": ("shape: ", ", 64 KiB"),
}
_FRONT_ENCODING: dict[str, tuple[str, ...]] = {
    "encode an event": ("encode what is built, 240 B, data only",),
    "build and encode it": ("build and encode, 240 B, data only",),
}


def _span(values: Iterable[float], form: str) -> str:
    """Format the smallest and the largest of some values."""
    ordered = [f"{value:{form}}" for value in sorted(values)]
    return " to ".join(dict.fromkeys((ordered[0], ordered[-1]))) if ordered else "-"


def _front_cell(result: Result, parts: tuple[str, ...], names: Sequence[str]) -> str:
    """Format our time in all matching rows, and the others' times as multiples of it."""
    rows = [row for row in _rows(result) if label(row).startswith(parts[0]) and label(row).endswith(parts[-1])]
    if not rows:
        return ""
    ratios = ([row["peers"].get(name, {}).get("ratio") for row in rows] for name in names)
    others = [_span((ratio[1] for ratio in found if ratio), ".1f") for found in ratios]
    return f"{_span((row['seconds'][1] * 1e6 for row in rows), '.2f')} µs; {', '.join(others)}"


def front(results: Sequence[Result]) -> str:
    """Format the tables of docs/performance.md, with interpreters in columns."""
    columns = _columns(results)
    measured = [
        [row["layers"] for row in result.get("layers", ()) if row["chunks"] in SHAPES_CHART] for result in results
    ]
    names = dict.fromkeys(name for layers in measured for layer in layers for name in layer)

    def rows(parts: dict[str, tuple[str, ...]], *others: str) -> Iterator[list[str]]:
        for name, about in parts.items():
            yield [name, *(_front_cell(result, about, others) for result in results)]

    def layer_cell(layers: list[Row], name: str) -> str:
        return _span((layer[name]["ratio"][1] for layer in layers), ".1f") if layers else ""

    return "\n\n".join(
        [
            table(["decoding", *columns], rows(_FRONT_DECODING, RIVAL, "httpx-sse")),
            table(["encoding", *columns], rows(_FRONT_ENCODING, "sse-starlette")),
            table(
                ["other ways to read", *columns], ([name, *(layer_cell(m, name) for m in measured)] for name in names)
            ),
        ]
    )


def _titled(title: str, group: str, make: Callable[[Sequence[Row]], str], results: Sequence[Result]) -> Iterator[str]:
    """Yield the table of each result that has such rows, under its interpreter's heading."""
    for column, result in zip(_columns(results), results, strict=True):
        if result.get(group):
            yield f"### {title}, {column}"
            yield make(result[group])


def _shape_bars(rows: Sequence[Row], chunking: str) -> Bars:
    _, grid = _grid(rows)
    ratios = {name: found[chunking]["peers"].get(RIVAL, {}).get("ratio") for name, found in grid.items()}
    values = [(name, found[1] if found else "(none)") for name, found in ratios.items()]
    return Bars(SHAPES_CHART[chunking], values, "x", grid, names=190, mark=(1.0, "as fast"))


def _bars(result: Result, name: str, title: str, unit: str, scale: float) -> Bars:
    """Draw a row as bars under a title."""
    row = next(row for row in result["rows"] if label(row) == name)
    seconds = row["seconds"][1] * scale
    bars: list[tuple[str, float | str]] = [(OURS, seconds)]
    bars += [
        (
            READERS_NAMES.get(peer, peer),
            f"({_problem(found['problem'])})" if "problem" in found else seconds * found["ratio"][1],
        )
        for peer, found in row["peers"].items()
    ]
    bars.sort(key=lambda bar: bar[1] if isinstance(bar[1], float) else float("inf"))
    return Bars(title, bars, unit, OUR_NAMES)


def _lines(result: Result, curve: str, x: str) -> Lines:
    """Draw our curve and that of every competitor with right results."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in (row for row in result["curves"] if row["curve"] == curve):
        seconds = _pass_seconds(row)
        curves.setdefault(OURS, []).append((row["x"], seconds))
        for name, peer in row["peers"].items():
            if "ratio" in peer:
                curves.setdefault(READERS_NAMES.get(name, name), []).append((row["x"], seconds * peer["ratio"][1]))
    return Lines(curve, list(curves.items()), x, OURS)


def charts(results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    """Draw the charts of the newest interpreter; yield each one's name and SVG."""
    shown = max(results, key=_version)
    names = {label(row) for row in shown["rows"]}
    for chart, rows, unit, scale, title, meaning in (
        (
            "decoding",
            DECODING_CHART,
            "µs",
            1e6,
            "Time to decode an event",
            "In microseconds. A shorter bar is better.",
        ),
        (
            "encoding",
            ENCODING_CHART,
            "ns",
            1e9,
            "Time to encode an event",
            "240 bytes of JSON with a type and an id, in nanoseconds. A shorter bar is better.",
        ),
    ):
        if names.issuperset(rows):
            bars = [_bars(shown, row, panel, unit, scale) for row, panel in rows.items()]
            yield chart, draw(title, meaning, bars, _notes(shown))
    if shown.get("shapes"):
        bars = [_shape_bars(shown["shapes"], chunking) for chunking in SHAPES_CHART]
        yield (
            "shapes",
            draw(
                f"How many times as fast as {RIVAL}-eventsource",
                "By the fields of an event. Where a bar passes the line, sse-codec is faster.",
                bars,
                _notes(shown),
            ),
        )
    for curved in sorted((result for result in results if result["curves"]), key=_version)[-1:]:
        panels = [
            _lines(curved, curve, "bytes of a chunk" if "size of the chunks" in curve else "bytes of the stream")
            for curve in dict.fromkeys(row["curve"] for row in curved["curves"])
        ]
        yield (
            "scaling",
            draw(
                "Time to decode a whole stream",
                "Lower is better. Each grid line is four times the size, or ten times the time.",
                panels,
                _notes(curved),
            ),
        )


def _notes(result: Result) -> list[str]:
    """A chart's small print: the machine and the versions."""
    others = [f"{name} {version}" for name, version in result["versions"].items() if name != OURS]
    return [heading(result), *textwrap.wrap(", ".join(others), 170)]


def _version(result: Result) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", result["python"]))


def stem(result: Result) -> str:
    """Return the name of a result's files, without suffix."""
    python, version = str(result["python"]).lower().split()
    return f"{python}-{'.'.join(version.split('.')[:2])}"


def keep(result: Result, folder: Path = HERE) -> None:
    """Save a result, and update everything generated from results."""
    (folder / "results").mkdir(exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (folder / "results" / f"{stem(result)}.json").write_text(text + "\n", encoding="utf-8")
    publish(folder)


def read(folder: Path = HERE) -> list[Result]:
    """Return all results, in display order."""
    paths = (folder / "results").glob("*.json")
    return sorted((json.loads(path.read_text(encoding="utf-8")) for path in paths), key=_version)


def publish(folder: Path = HERE) -> None:
    """Write the tables and the charts from the JSON files."""
    results = read(folder)
    for result in results:
        (folder / "results" / f"{stem(result)}.md").write_text(full_tables(result), encoding="utf-8")
    (folder / "charts").mkdir(exist_ok=True)
    for name, svg in charts(results):
        (folder / "charts" / f"{name}.svg").write_text(svg, encoding="utf-8")
    _put(folder / "README.md", START, END, summary(results))
    _put(folder.parent / "docs" / "performance.md", FRONT_START, FRONT_END, front(results))


def _put(page: Path, start: str, end: str, text: str) -> None:
    """Replace the text between two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    publish()
