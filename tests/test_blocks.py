"""Block and BlockDecoder: what is kept, byte for byte, and each state the decoder can end in."""

from __future__ import annotations

import copy
import pickle
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import (
    Block,
    BlockDecoder,
    Comment,
    EventTooLarge,
    Field,
    ReceivedEvent,
    decode_blocks,
    encode,
    encode_block,
    encode_comment,
)
from tests.fuzz.laws import NEVER, Connection, Expected, expected_blocks
from tests.fuzz.laws import whole as whole_block
from tests.ids import shown
from tests.strategies import cut
from tests.test_decoder import least_limit, whole
from tests.vectors.decoding import CASES, Case
from tests.vectors.shapes import ENDS, NEAR_MISSES, SHAPES, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BOM = b"\xef\xbb\xbf"
WIRE = b": hi\nevent: e\nid: 1\nx-trace: 7\ndata: one\ndata: two\nretry: 5\n\n"
FULL = Block(WIRE, "1")
BLOCKS = [FULL, Block(b": ping\n\n"), Block(b"id: 1", "1"), Block(b"data", "9"), Block(b"data: \xff\xe2\x82\n\n")]
blocks = pytest.mark.parametrize("block", BLOCKS, ids=shown)
every_way = pytest.mark.usefixtures("every_way")
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


