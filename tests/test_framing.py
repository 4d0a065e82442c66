"""Where blocks end: what is handed on in one piece, what is held, and what does not wait for the blank line."""

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
    """Makes of whole blocks their bytes, in the pieces in which they are handed on."""

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
    """The same, for blocks that keep their comments."""

    __slots__ = ()

    def __init__(self, limit: int | None = None) -> None:
        super().__init__(limit, keeps_comments=True)


#: Streams as they come here: line ends are LF.
unified = wires.map(lambda wire: wire.replace(b"\r", b"\n"))


@st.composite
def unified_chunks(draw: st.DrawFn) -> list[bytes]:
    wire = draw(unified)
    return list(cut(wire, draw(st.lists(st.integers(0, len(wire)), max_size=12))))


@given(unified_chunks())
def test_nothing_is_lost_and_only_what_is_unfinished_is_held(chunks: list[bytes]) -> None:
    """But for blank lines behind blank lines, which go with the next piece or not at all."""
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
def test_comments_that_end_are_not_held_unless_they_are_kept(chunks: list[bytes]) -> None:
    framing = Pieces()
    for chunk in chunks:
        framing.feed(chunk)
        *ended, _ = bytes(framing._held).split(b"\n")
        assert not any(line.startswith(b":") for line in ended)


@given(unified_chunks(), st.integers(1, 20))
def test_a_limit_changes_no_piece_but_its_size(chunks: list[bytes], limit: int) -> None:
    """The careful way, line by line, hands on the same blocks as long as none is too large."""
    limited, unlimited = LosslessPieces(limit), LosslessPieces()
    for chunk in chunks:
        expected = unlimited.feed(chunk)
        try:
            got = limited.feed(chunk)
        except EventTooLarge as error:
            assert error.limit == limit < error.size
            assert limited._held == b""
            return
        assert len(limited._held) <= limit + 1, "a line's end besides"
        if limited._state == _FAILED:  # behind what came
            return
        blank = re.compile(b"\n\n+")
        assert blank.split(b"".join(got).lstrip(b"\n")) == blank.split(b"".join(expected).lstrip(b"\n"))


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_whole_blocks_go_in_one_piece(kind: type[Pieces]) -> None:
    framing = kind()
    wire = b"data: a\n\n" * 100
    assert framing.feed(wire + b"data") == [wire]
    assert framing.feed(b": b\n\ndata: c\n\nid: 1\n") == [b"data: b\n\ndata: c\n\n"], "what was held in front"
    assert framing._held == b"id: 1\n"
    assert framing.feed(b"\n") == [b"id: 1\n\n"]
    assert framing.feed(b"\n") == [b"\n"], "a blank line behind a blank line is the end of nothing"
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
def test_a_limit_below_the_chunk_costs_no_way_line_by_line(kind: type[Pieces], limit: int, wire: bytes) -> None:
    """Where the blocks are small enough to be seen so from one blank line to another within reach of the limit."""
    assert len(wire) < 110_000
    pieces = kind(limit).feed(wire)
    assert b"".join(pieces) == wire
    assert len(pieces) <= 2 + 2 * (len(wire) // 65536), "not one for each block"


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_a_large_chunk_is_taken_in_windows(kind: type[Pieces]) -> None:
    """So that what is made of it stays small; a window ends anywhere."""
    wire = b"data: 0123456789\n\n" * 20_000
    pieces = kind().feed(wire)
    assert b"".join(pieces) == wire
    assert max(map(len, pieces)) <= 65536 + 20
    assert len(pieces) == -(-len(wire) // 65536)


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_each_reconnection_time_is_noted_with_its_place(kind: type[Pieces]) -> None:
    """For `decode`: so many items before it."""
    framing = kind()
    framing._changes = []
    assert framing.feed(b"data: a\n\nretry: 5\nretry: x\nretry: 7\nret") == [b"data: a\n\n"]
    assert framing._changes == [(1, 5), (1, 7)]
    assert framing.reconnection_time == 7
    assert framing._held == b"retry: 5\nretry: x\nretry: 7\nret"
    framing._changes.clear()
    assert framing.feed(b"ry: 8\nretry: 9\n\nretry: 1\n") == [b"retry: 5\nretry: x\nretry: 7\nretry: 8\nretry: 9\n\n"]
    assert framing._changes == [(0, 8), (0, 9), (1, 1)]


def test_blank_lines_behind_blank_lines_are_the_end_of_nothing_line_by_line_either() -> None:
    framing = Pieces(8)
    comments = b": ping\n" * 3
    assert framing.feed(comments + b"\n\n\ndata: a\n\n\n" + comments + b"\n\ndata: b\n\n") == [
        b"data: a\n\n",
        b"data: b\n\n",
    ]
    assert framing._held == b""


@pytest.mark.parametrize("kind", [Pieces, LosslessPieces])
def test_what_follows_a_retry_that_has_acted_may_be_long(kind: type[Pieces]) -> None:
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
def test_what_only_looks_like_a_retry(kind: type[Pieces], line: bytes) -> None:
    framing = kind()
    assert framing.feed(line + b"\n") == []
    assert framing.reconnection_time is None
    assert framing.feed(b"data: a\n" + line + b"\n") == []
    assert framing.reconnection_time is None
    kept = [each for each in (line, b"data: a", line) if kind is LosslessPieces or not each.startswith(b":")]
    assert framing._held == b"".join(each + b"\n" for each in kept)


def test_it_leaves_to_others_what_becomes_of_blocks() -> None:
    class Nothing(BlockInput):
        __slots__ = ()

    framing = Nothing(last_event_id="", max_event_size=None)
    with pytest.raises(NotImplementedError):
        framing._feed(b"data: a\n\n", [])


@pytest.mark.parametrize("kind", [Decoder, BlockDecoder])
def test_no_limit_is_more_than_the_default(kind: type[Decoder | BlockDecoder]) -> None:
    """Not one byte of the 64 MiB and one that are fed is decoded, so it takes little time."""
    megabyte = b"x" * 2**20
    limited, unlimited = kind(), kind(max_event_size=None)
    for _ in range(64):
        assert limited.feed(megabyte) == []
        assert unlimited.feed(megabyte) == []
    with pytest.raises(
        EventTooLarge, match="a block of 67108865 bytes or more passed max_event_size, which is 67108864"
    ):
        limited.feed(b"x")
    assert unlimited.feed(b"x") == []
