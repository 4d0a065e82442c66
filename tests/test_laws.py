"""Laws of both decoders, judged by the reference decoder, over arbitrary bytes in arbitrary chunks."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import event, example, given
from hypothesis import strategies as st

from sse_codec import (
    BlankLine,
    Comment,
    Decoder,
    EncodeError,
    EventTooLarge,
    Field,
    LineDecoder,
    ReceivedEvent,
    ServerSentEvent,
    encode,
    encode_line,
)
from sse_codec.testing import reference_decode
from tests.strategies import chunkings, events, hostile_events, prompt_wires, wires
from tests.test_decoder import WAYS, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Lines = list[Field | Comment | BlankLine]


ways = st.sampled_from(list(WAYS.values()))


@contextmanager
def take(way: dict[str, int]) -> Iterator[None]:
    with ExitStack() as stack:
        for name, size in way.items():
            stack.enter_context(mock.patch(f"sse_codec.{name}", size))
        yield


def assemble(lines: Lines, last_event_id: str = "") -> list[ReceivedEvent]:
    """Join lines to events, as a reader of `LineDecoder` would; the reconnection time is for `Decoder`'s own tests."""
    events = []
    data: list[str] = []
    name, id = "", None
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


def feed_all_lines(decoder: LineDecoder, chunks: Iterable[bytes]) -> Lines:
    return [line for chunk in chunks for line in decoder.feed(chunk)]


@given(chunkings(), st.sampled_from(["", "start"]), ways)
def test_Decoder_is_the_standard(chunks: list[bytes], last_event_id: str, way: dict[str, int]) -> None:
    with take(way):
        decoder = Decoder(last_event_id=last_event_id)
        got = feed_all(decoder, chunks)
    expected = reference_decode(b"".join(chunks), last_event_id=last_event_id)
    event(f"{min(len(expected.events), 3)} events or more")
    assert [whole(e) for e in got] == [whole(e) for e in expected.events]
    assert decoder.last_event_id == expected.last_event_id
    assert decoder.reconnection_time == expected.reconnection_time
    unfinished = decoder.close()
    assert (unfinished and whole(unfinished)) == (expected.unfinished and whole(expected.unfinished))


@given(chunkings())
def test_LineDecoder_is_the_standard(chunks: list[bytes]) -> None:
    lines = feed_all_lines(LineDecoder(), chunks)
    expected = reference_decode(b"".join(chunks))
    assert lines == expected.lines
    assert [line.text for line in lines if isinstance(line, Comment)] == expected.comments


@given(chunkings())
def test_Decoder_and_LineDecoder_are_equal(chunks: list[bytes]) -> None:
    got = feed_all(Decoder(), chunks)
    assembled = assemble(feed_all_lines(LineDecoder(), chunks))
    assert [(*whole(e)[:3], e.last_event_id) for e in got] == [(*whole(e)[:3], e.last_event_id) for e in assembled]


@given(wires | prompt_wires, ways)
def test_promptness(wire: bytes, way: dict[str, int]) -> None:
    """Fed byte by byte, each event appears at exactly the byte that completes it, and each line too."""
    with take(way):
        decoder, lines = Decoder(), LineDecoder()
        expected = reference_decode(wire)
        ends, lines_seen = [], 0
        for position in range(len(wire)):
            byte = wire[position : position + 1]
            ends += [position + 1] * len(decoder.feed(byte))
            lines_seen += len(lines.feed(byte))
            assert lines_seen == len(reference_decode(wire[: position + 1]).lines)
        assert ends == expected.ends


def held(decoder: Decoder | LineDecoder) -> int:
    """Return how many bytes a decoder holds, its own small fixed state aside."""
    total = 0
    for owner in type(decoder).__mro__:
        for name in getattr(owner, "__slots__", ()):
            if name not in {"_last_event_id", "_reconnection_time"}:
                value = getattr(decoder, name)
                if name == "_changes" and value is None:
                    continue  # for `decode` alone, which empties it at each chunk
                assert isinstance(value, (int, bytearray)), "a new kind of state: teach this function its size"
                total += len(value) if isinstance(value, bytearray) else 0
                assert sys.getsizeof(value) <= 1.2 * total + 100, "what is held takes no more memory than that"
    return total


@given(chunkings(), st.integers(1, 40))
def test_boundedness(chunks: list[bytes], limit: int) -> None:
    """What is held stays within the limit; nothing but EventTooLarge is raised, and only past the limit."""
    for decoder in (Decoder(max_event_size=limit), LineDecoder(max_event_size=limit)):
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


@given(chunkings(), st.integers(1, 40), ways)
def test_the_limit_does_not_depend_on_the_chunks(chunks: list[bytes], limit: int, way: dict[str, int]) -> None:
    """The same events come before EventTooLarge, and it comes or does not, however the stream is cut."""

    def run(chunks: list[bytes]) -> tuple[list[ReceivedEvent], bool]:
        decoder = Decoder(max_event_size=limit)
        events = []
        try:
            for chunk in [*chunks, b""]:
                events += decoder.feed(chunk)
        except EventTooLarge:
            return events, True
        return events, False

    wire = b"".join(chunks)
    expected = reference_decode(wire).events
    with take(way):
        got, failed = run(chunks)
        assert (got, failed) == run([wire]) == run([wire[at : at + 1] for at in range(len(wire))])
    assert got == (expected[: len(got)] if failed else expected)


@given(events)
def test_round_trip(event: ServerSentEvent) -> None:
    assert feed_all(Decoder(), [encode(event)]) == [event]
    assert reference_decode(encode(event)).events == [event]


#: What the encoder takes; it looks at the types before it looks at the values.
FIELD_TYPES: dict[str, set[type]] = {"data": {str}, "event": {str}, "id": {str, type(None)}, "retry": {int, type(None)}}


@given(hostile_events)
@example(ServerSentEvent("a\r\rb\r\nc"))
def test_nothing_injects(event: ServerSentEvent) -> None:
    """Either the encoder refuses, and names a field that is at fault, or the wire decodes to exactly the one event."""
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
    """What `LineDecoder` reads and `encode_line` writes is the same stream to the next reader."""
    lines = [
        line
        for line in LineDecoder().feed(wire)
        # The one field that can't be passed on, and that no reader knows.
        if not (isinstance(line, Field) and line.name.startswith("\ufeff"))
    ]
    assert LineDecoder().feed(b"".join(map(encode_line, lines))) == lines