class TestBlock:
    """Block as a value."""

    def test_has_everything_that_was_in_it(self) -> None:
        assert (FULL.data, FULL.event, FULL.id, FULL.retry) == ("one\ntwo", "e", "1", 5)
        assert FULL.last_event_id == "1"
        assert FULL.lines == (
            Comment("hi"),
            Field("event", "e"),
            Field("id", "1"),
            Field("x-trace", "7"),
            Field("data", "one"),
            Field("data", "two"),
            Field("retry", "5"),
        )
        assert FULL.comments == ("hi",)
        assert FULL.wire == WIRE

    @pytest.mark.parametrize(
        ("wire", "values"),
        [
            (b": ping", (None, None, None, None)),
            (b"x: y", (None, None, None, None)),
            (b"id: 1", (None, None, "1", None)),
            (b"id", (None, None, "", None)),
            (b"event: e", (None, "e", None, None)),
            (b"retry: 5", (None, None, None, 5)),
            (b"retry: x", (None, None, None, None)),
            (b"retry: 5\nretry: x", (None, None, None, 5)),
            (b"data", ("", None, None, None)),
            (b"data:", ("", None, None, None)),
            (b"data: ", ("", None, None, None)),
            (b"data: a", ("a", None, None, None)),
            (b"data\ndata", ("\n", None, None, None)),
            (b"data: a\nevent: message", ("a", "message", None, None)),
            (b"data: a\nevent:", ("a", "", None, None)),
            (b"data: a\nevent: b\nevent", ("a", "", None, None)),
            (b"id: 1\nid: 2\0", (None, None, "1", None)),
            (b"id: \0", (None, None, None, None)),
            (b"DATA: a\n data: b\ndata : c", (None, None, None, None)),
            (b"\xef\xbb\xbfdata: a", (None, None, None, None)),
            (b"data: \xff", ("\ufffd", None, None, None)),
        ],
    )
    def test_attributes_are_as_written(self, wire: bytes, values: tuple[Any, ...]) -> None:
        """None is not the same as "", and "message" is not the same as no event type."""
        block = Block(wire)
        assert (block.data, block.event, block.id, block.retry) == values
        assert block.last_event_id == "", "only the caller sets it"

    @pytest.mark.parametrize(
        ("wire", "event"),
        [
            (b"data: a", ReceivedEvent("a", last_event_id="9")),
            (b"data", ReceivedEvent("", last_event_id="9")),
            (b"event: e\ndata: a\nid: 9\nretry: 5", ReceivedEvent("a", "e", "9", 5, "9")),
            (b"event\ndata: a", ReceivedEvent("a", "message", last_event_id="9")),
            (b"event: message\ndata: a", ReceivedEvent("a", last_event_id="9")),
            (b"event: e\nid: 9", None),
            (b": ping", None),
        ],
    )
    def test_to_event_is_what_a_client_dispatches(self, wire: bytes, event: ReceivedEvent | None) -> None:
        got = Block(wire, "9").to_event()
        assert (got and whole(got)) == (event and whole(event))
        assert type(got) in {ReceivedEvent, type(None)}

    @pytest.mark.parametrize("wire", [b"a", b"a\n", b"a\n\n", b"\na\n\n", b"\n\na", b"a\n\n\n\n"], ids=shown)
    def test_blank_lines_around_it_do_not_count(self, wire: bytes) -> None:
        assert Block(wire) == Block(b"a")
        assert Block(wire).wire == b"a\n\n"

    @pytest.mark.parametrize("wire", [b"", b"\n", b"\n\n\n", b"a\r\n\r\n", b"a\r", b"\ra", b"a\n\nb", b"a\n\n\nb\n\n"])
    def test_refuses_bytes_that_are_not_one_block(self, wire: bytes) -> None:
        with pytest.raises(ValueError, match="^wire must be one block: at least one line, LF line ends, and no blank "):
            Block(wire)

    @pytest.mark.parametrize("bad", ["data: a", None, bytearray(b"data: a"), memoryview(b"data: a"), 5, [b"data: a"]])
    def test_refuses_values_that_are_not_bytes(self, bad: Any) -> None:
        with pytest.raises(TypeError, match=f"^wire must be bytes, not {type(bad).__name__}$"):
            Block(bad)

    @pytest.mark.parametrize("bad", [None, b"1", 1])
    def test_refuses_an_id_that_is_not_a_str(self, bad: Any) -> None:
        with pytest.raises(TypeError, match=f"^last_event_id must be a str, not {type(bad).__name__}$"):
            Block(b"data: a", bad)

    def test_equality_compares_the_bytes(self) -> None:
        assert Block(b"data: a\n\n", "1") == Block(b"data: a", "2")
        assert hash(Block(b"data: a\n\n", "1")) == hash(Block(b"data: a", "2"))
        assert hash(Block(b"data: a")) != hash(Block(b"data: b"))
        assert len({Block(b"data: a\n\n", "1"), Block(b"data: a", "2"), Block(b"data:a")}) == 2
        assert Block(b"data: a") != Block(b"data:a"), "although they mean the same"
        assert Block(b"data: a") != b"data: a\n\n"
        assert Block(b"data: a") != ReceivedEvent("a")

    def test_equality_lets_the_other_side_decide(self) -> None:
        class Anything:
            def __eq__(self, other: object) -> bool:
                return True

            __hash__ = None  # type: ignore[assignment]  # as Python itself does for a class with __eq__ alone

        assert Block(b"data: a") == Anything()

    @blocks
    def test_immutable(self, block: Block) -> None:
        for name in [*Block.__match_args__, "last_event_id", "lines", "comments", "wire", "new"]:
            with pytest.raises(AttributeError):
                setattr(block, name, "x")
            with pytest.raises(AttributeError):
                delattr(block, name)

    @blocks
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle(self, block: Block, protocol: int) -> None:
        again = pickle.loads(pickle.dumps(block, protocol))
        assert type(again) is Block
        assert whole_block(again) == whole_block(block)

    @blocks
    def test_copy(self, block: Block) -> None:
        for again in (copy.copy(block), copy.deepcopy(block)):
            assert type(again) is Block
            assert whole_block(again) == whole_block(block)

    @blocks
    def test_repr_evaluates(self, block: Block) -> None:
        again = eval(repr(block))  # noqa: S307  # our own
        assert whole_block(again) == whole_block(block)

    def test_repr_shows_the_bytes_and_the_id_if_there_is_one(self) -> None:
        assert repr(Block(b"data: a")) == "Block(b'data: a\\n\\n')"
        assert repr(Block(b"data: a\n\n", "7")) == "Block(b'data: a\\n\\n', last_event_id='7')"
        assert str(Block) == "<class 'sse_codec.Block'>"

    def test_match(self) -> None:
        match FULL:
            case Block("one\ntwo", "e", "1", 5):
                pass
            case _:
                pytest.fail("by position")
        match FULL:
            case Block(data="one\ntwo", comments=("hi",), last_event_id="1"):
                pass
            case _:
                pytest.fail("by name")
        match Block(b": ping"):
            case Block(None, comments=("ping",)):
                pass
            case _:
                pytest.fail("without data")

    def test_a_subclass_keeps_its_type(self) -> None:
        assert repr(copy.copy(Sub(b"data: a"))) == "Sub(b'data: a\\n\\n')"
        assert type(pickle.loads(pickle.dumps(Sub(b"data: a")))) is Sub

    def test_lines_are_as_they_were_written(self) -> None:
        wire = b"data\ndata:\ndata: \ndata:  a\n:c\n:  d\nx\n\xff: \xe2\x82\nid: \0"
        assert Block(wire).lines == (
            *[Field("data", "")] * 3,
            Field("data", " a"),
            Comment("c"),
            Comment(" d"),
            Field("x", ""),
            Field("\ufffd", "\ufffd"),
            Field("id", "\0"),
        )
        assert Block(wire).wire == wire + b"\n\n"

    def test_comments(self) -> None:
        assert Block(b": a\ndata: b\n:c\n::d\n:").comments == ("a", "c", ":d", "")
        assert Block(b"data: :a\nid").comments == ()
        assert Block(b"data\nid").comments == ()

    def test_wire_keeps_a_byte_order_mark_from_being_dropped(self) -> None:
        """Otherwise a receiver whose stream starts with this block would drop its first three bytes."""
        block = Block(BOM + b"data: a\n\n")
        assert block.lines == (Field("\ufeffdata", "a"),)
        assert block.wire == b"\n" + BOM + b"data: a\n\n"
        assert Block(block.wire) == block
        assert BlockDecoder().feed(block.wire) == [block]
        inside = Block(b"data: a\n" + BOM + b"id: 1")
        assert inside.wire == b"data: a\n" + BOM + b"id: 1\n\n"

    @pytest.mark.parametrize("block", [encode_comment(""), encode_block(id=""), encode(ReceivedEvent("a\nb", "c"))])
    def test_the_encoder_writes_one_block(self, block: bytes) -> None:
        assert Block(block).wire == block


