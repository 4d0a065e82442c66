"""How the command line looks to people: colours, events and findings as blocks of text, progress, statistics.

Only for what is a terminal. Into pipes and files go JSON lines, or findings as their own text, without a colour. Other
people's text is escaped, so that no stream can drive the terminal.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

from sse_codec._grammar import DEFAULT_EVENT
from sse_codec.lint._json import json_fault
from sse_codec.lint._text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from sse_codec._event import Comment, ServerSentEvent
    from sse_codec.lint import Finding

_BOLD, _DIM, _RED, _YELLOW, _CYAN = "1", "2", "1;31", "1;33", "36"

#: Files below this are read in a moment.
_SHOW_PROGRESS_FROM = 16 * 1024 * 1024

#: How far JSON is indented: a stream can nest without end, and what is laid out must not grow with the square of it.
_DEEPEST = 40

#: How many event types are counted by name: a stream can invent them without end.
_COUNTED_TYPES = 50


#: How much of a payload is laid out at a time: escaping takes much more room than the text.
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
    """Lay out an event: a line of what it is, and its payload indented; with `json` as a tree, where it is JSON."""
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
    """Yield a text, given in parts, in pieces of some size, with each line indented and what does not print escaped."""
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
    """Lay out a JSON text over lines, one for each member; strings and numbers stay as they were written."""
    depth, opened = 0, False
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[][{},:]|[^][{},:"\s]+', text):
        piece = match[0]
        closes = piece in "]}"
        depth -= closes
        if closes != opened:  # something stands in the brackets
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
    """Lay out a finding, which is its own text, and a blank line; with the file's name, if there are several."""
    colour = _RED if finding.severity == "error" else _YELLOW
    head, text, caret, effect, fix = str(finding).split("\n")
    name, place = head.split("]", 1)
    place = f" {printable(file)},{place}" if file else place
    return "\n".join((paint(f"{name}]", colour) + place, text, paint(caret, colour), effect, paint(fix, _BOLD), "", ""))


class Progress:
    """How much of a large file is read, on one line of a terminal."""

    def __init__(self, stream: TextIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._read = 0
        self._shown = -1
        self._on = stream.isatty() and size >= _SHOW_PROGRESS_FROM

    def add(self, size: int) -> None:
        """Note that so many bytes more are read."""
        self._read += size
        percent = min(self._read * 100 // self._size, 100) if self._on else -1
        if percent != self._shown:
            self._shown = percent
            self._stream.write(f"\r{percent:3} % of {self._size / 2**20:.0f} MiB")
            self._stream.flush()

    def clear(self) -> None:
        """Take the line away, until there is more to say."""
        if self._shown >= 0:
            self._shown = -1
            self._stream.write("\r\x1b[K")
            self._stream.flush()


class Statistics:
    """What came of a stream: events, their types, bytes, comments, and the time between events."""

    def __init__(self) -> None:
        self.bytes = 0
        self.comments = 0
        self._types: Counter[str] = Counter()
        self._start = time.monotonic()
        self._first: float | None = None
        self._latest = self._start
        self._longest = 0.0

    def event(self, event: ServerSentEvent) -> None:
        """Count an event that has come now."""
        known = event.event in self._types or len(self._types) < _COUNTED_TYPES
        self._types[event.event if known else "(others)"] += 1
        now = time.monotonic()
        if self._first is None:
            self._first = now
        else:
            self._longest = max(self._longest, now - self._latest)
        self._latest = now

    def text(self, *, live: bool) -> str:
        """Lay it out; the times only for a stream that came as it was made, and not from a file."""
        events = self._types.total()
        types = ", ".join(f"{printable(name)} {count:,}" for name, count in self._types.most_common())
        rows = [
            ("events", f"{events:,}" + (f" ({types})" if types else "")),
            ("bytes", f"{self.bytes:,}"),
            ("comments", f"{self.comments:,} (keep-alives)" if self.comments else "0"),
        ]
        if live and self._first is not None:
            rows.append(("first event", f"after {self._first - self._start:.3f} s"))
            if events > 1:
                mean = (self._latest - self._first) / (events - 1)
                rows.append(("between events", f"{mean:.3f} s on average, {self._longest:.3f} s at most"))
        return "".join(f"{name + ':':<16}{value}\n" for name, value in rows)
