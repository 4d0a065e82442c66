"""Decoder: every wire case, every shape of blocks, and each state it can end in."""

from __future__ import annotations

import copy
import re
from bisect import bisect
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import (
    DEFAULT_MAX_EVENT_SIZE,
    BlockDecoder,
    Decoder,
    EventTooLarge,
    LineDecoder,
    ReceivedEvent,
    ServerSentEvent,
)
from sse_codec.testing import reference_decode
from tests.fuzz.laws import NEVER, passes_the_limit_at
from tests.strategies import cut
from tests.vectors.decoding import CASES, Case
from tests.vectors.shapes import ENDS, NEAR_MISSES, SHAPES, stream

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.usefixtures("every_way")
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def whole(event: ReceivedEvent) -> tuple[Any, ...]:
    """Return all attributes of an event, including `last_event_id`, which `==` ignores."""
    return event.data, event.event, event.id, event.retry, event.last_event_id


def check(case: Case, chunks: Iterable[bytes]) -> None:
    decoder = Decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    assert [whole(event) for event in events] == [whole(event) for event in case.events]
    assert decoder.last_event_id == case.last_event_id
    assert decoder.reconnection_time == case.reconnection_time
    unfinished = decoder.close()
    assert (unfinished and whole(unfinished)) == (case.unfinished and whole(case.unfinished))
    assert decoder.last_event_id == case.last_event_id, "close() must commit no id"
    assert decoder.reconnection_time == case.reconnection_time


@cases
def test_whole(case: Case) -> None:
    check(case, [case.wire])


@cases
def test_byte_by_byte(case: Case) -> None:
    check(case, cut(case.wire, list(range(len(case.wire)))))


@cases
def test_every_two_way_cut(case: Case) -> None:
    for place in range(min(len(case.wire), 200) + 1):
        check(case, cut(case.wire, [place]))


@cases
def test_with_an_event_after_it(case: Case) -> None:
    wire = case.wire + b"\n\ndata: behind\n\n"
    decoder = Decoder()
    events = decoder.feed(wire)
    expected = case.events + ([] if case.unfinished is None else [case.unfinished])
    assert [whole(event)[:4] for event in events] == [
        whole(event)[:4] for event in [*expected, ReceivedEvent("behind")]
    ]


def least_limit(wire: bytes, *, comments: bool) -> int:
    """Return the smallest limit that no block of a stream exceeds."""
    limits = range(1, len(wire) + 2)
    return 1 + bisect(limits, False, key=lambda limit: passes_the_limit_at(wire, limit, comments=comments) == NEVER)


@cases
def test_within_a_limit_that_just_fits(case: Case) -> None:
    """Near the limit the decoder takes its careful path, which gives the same events; one byte less raises."""
    least = least_limit(case.wire, comments=False)
    for limit, fits in ((least, True), (least - 1, False)):
        for chunks in ([case.wire], cut(case.wire, list(range(len(case.wire))))):
            if limit == 0:
                continue  # 0 is not a valid limit
            decoder = Decoder(max_event_size=limit)
            events: list[ReceivedEvent] = []
            try:
                for chunk in [*chunks, b""]:
                    events += decoder.feed(chunk)
            except EventTooLarge:
                assert not fits
            else:
                assert fits
                assert [whole(event) for event in events] == [whole(event) for event in case.events]


def check_stream(wire: bytes, chunks: Iterable[bytes]) -> None:
    """Check a stream's events, and the decoder's state after it, against the reference decoder."""
    reference = reference_decode(wire)
    decoder = Decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    assert [whole(event) for event in events] == [whole(event) for event in reference.events]
    assert decoder.last_event_id == reference.last_event_id
    assert decoder.reconnection_time == reference.reconnection_time


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_every_shape(shape: list[bytes], end: bytes) -> None:
    """Few and many blocks, in one chunk, one block per chunk, and cut anywhere."""
    for count in (1, 3, 40):
        blocks = stream(shape, count, end)
        wire = b"".join(blocks)
        check_stream(wire, [wire])
        check_stream(wire, blocks)
        check_stream(wire, cut(wire, list(range(0, len(wire), 16))))
        check_stream(wire, cut(wire, list(range(0, len(wire), 61))))