class Sub(Block):
    """At the top level, because pickle needs that."""


# Decoding streams


@lru_cache
def expected_blocks_of(wire: bytes) -> Expected:
    return expected_blocks(Connection(NEVER, "", None, wire, []))


def check(wire: bytes, chunks: Iterable[bytes], case: Case | None = None) -> None:
    """Check every attribute of a stream's blocks, and the decoder's state after it."""
    decoder = BlockDecoder()
    got = [block for chunk in chunks for block in decoder.feed(chunk)]
    expected = expected_blocks_of(wire)
    assert [whole_block(block) for block in got] == expected.items
    if case is not None:
        events = [event for block in got for event in [block.to_event()] if event is not None]
        assert [whole(event) for event in events] == [whole(event) for event in case.events]
        state = (case.last_event_id, case.reconnection_time)
        assert (decoder.last_event_id, decoder.reconnection_time) == state
        unfinished = decoder.close()
        event = unfinished.to_event() if unfinished else None
        assert (event and whole(event)) == (case.unfinished and whole(case.unfinished))
        comments = [text for block in [*got, *([unfinished] if unfinished else [])] for text in block.comments]
        assert tuple(comments) == case.comments
        assert (decoder.last_event_id, decoder.reconnection_time) == state, "close() must commit nothing"
        assert (unfinished and whole_block(unfinished)) == expected.unfinished
        assert decoder.close() is None


@every_way
@cases
def test_whole(case: Case) -> None:
    check(case.wire, [case.wire], case)


@every_way
@cases
def test_byte_by_byte(case: Case) -> None:
    check(case.wire, cut(case.wire, list(range(len(case.wire)))), case)


@every_way
@cases
def test_every_two_way_cut(case: Case) -> None:
    for place in range(min(len(case.wire), 200) + 1):
        check(case.wire, cut(case.wire, [place]), case)


@every_way
@cases
def test_within_a_limit_that_just_fits(case: Case) -> None:
    """Near the limit the decoder takes its careful path, which gives the same blocks; one byte less raises."""
    expected = expected_blocks_of(case.wire).items
    least = least_limit(case.wire, comments=True)
    for limit, fits in ((least, True), (least - 1, False)):
        for chunks in ([case.wire], cut(case.wire, list(range(len(case.wire))))):
            if limit == 0:
                continue  # 0 is not a valid limit
            decoder = BlockDecoder(max_event_size=limit)
            got: list[Block] = []
            try:
                for chunk in [*chunks, b""]:
                    got += decoder.feed(chunk)
            except EventTooLarge:
                assert not fits
            else:
                assert fits
                assert [whole_block(block) for block in got] == expected


