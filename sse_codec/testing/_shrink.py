"""Makes failing cases smaller, with the same result each time and in bounded time.

A case is lighter than another if it touches fewer rules, where rules at the start of their table weigh most; then if it
has fewer chunks or events, fewer characters, and plainer ones. Lighter cases that fail too replace heavier ones, until
no lighter one is found. So all that is left in a case is needed for the failure, and the first rule that it touches is
the broken one. Hypothesis doesn't shrink here, because it knows its choices but not their meaning.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from time import perf_counter, process_time
from typing import Any, Generic, NamedTuple, TypeVar

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import BOM, DEFAULT_EVENT

from ._places import LARGE_SIZES, SIZES
from ._report import NotConforming
from ._rules import CONSUMER_RULES, LONG_VALUE, PRODUCER_RULES, Rule, Stream, lines_of

T = TypeVar("T")

#: How many cases to try; for how many seconds of processor time, which only matters for large cases; and how many
#: seconds to wait between looks at the clock.
_MOST_CASES, _MOST_SECONDS, _BETWEEN_LOOKS = 1000, 5.0, 0.1
#: For how many seconds of real time to try cases, which matters for code that hangs.
_MOST_WAITING = 60.0
#: The parts of a case are tried one by one only up to this number.
_FEW = 40

#: Replacements for values: plain texts, and one for each rule about values.
_VALUES = [
    "a",
    "1",
    "",
    "7",
    "b",
    "A",
    "a b",
    "é",
    "e\u0301",
    "²",
    "中",
    "🍊",
    "\t",
    "a\tb",
    "\x01",
    "0",
    "007",
    "&",
    "\\n",
    "%",
    "[1,2]",
    "[DONE]",
    " a",
    "a ",
    " ",
]
#: Replacements for lines.
_LINES = [
    b"data: a",
    b"id: 1",
    b"event: a",
    b"retry: 7",
    b"data: b",
    b"id: 2",
    b"event: b",
    b"retry: 8",
    b":",
    b": a",
    b"x: a",
]
#: Lengths around likely limits: just above for values, and below for lines, which also have a name and a line end.
_BOUNDS = sorted({size + more for size in (*SIZES, *LARGE_SIZES) for more in (-9, 2)})

#: An edit of a stream: start, end, and the new bytes.
_Edit = tuple[int, int, bytes]


class Shrinking(Generic[T]):
    """The smallest case so far, and ways to try smaller ones."""

    def __init__(self, case: T, failure: NotConforming, law: Callable[[T], None], weigh: Callable[[T], Any]) -> None:
        self.case, self.failure, self.weight = case, failure, weigh(case)
        self._law, self._weigh = law, weigh
        self._left = _MOST_CASES
        self._stop = process_time() + _MOST_SECONDS
        self._end = perf_counter() + _MOST_WAITING
        self._looked = perf_counter()
        self._is_late = False

    @property
    def is_spent(self) -> bool:
        # The processor clock may be slow to read, so it is read only now and then.
        now = perf_counter()
        if now - self._looked > _BETWEEN_LOOKS:
            self._looked = now
            self._is_late = process_time() > self._stop or now > self._end
        return self._left <= 0 or self._is_late

    def take(self, case: T) -> bool:
        """Make a case the smallest one if it is lighter and fails too. Tell whether it did."""
        if self.is_spent or (weight := self._weigh(case)) >= self.weight:
            return False
        self._left -= 1
        try:
            self._law(case)
        except NotConforming as failure:
            self.case, self.failure, self.weight = case, failure, weight
            return True
        return False

    def take_first(self, cases: Iterable[T]) -> bool:
        """Take the first of some cases that is lighter and fails too."""
        return any(map(self.take, cases))

    def leave_out(self, count: Callable[[], int], without: Callable[[int, int], T]) -> None:
        """Leave out as many parts in a row as possible, trying ever fewer at a time."""
        if count() > _FEW:
            self.shorten(count(), lambda length: without(length, count()))
            self.shorten(count(), lambda length: without(0, count() - length))
        size = count() if count() <= _FEW else 0  # if many are left, all are needed or it would take too long
        while size:
            start = 0
            while start < count():
                if not self.take(without(start, min(start + size, count()))):
                    start += size
            size //= 2

    def shorten(self, length: int, cut: Callable[[int], T]) -> None:
        """Make something long as short as possible, assuming that if one length fails, all larger ones fail."""
        low, high = 0, length
        bounds = [bound for bound in _BOUNDS if LONG_VALUE < bound < length]
        while bounds:
            middle = len(bounds) // 2
            if self.take(cut(bounds[middle])):
                high, bounds = bounds[middle], bounds[:middle]
            else:
                low, bounds = bounds[middle], bounds[middle + 1 :]
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.take(cut(middle)) else (middle, high)


def smallest(
    case: T,
    failure: NotConforming,
    law: Callable[[T], None],
    weigh: Callable[[T], Any],
    steps: Sequence[Callable[[Shrinking[T]], None]],
) -> NotConforming:
    """Repeat the steps until none of them helps, and return the failure of the smallest case."""
    shrinking = Shrinking(case, failure, law, weigh)
    weight = None
    while weight != shrinking.weight and not shrinking.is_spent:
        weight = shrinking.weight
        for step in steps:
            step(shrinking)
    return shrinking.failure


def _touched(subject: T, rules: Sequence[Rule[T]]) -> int:
    """Return a number that grows with the rules touched. The first rule of the table weighs most."""
    touched = 0
    for rule in rules:
        touched = 2 * touched + rule.touched_by(subject)
    return touched


def _oddness(text: str) -> int:
    return sum(_ODDNESS.get(character, 9) for character in text)


_ODDNESS = {"a": 0, "b": 1, "1": 1, "2": 2, "7": 2, "x": 2, " ": 2}


def _simpler(value: str) -> Iterator[str]:
    """Yield texts to replace a value: simpler ones, or ones that touch other rules."""
    yield from _VALUES
    core = value.strip("ab ")
    yield from (core, f"a{core}b", f"a{core}", f"{core}a", core[:1], f"a{core[:1]}b", core[-1:], f"a{core[-1:]}b")
    for end in ("\r\n", "\r"):
        yield value.replace(end, "\n")


# Streams in chunks.


def shrink_stream(chunks: list[bytes], failure: NotConforming, law: Callable[[list[bytes]], None]) -> NotConforming:
    """Return the failure of the smallest stream in chunks."""
    return smallest(chunks, failure, law, _weigh_stream, _STREAM_STEPS)


def _weigh_stream(chunks: list[bytes]) -> tuple[int, ...]:
    stream = Stream(chunks)
    contents = [line.content for line in stream.lines if line.content]
    return (
        _touched(stream, CONSUMER_RULES),
        len(chunks),
        sum(b":" not in content for content in contents),
        len(stream.wire),
        sum(_LINES.index(c) if c in _LINES else 20 + _oddness(c.decode("latin-1")) for c in contents),
    )


def _edited(chunks: list[bytes], edits: Sequence[_Edit]) -> list[bytes]:
    """Apply edits, given in order, to chunks. Chunks that lose all their bytes are dropped."""
    wire = b"".join(chunks)
    starts = [start for start, _, _ in edits]
    parts: list[bytes] = []
    shifts: list[int] = [0]  # for each edit, by how much the bytes after it move
    at = 0
    for start, end, new in edits:
        parts += [wire[at:start], new]
        shifts.append(shifts[-1] + len(new) - (end - start))
        at = end
    wire = b"".join([*parts, wire[at:]])

    def moved(cut: int) -> int:
        number = bisect_left(starts, cut)  # edits that start before the cut
        if not number:
            return cut
        start, end, new = edits[number - 1]
        if cut >= end:
            return cut + shifts[number]
        return start + shifts[number - 1] + min(cut - start, len(new))

    cuts = [0, *map(moved, accumulate(map(len, chunks[:-1]))), len(wire)]
    return [
        wire[start:end] for chunk, start, end in zip(chunks, cuts, cuts[1:], strict=False) if start < end or not chunk
    ]


class _Place(NamedTuple):
    """The place of a line or block: where it starts, where its line end starts, and where that stops."""

    start: int
    end: int
    stop: int


@lru_cache(maxsize=2)
def _places(wire: bytes) -> list[_Place]:
    places: list[_Place] = []
    at = len(BOM) if wire.startswith(BOM) else 0
    for line in lines_of(wire[at:]):
        end = at + len(line.content)
        places.append(_Place(at, end, end + len(line.end)))
        at = end + len(line.end)
    return places


@lru_cache(maxsize=2)
def _blocks(wire: bytes) -> list[_Place]:
    """Return the places of the blocks, each with its blank line."""
    blocks: list[_Place] = []
    start = None
    for place in _places(wire):
        start = place.start if start is None else start
        if place.start == place.end:
            blocks.append(_Place(start, place.start, place.stop))
            start = None
    return blocks if start is None else [*blocks, _Place(start, len(wire), len(wire))]


def _examples(shrinking: Shrinking[list[bytes]]) -> None:
    """Try the example of each rule."""
    for rule in reversed(CONSUMER_RULES):
        shrinking.take(list(rule.example))


def _join_chunks(shrinking: Shrinking[list[bytes]]) -> None:
    """Try fewer chunks: no empty ones, one, two, or as few as possible."""

    def without(start: int, stop: int) -> list[bytes]:
        """Remove cuts. There is one after each chunk except the last."""
        chunks = shrinking.case
        return [*chunks[:start], b"".join(chunks[start : stop + 1]), *chunks[stop + 1 :]]

    chunks = shrinking.case
    shrinking.take([chunk for chunk in chunks if chunk])
    wire = b"".join(chunks)
    if shrinking.take([wire]) or len(shrinking.case) < 3:
        return
    cuts = list(accumulate(map(len, shrinking.case[:-1])))
    if len(cuts) <= _FEW and shrinking.take_first([wire[:cut], wire[cut:]] for cut in cuts):
        return
    shrinking.leave_out(lambda: len(shrinking.case) - 1, without)


def _move_cut(shrinking: Shrinking[list[bytes]]) -> None:
    """Try other places for a single cut, which may touch fewer rules."""
    wire = b"".join(shrinking.case)
    if len(shrinking.case) == 2 and len(wire) <= 100:
        for cut in range(1, len(wire)):
            shrinking.take([wire[:cut], wire[cut:]])


def _same_ends(shrinking: Shrinking[list[bytes]]) -> None:
    """Try the same line end for all lines, LF for single lines, no byte order mark, and a final blank line."""
    for new in (b"\n", b"\r\n", b"\r"):
        lines = _places(b"".join(shrinking.case))
        shrinking.take(_edited(shrinking.case, [(line.end, line.stop, new) for line in lines if line.end < line.stop]))
    lines = _places(b"".join(shrinking.case))
    if len(lines) <= _FEW:
        for number in range(len(lines)):
            lines = _places(b"".join(shrinking.case))
            if number < len(lines) and lines[number].end < lines[number].stop:
                shrinking.take(_edited(shrinking.case, [(lines[number].end, lines[number].stop, b"\n")]))
    if b"".join(shrinking.case).startswith(BOM):
        shrinking.take(_edited(shrinking.case, [(0, 3, b"")]))
    for tail in (b"\n", b"\n\n"):
        shrinking.take([*shrinking.case[:-1], b"".join(shrinking.case[-1:]) + tail])


def _leave_out_everywhere(shrinking: Shrinking[list[bytes]]) -> None:
    """Try to leave out each line in all its places."""
    for content in sorted({line.content for line in Stream(shrinking.case).lines if line.content})[:_FEW]:
        places = _places(b"".join(shrinking.case))
        wire = b"".join(shrinking.case)
        shrinking.take(
            _edited(shrinking.case, [(x.start, x.stop, b"") for x in places if wire[x.start : x.end] == content])
        )


def _split_blocks(shrinking: Shrinking[list[bytes]]) -> None:
    """Try another blank line, perhaps with an event, to split a block."""
    lines = _places(b"".join(shrinking.case))
    for place in lines if len(lines) <= _FEW else ():
        for new in (b"data: a\n\n", b"data: a\n", b"\n"):
            if shrinking.take(_edited(shrinking.case, [(place.start, place.start, new)])):
                return


def _leave_out_parts(parts: Callable[[bytes], list[_Place]]) -> Callable[[Shrinking[list[bytes]]], None]:
    def step(shrinking: Shrinking[list[bytes]]) -> None:
        def without(start: int, stop: int) -> list[bytes]:
            places = parts(b"".join(shrinking.case))
            return _edited(shrinking.case, [(places[start].start, places[stop - 1].stop, b"")])

        shrinking.leave_out(lambda: len(parts(b"".join(shrinking.case))), without)

    return step


def _characters(wire: bytes) -> list[_Place]:
    """Return the places of all bytes, if there are few."""
    return [_Place(at, at + 1, at + 1) for at in range(len(wire))] if len(wire) <= 100 else []


def _simpler_lines(shrinking: Shrinking[list[bytes]]) -> None:
    """Try other lines and other values. If there are many lines, try the same line for all of them."""
    lines = _places(b"".join(shrinking.case))
    if len(lines) > _FEW:
        for new in _LINES:
            shrinking.take(
                _edited(shrinking.case, [(line.start, line.end, new) for line in lines if line.start < line.end])
            )
        return
    for number in range(len(lines)):
        _simpler_line(shrinking, number)


def _simpler_line(shrinking: Shrinking[list[bytes]], number: int) -> None:
    chunks, wire = shrinking.case, b"".join(shrinking.case)
    lines = _places(wire)
    if number >= len(lines) or lines[number].start == lines[number].end:
        return
    start, end, _ = lines[number]
    content = wire[start:end]
    if shrinking.take_first(_edited(chunks, [(start, end, new)]) for new in _LINES):
        return
    name, colon, value = content.partition(b":")
    odd = re.sub(rb"[a-zA-Z0-9: ]", b"", content)
    others = [b"data: a" + odd + b"b", b"data: " + odd, b"data: " + value.removeprefix(b" ")]
    if content not in _LINES and shrinking.take_first(_edited(chunks, [(start, end, new)]) for new in others):
        return
    if not colon:
        shrinking.take(_edited(chunks, [(end, end, b": a")]))
    space = b" " if value.startswith(b" ") else b""
    value = value.removeprefix(b" ")
    at = end - len(value)
    if len(value) > LONG_VALUE:
        shrinking.shorten(len(value), lambda length: _edited(chunks, [(at + length, end, b"")]))
    elif len(name) > LONG_VALUE:
        shrinking.shorten(len(name), lambda length: _edited(chunks, [(start + length, start + len(name), b"")]))
    else:
        new = (text.encode() for text in _simpler(value.decode("utf-8", "replace")))
        candidates = [_edited(chunks, [(at, end, text)]) for text in new]
        if not space:
            candidates = [_edited(chunks, [(at, at, b" ")]), *candidates]
        for candidate in candidates:
            shrinking.take(candidate)


_STREAM_STEPS: list[Callable[[Shrinking[list[bytes]]], None]] = [
    _examples,
    _join_chunks,
    _leave_out_parts(_blocks),
    _same_ends,
    _leave_out_parts(_places),
    _simpler_lines,
    _leave_out_everywhere,
    _split_blocks,
    _leave_out_parts(_characters),
    _move_cut,
]


# Events to send.


class EventsCase(NamedTuple):
    """Events to send in one stream, and the field for which the last can't be sent; "" if all can."""

    events: Sequence[ServerSentEvent]
    spoilt: str


