"""Checks of a payload: the joined data lines of one block."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ._finding import Place
from ._json import constant, has_constant, json_fault

if TYPE_CHECKING:
    from ._report import Report

_PREFIX = b"data: "


class Payload:
    """The data lines of a block in progress, each followed by LF, and the place of each in the stream.

    It keeps the values, and 17 bytes for each line.
    """

    __slots__ = ("_lines", "_offsets", "_starts", "data")

    def __init__(self) -> None:
        self.data = bytearray()
        self._lines = array("Q")
        self._offsets = array("Q")
        self._starts = array("B")

    def add(self, value: bytes, line: int, offset: int, start: int) -> None:
        """Add the value of a line. The line begins at an offset of the stream, the value at a byte of the line."""
        self.data += value
        self.data += b"\n"
        self._lines.append(line)
        self._offsets.append(offset)
        self._starts.append(start)

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def text(self) -> str:
        """Return the data as a client receives it."""
        return self.data[:-1].decode("utf-8", "replace")

    def place(self, at: int) -> Place:
        """Return the place in the stream of a byte of the data."""
        index = self.data.count(b"\n", 0, at)
        first = self.data.rfind(b"\n", 0, at) + 1
        start = self._starts[index]
        body = _PREFIX[:start] + bytes(self.data[first : self.data.find(b"\n", at)])
        return Place(self._lines[index], self._offsets[index], body, start + at - first)

    def place_in_text(self, position: int) -> Place:
        """Return the place in the stream of a character of the text."""
        return self.place(_bytes_of(self.data, position))


def _bytes_of(data: bytearray, characters: int) -> int:
    """Return the number of bytes that make the first characters of a text, in which U+FFFD replaces invalid UTF-8."""
    try:
        return len(data.decode()[:characters].encode())
    except UnicodeDecodeError:
        ends = range(len(data) + 1)
        return bisect_right(ends, characters, key=lambda end: len(data[:end].decode("utf-8", "replace"))) - 1


class Illness(NamedTuple):
    """What is wrong with a payload, and at which character."""

    code: str
    kind: str
    position: int
    what: str
    fix: str


#: How payloads may start that were printed instead of encoded.
PRINTED = (
    "b'",
    'b"',
    "bytearray(b",
    "{'",
    "[object ",
    "<",
    "undefined",
    "None",
    "ServerSentEvent(",
    "ReceivedEvent(",
    "System.",
)

#: How payloads end whose line ends were written as escapes.
ESCAPED = (r"\n\n", r"\r\n\r\n")

#: How JSON ends, by its first character.
_ENDS = {"{": "}", "[": "]"}

_DATA_URL = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*,")
_BYTES = re.compile(r"""(?:bytearray\()?b(['"]).*\1\)?""", re.DOTALL)
_DICT = re.compile(r"\{'[^']*': ")
_OBJECT = re.compile(r"<[\w.]+ (?:object|at|[\w.<>]+ at)\b.* ?0x[0-9a-fA-F]+>|<class '[\w.]+'>")
_EVENT = re.compile(r"(?:ServerSent|Received)Event\(.*\)", re.DOTALL)
_DOTNET = re.compile(r"System\.[\w.]+(?:`\d+)?(?:\[.*\])?")
_NONE = re.compile("None")
_NIL = re.compile("<nil>")
_JAVASCRIPT = re.compile(r"\[object \w+\]|undefined")
_FIELD_INSIDE = re.compile(r"data: ?(?=[{\[])")
_FIELD_AFTER = re.compile(r"[}\]]((?:data|event):)")
_IN_A_STRING = re.compile(r'"(?:data|event): ?(?:[^"\\]|\\[^n])*\\n')
_STRING_OF_JSON = re.compile(r'"(?:\s|\\[nrt])*[{\[]')
_SENTINEL = re.compile(r"\[[A-Z_ ]+\]")

_SEPARATE = "end each event with a line end and a blank line"
_ONCE = 'write "data: " once: probably two layers each add it'
_VALUE = "encode the value, for example as JSON, instead of printing it"


def may_be_ill(text: str) -> bool:
    """Tell whether a payload of one line has any sign of what `diagnose` and `look_for_constants` find."""
    if "data:" in text or "}{" in text or text.startswith(PRINTED):
        return True
    if text[:1] in _ENDS and _ENDS[text[0]] != text[-1:]:
        return True
    return ("N" in text and "NaN" in text) or ("I" in text and "Infinity" in text)


def diagnose(text: str) -> Illness | None:
    """Find what is wrong with the framing of a payload, or with its conversion to text."""
    return _twice(text) or _printed(text) or _glued(text)


def _twice(text: str) -> Illness | None:
    if _IN_A_STRING.match(text):
        what = "a payload that is an event in a JSON string: the framing was applied twice"
        return Illness("broken-framing", "twice", 0, what, _ONCE)
    at = 0 if text.startswith("data:") else text.find("\ndata:") + 1
    if not text.startswith("data:", at) or _DATA_URL.match(text, at):
        return None
    what = 'a payload that starts with "data:": the framing was applied twice'
    return Illness("broken-framing", "twice", at, what, _ONCE)


def _printed(text: str) -> Illness | None:
    """Find a value that was converted to text by printing it."""
    for pattern, name, fix in (
        (_BYTES, "the repr of Python bytes", "decode the bytes before you put them into the payload"),
        (_OBJECT, "the repr of a Python object", _VALUE),
        (_EVENT, "the repr of an event", "encode it with sse_codec.encode"),
        (_NONE, "Python's None, printed instead of encoded", "send null as JSON, or leave the event out"),
        (_NIL, "Go's nil, printed instead of encoded", "send null as JSON, or leave the event out"),
        (_JAVASCRIPT, "a JavaScript value, printed instead of encoded", "send JSON.stringify(value)"),
        (_DOTNET, "a .NET value, printed instead of encoded", "send JsonSerializer.Serialize(value)"),
    ):
        if pattern.fullmatch(text):
            return Illness("broken-framing", "printed", 0, f"a payload that is {name}", fix)
    if _DICT.match(text):
        what = "a payload that is the repr of a Python dict"
        return Illness("broken-framing", "printed", 0, what, "send json.dumps(value): JSON has double quotes")
    return None


def encoded_twice(text: str) -> Illness | None:
    """Find an object or a list in a payload that is a JSON string."""
    import json

    if text[:1] != '"' or not _STRING_OF_JSON.match(text):
        return None
    inner = json.loads(text)
    if json_fault(inner) is not None:
        return None
    what = "a payload that was encoded as JSON twice: a string that contains JSON"
    return Illness("broken-framing", "encoded twice", 0, what, "encode the value once: it may be JSON text already")


def _glued(text: str) -> Illness | None:
    """Find a second payload that starts inside the first."""
    fault = json_fault(text)
    if fault is None:
        return None
    if text[:1] in {"{", "["}:
        if "\n" in text and (found := _next_line(text, fault.position)):
            return found
        near = [found.start() for found in _FIELD_INSIDE.finditer(text, 1) if abs(found.start() - fault.position) < 16]
        if near:
            return _two(near[0], 'a second "data:"')
        if fault.reason == "Extra data" and text[fault.position] in "{[":
            return _two(fault.position, "a second payload")
    after = _FIELD_AFTER.search(text)
    return _two(after.start(1), f'"{after[1]}"') if after else None


def _two(position: int, what: str) -> Illness:
    return Illness(
        "broken-framing", "glued", position, f"{what} inside a payload: a line end was lost before it", _SEPARATE
    )


def _next_line(text: str, position: int) -> Illness | None:
    """Find the line, at or after a fault in JSON, that is a separate payload."""
    start = text.rfind("\n", 0, position) + 1
    if text[position : position + 1] == "\n":
        start = position + 1
    elif position == len(text):  # the only fault is that it did not end
        start = text.rfind("\n") + 1
    line = text[start:].partition("\n")[0]
    if not start or line[:1] not in {"{", "["} or not (json_fault(line) is None or _SENTINEL.fullmatch(line)):
        return None
    whole = json_fault(text[:start]) is None
    what = "another payload in the same event" if whole else "a payload that starts inside an unfinished one"
    return Illness(
        "missing-blank-line",
        "",
        start,
        f"{what}: the blank line before it is missing",
        "end every event with a blank line",
    )


def look_for_constants(report: Report, payload: Payload, text: str) -> None:
    """Look for NaN and Infinity in text that is otherwise JSON."""
    if ("NaN" in text or "Infinity" in text) and text.startswith(("{", "[")) and has_constant(text):
        at = constant(text)
        name = "NaN" if text.startswith("NaN", at) else "Infinity"
        report.add("nan-in-json", payload.place_in_text(at), f"{name} in JSON")
