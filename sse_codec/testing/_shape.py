"""The shape of events that the tested code expects: JSON payloads, a few types, required fields.

The searches draw any events and streams. A shape turns each into the nearest one that the tested code accepts: it puts
the text into JSON, replaces the type with an allowed one, and adds missing fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as with_seed
from hypothesis import settings as Settings  # noqa: N812  # a class
from hypothesis import strategies as st

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import BOM, DEFAULT_EVENT

from ._options import one_of
from ._report import event_members
from ._rules import Line, lines_of

T = TypeVar("T")

_REQUIRABLE = ("id", "event", "retry")
#: How many payloads to draw from a strategy.
_SAMPLES = 100


class Shape(NamedTuple):
    """The shape of all events. By default, any events."""

    #: Whether payloads are JSON.
    json: bool = False
    #: The allowed payloads, the simplest first. Empty means any.
    samples: Sequence[str] = ()
    #: The allowed event types. Empty means any.
    types: Sequence[str] = ()
    #: The fields that every event must have.
    required: Collection[str] = ()

    @property
    def is_any(self) -> bool:
        return not (self.json or self.samples or self.types or self.required)

    def same(self, got: Any, should: str) -> bool:
        """Tell whether data is right: the text itself or, for JSON, the value that it stands for."""
        if got == should:
            return True
        if not self.json:
            return False
        meant = json.loads(should)
        try:
            return bool(got == meant or (isinstance(got, str) and json.loads(got) == meant))
        except ValueError:
            return False

    # Events.

    def event(self, event: ServerSentEvent, spoilt: str = "") -> ServerSentEvent:
        """Return an event in this shape. A field that can't be sent (`spoilt`) stays as it is."""
        if self.is_any:
            return event
        parts = event_members(event)
        if spoilt != "data" and self.samples:
            parts["data"] = _chosen(self.samples, event.data.encode("utf-8", "surrogatepass"))
        elif self.json:
            parts["data"] = _as_json(event.data)
        if spoilt != "event":
            parts["event"] = self._type(event.event)
        if event.id is None and "id" in self.required:
            parts["id"] = "1"
        if event.retry is None and "retry" in self.required:
            parts["retry"] = 7
        return ServerSentEvent(**parts)

    def _type(self, name: str) -> str:
        types = self.types or (("a",) if "event" in self.required and name in {"", DEFAULT_EVENT} else ())
        return name if not types or name in types else _chosen(types, name.encode("utf-8", "surrogatepass"))

    # Streams.

    def stream(self, chunks: list[bytes]) -> list[bytes]:
        """Return a stream in this shape, cut in about the same places."""
        if self.is_any:
            return chunks
        wire = b"".join(chunks)
        start = len(BOM) * wire.startswith(BOM)
        blocks: list[list[Line]] = [[]]
        for line in lines_of(wire[start:]):
            blocks[-1].append(line)
            if not line.content:
                blocks.append([])
        # For each piece: its old bytes, its new bytes, and the offset in the old ones at which they start to differ.
        pieces: list[tuple[bytes, bytes, int]] = [(wire[:start], wire[:start], start)]
        for block in blocks:
            pieces += self._block(block)
        cuts = _moved([*accumulate(map(len, chunks))][:-1], pieces)
        new = b"".join(piece for _, piece, _ in pieces)
        return [new[a:b] for a, b in zip([0, *cuts], [*cuts, len(new)], strict=True)]

    def _block(self, lines: list[Line]) -> list[tuple[bytes, bytes, int]]:
        pieces: list[tuple[bytes, bytes, int]] = []
        data = [line for line in lines if line.name == b"data"]
        names = {line.name for line in lines}
        seen = 0
        previous = Line(b"", b"")
        for line in lines:
            old = line.content + line.end
            before, content, changed = b"", line.content, len(old)
            if line.name == b"data":
                seen += 1
                end = line.end or b"\n"
                if seen == 1:
                    before = b"".join(field + end for field in self._missing(names))
                start = len(line.content) - len(line.value)
                changed = start
                if self.samples:
                    if seen > 1:  # drop it with the previous line end, not its own: a CR might meet the LF that follows
                        whole, new, at = pieces[-1]
                        pieces[-1] = (whole, new[: len(new) - len(previous.end)], at)
                        pieces.append((old, line.end, 0))
                        previous = line
                        continue
                    payload = _chosen(self.samples, b"\n".join(each.value for each in data))
                    content = end.join(b"data: " + part.encode() for part in re.split("\r\n|\r|\n", payload))
                elif self.json:
                    head = line.content[:start] if b":" in line.content else b"data: "
                    content = head + _json_part(line.value, first=seen == 1, last=seen == len(data))
                    changed = start + len(_HEAD) if seen == 1 else start + 2
            elif line.name == b"event" and (self.types or "event" in self.required):
                name = line.value.decode("utf-8", "replace")
                kept = self._type(name or DEFAULT_EVENT)
                if kept != (name or DEFAULT_EVENT):
                    head = line.content[: len(line.content) - len(line.value)] if b":" in line.content else b"event: "
                    content, changed = head + kept.encode(), len(head)
            pieces.append((old, before + content + line.end, changed + len(before)))
            previous = line
        return pieces

    def _missing(self, names: set[bytes]) -> list[bytes]:
        fields: list[bytes] = []
        if b"id" not in names and "id" in self.required:
            fields.append(b"id: 1")
        kept = self._type(DEFAULT_EVENT)
        if b"event" not in names and kept != DEFAULT_EVENT:
            fields.append(b"event: " + kept.encode())
        if b"retry" not in names and "retry" in self.required:
            fields.append(b"retry: 7")
        return fields