@every_way
@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_every_shape(shape: list[bytes], end: bytes) -> None:
    for count in (1, 3, 40):
        parts = stream(shape, count, end)
        wire = b"".join(parts)
        check(wire, [wire])
        check(wire, parts)
        check(wire, cut(wire, list(range(0, len(wire), 16))))


@every_way
@pytest.mark.parametrize("shape", ["event, id, data", "data"])
@pytest.mark.parametrize("miss", NEAR_MISSES.values(), ids=list(NEAR_MISSES))
def test_a_block_that_is_nearly_like_the_others(miss: bytes, shape: str) -> None:
    alike = stream(SHAPES[shape], 12)
    for at in (0, 1, 6, 12):
        parts = [*alike[:at], miss, *alike[at:]]
        wire = b"".join(parts)
        check(wire, [wire])
        check(wire, parts)


def test_each_block_comes_once_and_in_order() -> None:
    wire = b": ping\n\nid: 1\n\nx: y\n\nevent: e\n\ndata: a\n\nretry: 5\n\n\n\ndata\n\n"
    got = BlockDecoder().feed(wire)
    assert [block.wire for block in got] == [
        b": ping\n\n", b"id: 1\n\n", b"x: y\n\n", b"event: e\n\n", b"data: a\n\n", b"retry: 5\n\n", b"data\n\n",
    ]  # fmt: skip
    assert [block.last_event_id for block in got] == ["", *["1"] * 6]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_bytes_of_any_kind_at_the_start_and_later(kind: type[bytes | bytearray | memoryview]) -> None:
    decoder = BlockDecoder()
    got = [
        block for wire in (b"data: a\n\n", b"data: b\n\n", b"x", b"\r", b"\n\n") for block in decoder.feed(kind(wire))
    ]
    assert [(block.wire, type(block.wire)) for block in got] == [
        (b"data: a\n\n", bytes),
        (b"data: b\n\n", bytes),
        (b"x\n\n", bytes),
    ]


def test_a_reconnection_time_stays_and_is_set_once() -> None:
    decoder = BlockDecoder()
    decoder.feed(b"retry: 5\n\nid: 1\n\ndata: a\ndata: b\n\n")
    assert decoder.reconnection_time == 5
    decoder.feed(b"retry: 6\n")
    decoder.reconnection_time = None
    decoder.feed(b"\nid: 2\n\n")
    assert decoder.reconnection_time is None


@pytest.mark.parametrize("wire", [b"data: X", b"X: y", b"X\n"])
def test_close_leaves_the_bytes_as_they_are(wire: bytes) -> None:
    decoder = BlockDecoder()
    decoder.feed(wire)
    assert decoder.close() == Block(wire)


def test_a_block_goes_on_in_the_next_chunk_with_whole_lines() -> None:
    decoder = BlockDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"data: b\n\n") == [Block(b"data: a\ndata: b")]
    assert decoder.feed(b"data: c\n\n") == [Block(b"data: c")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=shown)
def test_wire_has_LF_line_ends_and_is_otherwise_byte_for_byte(end: bytes) -> None:
    lines = [b"data: \xff\xe2\x82", b"\xc0\xaf", b"data", b":", b"id: \0", b"x:\ty ", b"\xef\xbb\xbfa"]
    for start in (b"", BOM):
        wire = start + end.join(lines) + end + end
        for chunks in ([wire], list(cut(wire, list(range(len(wire)))))):
            decoder = BlockDecoder()
            [block] = [block for chunk in chunks for block in decoder.feed(chunk)]
            assert block.wire == b"\n".join(lines) + b"\n\n"


def test_a_second_byte_order_mark_is_kept() -> None:
    [block] = BlockDecoder().feed(BOM + BOM + b"data: a\n\n")
    assert block.lines == (Field("\ufeffdata", "a"),)
    assert block.wire == b"\n" + BOM + b"data: a\n\n"


def test_resumes_from_a_last_event_id() -> None:
    decoder = BlockDecoder(last_event_id="41")
    got = decoder.feed(b": a\n\ndata: b\n\nid: 42\ndata: c\n\nid\n\n")
    assert [block.last_event_id for block in got] == ["41", "41", "42", ""]
    assert [block.id for block in got] == [None, None, "42", ""]


