"""Generates streams for other engines, and compares their answers with ours.

An engine is a decoder from another project. It gets the same chunks as `sse_codec.Decoder` and must give the same
answer: for each stream, a list of what it read. A difference prints as a report that shows the stream.

The environment variable SSE_CODEC_STREAMS sets how many streams to generate besides the wire cases; the default is
4000. Runs of the same tests over the same sources (from which Hypothesis draws some constants) with the same version of
Hypothesis get the same streams. Generating a stream takes about 3 ms; an engine takes less.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sse_codec.testing._strategies import chunked
from sse_codec.testing._strategies import wires as kit_wires
from tests.strategies import chunkings, cut, prompt_wires, wires
from tests.vectors.decoding import BOM, CASES

Chunks = tuple[bytes, ...]
T = TypeVar("T")
Decode = Callable[[Chunks], Sequence[object]]

#: Lines that mean something, or nearly, so that most streams of them have events.
_LINES = st.tuples(
    st.sampled_from([b"data"] * 6 + [b"event", b"event", b"id", b"id", b"retry", b"", b"Data", b" data", b"dat", b"x"]),
    st.sampled_from([b": ", b": ", b":", b":  ", b":\t", b" : ", b""]),
    st.sampled_from(
        [b"", b"a", b"1", b"20", b"message", b"error", b"open", b"a: b", b"a\0b", b"\0", b"\xff", b"\xe2\x82", b"\x1c"]
        + [text.encode() for text in ("é", "🍊", "\ufeff", "\u2028", "\x85", "\x7f", "\uffff")]
    )
    | st.binary(max_size=6),
    st.sampled_from(
        [b"\n", b"\r", b"\r\n"] + [b"\n\n", b"\r\r", b"\r\n\r\n"] * 2 + [b"\n\r", b"\r\r\n", b"\n\r\n", b"\n\n\n"]
    ),
).map(b"".join)
_STARTS = st.sampled_from([b""] * 5 + [BOM, BOM[:2], BOM + BOM, "\u00ef\u00bb\u00bf".encode()])
_STREAMS_OF_LINES = st.tuples(_STARTS, st.lists(_LINES, min_size=1, max_size=25).map(b"".join)).map(b"".join)

#: Draws streams, each a list of chunks. Half come from the fuzz kit, the others are made of lines or of bytes.
STREAMS = st.one_of(
    chunked(kit_wires({"long"}), ()),
    chunked(kit_wires({"long"}), ()),
    chunkings(_STREAMS_OF_LINES),
    chunkings(wires | prompt_wires),
)


@functools.cache
def all_streams() -> Sequence[Chunks]:
    """Return the wire cases and the generated streams, each once."""
    wanted = int(os.environ.get("SSE_CODEC_STREAMS", "4000"))
    streams = dict.fromkeys(_case_streams())
    wanted += len(streams)
    for seed in itertools.count():
        for chunks in _draw(STREAMS, seed):
            if len(streams) == wanted:
                return list(streams)
            streams[tuple(chunks)] = None
    raise AssertionError


def _case_streams() -> Iterable[Chunks]:
    """Return the wire cases whole, byte by byte, and cut within each CRLF and within a byte order mark."""
    for case in CASES:
        crlf = [place + 1 for place in range(len(case.wire)) if case.wire.startswith(b"\r\n", place)]
        for places in ([], crlf, [1, 2], list(range(1, min(len(case.wire), 200)))):
            yield tuple(cut(case.wire, places))


def _draw(strategy: st.SearchStrategy[T], seed: int) -> list[T]:
    drawn: list[T] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=1000,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        drawn.append(value)

    collect()
    return drawn


class Deviation(NamedTuple):
    """A rule of the standard that an engine, or our decoder, is known not to follow."""

    name: str
    rule: str
    #: The smallest stream that shows it: with any one byte less, it does not.
    smallest: bytes
    #: Tells whether it can show in a stream.
    concerns: Callable[[bytes], bool]


class Difference(NamedTuple):
    """A stream with two different answers; `str` makes a report of it."""

    chunks: Chunks
    ours: Sequence[object]
    theirs: Sequence[object]

    def __str__(self) -> str:
        index = next(i for i, (a, b) in enumerate(itertools.zip_longest(self.ours, self.theirs)) if a != b)
        return (
            f"stream: {b''.join(self.chunks)!r}\nchunks: {list(self.chunks)!r}\n"
            f"the answers differ from item {index} on\n"
            f"ours:   {self.ours[index : index + 3]!r}\ntheirs: {self.theirs[index : index + 3]!r}\n"
        )


def differences(streams: Sequence[Chunks], answers: Sequence[Sequence[object]], decode: Decode) -> list[Difference]:
    """Return the streams that `decode` reads differently from the engine, shortest first."""
    found = [
        Difference(chunks, ours, theirs)
        for chunks, theirs in zip(streams, answers, strict=True)
        if (ours := decode(chunks)) != theirs
    ]
    return sorted(found, key=lambda difference: sum(map(len, difference.chunks)))


def report(found: Sequence[Difference]) -> str:
    """Return the first few differences as text."""
    return "\n".join([f"{len(found)} streams with different answers", *map(str, found[:5])])


def _everywhere(old: bytes, new: bytes) -> Callable[[Chunks], Chunks]:
    return lambda chunks: tuple(chunk.replace(old, new) for chunk in chunks)


def _hold_a_CR(chunks: Chunks) -> Chunks:
    """Move each CR at the end of a chunk to the next chunk, like a decoder that waits for the LF."""
    held = b""
    moved: list[bytes] = []
    for chunk in chunks:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        moved.append(text.removesuffix(b"\r"))
    return tuple(moved)


#: Faults of decoders. Each changes the chunks, so that our decoder reads them as a faulty one would.
FAULTS: dict[str, Callable[[Chunks], Chunks]] = {
    "U+2028 ends a line": _everywhere("\u2028".encode(), b"\n"),
    "CRLF is two line ends": _everywhere(b"\r\n", b"\n\n"),
    "a CR is held back until the next chunk": _hold_a_CR,
    "a tab after the colon is dropped": _everywhere(b":\t", b":"),
    "every byte order mark is dropped": _everywhere(BOM, b""),
    "no byte order mark is dropped": lambda chunks: (b"", BOM + b"".join(chunks)),
    "field names are case-insensitive": _everywhere(b"Data", b"data"),
    "U+0000 is kept in an id": _everywhere(b"\0", b"\1"),
    "invalid bytes are dropped": lambda chunks: tuple(chunk.decode(errors="ignore").encode() for chunk in chunks),
    "the end of the stream ends the block": lambda chunks: (*chunks, b"\n\n"),
}
