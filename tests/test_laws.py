"""Laws of the three decoders, judged by the reference decoder, over arbitrary bytes in arbitrary chunks."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from sse_codec import (
    DEFAULT_MAX_EVENT_SIZE,
    BlankLine,
    Block,
    BlockDecoder,
    Comment,
    Decoder,
    EncodeError,
    EventTooLarge,
    Field,
    LineDecoder,
    MissingSentinel,
    ReceivedEvent,
    ServerSentEvent,
    adecode,
    adecode_blocks,
    decode,
    decode_blocks,
    encode,
    encode_block,
    encode_line,
)
from sse_codec._decoder import _LONGEST_RETRY
from sse_codec.testing import reference_decode
from tests.conftest import WAYS
from tests.fuzz.laws import NEVER, Connection, expected_blocks, expected_events, retries
from tests.fuzz.laws import whole as whole_item
from tests.strategies import chunkings, events, hostile_events, plain_texts, prompt_wires, responses, sent_texts, wires
from tests.test_decoder import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sse_codec import Line

    AnyDecoder = Decoder | BlockDecoder | LineDecoder

ways = st.sampled_from(list(WAYS.values()))


@contextmanager
def take(way: dict[str, int]) -> Iterator[None]:
    with ExitStack() as stack:
        for name, size in way.items():
            stack.enter_context(mock.patch(f"sse_codec.{name}", size))
        yield


def assemble(lines: list[Line]) -> list[ReceivedEvent]:
    """Build events from lines, as a user of `LineDecoder` would, without reconnection times."""
    events = []
    data: list[str] = []
    name, id, last_event_id = "", None, ""
    for line in lines:
        match line:
            case Field("data", value):
                data.append(value)
            case Field("event", value):
                name = value
            case Field("id", value) if "\0" not in value:
                id = value
            case BlankLine():
                last_event_id = last_event_id if id is None else id
                if data:
                    events.append(ReceivedEvent("\n".join(data), name or None, id, None, last_event_id))
                data, name, id = [], "", None
    return events


def feed_all(decoder: Decoder, chunks: Iterable[bytes]) -> list[ReceivedEvent]:
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def feed_all_blocks(decoder: BlockDecoder, chunks: Iterable[bytes]) -> list[Block]:
    return [block for chunk in chunks for block in decoder.feed(chunk)]


def feed_all_lines(decoder: LineDecoder, chunks: Iterable[bytes]) -> list[Line]:
    return [line for chunk in chunks for line in decoder.feed(chunk)]


def events_of(blocks: Iterable[Block]) -> list[ReceivedEvent]:
    return [event for event in (block.to_event() for block in blocks) if event is not None]


def single_bytes(wire: bytes) -> list[bytes]:
    return [wire[at : at + 1] for at in range(len(wire))]


limits = st.none() | st.just(DEFAULT_MAX_EVENT_SIZE)
starts = st.sampled_from(["", "start"])


@given(chunkings(), starts, limits, ways)
def test_Decoder_follows_the_standard(
    chunks: list[bytes], last_event_id: str, limit: int | None, way: dict[str, int]
) -> None:
    with take(way):
        decoder = Decoder(last_event_id=last_event_id, max_event_size=limit)
        got = feed_all(decoder, chunks)
    expected = reference_decode(b"".join(chunks), last_event_id=last_event_id)
    event(f"{min(len(expected.events), 3)} events or more")
    assert [whole(e) for e in got] == [whole(e) for e in expected.events]
    assert decoder.last_event_id == expected.last_event_id
    assert decoder.reconnection_time == expected.reconnection_time
    unfinished = decoder.close()
    assert (unfinished and whole(unfinished)) == (expected.unfinished and whole(expected.unfinished))


@given(chunkings(), starts, limits, ways)
def test_BlockDecoder_follows_the_standard(
    chunks: list[bytes], last_event_id: str, limit: int | None, way: dict[str, int]
) -> None:
    wire = b"".join(chunks)
    with take(way):
        decoder = BlockDecoder(last_event_id=last_event_id, max_event_size=limit)
        got = feed_all_blocks(decoder, chunks)
    reference = reference_decode(wire, last_event_id=last_event_id)
    event(f"{min(len(got), 3)} blocks or more")
    expected = expected_blocks(Connection(NEVER, last_event_id, None, wire, []))
    assert [whole_item(block) for block in got] == expected.items
    assert [whole(e) for e in events_of(got)] == [whole(e) for e in reference.events]
    assert [text for block in got for text in block.comments] == [
        line.text for said in reference.blocks for line in said.lines if isinstance(line, Comment)
    ]
    assert decoder.last_event_id == reference.last_event_id
    assert decoder.reconnection_time == reference.reconnection_time
    unfinished = decoder.close()
    assert (unfinished and whole_item(unfinished)) == expected.unfinished
    of_unfinished = unfinished and unfinished.to_event()
    assert (of_unfinished and whole(of_unfinished)) == (reference.unfinished and whole(reference.unfinished))


@given(chunkings(), ways)
def test_a_Block_depends_only_on_its_bytes(chunks: list[bytes], way: dict[str, int]) -> None:
    """A block from the decoder and one built from its bytes have the same attributes."""
    with take(way):
        for block in feed_all_blocks(BlockDecoder(), chunks):
            again = Block(block.wire, block.last_event_id)
            assert again == block
            assert whole_item(again) == whole_item(block)


@given(chunkings(), ways)
def test_a_relayed_stream_means_the_same(chunks: list[bytes], way: dict[str, int]) -> None:
    """Blocks are passed on unchanged, to a receiver of all of them and to one whose stream starts at any of them."""
    with take(way):
        blocks = feed_all_blocks(BlockDecoder(), chunks)
        for start in range(len(blocks) + 1):
            relayed = b"".join(block.wire for block in blocks[start:])
            again = BlockDecoder().feed(relayed)
            assert again == blocks[start:]
            assert [whole_item(block)[:5] for block in again] == [whole_item(block)[:5] for block in blocks[start:]]
            assert reference_decode(relayed).events == events_of(blocks[start:])
            assert Decoder().feed(relayed) == events_of(blocks[start:])


@given(chunkings())
def test_LineDecoder_follows_the_standard(chunks: list[bytes]) -> None:
    lines = feed_all_lines(LineDecoder(), chunks)
    expected = reference_decode(b"".join(chunks))
    assert lines == expected.lines
    assert [line.text for line in lines if isinstance(line, Comment)] == expected.comments


@given(chunkings())
def test_Decoder_and_LineDecoder_agree(chunks: list[bytes]) -> None:
    got = feed_all(Decoder(), chunks)
    assembled = assemble(feed_all_lines(LineDecoder(), chunks))
    assert [(*whole(e)[:3], e.last_event_id) for e in got] == [(*whole(e)[:3], e.last_event_id) for e in assembled]


@given(wires | prompt_wires, ways)
def test_promptness(wire: bytes, way: dict[str, int]) -> None:
    """Fed byte by byte, each event and each line appears with the byte that completes it."""
    with take(way):
        decoder, lines = Decoder(), LineDecoder()
        expected = reference_decode(wire)
        blocks = BlockDecoder()
        ends, ends_of_blocks, lines_seen = list[int](), list[int](), 0
        for position in range(len(wire)):
            byte = wire[position : position + 1]
            ends += [position + 1] * len(decoder.feed(byte))
            ends_of_blocks += [position + 1] * len(blocks.feed(byte))
            lines_seen += len(lines.feed(byte))
            assert lines_seen == len(reference_decode(wire[: position + 1]).lines)
        assert ends == expected.ends
        assert ends_of_blocks == expected_blocks(Connection(NEVER, "", None, wire, [])).ends


def held(decoder: AnyDecoder) -> int:
    """Return how many bytes a decoder holds, not counting its small fixed state."""
    total = 0
    for owner in type(decoder).__mro__:
        for name in getattr(owner, "__slots__", ()):
            if name not in {"_last_event_id", "_reconnection_time", "_retry_time"}:
                value = getattr(decoder, name)
                if name == "_retry_line":
                    assert len(value) <= _LONGEST_RETRY
                    continue
                if name == "_changes" and value is None:
                    continue  # only `decode` uses it, and empties it at each chunk
                assert isinstance(value, (int, bytearray)), "new state: add its size to this function"
                total += len(value) if isinstance(value, bytearray) else 0
                assert sys.getsizeof(value) <= 1.2 * total + 100, "the buffer takes little more memory than its bytes"
    return total


@given(chunkings(), st.integers(1, 40))
def test_boundedness(chunks: list[bytes], limit: int) -> None:
    """The buffer stays within the limit; only EventTooLarge is raised, and only above the limit."""
    for kind in (Decoder, BlockDecoder, LineDecoder):
        decoder = kind(max_event_size=limit)
        failed = False
        for chunk in chunks:
            try:
                decoder.feed(chunk)
            except EventTooLarge as error:
                failed = True
                assert error.size > error.limit == limit
                assert held(decoder) == 0
            else:
                assert not failed, "a failed decoder stays failed"
            assert held(decoder) <= max(limit + 1, 2)  # a line's end; two bytes that may begin a byte order mark


@pytest.mark.parametrize("kind", [Decoder, BlockDecoder])
@given(chunkings(), st.integers(1, 40), ways)
def test_the_limit_does_not_depend_on_the_chunks(
    kind: type[Decoder | BlockDecoder], chunks: list[bytes], limit: int, way: dict[str, int]
) -> None:
    """A block fails exactly if its lines, with one byte between two, exceed the limit; all items before it come first.

    `Decoder` does not count complete comments; `BlockDecoder` keeps them, and so counts them.
    """

    def run(chunks: list[bytes]) -> tuple[list[Any], bool]:
        decoder = kind(max_event_size=limit)
        items: list[Any] = []
        try:
            for chunk in [*chunks, b""]:
                items += decoder.feed(chunk)
        except EventTooLarge:
            return [whole_item(item) for item in items], True
        return [whole_item(item) for item in items], False

    wire = b"".join(chunks)
    connection = Connection(limit, "", None, wire, [])
    expected = expected_events(connection) if kind is Decoder else expected_blocks(connection)
    within = [
        whole_item(item)
        for item, end in zip(expected.items, expected.ends, strict=True)
        if end <= expected.too_large_at
    ]
    event("too large" if expected.too_large_at < NEVER else "small enough")
    with take(way):
        for cut in (chunks, [wire], single_bytes(wire)):
            assert run(cut) == (within, expected.too_large_at < NEVER)


@pytest.mark.parametrize("kind", [Decoder, BlockDecoder])
@given(chunkings(), st.integers(1, 60), ways)
def test_a_reset_leaves_no_trace(
    kind: type[Decoder | BlockDecoder], chunks: list[bytes], limit: int, way: dict[str, int]
) -> None:
    """After any input, even too much, the next connection is like the first, except for the last event ID."""
    with take(way):
        used = kind(max_event_size=limit)
        for chunk in chunks:
            with suppress(EventTooLarge):
                used.feed(chunk)
        used.reset()
        used.reconnection_time = None
        new = kind(last_event_id=used.last_event_id, max_event_size=limit)
        for chunk in [*chunks, b""]:
            outcomes = []
            for decoder in (used, new):
                try:
                    outcomes.append([whole_item(item) for item in decoder.feed(chunk)])
                except EventTooLarge as error:
                    outcomes.append([str(error)])
            assert outcomes[0] == outcomes[1]
            assert used.last_event_id == new.last_event_id
            assert used.reconnection_time == new.reconnection_time


@pytest.mark.parametrize("kind", [Decoder, BlockDecoder])
@given(chunkings(), ways)
def test_a_retry_acts_once(kind: type[Decoder | BlockDecoder], chunks: list[bytes], way: dict[str, int]) -> None:
    """Acts in the feed that ends its line, wherever the block ends. A client that clears the time sees no old one."""
    wire = b"".join(chunks)
    with take(way):
        for cut in (chunks, single_bytes(wire)):
            decoder = kind()
            fed = 0
            for chunk in cut:
                decoder.feed(chunk)
                due = [time for end, time in retries(wire) if fed < end <= fed + len(chunk)]
                assert decoder.reconnection_time == (due[-1] if due else None)
                decoder.reconnection_time = None
                fed += len(chunk)


@given(responses, starts, st.booleans(), st.booleans())
@example([b"id: 1\ndata: a\n\nid\ndata: b\n\n"], "", False, False)
@example([b"id: 1\ndata: a\n\nid\ndata: b\n\n"], "", True, True)
@example([b"id: 1\ndata: a\n\nid: 7\ndata: b\n\n"], "7", False, False)
def test_a_decoder_follows_the_yielded_events(
    chunks: list[bytes], last_event_id: str, over_async: bool, blocks: bool
) -> None:
    """At each event its state is the standard's after that event's block; at the end, after the whole stream."""
    wire = b"".join(chunks)
    decoder: Decoder | BlockDecoder
    iterator: Any
    connection = Connection(NEVER, last_event_id, None, wire, [])
    if blocks:
        decoder = BlockDecoder(last_event_id=last_event_id)
        iterator = (adecode_blocks if over_async else decode_blocks)(chunks, decoder=decoder)
        ends = expected_blocks(connection).ends
    else:
        decoder = Decoder(last_event_id=last_event_id)
        iterator = (adecode if over_async else decode)(chunks, decoder=decoder)
        ends = reference_decode(wire).ends

    def state() -> tuple[str, int | None]:
        return decoder.last_event_id, decoder.reconnection_time

    if over_async:

        async def states_of() -> list[tuple[str, int | None]]:
            return [state() async for _ in iterator]

        states = asyncio.run(states_of())
    else:
        states = [state() for _ in iterator]
    references = [reference_decode(wire[:end], last_event_id=last_event_id) for end in [*ends, len(wire)]]
    assert [*states, state()] == [(each.last_event_id, each.reconnection_time) for each in references]


@given(responses, st.booleans())
def test_a_retry_acts_once_in_decode(chunks: list[bytes], blocks: bool) -> None:
    """A client that clears the time at each event sees only times of later blocks."""
    wire = b"".join(chunks)
    if blocks:
        ends = expected_blocks(Connection(NEVER, "", None, wire, [])).ends
        decoder: Any = BlockDecoder()
        iterator: Iterator[Any] = decode_blocks(chunks, decoder=decoder)
    else:
        ends, decoder = reference_decode(wire).ends, Decoder()
        iterator = decode(chunks, decoder=decoder)
    seen = []
    for _ in iterator:
        seen.append(decoder.reconnection_time)
        decoder.reconnection_time = None
    seen.append(decoder.reconnection_time)
    bounds = [0, *ends, len(wire)]
    due = [[time for end, time in retries(wire) if start < end <= stop] for start, stop in pairwise(bounds)]
    assert seen == [times[-1] if times else None for times in due]


@given(st.lists(events, max_size=4), st.lists(responses, max_size=3))
def test_decode_ends_at_the_sentinel(sent: list[ServerSentEvent], responses: list[list[bytes]]) -> None:
    """`until` stops before the first event that matches, and nowhere else."""
    for chunks in [[encode(each) for each in sent], *responses]:
        expected = reference_decode(b"".join(chunks)).events
        for sentinel in {each.data for each in expected} | {"no such data"}:
            count = next((n for n, each in enumerate(expected) if each.data == sentinel), None)
            for until in (sentinel, lambda each, sentinel=sentinel: each.data == sentinel):
                got: list[ReceivedEvent] = []
                try:
                    got.extend(decode(chunks, until=until))
                except MissingSentinel as missing:
                    assert count is None
                    assert missing.last == (expected[-1] if expected else None)
                else:
                    assert got == expected[:count]


@given(events)
def test_round_trip(event: ServerSentEvent) -> None:
    assert feed_all(Decoder(), [encode(event)]) == [event]
    assert reference_decode(encode(event)).events == [event]
    assert events_of(BlockDecoder().feed(encode(event))) == [event]


@given(
    data=st.none() | sent_texts,
    event=st.none() | plain_texts.filter(bool) | st.just("message"),
    id=st.none() | plain_texts,
    comment=st.none() | sent_texts,
    retry=st.none() | st.integers(0, 10**18 - 1),
)
@example(data=None, event=None, id=None, comment=None, retry=None)
@example(data="", event="message", id="", comment="", retry=0)
def test_round_trip_of_a_block(
    data: str | None, event: str | None, id: str | None, comment: str | None, retry: int | None
) -> None:
    """`BlockDecoder` reads the same values that `encode_block` wrote, and tells "not given" from "empty"."""
    if data is None:
        event = None  # "an event type in a block without data" is refused
    wire = encode_block(data, event=event, id=id, comment=comment, retry=retry)
    got = BlockDecoder().feed(wire)
    if (data, event, id, comment, retry) == (None,) * 5:
        assert got == []
        return
    [block] = got
    assert (block.data, block.event, block.id, block.retry) == (data, event, id, retry)
    assert block.comments == (() if comment is None else tuple(comment.split("\n")))
    assert block.last_event_id == (id or "")
    assert block.wire == wire
    names = [line.name if isinstance(line, Field) else ":" for line in block.lines]
    assert names == sorted(names, key=[":", "id", "event", "data", "retry"].index)


#: The types that the encoder takes; it checks them before the values.
FIELD_TYPES: dict[str, set[type]] = {"data": {str}, "event": {str}, "id": {str, type(None)}, "retry": {int, type(None)}}


@given(hostile_events)
@example(ServerSentEvent("a\r\rb\r\nc"))
def test_nothing_injects(event: ServerSentEvent) -> None:
    """Either the encoder raises and names an invalid field, or the wire decodes to exactly this event."""
    try:
        wire = encode(event)
    except EncodeError as error:
        assert error.value == getattr(event, error.field)
        assert isinstance(error, TypeError) == (type(error.value) not in FIELD_TYPES[error.field])
        return
    [got] = reference_decode(wire + b"data: behind\n\n").events[:-1]
    data = event.data.replace("\r\n", "\n").replace("\r", "\n")
    assert got == ServerSentEvent(data, event.event, event.id, event.retry)


@given(wires)
def test_a_proxy_loses_nothing(wire: bytes) -> None:
    """A stream read by `LineDecoder` and written by `encode_line` is the same to the next reader."""
    lines = [
        line
        for line in LineDecoder().feed(wire)
        # The only kind of field that can't be passed on; every reader ignores it.
        if not (isinstance(line, Field) and line.name.startswith("\ufeff"))
    ]
    assert LineDecoder().feed(b"".join(map(encode_line, lines))) == lines