@pytest.mark.parametrize("shape", ["event, id, data", "data"])
@pytest.mark.parametrize("miss", NEAR_MISSES.values(), ids=list(NEAR_MISSES))
def test_a_block_that_is_nearly_like_the_others(miss: bytes, shape: str) -> None:
    alike = stream(SHAPES[shape], 12)
    for at in (0, 1, 6, 12):
        blocks = [*alike[:at], miss, *alike[at:]]
        wire = b"".join(blocks)
        check_stream(wire, [wire])
        check_stream(wire, blocks)
        check_stream(wire, [wire[:5], wire[5:]])


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_bytes_of_any_kind(kind: type[bytes | bytearray | memoryview]) -> None:
    decoder = Decoder()
    assert decoder.feed(kind(b"data: a\n\nda")) == [ServerSentEvent("a")]
    assert decoder.feed(kind(b"ta: b\n\n")) == [ServerSentEvent("b")]
    assert decoder.feed(kind(b"\xef\xbb\xbfdata: c\n\n")) == [], "a byte order mark counts only at the start"


def test_takes_a_subclass_of_bytes_and_a_strided_view() -> None:
    class Chunk(bytes):
        pass

    assert Decoder().feed(Chunk(b"data: a\n\n")) == [ServerSentEvent("a")]
    assert Decoder().feed(memoryview(b"d.a.t.a.:.b.\n.\n.")[::2]) == [ServerSentEvent("b")]


def test_the_caller_may_reuse_its_buffer() -> None:
    decoder = Decoder()
    buffer = bytearray(b"data: a")
    decoder.feed(buffer)
    buffer[:] = b"!!!!!!!"
    assert decoder.feed(b"\n\n") == [ServerSentEvent("a")]


def test_str_is_refused_with_a_reason() -> None:
    decoder = Decoder()
    decoder.feed(b"data: a")
    reason = (
        "feed() takes bytes, not str: pass the response's bytes before anything decodes them, because text has lost "
        "the byte order mark, the invalid bytes and often the line ends"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(reason)}$"):
        decoder.feed("data: b\n\n")  # type: ignore[arg-type]  # wrong on purpose
    assert decoder.feed(b"\n\n") == [ServerSentEvent("a")], "the decoder is unchanged"


@pytest.mark.parametrize("chunk", [None, 3, [1, 2], [b"data: a\n\n"], object()])
def test_other_types_are_refused_by_name(chunk: Any) -> None:
    with pytest.raises(TypeError, match=f"not {type(chunk).__name__}"):
        Decoder().feed(chunk)


@pytest.mark.parametrize("bad", [None, b"1", 1])
def test_last_event_id_must_be_a_str(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"last_event_id must be a str, not {type(bad).__name__}"):
        Decoder(last_event_id=bad)


@pytest.mark.parametrize("bad", [1.5, "1", True])
def test_max_event_size_must_be_an_int_or_None(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"max_event_size must be an int, not {type(bad).__name__}"):
        Decoder(max_event_size=bad)


