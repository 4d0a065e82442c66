"""Where blocks end: what is passed on in one piece, what is buffered, and what acts before the blank line."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec import BlockDecoder, Decoder, EventTooLarge
from sse_codec._framing import BlockInput
from sse_codec._input import _FAILED
from tests.strategies import cut, wires


class Pieces(BlockInput):
    """Returns the bytes of whole blocks, in the pieces in which they are passed on."""

    __slots__ = ()

    def __init__(self, limit: int | None = None, *, keeps_comments: bool = False) -> None:
        super().__init__(last_event_id="", max_event_size=limit, keeps_comments=keeps_comments)

    def feed(self, data: bytes) -> list[bytes]:
        pieces: list[bytes] = []
        self._feed(data, pieces)
        return pieces

    def _dispatch(self, raw: bytes | bytearray, items: list[Any]) -> None:
        items.append(bytes(raw))
        self._held.clear()
        self._acted = False


class LosslessPieces(Pieces):
    """The same, but keeps comments."""

    __slots__ = ()

    def __init__(self, limit: int | None = None) -> None:
        super().__init__(limit, keeps_comments=True)


#: Streams as this class gets them, with LF line ends.
unified = wires.map(lambda wire: wire.replace(b"\r", b"\n"))


@st.composite
def unified_chunks(draw: st.DrawFn) -> list[bytes]:
    wire = draw(unified)
    return list(cut(wire, draw(st.lists(st.integers(0, len(wire)), max_size=12))))


@given(unified_chunks())
def test_nothing_is_lost_and_only_the_unfinished_block_is_held(chunks: list[bytes]) -> None:
    """Except for repeated blank lines, which go with the next piece or are dropped."""
    framing = LosslessPieces()
    seen = wire = b""
    for chunk in chunks:
        for piece in framing.feed(chunk):
            assert piece.endswith(b"\n\n") or not piece.strip(b"\n"), "a piece ends with a blank line"
            seen += piece
        wire += chunk
        held = bytes(framing._held)
        assert b"\n\n" not in held
        assert held.lstrip(b"\n") == wire.rpartition(b"\n\n")[2].lstrip(b"\n")
        assert re.split(b"\n\n+", (seen + held).lstrip(b"\n")) == re.split(b"\n\n+", wire.lstrip(b"\n"))


@given(unified_chunks())
def test_complete_comments_are_not_held_unless_they_are_kept(chunks: list[bytes]) -> None:
    framing = Pieces()
    for chunk in chunks:
        framing.feed(chunk)
        *ended, _ = bytes(framing._held).split(b"\n")
        assert not any(line.startswith(b":") for line in ended)


@given(unified_chunks(), st.integers(1, 20))
def test_a_limit_changes_only_the_size_of_pieces(chunks: list[bytes], limit: int) -> None:
    """Near the limit, the path that reads line by line passes on the same blocks, unless one is too large."""
    limited, unlimited = LosslessPieces(limit), LosslessPieces()
    for chunk in chunks:
        expected = unlimited.feed(chunk)
        try:
            got = limited.feed(chunk)
        except EventTooLarge as error:
            assert error.limit == limit < error.size
            assert limited._held == b""
            return
        assert len(limited._held) <= limit + 1, "plus one line end"
        if limited._state == _FAILED:  # after the pieces before it
            return
        blank = re.compile(b"\n\n+")
        assert blank.split(b"".join(got).lstrip(b"\n")) == blank.split(b"".join(expected).lstrip(b"\n"))


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_whole_blocks_go_in_one_piece(kind: type[Pieces]) -> None:
    framing = kind()
    wire = b"data: a\n\n" * 100
    assert framing.feed(wire + b"data") == [wire]
    assert framing.feed(b": b\n\ndata: c\n\nid: 1\n") == [b"data: b\n\ndata: c\n\n"], "the buffered bytes come first"
    assert framing._held == b"id: 1\n"
    assert framing.feed(b"\n") == [b"id: 1\n\n"]
    assert framing.feed(b"\n") == [b"\n"], "a repeated blank line ends no block"
    assert framing.feed(b"data: d\n\n") == [b"data: d\n\n"]


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
@pytest.mark.parametrize(
    ("limit", "wire"),
    [
        (7, b"data: a\n\n" * 1000),
        (9, b"data: a\n\n" * 1000),
        (15, b"data: a\ndata: b\n\n" * 1000),
        (100, (b"data: " + b"a" * 90 + b"\n\n") * 1000),
        (100, (b"data: " + b"a" * 94 + b"\n\n: ping\n\n") * 500),
    ],
)
def test_small_blocks_are_not_read_line_by_line_under_a_limit_below_the_chunk_size(
    kind: type[Pieces], limit: int, wire: bytes
) -> None:
    """If blank lines within reach of the limit show that the blocks are small enough."""
    assert len(wire) < 110_000
    pieces = kind(limit).feed(wire)
    assert b"".join(pieces) == wire
    assert len(pieces) <= 2 + 2 * (len(wire) // 65536), "not one piece per block"


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_a_large_chunk_is_taken_in_windows(kind: type[Pieces]) -> None:
    """This bounds the memory for intermediate results; a window may end anywhere."""
    wire = b"data: 0123456789\n\n" * 20_000
    pieces = kind().feed(wire)
    assert b"".join(pieces) == wire
    assert max(map(len, pieces)) <= 65536 + 20
    assert len(pieces) == -(-len(wire) // 65536)


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_each_reconnection_time_is_recorded_with_its_position(kind: type[Pieces]) -> None:
    """`decode` needs the number of items before each."""
    framing = kind()
    framing._changes = []
    assert framing.feed(b"data: a\n\nretry: 5\nretry: x\nretry: 7\nret") == [b"data: a\n\n"]
    assert framing._changes == [(1, 5), (1, 7)]
    assert framing.reconnection_time == 7
    assert framing._held == b"retry: 5\nretry: x\nretry: 7\nret"
    framing._changes.clear()
    assert framing.feed(b"ry: 8\nretry: 9\n\nretry: 1\n") == [b"retry: 5\nretry: x\nretry: 7\nretry: 8\nretry: 9\n\n"]
    assert framing._changes == [(0, 8), (0, 9), (1, 1)]


def test_repeated_blank_lines_end_no_block_line_by_line_either() -> None:
    framing = Pieces(8)
    comments = b": ping\n" * 3
    assert framing.feed(comments + b"\n\n\ndata: a\n\n\n" + comments + b"\n\ndata: b\n\n") == [
        b"data: a\n\n",
        b"data: b\n\n",
    ]
    assert framing._held == b""


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_the_lines_after_a_retry_that_has_acted_may_be_long(kind: type[Pieces]) -> None:
    framing = kind()
    lines = b"data: " + b"x" * 10_000 + b"\n"
    assert framing.feed(b"retry: 5\n") == []
    assert framing.feed(lines) == []
    assert framing.feed(lines + b"\n") == [b"retry: 5\n" + lines * 2 + b"\n"]


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_a_reset_forgets_that_a_retry_has_acted(kind: type[Pieces]) -> None:
    framing = kind()
    assert framing.feed(b"retry: 5\n") == []
    framing.reset()
    assert framing.feed(b"\n") == [b"\n"]
    assert framing.feed(b"data: a\n\n") == [b"data: a\n\n"]


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
@pytest.mark.parametrize(
    "line", [b"retryx: 5", b"retry : 5", b" retry: 5", b"retry: 5 ", b"retry", b": retry: 5", b"x: retry: 5"]
)
def test_lines_that_only_look_like_a_retry(kind: type[Pieces], line: bytes) -> None:
    framing = kind()
    assert framing.feed(line + b"\n") == []
    assert framing.reconnection_time is None
    assert framing.feed(b"data: a\n" + line + b"\n") == []
    assert framing.reconnection_time is None
    kept = [each for each in (line, b"data: a", line) if kind is LosslessPieces or not each.startswith(b":")]
    assert framing._held == b"".join(each + b"\n" for each in kept)


def test_subclasses_must_implement_dispatch() -> None:
    class Nothing(BlockInput):
        __slots__ = ()

    framing = Nothing(last_event_id="", max_event_size=None)
    with pytest.raises(NotImplementedError):
        framing._feed(b"data: a\n\n", [])


@pytest.mark.parametrize("kind", [Decoder, BlockDecoder])
def test_no_limit_allows_more_than_the_default(kind: type[Decoder | BlockDecoder]) -> None:
    """Fast, because none of the 64 MiB that are fed is decoded."""
    megabyte = b"x" * 2**20
    limited, unlimited = kind(), kind(max_event_size=None)
    for _ in range(64):
        assert limited.feed(megabyte) == []
        assert unlimited.feed(megabyte) == []
    with pytest.raises(
        EventTooLarge, match="a block of at least 67108865 bytes exceeds max_event_size, which is 67108864"
    ):
        limited.feed(b"x")
    assert unlimited.feed(b"x") == []
