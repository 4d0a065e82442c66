"""The layout for people: colours, events and findings as blocks of text, progress, statistics.

It is for terminals. Pipes and files get JSON lines, or findings as plain text without colours. Other people's text is
escaped, so that no stream can control the terminal.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

from sse_codec._grammar import DEFAULT_EVENT
from sse_codec._text import printable
from sse_codec.lint._json import json_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from sse_codec._event import Comment, ServerSentEvent
    from sse_codec.lint import Finding

_BOLD, _DIM, _RED, _YELLOW, _CYAN = "1", "2", "1;31", "1;33", "36"

#: In bytes. Smaller files take so little time that they need no progress.
_SHOW_PROGRESS_FROM = 16 * 1024 * 1024

#: The deepest indentation of JSON. A stream can nest without limit, and the layout must not grow with its square.
_DEEPEST = 40

#: How many event types to count by name. A stream can invent any number of them.
_COUNTED_TYPES = 50


#: How many characters of a payload to lay out at a time: escaping takes much more memory than the text.
_PIECE = 64 * 1024


class Paint:
    """Colours text for a stream.

    Args:
        stream: where the text goes.
        when: "always", "never", or "auto": on a terminal unless TERM is "dumb", never if NO_COLOR is set
            (https://no-color.org), and always if FORCE_COLOR is (https://force-color.org).
    """

    def __init__(self, stream: TextIO, when: str = "auto") -> None:
        if when == "auto":
            terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
            self._on = not os.environ.get("NO_COLOR") and (terminal or bool(os.environ.get("FORCE_COLOR")))
        else:
            self._on = when == "always"

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._on else text


def event_block(event: ServerSentEvent, paint: Paint, *, json: bool = False) -> Iterator[str]:
    """Lay out an event: a line with its type, id and retry, and the indented payload; with `json`, JSON as a tree."""
    head = [paint(printable(event.event), _DIM if event.event == DEFAULT_EVENT else _CYAN)]
    if event.id is not None:
        head.append(paint(f"id {printable(event.id)}", _DIM))
    if event.retry is not None:
        head.append(paint(f"retry {event.retry} ms", _DIM))
    yield "  ".join(head) + "\n"
    tree = json and not json_fault(event.data)
    yield from _indented(_tree(event.data) if tree else (event.data,), "  ")


def payload_block(event: ServerSentEvent) -> Iterator[str]:
    """Lay out a payload alone."""
    return _indented((event.data,), "")


def _indented(parts: Iterable[str], indent: str) -> Iterator[str]:
    """Join parts of a text; yield it in pieces, with lines indented and characters that can't be printed escaped."""
    yield indent
    held: list[str] = []
    size = 0
    for part in parts:
        for at in range(0, len(part), _PIECE):
            text = part[at : at + _PIECE]
            held.append(text)
            size += len(text)
            if size >= _PIECE:
                yield _printable_lines("".join(held), indent)
                held.clear()
                size = 0
    yield _printable_lines("".join(held), indent) + "\n"


def _printable_lines(text: str, indent: str) -> str:
    return f"\n{indent}".join(map(printable, text.split("\n")))


def _tree(text: str) -> Iterator[str]:
    """Lay out a JSON text with one line for each member. Strings and numbers stay as written."""
    depth, opened = 0, False
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[][{},:]|[^][{},:"\s]+', text):
        piece = match[0]
        closes = piece in "]}"
        depth -= closes
        if closes != opened:  # the brackets are not empty
            yield _new_line(depth)
        opened = piece in "[{"
        depth += opened
        yield piece
        if piece == ",":
            yield _new_line(depth)
        elif piece == ":":
            yield " "


def _new_line(depth: int) -> str:
    return "\n" + "  " * min(depth, _DEEPEST)


def comment_line(comment: Comment, paint: Paint) -> str:
    """Lay out a comment."""
    return paint(f": {printable(comment.text)}", _DIM) + "\n"


def finding_block(finding: Finding, paint: Paint, file: str = "") -> str:
    """Lay out a finding and a blank line; with `file`, its name comes before the place."""
    colour = _RED if finding.severity == "error" else _YELLOW
    head, text, caret, effect, fix = str(finding).split("\n")
    name, place = head.split("]", 1)
    place = f" {printable(file)},{place}" if file else place
    return "\n".join((paint(f"{name}]", colour) + place, text, paint(caret, colour), effect, paint(fix, _BOLD), "", ""))


class Progress:
    """Shows how much of a large file was read, on one line of a terminal."""

    def __init__(self, stream: TextIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._shown = -1
        self._on = stream.isatty() and size >= _SHOW_PROGRESS_FROM

    def show(self, read: int) -> None:
        """Show the progress after this many bytes."""
        percent = min(read * 100 // self._size, 100) if self._on else -1
        if percent != self._shown:
            self._shown = percent
            self._stream.write(f"\r{percent:3} % of {self._size / 2**20:.0f} MiB")
            self._stream.flush()

    def clear(self) -> None:
        """Clear the line until the next change."""
        if self._shown >= 0:
            self._shown = -1
            self._stream.write("\r\x1b[K")
            self._stream.flush()


class Statistics:
    """Statistics of a stream: events and their types, comments, and the time between events."""

    def __init__(self) -> None:
        self.comments = 0
        self._types: Counter[str] = Counter()
        self._start = time.monotonic()
        self._first: float | None = None
        self._latest = self._start
        self._longest = 0.0

    def event(self, event: ServerSentEvent) -> None:
        """Count an event that arrived now."""
        known = event.event in self._types or len(self._types) < _COUNTED_TYPES
        self._types[event.event if known else "(others)"] += 1
        now = time.monotonic()
        if self._first is None:
            self._first = now
        else:
            self._longest = max(self._longest, now - self._latest)
        self._latest = now

    def text(self, size: int, *, live: bool) -> str:
        """Lay them out, with the stream's size in bytes; with times only for a live stream, not for a file."""
        events = self._types.total()
        types = ", ".join(f"{printable(name)} {count:,}" for name, count in self._types.most_common())
        rows = [
            ("events", f"{events:,}" + (f" ({types})" if types else "")),
            ("bytes", f"{size:,}"),
            ("comments", f"{self.comments:,} (keep-alives)" if self.comments else "0"),
        ]
        if live and self._first is not None:
            rows.append(("first event", f"after {self._first - self._start:.3f} s"))
            if events > 1:
                mean = (self._latest - self._first) / (events - 1)
                rows.append(("between events", f"{mean:.3f} s on average, {self._longest:.3f} s at most"))
        return "".join(f"{name + ':':<16}{value}\n" for name, value in rows)