@pytest.mark.parametrize("bad", [0, -1])
def test_max_event_size_must_be_positive(bad: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1, not {bad}"):
        Decoder(max_event_size=bad)
    with pytest.raises(ValueError, match="not an int of 16610 bits"):
        Decoder(max_event_size=-(10**5000))


def test_an_unknown_attribute_is_refused() -> None:
    """Setting an option too late, or a misspelled one, must not silently do nothing."""
    for name in ("max_event_size", "last_id"):
        with pytest.raises(AttributeError):
            setattr(Decoder(), name, "1")


@pytest.mark.parametrize(
    ("options", "wire", "shown"),
    [
        ({}, b"", "<Decoder last_event_id='', reconnection_time=None, max_event_size=67108864>"),
        (
            {"max_event_size": None, "last_event_id": "é"},
            b"",
            "<Decoder last_event_id='é', reconnection_time=None, max_event_size=None>",
        ),
        (
            {"max_event_size": 20},
            b"id: 1\nretry: 5\n\ndata: a",
            "<Decoder last_event_id='1', reconnection_time=5, max_event_size=20, 7 bytes held>",
        ),
        ({"max_event_size": 1}, b"id", "<Decoder last_event_id='', reconnection_time=None, max_event_size=1, failed>"),
    ],
)
def test_repr_shows_the_state(options: dict[str, Any], wire: bytes, shown: str) -> None:
    decoder = Decoder(**options)
    with suppress(EventTooLarge):
        decoder.feed(wire)
    assert repr(decoder) == shown


def test_the_last_event_id_can_be_set_to_a_str() -> None:
    decoder = Decoder(last_event_id="1")
    for bad in (None, 1, b"1"):
        with pytest.raises(TypeError, match=f"^last_event_id must be a str, not {type(bad).__name__}$"):
            decoder.last_event_id = bad  # type: ignore[assignment]  # wrong on purpose
    assert decoder.last_event_id == "1"
    decoder.last_event_id = "2"
    assert [whole(event) for event in decoder.feed(b"data: a\n\n")] == [("a", "message", None, None, "2")]


def test_the_reconnection_time_can_be_set_to_an_int_or_None() -> None:
    decoder = Decoder()
    decoder.feed(b"retry: 5\n")
    for bad in ("1", 1.5, True):
        with pytest.raises(TypeError, match=f"^reconnection_time must be an int or None, not {type(bad).__name__}$"):
            decoder.reconnection_time = bad  # type: ignore[assignment]  # wrong on purpose
    with pytest.raises(ValueError, match="^reconnection_time must be at least 0, not -1$"):
        decoder.reconnection_time = -1
    assert decoder.reconnection_time == 5
    for good in (0, 7, None):
        decoder.reconnection_time = good
        assert decoder.reconnection_time == good


def test_resumes_from_a_last_event_id() -> None:
    decoder = Decoder(last_event_id="41")
    assert [event.last_event_id for event in decoder.feed(b"data: a\n\nid: 42\ndata: b\n\n")] == ["41", "42"]


def test_the_event_itself_has_the_block_s_id_and_the_sticky_one() -> None:
    [event] = Decoder(last_event_id="41").feed(b"data: a\n\n")
    assert (event.id, event.last_event_id) == (None, "41")


@pytest.mark.parametrize(
    "chunk",
    [
        b"data: a\n\n",
        b"data: a\n\ndata: b\n\n",
        b"event: x\ndata: a\n\n",
        b"event: x\ndata: a\n\nevent: x\ndata: b\n\n",
        b"data: a\n\ndata: b\n\n: ping\n\ndata: c\n\n",
        b"event: x\ndata: a\n\nevent: x\ndata: b\n\n: ping\n\ndata: c\n\n",
    ],
)
def test_every_event_of_a_chunk_has_the_id_of_an_earlier_chunk(chunk: bytes) -> None:
    decoder = Decoder()
    decoder.feed(b"id: 7\n\n")
    events = decoder.feed(chunk)
    assert [event.last_event_id for event in events] == ["7"] * chunk.count(b"data")


def test_an_event_never_waits_for_the_LF_of_a_CRLF() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\n\r") == [ServerSentEvent("a")]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: b\r\n\r\n") == [ServerSentEvent("b")]


def test_only_one_LF_is_swallowed_after_a_CR() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"\n") == [ServerSentEvent("a")]


@pytest.mark.parametrize("wire", [b": \ndata: a\n\n", b"data: a\nDATA: b\n\n"])
def test_a_block_that_almost_has_a_common_shape(wire: bytes) -> None:
    assert Decoder().feed(wire) == [ServerSentEvent("a")]


@pytest.mark.parametrize(
    ("chunk", "events"),
    [
        (b"data: aXX\nXX\n", [ServerSentEvent("aXX\nb")]),
        (b"data: a\nXX\nXX", [ServerSentEvent("a")]),
        (b": a\nXX\nXX", []),
        (b"dataXX: XXa\n\n", [ServerSentEvent("b")]),
        (b"XXdata: XXa\n\n", [ServerSentEvent("b")]),
    ],
)
def test_XX_is_text_everywhere(chunk: bytes, events: list[ServerSentEvent]) -> None:
    """The mutation tests put XX around the code's strings; here it stands where such a mutant would match it."""
    decoder = Decoder()
    assert decoder.feed(chunk) == []
    assert decoder.feed(b"data: b\n\n") == events