def test_takes_bytes_of_any_kind_and_the_caller_may_reuse_its_buffer() -> None:
    decoder = BlockDecoder()
    buffer = bytearray(b"data: a\n\ndata: b")
    [block] = decoder.feed(buffer)
    buffer[:] = b"!" * len(buffer)
    assert block.wire == b"data: a\n\n"
    assert [block.wire for block in decoder.feed(memoryview(b"\n\n"))] == [b"data: b\n\n"]
    assert type(block.wire) is bytes


@pytest.mark.parametrize("chunk", [None, "data: a\n\n", 3, [b"data: a\n\n"]])
def test_other_types_are_refused_by_name(chunk: Any) -> None:
    decoder = BlockDecoder()
    decoder.feed(b"data: a")
    with pytest.raises(TypeError, match=r"^feed\(\) takes bytes.*not " + type(chunk).__name__):
        decoder.feed(chunk)
    assert [block.data for block in decoder.feed(b"\n\n")] == ["a"], "the decoder is unchanged"


def test_never_waits_for_the_LF_of_a_CRLF() -> None:
    decoder = BlockDecoder()
    assert [block.data for block in decoder.feed(b"data: a\r\n\r")] == ["a"]
    assert decoder.feed(b"") == []
    assert [block.data for block in decoder.feed(b"\ndata: b\r\n\r\n")] == ["b"]


def test_an_unknown_attribute_is_refused() -> None:
    for name in ("max_event_size", "last_id"):
        with pytest.raises(AttributeError):
            setattr(BlockDecoder(), name, "1")


class TestCloseAndReset:
    """At the end of a connection."""

    def test_close_returns_the_block_that_was_cut_off_and_resets(self) -> None:
        decoder = BlockDecoder(last_event_id="1")
        assert decoder.feed(b": hi\nid: 2\ndata: a\ndat") == []
        block = decoder.close()
        assert block is not None
        assert block.wire == b": hi\nid: 2\ndata: a\ndat\n\n"
        assert (block.id, block.last_event_id, decoder.last_event_id) == ("2", "2", "1")
        assert decoder.close() is None
        assert [block.data for block in decoder.feed(BOM + b"data: b\n\n")] == ["b"]

    def test_a_cut_off_block_without_an_id_has_the_last_event_id_of_the_stream(self) -> None:
        decoder = BlockDecoder()
        decoder.feed(b"id: 7\n\n: bye")
        block = decoder.close()
        assert block is not None
        assert (block.data, block.comments, block.last_event_id) == (None, ("bye",), "7")

    def test_an_empty_id_that_is_cut_off_resets(self) -> None:
        decoder = BlockDecoder(last_event_id="1")
        decoder.feed(b"id")
        block = decoder.close()
        assert block is not None
        assert (block.id, block.last_event_id, decoder.last_event_id) == ("", "", "1")

    @pytest.mark.parametrize("wire", [b"", b"\n", b"data: a\n\n", b"data: a\r\r", b"data: a\n\n\n", BOM, BOM + b"\n"])
    def test_nothing_is_cut_off_after_a_blank_line(self, wire: bytes) -> None:
        decoder = BlockDecoder()
        decoder.feed(wire)
        assert decoder.close() is None

    def test_part_of_a_byte_order_mark_is_a_block(self) -> None:
        decoder = BlockDecoder()
        assert decoder.feed(BOM[:2]) == []
        block = decoder.close()
        assert block is not None
        assert (block.wire, block.lines) == (BOM[:2] + b"\n\n", (Field("\ufffd", ""),))

    def test_reset_drops_the_block_and_keeps_the_state(self) -> None:
        decoder = BlockDecoder()
        decoder.feed(b"id: 1\nretry: 5\n\nid: 2\nretry: 7\ndata: a\r")
        decoder.reset()
        assert (decoder.last_event_id, decoder.reconnection_time) == ("1", 7)
        [block] = decoder.feed(BOM + b"data: b\n\n")
        assert (block.data, block.last_event_id) == ("b", "1")


