"""Streams, cuts and texts for the property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from sse_codec import ServerSentEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Pieces of streams, chosen so that most draws contain valid or almost valid lines.
_PIECES = [
    b"data", b"event", b"id", b"retry", b":", b": ", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r",
    b"data: ", b"data: a\n\n", b"event: b\ndata: c\n\n", b"event: ", b"id: 1\n", b"retry: 20\n", b": ping\n\n",
    b"a", b"7", b"0", b"\0", b"\xef\xbb\xbf", b"\xef", b"\xbb", b"\xbf", b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0",
    "é".encode(), "🍊".encode(), "\u2028".encode(), "\x85".encode(), b"\x0b", b"\x0c", b"\x1c",
]  # fmt: skip

#: Starts of lines, and the values that follow them.
_STARTS = [
    b"data: ", b"data:", b"event: ", b"event:", b"id: ", b"id:", b"retry: ", b"retry:", b": ", b":",
    b"data", b"id", b"event", b"x: ", b"x", b"Data: ", b" data: ",
]  # fmt: skip
_VALUES = [b"1", b"20", b"a", b"", b" ", b": ", b"data: ", "é".encode(), b"\xff", b"\0"]


@st.composite
def alike_wires(draw: st.DrawFn) -> bytes:
    """Blocks with the same fields in the same order, as in most real streams; some draws change a line or two."""
    shape = draw(st.lists(st.sampled_from(_STARTS[:11]) | st.sampled_from(_STARTS), min_size=1, max_size=4))
    count = draw(st.integers(1, 12))
    size = len(shape) * count
    values = draw(st.lists(st.sampled_from(_VALUES[:4]) | st.sampled_from(_VALUES), min_size=size, max_size=size))
    lines = [start + value for start, value in zip(shape * count, values, strict=True)]
    blocks = [[*lines[at : at + len(shape)], b""] for at in range(0, size, len(shape))]
    for _ in range(draw(st.integers(0, 2))):
        block = blocks[draw(st.integers(0, count - 1))]
        at = draw(st.integers(0, len(block) - 1))
        odd = draw(st.sampled_from(_STARTS)) + draw(st.sampled_from(_VALUES))
        miss = draw(st.integers(0, 5))
        if miss == 0:
            block[at] = odd
        elif miss == 1:
            block.insert(at, odd)
        elif miss == 2:
            del block[at]
        elif miss == 3:
            block.insert(at, b"")
        elif miss == 4:
            block.reverse()
        else:
            block[at] = block[at].replace(b": ", b":")
    end = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    start = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf", end]))
    return start + b"".join(line + end for block in blocks for line in block)


#: Arbitrary bytes, and bytes that look like an event stream.
wires = st.one_of(
    alike_wires(),
    st.lists(st.sampled_from(_PIECES), max_size=40).map(b"".join),
    st.lists(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=4)), max_size=20).map(b"".join),
    st.binary(max_size=60),
)

#: Streams for testing that decoders do not wait at a line end.
prompt_wires = st.lists(
    st.sampled_from([b"data", b":", b" ", b"x", b"id", b"event: e", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r"]),
    max_size=40,
).map(b"".join)


def cut(wire: bytes, places: list[int]) -> Iterator[bytes]:
    """Cut a wire at the given places, which may come in any order; two equal places give an empty chunk."""
    ends = sorted(min(place, len(wire)) for place in places)
    for start, end in zip([0, *ends], [*ends, len(wire)], strict=True):
        yield wire[start:end]


@st.composite
def chunkings(draw: st.DrawFn, wires: st.SearchStrategy[bytes] = wires) -> list[bytes]:
    """A wire cut into chunks at any places; chunks may be empty."""
    wire = draw(wires)
    return list(cut(wire, draw(st.lists(st.integers(0, len(wire)), max_size=12))))


def _has_line_end(chunks: list[bytes]) -> bool:
    return b"\n" in b"".join(chunks) or b"\r" in b"".join(chunks)


#: Chunks that `decode` accepts. It refuses lines without their ends, with an empty chunk for each blank line.
#: So a stream without a line end has no empty chunks here.
responses = chunkings().map(lambda chunks: chunks if _has_line_end(chunks) else list(filter(None, chunks)))

#: Text with every character that some splitter treats as a line end, and with characters that fields can't contain.
texts = st.text(
    st.one_of(st.sampled_from("\r\n\0\v\f\x1c\x1d\x1e\x85\u2028\u2029\ufeff: \ud800\udfffé🍊"), st.characters()),
    max_size=30,
)
#: Text that is valid in every field.
plain_texts = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=30)
#: Data and comments that survive encoding and decoding unchanged.
sent_texts = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=60)

#: Events that survive encoding and decoding unchanged.
events = st.builds(
    ServerSentEvent,
    sent_texts,
    event=plain_texts.filter(bool) | st.just("message"),
    id=st.none() | plain_texts,
    retry=st.none() | st.integers(0, 10**18 - 1),
)
#: Events in which any field may be invalid.
hostile_events = st.builds(
    ServerSentEvent, texts, event=texts, id=st.none() | texts, retry=st.none() | st.integers() | st.booleans()
)