@pytest.mark.parametrize("step", [*range(1, 10), 1000])
def test_a_retry_acts_once_wherever_its_block_is_cut(step: int) -> None:
    """It acts in the feed that ends its line. A client that clears the time does not see it again later."""
    wire = b"retry: 5\ndata: a\nretry: x\nretry: 7\nid: 1\n\nretry: 8\n\ndata: b\nretry: 9\n: c\nretry: 10\n"
    acts = {match.end(): int(match[1]) for match in re.finditer(rb"(?m)^retry: (\d+)\n", wire)}
    decoder = Decoder()
    retries = []
    for start in range(0, len(wire), step):
        retries += [event.retry for event in decoder.feed(wire[start : start + step])]
        due = [time for end, time in acts.items() if start < end <= start + step]
        assert decoder.reconnection_time == (due[-1] if due else None), start
        decoder.reconnection_time = None
    assert retries == [7], "the event still has the last retry of its block"


def test_other_blocks_among_many_with_one_data_line() -> None:
    plain = b"data: a\n\n" * 10
    events = Decoder(last_event_id="0").feed(plain + b"data: b\nid: 7\n\n" + plain + b": c\n\n" + plain)
    assert [whole(event) for event in events] == [
        *[("a", "message", None, None, "0")] * 10,
        ("b", "message", "7", None, "7"),
        *[("a", "message", None, None, "7")] * 20,
    ]


def test_a_reconnection_time_stays_and_is_set_once() -> None:
    decoder = Decoder()
    decoder.feed(b"retry: 5\n\nid: 1\n\ndata: a\ndata: b\n\n")
    assert decoder.reconnection_time == 5
    decoder.feed(b"retry: 6\n")
    decoder.reconnection_time = None
    decoder.feed(b"\nid: 2\n\n")
    assert decoder.reconnection_time is None


def test_no_field_needs_its_space() -> None:
    [event] = Decoder().feed(b"event:e\nid:1\nretry:5\ndata:a\n\n")
    assert whole(event) == ("a", "e", "1", 5, "1")


def test_a_reset_forgets_that_a_retry_has_acted() -> None:
    decoder = Decoder()
    decoder.feed(b"retry: 5\n")
    decoder.reset()
    assert [event.retry for event in decoder.feed(b"retry: 6\ndata: a\n\n")] == [6]
    assert decoder.reconnection_time == 6


def test_a_retry_with_invalid_bytes_is_ignored_at_its_own_line() -> None:
    decoder = Decoder()
    assert decoder.feed(b"retry: 1\xff\n") == []
    assert decoder.reconnection_time is None
    assert decoder.feed(b"data: a\n\n") == [ServerSentEvent("a")]


class TestReset:
    """`reset()`, before the next connection."""

    def test_drops_the_unfinished_block(self) -> None:
        decoder = Decoder()
        decoder.feed(b"event: x\ndata: a\nda")
        decoder.reset()
        assert decoder.feed(b"data: b\n\n") == [ServerSentEvent("b")]

    def test_keeps_the_last_event_id_and_the_reconnection_time(self) -> None:
        decoder = Decoder()
        decoder.feed(b"id: 1\nretry: 5\n\nid: 2\n")
        decoder.reset()
        assert (decoder.last_event_id, decoder.reconnection_time) == ("1", 5)
        assert [event.last_event_id for event in decoder.feed(b"data: a\n\n")] == ["1"]

    def test_expects_a_byte_order_mark_again(self) -> None:
        decoder = Decoder()
        assert decoder.feed(b"data: a\n\n") == [ServerSentEvent("a")]
        assert decoder.feed(b"\xef\xbb\xbfdata: b\n\n") == []
        decoder.reset()
        assert decoder.feed(b"\xef\xbb\xbfdata: c\n\n") == [ServerSentEvent("c")]

    def test_forgets_a_CR_at_the_end(self) -> None:
        decoder = Decoder()
        decoder.feed(b"data: a\r")
        decoder.reset()
        assert decoder.feed(b"data: b\n") == []
        assert decoder.feed(b"\n") == [ServerSentEvent("b")]

    def test_forgets_part_of_a_byte_order_mark(self) -> None:
        decoder = Decoder()
        decoder.feed(b"\xef\xbb")
        decoder.reset()
        assert decoder.feed(b"\xbfdata: a\n\ndata: b\n\n") == [ServerSentEvent("b")]