class TestLimit:
    """`max_event_size`: comments count too, because they are kept."""

    ENDLESS = pytest.mark.parametrize(
        "piece", [b"x", b": ping\n", b":", b"data: x\n", b"id: 1\r\n", b"retry: 5\n", b"x: y\n", b"\xff"]
    )

    @ENDLESS
    @pytest.mark.parametrize("pieces_a_chunk", [1, 7, 1000])
    def test_nothing_can_grow_without_end(self, piece: bytes, pieces_a_chunk: int) -> None:
        decoder = BlockDecoder(max_event_size=100)
        fed = 0
        with pytest.raises(EventTooLarge) as raised:
            while fed < 100_000:
                assert decoder.feed(piece * pieces_a_chunk) == []
                fed += len(piece * pieces_a_chunk)
        assert fed <= 120, "CRLF counts as one byte"
        assert raised.value.limit == 100
        assert raised.value.unit == "block"
        assert 100 < raised.value.size <= 100 + len(piece) * pieces_a_chunk

    @every_way
    @pytest.mark.parametrize("step", [1, 2, 3, 1000])
    @pytest.mark.parametrize(
        "wire", [b"data: 12", b"data: 1\ndata: 2", b": ping\ndata: 1", b":\n:\n:", b"retry: 5\nid"]
    )
    def test_which_bytes_count(self, wire: bytes, step: int) -> None:
        """The block's lines, including comments, with one byte between two lines."""
        stream = b": 1\n\n" + wire + b"\n\n" + wire + b"\n\n"
        for limit, fits in ((len(wire), True), (len(wire) - 1, False)):
            decoder = BlockDecoder(max_event_size=limit)
            got: list[Block] = []
            try:
                for chunk in cut(stream, list(range(0, len(stream), step))):
                    got += decoder.feed(chunk)
                decoder.feed(b"")
            except EventTooLarge as error:
                assert not fits
                assert error.limit == limit
            else:
                assert fits
            assert [block.wire for block in got] == [b": 1\n\n", *[wire + b"\n\n"] * (2 if fits else 0)]

    def test_a_byte_order_mark_does_not_count(self) -> None:
        assert len(BlockDecoder(max_event_size=7).feed(BOM + b"data: 1\r\n\r\n")) == 1

    def test_raises_until_reset(self) -> None:
        decoder = BlockDecoder(max_event_size=10)
        assert [block.wire for block in decoder.feed(b"id: 1\n\n" + b"x" * 11)] == [b"id: 1\n\n"], (
            "complete blocks come first"
        )
        for call in (lambda: decoder.feed(b""), lambda: decoder.feed(b"data: a\n\n"), decoder.close):
            with pytest.raises(EventTooLarge) as raised:
                call()
            assert (raised.value.limit, raised.value.size) == (10, 11)
        decoder.reset()
        assert decoder.last_event_id == "1"
        assert [block.data for block in decoder.feed(b"data: b\n\n")] == ["b"]

    def test_many_small_blocks_may_exceed_it_together(self) -> None:
        assert len(BlockDecoder(max_event_size=10).feed(b"data: a\n\n: ping\n\n" * 1000)) == 2000

    def test_None_means_no_limit_and_other_values_are_checked(self) -> None:
        assert len(BlockDecoder(max_event_size=None).feed(b"data: a\n\n")) == 1
        for bad, error in ((0, ValueError), (-1, ValueError), (True, TypeError), (1.5, TypeError), ("1", TypeError)):
            with pytest.raises(error, match="max_event_size must be "):
                BlockDecoder(max_event_size=bad)  # type: ignore[arg-type]  # wrong on purpose


SOURCES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("as received", lambda wire: b"".join(block.wire for block in decode_blocks(wire))),
    ("block by block", lambda wire: b"".join(Block(block.wire).wire for block in decode_blocks(wire))),
]


@pytest.mark.parametrize("relay", [relay for _, relay in SOURCES], ids=[name for name, _ in SOURCES])
@cases
def test_a_stream_is_passed_on_as_received(case: Case, relay: Callable[[bytes], bytes]) -> None:
    """Except for line ends, a byte order mark, and a last block without a blank line."""
    relayed = relay(case.wire)
    lines = re.split(rb"\r\n|\r|\n", case.wire.removeprefix(BOM))
    ended, block = [], list[bytes]()
    for line in lines[:-1]:
        if line:
            block.append(line)
        elif block:
            ended.append(b"\n".join(block))
            block = []
    guarded = [b"\n" * raw.startswith(BOM) + raw + b"\n\n" for raw in ended]
    assert relayed == b"".join(guarded)
    assert relay(relayed) == relayed
    assert relay(BOM + relayed.replace(b"\n", b"\r\n")) == relayed