def spoilt_field(event: ServerSentEvent) -> str:
    """Return the field for which an event can't be sent; "" if it can."""
    for field in ("event", "id"):
        value = getattr(event, field)
        if value is not None and ("\n" in value or "\r" in value or (field == "event" and not value)):
            return field
    if "\0" in (event.id or ""):
        return "id"
    if (event.retry or 0) < 0:
        return "retry"
    fields = ("data", "event", "id")
    return next((field for field in fields if re.search("[\ud800-\udfff]", getattr(event, field) or "")), "")


def shrink_events(case: EventsCase, failure: NotConforming, law: Callable[[EventsCase], None]) -> NotConforming:
    """Return the failure of the smallest list of events."""
    return smallest(case, failure, law, _weigh_events, [_example_events, _fewer_events, _simpler_events])


def _weigh_events(case: EventsCase) -> tuple[int, ...]:
    fields = [
        (event, field)
        for event in case.events
        for field, plain in (("data", ""), ("event", DEFAULT_EVENT), ("id", None), ("retry", None))
        if getattr(event, field) != plain
    ]
    values = [(field, str(getattr(event, field))) for event, field in fields]
    return (
        _touched(case.events, PRODUCER_RULES),
        len(case.events),
        len(fields),
        sum(len(value) for _, value in values),
        sum(0 if (field, value) in _PLAIN_VALUES else 1 + _oddness(value) for field, value in values),
    )