class TestClose:
    """`close()`, at the end of the stream."""

    @pytest.mark.parametrize(("wire", "event"), [(b"event: e\ndata: a", "e"), (b"data: a", "message")])
    def test_returns_the_event_type(self, wire: bytes, event: str) -> None:
        decoder = Decoder()
        decoder.feed(wire)
        assert decoder.close() == ServerSentEvent("a", event=event)

    def test_resets(self) -> None:
        decoder = Decoder()
        decoder.feed(b"data: a")
        assert decoder.close() == ServerSentEvent("a")
        assert decoder.close() is None
        assert decoder.feed(b"\xef\xbb\xbfdata: b\n\n") == [ServerSentEvent("b")]

    def test_after_a_CR(self) -> None:
        decoder = Decoder()
        decoder.feed(b"data: a\r")
        assert decoder.close() == ServerSentEvent("a")

    def test_carries_the_id_that_it_does_not_commit(self) -> None:
        decoder = Decoder(last_event_id="1")
        decoder.feed(b"data: a\nid: 2")
        event = decoder.close()
        assert event is not None
        assert (event.id, event.last_event_id, decoder.last_event_id) == ("2", "2", "1")


class TestLimit:
    """`max_event_size`: what exceeds it, when it raises, and the state afterwards."""

    ENDLESS = pytest.mark.parametrize(
        "piece",
        [
            pytest.param(b"x", id="a field name"),
            pytest.param(b"data: xxxxx", id="a line"),
            pytest.param(b":", id="a comment"),
            pytest.param(b": x", id="a comment's text"),
            pytest.param(b"data: x\n", id="data lines"),
            pytest.param(b"data:\n", id="empty data lines"),
            pytest.param(b"event: x\n", id="event lines"),
            pytest.param(b"x: y\n", id="unknown fields"),
            pytest.param(b"id: 1\r\n", id="lines that end in CRLF"),
            pytest.param(b"\xff", id="invalid bytes"),
        ],
    )

    @ENDLESS
    @pytest.mark.parametrize("pieces_a_chunk", [1, 7, 1000])
    def test_nothing_can_grow_without_end(self, piece: bytes, pieces_a_chunk: int) -> None:
        decoder = Decoder(max_event_size=100)
        fed = 0
        with pytest.raises(EventTooLarge) as raised:
            while fed < 100_000:
                decoder.feed(piece * pieces_a_chunk)
                fed += len(piece * pieces_a_chunk)
        assert fed <= 120, "CRLF counts as one byte"
        assert raised.value.limit == 100
        assert 100 < raised.value.size <= 100 + max(len(piece), len(piece) * pieces_a_chunk)

    def test_complete_comments_do_not_count(self) -> None:
        decoder = Decoder(max_event_size=20)
        for _ in range(100):
            assert decoder.feed(b": ping\n") == []
        decoder.feed(b"data: a\n")
        for _ in range(100):
            assert decoder.feed(b": ping\n: pong\n") == []
        assert decoder.feed(b"\n") == [ServerSentEvent("a")]

    @pytest.mark.parametrize("before", [b"", b"x\nx\n"], ids=["first", "after other lines"])
    def test_a_complete_comment_does_not_count_wherever_it_ends_in_a_chunk(self, before: bytes) -> None:
        decoder = Decoder(max_event_size=200)
        decoder.feed(b"data: a\n" + before + b": " + b"c" * 60 + b"\n")
        data = "b" * 150
        assert decoder.feed(b"data: " + data.encode() + b"\n\n") == [ServerSentEvent(f"a\n{data}")]

    @pytest.mark.parametrize(
        "wire", [b"data: 12", b"data: 1\ndata: 2", b": ping\ndata: 1\nid: 2", b"\xef\xbb\xbfdata: 1"]
    )
    @pytest.mark.parametrize("step", [1, 2, 3, 1000])
    def test_which_bytes_count(self, wire: bytes, step: int) -> None:
        """The block's lines with one byte between two lines, without comments and a byte order mark."""
        size = len(wire) - (7 if wire.startswith(b":") else 0) - (3 if wire.startswith(b"\xef") else 0)
        for limit, fits in ((size, True), (size - 1, False)):
            decoder = Decoder(max_event_size=limit)
            events: list[ReceivedEvent] = []
            try:
                for chunk in cut(wire + b"\n\n", list(range(0, len(wire) + 2, step))):
                    events += decoder.feed(chunk)
            except EventTooLarge:
                assert not fits
            else:
                assert fits
                assert len(events) == 1

    def test_line_ends_count_once(self) -> None:
        assert len(Decoder(max_event_size=15).feed(b"data: 1\r\ndata: 2\r\n\r\n")) == 1

    def test_a_too_large_event_inside_one_huge_chunk(self) -> None:
        decoder = Decoder(max_event_size=100)
        wire = b"data: a\n\n" * 50 + b"data: " + b"x" * 1000 + b"\n\ndata: b\n\n"
        assert decoder.feed(wire) == [ServerSentEvent("a")] * 50, "events before it are returned first"
        with pytest.raises(EventTooLarge):
            decoder.feed(b"")

    def test_raises_immediately_if_there_are_no_events_to_return(self) -> None:
        with pytest.raises(EventTooLarge):
            Decoder(max_event_size=100).feed(b"data: " + b"x" * 1000 + b"\n\ndata: b\n\n")

    def test_raises_until_reset(self) -> None:
        decoder = Decoder(max_event_size=10)
        decoder.feed(b"id: 1\n\n")
        for chunk in (b"x" * 11, b"", b"\n", b"data: a\n\n"):
            with pytest.raises(EventTooLarge) as raised:
                decoder.feed(chunk)
            assert (raised.value.limit, raised.value.size) == (10, 11)
        with pytest.raises(EventTooLarge) as raised:
            decoder.close()
        assert (raised.value.limit, raised.value.size) == (10, 11)
        decoder.reset()
        assert decoder.last_event_id == "1"
        assert decoder.feed(b"data: b\n\n") == [ServerSentEvent("b")]

    def test_a_wrong_type_is_a_TypeError_even_after_a_failure(self) -> None:
        decoder = Decoder(max_event_size=1)
        with pytest.raises(EventTooLarge):
            decoder.feed(b"xx")
        with pytest.raises(TypeError):
            decoder.feed("x")  # type: ignore[arg-type]  # wrong on purpose

    def test_many_small_events_may_exceed_it_together(self) -> None:
        decoder = Decoder(max_event_size=10)
        assert decoder.feed(b"data: a\n\n" * 1000) == [ServerSentEvent("a")] * 1000

    def test_the_default_allows_an_event_larger_than_one_MiB(self) -> None:
        assert DEFAULT_MAX_EVENT_SIZE == 64 * 2**20
        data = "x" * (3 << 20)
        assert Decoder().feed(b"data: " + data.encode() + b"\n\n") == [ServerSentEvent(data)]


