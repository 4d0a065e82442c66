"""The known places one by one: what both checks try before they draw anything.

Each case is small, and touches one rule as far as it can; the same tables that the strategies draw from, in order. So
what is wrong in a known place is found every time, with the same report; what takes two things to go wrong, and what
nobody has thought of, is left to the strategies.
"""

from __future__ import annotations

from collections.abc import Iterator

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import BOM
from sse_codec.testing._strategies import (
    BAD_RETRIES,
    BAD_UTF_8,
    COMMENTS,
    LENGTHS,
    NEAR_MISSES,
    PHRASES,
    RETRIES,
    TEXTS,
    UNKNOWN,
)

_ALL_TEXTS = [text for texts in TEXTS.values() for text in texts]
_LINE_ENDS = ["\n", "\r", "\r\n"]


def events_to_send() -> Iterator[list[ServerSentEvent]]:
    """Yield events that can be sent, as a stream each."""
    yield [ServerSentEvent("a")]
    yield [ServerSentEvent("a"), ServerSentEvent("b"), ServerSentEvent("c")]
    full = ServerSentEvent("a", "b", "1", 7)
    for first in (ServerSentEvent("a", "b"), ServerSentEvent("a", id="1"), ServerSentEvent("a", retry=7), full):
        yield [first]
        yield [first, ServerSentEvent("c")]
        yield [first, first]
    yield [ServerSentEvent("")]
    for text in _ALL_TEXTS:
        yield [ServerSentEvent(text)]
        yield [ServerSentEvent(f"a{text}b")]
        yield [ServerSentEvent("a", event=text)]
        if "\0" not in text:
            yield [ServerSentEvent("a", id=text)]
    for end in _LINE_ENDS:
        for data in (f"a{end}b", f"a{end}", f"{end}a", end, f"a{end}{end}b", f"a{end} b", f"a{end}data: b"):
            yield [ServerSentEvent(data)]
    yield [ServerSentEvent("a\r\n\rb")]
    yield [ServerSentEvent("a", id="")]
    for retry in RETRIES:
        yield [ServerSentEvent("a", retry=retry)]
    for length in LENGTHS:
        yield [ServerSentEvent("x" * length)]


def events_that_cannot_be_sent() -> Iterator[tuple[ServerSentEvent, str]]:
    """Yield events with the name of the field that can't be sent as it is."""
    for end in ["\r", "\n", "\r\n"]:
        for value in (
            f"b{end}data: injected",
            f"b{end}id: 9",
            f"b{end}c",
            f"b{end}",
            f"b{end}{end}data: injected{end}{end}",
        ):
            yield ServerSentEvent("a", event=value), "event"
            yield ServerSentEvent("a", id=value), "id"
    for value in ("\0", "1\0", "\x002"):
        yield ServerSentEvent("a", id=value), "id"
    yield ServerSentEvent("a", event=""), "event"
    yield ServerSentEvent("a", retry=-1), "retry"
    for value in ("\ud800", "a\udfffb"):
        yield ServerSentEvent(value), "data"
        yield ServerSentEvent("a", event=value), "event"
        yield ServerSentEvent("a", id=value), "id"


def _blocks() -> Iterator[list[bytes]]:
    """Yield lines with one thing in them that can go wrong."""
    yield [b"data: a", b""]
    yield [b"data: a", b"", b"data: b", b""]
    yield [b"data: a", b"data: b", b""]
    for name in (b"event: e", b"id: 1", b"retry: 7", b"event: message"):
        yield [name, b"data: a", b""]
        yield [b"data: a", name, b""]
        yield [name, b"data: a", b"", b"data: b", b""]
        yield [name, b"", b"data: a", b""]
    for empty in (b": ", b":", b""):
        yield [b"data" + empty, b""]
        yield [b"data: a", b"data" + empty, b""]
        yield [b"event" + empty, b"data: a", b""]
        yield [b"id: 1", b"data: a", b"", b"id" + empty, b"data: b", b""]
        yield [b"retry" + empty, b"data: a", b""]
    yield [b""]
    yield [b"data: a", b"", b"", b"data: b", b""]
    lines = [*COMMENTS, *UNKNOWN, *(line for lines in NEAR_MISSES for line in lines), BOM + b"data: a"]
    for name in (b"data", b"event", b"id"):
        lines += [name + b": " + text.encode() for text in _ALL_TEXTS]
        lines += [name + b": " + value for value in BAD_UTF_8]
        lines += [name + b":" + text.encode() for text in _ALL_TEXTS]
    lines += [b"retry: " + value for value in (*BAD_RETRIES, b"0", b"007", b"3000")]
    for line in lines:
        yield [line, b""]
        yield [line, b"data: z", b""]
        yield [b"data: z", line, b""]
    for _, _, phrase in PHRASES:
        yield [*phrase, b""]
    for length in LENGTHS:
        yield [b"data: " + b"x" * length, b""]


def streams_in_chunks() -> Iterator[list[bytes]]:
    """Yield streams in chunks: each in turn whole, with each line end, behind a byte order mark, cut, and cut off."""
    few = [[b"data: a", b""], [b"data: \xc2\x80", b"", b"data: b", b""], [b"data: a", b"data: b", b"", b"data: c", b""]]
    for lines in _blocks():
        yield [b"".join(line + b"\n" for line in lines)]
    in_all_ends = [b"".join(line + end for line in lines) for end in (b"\n", b"\r\n", b"\r") for lines in few]
    for wire in in_all_ends:
        yield [wire]
        yield [b": ping\n" + wire]
        yield [BOM + wire]
    for first, second in ((b"\r\n", b"\n"), (b"\r", b"\n"), (b"\n", b"\r"), (b"\r", b"\r\n")):
        yield [b"data: a" + first + b"data: b" + second + first + b"data: c" + first + second + b"\n"]
    for wire in in_all_ends:
        for tail in (b"data: z", b"data: z\n", b"id: 1\n", b"event: e\ndata: z\n"):
            yield [wire + tail]
        for cut in range(1, len(wire)):
            yield [wire[:cut], wire[cut:]]
        for start in (b"", BOM):
            yield [(start + wire)[at : at + 1] for at in range(len(start + wire))]