_PLAIN_VALUES = {("data", "a"), ("event", "a"), ("id", "1"), ("retry", "7")}


def _example_events(shrinking: Shrinking[EventsCase]) -> None:
    if not shrinking.case.spoilt:
        for rule in reversed(PRODUCER_RULES):
            shrinking.take(shrinking.case._replace(events=list(rule.example)))


def _fewer_events(shrinking: Shrinking[EventsCase]) -> None:
    # In a spoilt case, the last event is the point of the case, so it stays.
    def without(start: int, stop: int) -> EventsCase:
        return shrinking.case._replace(events=[*shrinking.case.events[:start], *shrinking.case.events[stop:]])

    shrinking.leave_out(lambda: len(shrinking.case.events) - bool(shrinking.case.spoilt), without)


def _simpler_events(shrinking: Shrinking[EventsCase]) -> None:
    """Try simpler values. If there are many events, try the same event for all of them."""
    if len(shrinking.case.events) > _FEW:
        shrinking.take(shrinking.case._replace(events=[ServerSentEvent("a")] * len(shrinking.case.events)))
        return
    for number in range(len(shrinking.case.events)):
        is_spoilt = bool(shrinking.case.spoilt) and number == len(shrinking.case.events) - 1
        spoilt = shrinking.case.spoilt if is_spoilt else ""
        for field, plain in (("event", DEFAULT_EVENT), ("id", None), ("retry", None)):
            if field != spoilt:
                shrinking.take(_changed(shrinking.case, number, field, plain))
        for field in ("data", "event", "id"):
            if getattr(shrinking.case.events[number], field) is not None:
                _simpler_value(shrinking, number, field, is_spoilt=field == spoilt)
        if spoilt != "retry" and shrinking.case.events[number].retry is not None:
            for retry in (7, 1, 0, 1000):
                shrinking.take(_changed(shrinking.case, number, "retry", retry))