@pytest.mark.parametrize("kind", [Decoder, BlockDecoder, LineDecoder])
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_a_copy_has_its_own_buffer(kind: Any, again: Any) -> None:
    one = kind()
    one.feed(b"data: a")
    other = again(one)
    other.feed(b"XX")
    assert b"XX" not in b"".join(repr(item).encode() for item in one.feed(b"\n\n"))
    assert b"aXX" in b"".join(repr(item).encode() for item in other.feed(b"\n\n"))


def test_repr_shortens_a_long_id() -> None:
    assert len(repr(Decoder(last_event_id="x" * 1_000_000))) < 200


def test_an_id_is_kept_as_plain_text() -> None:
    class Lying(str):
        __slots__ = ()

    decoder = Decoder(last_event_id=Lying("7"))
    assert (type(decoder.last_event_id), decoder.last_event_id) == (str, "7")


def test_a_retry_that_repeats_and_one_that_changes() -> None:
    """The decoder does not parse the same line twice in a row."""
    decoder = Decoder()
    for value, retry, time in (("5", 5, 5), ("5", 5, 5), ("x", None, 5), ("7", 7, 7), ("5", 5, 5), ("007", 7, 7)):
        (event,) = decoder.feed(f"retry: {value}\ndata: a\n\n".encode())
        assert (event.retry, decoder.reconnection_time) == (retry, time)
        decoder.reconnection_time = None
        (event,) = decoder.feed(f"data: a\nretry: {value}\n\n".encode())
        assert (event.retry, decoder.reconnection_time) == (retry, retry)
        decoder.reconnection_time = time
        decoder.reset()


def test_a_retry_of_many_digits_is_not_cached() -> None:
    decoder = Decoder()
    for _ in range(2):
        (event,) = decoder.feed(b"retry: " + b"0" * 1000 + b"5\ndata: a\n\n")
        assert event.retry == decoder.reconnection_time == 5
