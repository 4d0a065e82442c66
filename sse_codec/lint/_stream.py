"""Checks of a whole stream: its use of spaces and line ends, its ids, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sse_codec._errors import show

if TYPE_CHECKING:
    from ._finding import Place
    from ._report import Report

#: How many of the latest ids are remembered, to find duplicates. They take about 10 MB.
REMEMBERED_IDS = 100_000

_LINE_ENDS = {b"\n": "LF", b"\r\n": "CRLF"}

#: First bytes of a payload that is not free text.
FORMATTED = b'{["}]'


class Spacing:
    """Finds spaces after payloads, and spaces before payloads that the format drops.

    A text may begin and end with intended spaces, so one text proves nothing. The spaces are a mistake if all texts end
    in one, or if some texts come after a space and some do not. JSON and "[DONE]" never have intended spaces.
    """

    __slots__ = ("_report", "_spaced", "_tight", "_trailing", "_trimmed")

    def __init__(self, report: Report) -> None:
        self._report = report
        self._spaced: Place | None = None  # the first text after "data: "
        self._tight = False  # whether a text has come right after "data:"
        self._trailing: Place | None = None  # the first payload with a space after it
        self._trimmed = False  # whether a text without a space after it has come

    @property
    def settled(self) -> bool:
        """Whether another text after "data: " without a space at its end would change nothing."""
        return self._spaced is not None and self._trimmed and not self._tight

    def look(self, value: bytes, place: Place, *, spaced: bool) -> None:
        """Check a value, which is not empty; `spaced` says whether a space was before it."""
        is_text = value.lstrip()[:1] not in FORMATTED
        trimmed = value.rstrip(b" \t")
        if len(trimmed) == len(value):
            self._trimmed = self._trimmed or is_text
        else:
            if self._trailing is None:
                self._trailing = place.moved(place.at + len(trimmed))
            if not is_text and trimmed.endswith((b"}", b"]", b'"')):
                self._report_trailing(self._trailing)
        if is_text:
            if not spaced:
                self._tight = True
            elif self._spaced is None:
                self._spaced = place.moved(place.at - 1)
        if self._tight and self._spaced is not None:
            self._report.add_habit(
                "missing-space", self._spaced, "a space after the colon, where other texts of the stream have none"
            )

    def end(self) -> None:
        """End the stream."""
        if self._trailing is not None and not self._trimmed:
            self._report_trailing(self._trailing)

    def _report_trailing(self, place: Place) -> None:
        self._report.add_habit("trailing-space", place, "white space at the end of a payload")


class LineEnds:
    """Finds line ends that are a CR alone, and line ends that change within a stream."""

    __slots__ = ("_report", "usual")

    def __init__(self, report: Report) -> None:
        self._report = report
        self.usual = b""  # LF or CRLF, whichever came first

    def look(self, end: bytes, place: Place) -> None:
        """Check a line end that is not the usual one."""
        if end == b"\r":
            self._report.add_habit("bare-cr", place, "a line that ends in CR alone")
        elif not self.usual:
            self.usual = end
        else:
            names = _LINE_ENDS[end], _LINE_ENDS[self.usual]
            self._report.add_habit(
                "mixed-line-ends", place, f"a line that ends in {names[0]}, after others that end in {names[1]}"
            )


class Ids:
    """Finds duplicates among the latest ids."""

    __slots__ = ("_lines", "_report")

    def __init__(self, report: Report) -> None:
        self._report = report
        self._lines: dict[int, int] = {}  # the line of each id, by the id's hash

    def look(self, value: str, place: Place) -> None:
        """Check the id of a block that has ended. An empty id resets the last event ID, and may be repeated."""
        if not value:
            return
        key = hash(value)
        if key in self._lines:
            self._report.add("duplicate-id", place, f"the id {show(value)}, already used in line {self._lines[key]}")
        self._lines[key] = place.line
        if len(self._lines) > REMEMBERED_IDS:
            del self._lines[next(iter(self._lines))]


class Sentinel:
    """Finds out whether a stream ends with its sentinel, the payload that marks the end."""

    __slots__ = ("_came", "_last", "_report", "expected")

    def __init__(self, report: Report, expected: str | None) -> None:
        self._report = report
        self.expected = expected
        self._came = 0  # the line of the latest one
        self._last: str | None = None  # the latest payload, or its start

    def look(self, data: str, line: int) -> None:
        """Check the payload of an event."""
        if data == self.expected:
            self._came = line
        self._last = data[: len(self.expected or "") + 100]

    def end(self, place: Place) -> None:
        """End the stream."""
        if self.expected is None or self._last == self.expected:
            return
        what = f"the stream does not end with the sentinel {show(self.expected)}"
        fix = None
        if self._came:
            what, fix = f"{what}: it came in line {self._came}, and events follow it", "send nothing after it"
        elif self._last is None:
            what = f"{what}: it has no events"
        else:
            what = f"{what}, but with {show(self._last)}"
        self._report.add("missing-sentinel", place, what, fix=fix)
