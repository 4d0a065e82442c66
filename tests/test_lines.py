"""The line decoder."""

from __future__ import annotations

from typing import Any

import pytest

from sse_codec import BlankLine, Comment, EventTooLarge, Field, LineDecoder
from tests.strategies import cut
from tests.vectors.decoding import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_comments_of_every_case(case: Case) -> None:
    for chunks in ([case.wire], list(cut(case.wire, list(range(len(case.wire)))))):
        decoder = LineDecoder()
        lines = [line for chunk in chunks for line in decoder.feed(chunk)]
        assert tuple(line.text for line in lines if isinstance(line, Comment)) == case.comments


def test_keeps_everything_in_order() -> None:
    assert LineDecoder().feed(b"\xef\xbb\xbf: a\n:b\nfoo: 1\ndata:  x\nid\nid: \0\r\rretry: y\r\n") == [
        Comment("a"),
        Comment("b"),
        Field("foo", "1"),
        Field("data", " x"),
        Field("id", ""),
        Field("id", "\0"),
        BlankLine(),
        Field("retry", "y"),
    ]


def test_a_line_never_waits_for_the_LF_of_a_CRLF() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b"data: a\r") == [Field("data", "a")]
    assert decoder.feed(b"\n\r") == [BlankLine()]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"\n") == [BlankLine()]


def test_close_returns_the_line_without_an_end_and_resets() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b": a\ndata: \xe2") == [Comment("a")]
    assert decoder.close() == Field("data", "\ufffd")
    assert decoder.close() is None
    assert decoder.feed(b"\xef\xbb\xbf:b") == []
    assert decoder.close() == Comment("b")


def test_a_byte_order_mark_is_not_a_line() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b"\xef\xbb\xbf") == []
    assert decoder.close() is None


def test_a_byte_order_mark_after_the_first_chunk_is_text() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b"id: 1\n") == [Field("id", "1")]
    assert decoder.feed(b"\xef\xbb\xbfid: 2\n") == [Field("\ufeffid", "2")]


def test_a_byte_order_mark_after_a_CR_is_text() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b"id: 1\r") == [Field("id", "1")]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"\xef\xbb\xbfid: 2\r") == [Field("\ufeffid", "2")]
    assert decoder.feed(b"\xef\xbb\xbfid: 3\n") == [Field("\ufeffid", "3")]


def test_a_line_does_not_end_with_the_chunk_if_line_ends_are_mixed() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b"data: 1\r\ndata: 2\ndata: X") == [Field("data", "1"), Field("data", "2")]
    assert decoder.feed(b"Y\n") == [Field("data", "XY")]


def test_reset_drops_the_line_and_expects_a_byte_order_mark() -> None:
    decoder = LineDecoder()
    decoder.feed(b"data: a\rda")
    decoder.reset()
    assert decoder.feed(b"\xef\xbb\xbfid: 1\n") == [Field("id", "1")]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_all_kinds_of_bytes_at_the_start_and_later(
    kind: type[bytes | bytearray | memoryview],
) -> None:
    decoder = LineDecoder()
    assert decoder.feed(kind(b"data: 1\n")) == [Field("data", "1")]
    assert decoder.feed(kind(b"data: 2\n")) == [Field("data", "2")]
    assert decoder.feed(kind(b"data: 3\r")) == [Field("data", "3")]
    assert decoder.feed(kind(b"\n\nda")) == [BlankLine()]
    assert decoder.feed(kind(b"ta: 4\n")) == [Field("data", "4")]


def test_the_limit_is_per_line() -> None:
    decoder = LineDecoder(max_event_size=7)
    assert decoder.feed(b"data: 1\ndata: 2\n") == [Field("data", "1"), Field("data", "2")]
    assert decoder.feed(b"data: 3") == []
    with pytest.raises(EventTooLarge) as raised:
        decoder.feed(b"4")
    assert (raised.value.limit, raised.value.size, raised.value.unit) == (7, 8, "line")
    for call in (lambda: decoder.feed(b""), decoder.close):
        with pytest.raises(EventTooLarge) as raised:
            call()
        assert (raised.value.limit, raised.value.size, raised.value.unit) == (7, 8, "line")
    decoder.reset()
    assert decoder.feed(b"\n") == [BlankLine()]


def test_lines_before_a_too_long_one_are_returned_first() -> None:
    decoder = LineDecoder(max_event_size=7)
    assert decoder.feed(b"data: 1\n\ndata: 34\n\n") == [Field("data", "1"), BlankLine()]
    with pytest.raises(EventTooLarge):
        decoder.feed(b"")


@pytest.mark.parametrize("bad", ["data: a\n", None, 1, [b"a"]])
def test_refuses_other_types(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"not {type(bad).__name__}"):
        LineDecoder().feed(bad)


def test_refuses_an_unknown_attribute() -> None:
    with pytest.raises(AttributeError):
        LineDecoder().max_event_size = 5  # type: ignore[attr-defined]  # it has no such attribute


def test_refuses_a_limit_out_of_range() -> None:
    with pytest.raises(ValueError):
        LineDecoder(max_event_size=0)