def _changed(case: EventsCase, number: int, field: str, value: object) -> EventsCase:
    events = list(case.events)
    events[number] = events[number].replace(**{field: value})
    return case._replace(events=events)


def _simpler_value(shrinking: Shrinking[EventsCase], number: int, field: str, *, is_spoilt: bool) -> None:
    def value() -> str:
        return str(getattr(shrinking.case.events[number], field))

    def with_value(text: str) -> EventsCase:
        return _changed(shrinking.case, number, field, text)

    def can_be(text: str) -> bool:
        """Tell whether a value may be used: sendable values must stay sendable, and others must not become so."""
        return is_spoilt == bool(spoilt_field(ServerSentEvent("a").replace(**{field: text})))

    def without(parts: list[str], start: int, stop: int) -> EventsCase:
        text = "".join([*parts[:start], *parts[stop:]])
        return with_value(text) if can_be(text) else shrinking.case

    if len(value()) > LONG_VALUE:
        if "\n" in value():
            shrinking.leave_out(
                lambda: value().count("\n") + 1,
                lambda start, stop: without(value().splitlines(keepends=True), start, stop),
            )
        else:
            text = value()
            shrinking.shorten(len(text), lambda length: with_value(text[:length]))
        return
    for text in filter(can_be, ("\n", "b\n", "\r", *_simpler(value()))):
        shrinking.take(with_value(text))
    shrinking.leave_out(lambda: len(value()), lambda start, stop: without(list(value()), start, stop))