_HEAD = b'{"text":["'


def _chosen(choices: Sequence[str], key: bytes) -> str:
    """Choose by the key: always the same for the same key, and the first for simple keys."""
    return choices[0 if key in {b"", b"a", b"message"} else crc32(key) % len(choices)]


def _json_part(value: bytes, *, first: bool, last: bool) -> bytes:
    """Return a line of a payload. All lines of the payload together are JSON."""
    text = json.dumps(value.decode("utf-8", "surrogateescape"), ensure_ascii=False)
    part = text.encode("utf-8", "surrogateescape")
    return (b'{"text":[' if first else b",") + part + (b"]}" if last else b"")


def _as_json(data: str) -> str:
    """Return JSON that contains a text, on as many lines as the text has."""
    *ended, last = re.findall("([^\r\n]*)(\r\n|\r|\n|$)", data)[: len(re.findall("\r\n|\r|\n", data)) + 1]
    parts = [json.dumps(text, ensure_ascii=False) + end for text, end in ended]
    parts.append(json.dumps(last[0], ensure_ascii=False))
    if ended and not last[0]:  # a final line end stays at the end
        end = ended[-1][1]
        parts = [*parts[:-2], parts[-2].removesuffix(end)]
        return f'{{"text":[{",".join(parts)}]}}{end}'
    return f'{{"text":[{",".join(parts)}]}}'


def _moved(cuts: Sequence[int], pieces: Sequence[tuple[bytes, bytes, int]]) -> list[int]:
    """Return the offsets in the new stream for cuts of the old one."""
    moved: list[int] = []
    old_at = new_at = 0
    left = list(cuts)
    for old, new, changed in pieces:
        while left and left[0] < old_at + len(old):
            inside = left.pop(0) - old_at
            from_end = len(old) - inside
            # A cut inside the line end keeps its distance from the end, any other cut its distance from the start.
            place = len(new) - from_end if from_end <= len(old) - len(old.rstrip(b"\r\n")) else inside
            if inside > changed:
                place = min(place + changed, len(new))
            moved.append(new_at + max(0, min(place, len(new))))
        old_at += len(old)
        new_at += len(new)
    moved += [new_at] * len(left)
    return [*accumulate(moved, max)]


def made_shape(
    caller: str, data: str | st.SearchStrategy[str], types: Collection[str] | None, required: Collection[str]
) -> Shape:
    """Return the shape for the options of a check.

    Raises:
        TypeError: an option is a str instead of a collection of names.
        ValueError: an option has an invalid value.
    """
    for option, value in (("types", types), ("required", required)):
        if isinstance(value, str):
            raise TypeError(f"{caller}: {option} takes a collection of names, such as {{{value!r}}}, not a str")
    for name in required:
        one_of(caller, "required", name, _REQUIRABLE)
    if types is not None and (not types or any("\n" in name or "\r" in name or not name for name in types)):
        raise ValueError(
            f"{caller}: types must be at least one name, each without line ends and not empty, not {types!r}"
        )
    ordered = sorted(types or (), key=lambda name: (name != DEFAULT_EVENT, name))
    if isinstance(data, st.SearchStrategy):
        return Shape(samples=_drawn(data), types=ordered, required=frozenset(required))
    one_of(caller, "data", data, ("text", "json"))
    return Shape(json=data == "json", types=ordered, required=frozenset(required))


def _drawn(strategy: st.SearchStrategy[T]) -> list[T]:
    """Draw the same values from a strategy each time, the simplest first."""
    drawn: list[T] = []

    @with_seed(0)
    @Settings(
        Settings(),
        max_examples=_SAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
        ],
    )
    @given(strategy)
    def collect(value: T) -> None:
        drawn.append(value)

    collect()
    return drawn
