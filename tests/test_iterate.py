"""decode, adecode and their block variants: every kind of source, and every way a stream can end."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import inspect
import io
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec import (
    Block,
    BlockDecoder,
    Decoder,
    EventTooLarge,
    IncompleteEvent,
    LineDecoder,
    MissingSentinel,
    ReceivedEvent,
    ServerSentEvent,
    adecode,
    adecode_blocks,
    decode,
    decode_blocks,
)
from sse_codec.testing import reference_decode
from tests.ids import shown
from tests.strategies import chunkings, responses

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator
    from pathlib import Path

    from sse_codec._iterate import OnEOF

WIRE = b"id: 1\ndata: a\n\ndata: b\r\n\r\ndata: c\n"
A, B, C = ServerSentEvent("a", id="1"), ServerSentEvent("b"), ServerSentEvent("c")


class Broken(Exception):
    """Raised by a source."""


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def sync(chunks: Any, **options: Any) -> list[ReceivedEvent]:
    return list(decode(chunks, **options))


def over_sync(chunks: Any, **options: Any) -> list[ReceivedEvent]:
    """Run adecode over the same source that decode would get."""

    async def main() -> list[ReceivedEvent]:
        return [event async for event in adecode(chunks, **options)]

    result: list[ReceivedEvent] = run(main())
    return result


def over_async(chunks: Any, **options: Any) -> list[ReceivedEvent]:
    """Run adecode over an async generator of the same chunks."""

    async def source() -> AsyncIterator[bytes]:
        for chunk in [chunks] if isinstance(chunks, bytes) else chunks:
            await asyncio.sleep(0)
            yield chunk

    async def main() -> list[ReceivedEvent]:
        return [event async for event in adecode(source(), **options)]

    result: list[ReceivedEvent] = run(main())
    return result


every_way = pytest.mark.parametrize("decoded", [sync, over_sync, over_async])
both_ways = pytest.mark.parametrize("decoded", [sync, over_sync])


async def leave_early(chunks: Any) -> None:
    """Stop after adecode's first event, and close it."""
    async with contextlib.aclosing(adecode(chunks)) as events:
        async for _ in events:
            break


def pieces() -> Generator[bytes, None, None]:
    yield from (WIRE[at : at + 3] for at in range(0, len(WIRE), 3))


@both_ways
@pytest.mark.parametrize(
    "source",
    [
        lambda: WIRE,
        lambda: bytearray(WIRE),
        lambda: memoryview(WIRE),
        lambda: [WIRE],
        lambda: [WIRE[:5], b"", bytearray(WIRE[5:9]), memoryview(WIRE[9:])],
        lambda: tuple(pieces()),
        lambda: iter(list(pieces())),
        pieces,
        lambda: io.BytesIO(WIRE),
        lambda: io.BufferedReader(io.BytesIO(WIRE)),
        lambda: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(WIRE))),
    ],
    ids=[
        "bytes",
        "bytearray",
        "memoryview",
        "list",
        "mixed",
        "tuple",
        "iterator",
        "generator",
        "BytesIO",
        "reader",
        "gzip",
    ],
)
def test_every_kind_of_source(decoded: Any, source: Callable[[], Any]) -> None:
    assert decoded(source()) == [A, B]


@every_way
@given(responses)
def test_agrees_with_the_reference(decoded: Any, chunks: list[bytes]) -> None:
    reference = reference_decode(b"".join(chunks))
    assert decoded(chunks) == reference.events
    unfinished = [] if reference.unfinished is None else [reference.unfinished]
    assert decoded(chunks, on_eof="dispatch") == reference.events + unfinished


def test_an_async_generator() -> None:
    assert over_async(list(pieces())) == [A, B]


@both_ways
@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_file(decoded: Any, buffering: int, tmp_path: Path) -> None:
    path = tmp_path / "stream"
    path.write_bytes(WIRE * 5000)
    with path.open("rb", buffering=buffering) as file:
        assert decoded(file) == [A, B] + [ServerSentEvent("c\na", id="1"), B] * 4999
        assert not file.closed, "only the owner closes a file"


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_pipe_is_read_as_its_bytes_arrive(buffering: int) -> None:
    """An event comes before the writer closes and before a buffer is full."""
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=buffering) as source, open(writing, "wb", buffering=0) as sink:
        events = decode(source)
        for data in ("a", "b"):
            sink.write(f"data: {data}\r\r".encode())
            assert next(events) == ServerSentEvent(data)


def test_a_long_bytes_object_is_decoded_lazily() -> None:
    events = decode(b"data: a\n\n" * 100_000)
    assert next(events) == ServerSentEvent("a")
    assert sum(1 for _ in events) == 99_999


def test_an_async_iterator_that_is_not_a_generator() -> None:
    class Chunks:
        def __init__(self) -> None:
            self.left = [WIRE[:20], WIRE[20:]]

        def __aiter__(self) -> Chunks:
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    async def main() -> list[ReceivedEvent]:
        return [event async for event in adecode(Chunks())]

    assert run(main()) == [A, B]


def test_an_asyncio_stream_reader() -> None:
    """Lines may be longer than the reader's own limit, and events come while the connection is open."""

    async def main() -> list[str]:
        reader = asyncio.StreamReader(limit=16)
        reader.feed_data(b"data: " + b"x" * 1000 + b"\n\n")
        events = adecode(reader)
        seen = [(await events.__anext__()).data]
        reader.feed_data(b"data: b\r\r")
        seen.append((await events.__anext__()).data)
        reader.feed_eof()
        return seen + [event.data async for event in events]

    assert run(main()) == ["x" * 1000, "b"]


class TestEndOfStream:
    """The three values of `on_eof`."""

    @every_way
    def test_discard(self, decoded: Any) -> None:
        assert decoded([WIRE], on_eof="discard") == [A, B]

    @every_way
    def test_dispatch(self, decoded: Any) -> None:
        assert decoded([WIRE], on_eof="dispatch") == [A, B, C]
        assert decoded([b"data: [DONE]"], on_eof="dispatch") == [ServerSentEvent("[DONE]")]
        assert decoded([b"data: a\n\nid: 1"], on_eof="dispatch") == [ServerSentEvent("a")]

    @every_way
    def test_raise(self, decoded: Any) -> None:
        with pytest.raises(IncompleteEvent) as raised:
            decoded([WIRE], on_eof="raise")
        assert raised.value.event == C
        assert decoded([WIRE + b"\n"], on_eof="raise") == [A, B, C]
        assert decoded([b"data: a\n\n: bye\n"], on_eof="raise") == [ServerSentEvent("a")]

    def test_raise_comes_after_the_events(self) -> None:
        events = decode([WIRE], on_eof="raise")
        assert [next(events), next(events)] == [A, B]
        with pytest.raises(IncompleteEvent):
            next(events)

    @pytest.mark.parametrize(("on_eof", "state"), [("discard", ("1", 5)), ("dispatch", ("2", 7)), ("raise", ("1", 5))])
    def test_only_dispatch_commits_the_id_and_the_retry(self, on_eof: OnEOF, state: tuple[str, int]) -> None:
        decoder = Decoder()
        with contextlib.suppress(IncompleteEvent):
            list(decode(b"id: 1\nretry: 5\n\nid: 2\ndata: a\nretry: 7", on_eof=on_eof, decoder=decoder))
        assert (decoder.last_event_id, decoder.reconnection_time) == state

    def test_dispatch_of_an_event_without_retry_keeps_the_reconnection_time(self) -> None:
        decoder = Decoder()
        list(decode(b"retry: 5\n\ndata: a", on_eof="dispatch", decoder=decoder))
        assert decoder.reconnection_time == 5

    @pytest.mark.parametrize(("on_eof", "count"), [("discard", 1), ("dispatch", 2)])
    @pytest.mark.parametrize("cut_off", [b"data: b", b": bye\n", b"id: 2\r", b"x"])
    def test_of_a_block(self, on_eof: OnEOF, count: int, cut_off: bytes) -> None:
        """Applies to any block that the end cut off, with data or without."""
        got = list(decode_blocks([b"data: a\n\n" + cut_off], on_eof=on_eof))
        assert got == [Block(b"data: a"), Block(cut_off.strip())][:count]

    def test_raise_of_a_block(self) -> None:
        with pytest.raises(IncompleteEvent) as raised:
            list(decode_blocks(b"id: 1\ndata: b", on_eof="raise"))
        assert type(raised.value.event) is ReceivedEvent
        assert raised.value.event == ReceivedEvent("b", id="1")
        assert list(decode_blocks(b"data: a\n\n: bye", on_eof="raise")) == [Block(b"data: a")]


class TestDecoder:
    """A decoder that the caller passes, the same for all connections."""

    @every_way
    def test_keeps_its_state_from_connection_to_connection(self, decoded: Any) -> None:
        decoder = Decoder(last_event_id="0")
        assert [event.last_event_id for event in decoded([b"data: a\n\nid: 1\ndata: b\n\nda"], decoder=decoder)] == [
            "0",
            "1",
        ]
        assert [event.last_event_id for event in decoded([b"\xef\xbb\xbfdata: a\n\n"], decoder=decoder)] == ["1"]

    def test_its_last_event_id_follows_the_yielded_events(self) -> None:
        """A client that stops inside a chunk must not resume after events it has not seen."""
        wire = b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n"
        decoder = Decoder()
        seen = [(event.data, decoder.last_event_id) for event in decode(wire, decoder=decoder)]
        assert seen == [("a", "1"), ("b", "2")]
        assert decoder.last_event_id == "3"

        decoder = Decoder()
        events = decode(wire, decoder=decoder)
        next(events)
        events.close()
        assert decoder.last_event_id == "1"

        async def main() -> None:
            decoder = Decoder()
            async with contextlib.aclosing(adecode(wire, decoder=decoder)) as events:
                assert [decoder.last_event_id async for _ in events] == ["1", "2"]
            assert decoder.last_event_id == "3"
            async with contextlib.aclosing(adecode(wire, decoder=decoder)) as events:
                await events.__anext__()
            assert decoder.last_event_id == "1"

        run(main())

    @every_way
    def test_is_reset_first(self, decoded: Any) -> None:
        decoder = Decoder(max_event_size=100)
        with pytest.raises(EventTooLarge):
            list(decode(b"x" * 101, decoder=decoder))
        assert decoded(b"data: a\n\n", decoder=decoder) == [ServerSentEvent("a")]

    @pytest.mark.parametrize("call", [decode, adecode])
    def test_is_reset_when_the_iteration_starts_and_not_before(self, call: Any) -> None:
        decoder = Decoder()
        decoder.feed(b"data: a")
        call(b"", decoder=decoder)
        assert decoder.feed(b"\n\n") == [ServerSentEvent("a")]

    @every_way
    def test_records_no_changes_after_the_iteration(self, decoded: Any) -> None:
        decoder = Decoder()
        decoded(b"retry: 5\n\n", decoder=decoder)
        with pytest.raises(TypeError):
            decoded([None], decoder=decoder)
        assert decoder._changes is None, "the list must not grow when nothing reads it"

    @pytest.mark.parametrize("call", [decode, adecode])
    def test_cannot_be_combined_with_its_settings(self, call: Any) -> None:
        for option in ({"last_event_id": "1"}, {"max_event_size": 5}, {"max_event_size": None}):
            with pytest.raises(TypeError, match="give them to Decoder"):
                call(b"", decoder=Decoder(), **option)

    @pytest.mark.parametrize(
        ("call", "kind", "other"),
        [
            (decode, "Decoder", BlockDecoder()),
            (adecode, "Decoder", BlockDecoder()),
            (decode_blocks, "BlockDecoder", Decoder()),
            (adecode_blocks, "BlockDecoder", Decoder()),
        ],
    )
    def test_must_be_one_of_the_right_kind(self, call: Any, kind: str, other: Any) -> None:
        for bad in (other, LineDecoder(), "x"):
            with pytest.raises(TypeError, match=f"^decoder must be a {kind}, not {type(bad).__name__}$"):
                call(b"", decoder=bad)
        for option in ({"last_event_id": "1"}, {"max_event_size": 5}):
            right = BlockDecoder() if kind == "BlockDecoder" else Decoder()
            with pytest.raises(TypeError, match=rf"give them to {kind}\(\)$"):
                call(b"", decoder=right, **option)

    def test_its_reconnection_time_follows_the_yielded_events(self) -> None:
        """Each field is applied once, and by the last event at the latest."""
        wire = b"retry: 1\ndata: a\n\nretry: 2\n\ndata: b\nretry: 3\n\nretry: 4\n"
        decoder = Decoder()
        assert [decoder.reconnection_time for _ in decode(wire, decoder=decoder)] == [1, 3]
        assert decoder.reconnection_time == 4

        async def main() -> None:
            decoder = Decoder()
            events = adecode(wire, decoder=decoder)
            await events.__anext__()
            assert decoder.reconnection_time == 1
            decoder.reconnection_time = None
            await events.aclose()
            assert decoder.reconnection_time is None, "events that were not yielded do not count"
            assert [decoder.reconnection_time async for _ in adecode(wire, decoder=decoder)] == [1, 3]

        run(main())

    def test_a_client_that_clears_the_time_does_not_see_it_again(self) -> None:
        decoder = Decoder()
        seen = []
        for _ in decode([b"data: a\n\nretry: 5\n", b"data: b\n\ndata: c\n\n"], decoder=decoder):
            seen.append(decoder.reconnection_time)
            decoder.reconnection_time = None
        assert seen == [None, 5, None]

    def test_its_settings_can_be_passed_to_decode(self) -> None:
        assert [event.last_event_id for event in decode(b"data: a\n\n", last_event_id="7")] == ["7"]
        with pytest.raises(EventTooLarge):
            sync(b"data: a\n\n", max_event_size=6)


class TestFailures:
    """Mistakes of a source and of a caller."""

    @every_way
    def test_events_before_a_failure_are_delivered_and_it_propagates_unchanged(self, decoded: Any) -> None:
        error = Broken()
        got: list[ReceivedEvent] = []

        def source() -> Iterator[bytes]:
            yield b"data: a\n\ndata: b\n\ndata: c"
            raise error

        class Keeping(list[bytes]):
            def __iter__(self) -> Iterator[bytes]:
                return source()

        with pytest.raises(Broken) as raised:
            if decoded is sync:
                for event in decode(source(), on_eof="dispatch"):
                    got.append(event)  # noqa: PERF402  # keeps the events before the failure
            else:
                decoded(Keeping(), on_eof="dispatch")
        assert raised.value is error
        assert error.__cause__ is None
        assert error.__context__ is None
        if decoded is sync:
            assert got == [ServerSentEvent("a"), ServerSentEvent("b")]

    def test_an_async_source_that_fails(self) -> None:
        error = Broken()
        got: list[ReceivedEvent] = []

        async def source() -> AsyncIterator[bytes]:
            yield b"data: a\n\ndata: b"
            raise error

        async def main() -> None:
            async for event in adecode(source(), on_eof="dispatch"):
                got.append(event)  # noqa: PERF401  # keeps the events before the failure

        with pytest.raises(Broken) as raised:
            run(main())
        assert raised.value is error
        assert got == [ServerSentEvent("a")]

    def test_early_exit_closes_a_generator(self) -> None:
        closed = threading.Event()

        def source() -> Generator[bytes, None, None]:
            try:
                while True:
                    yield b"data: a\n\ndata: b\n\n"
            finally:
                closed.set()

        chunks = source()  # a reference, so that only `decode` can close it
        events = decode(chunks)
        assert next(events) == ServerSentEvent("a")
        events.close()
        assert closed.is_set()

    def test_early_exit_closes_a_generator_under_adecode(self) -> None:
        closed = threading.Event()

        def source() -> Generator[bytes, None, None]:
            try:
                while True:
                    yield b"data: a\n\n"
            finally:
                closed.set()

        async def main() -> None:
            chunks = source()
            await leave_early(chunks)
            assert closed.is_set()
            assert inspect.getgeneratorstate(chunks) == inspect.GEN_CLOSED

        run(main())

    def test_early_exit_closes_an_async_generator(self) -> None:
        closed = threading.Event()

        async def source() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"data: a\n\n"
            finally:
                closed.set()

        async def main() -> None:
            chunks = source()
            await leave_early(chunks)
            assert closed.is_set()

        run(main())

    def test_early_exit_leaves_a_file_open(self) -> None:
        file = io.BytesIO(WIRE)
        events = decode(file)
        next(events)
        events.close()
        assert not file.closed

    def test_EventTooLarge_comes_after_the_events_before_it_even_at_the_end(self) -> None:
        events = decode([b"data: a\n\n" + b"x" * 100], max_event_size=50)
        assert next(events) == ServerSentEvent("a")
        with pytest.raises(EventTooLarge):
            next(events)

    @pytest.mark.parametrize("call", [decode, adecode, decode_blocks, adecode_blocks])
    @pytest.mark.parametrize(
        ("chunks", "message"),
        [
            ("data: a\n\n", "not str"),
            (None, "not NoneType"),
            (5, "not int"),
        ],
    )
    def test_arguments_that_are_not_sources_are_refused_at_the_call(self, call: Any, chunks: Any, message: str) -> None:
        with pytest.raises(TypeError, match=rf"^{call.__name__}\(\) takes .*{message}"):
            call(chunks)

    @pytest.mark.parametrize("call", [decode, decode_blocks])
    def test_an_async_source_needs_the_async_function(self, call: Any) -> None:
        async def source() -> AsyncIterator[bytes]:
            yield b""

        with pytest.raises(TypeError, match=rf"an async iterable is for a{call.__name__}\(\)$"):
            call(source())

    @every_way
    @pytest.mark.parametrize("chunk", ["data: a\n\n", 5, None])
    def test_a_chunk_that_is_not_bytes_is_refused_when_it_comes(self, decoded: Any, chunk: Any) -> None:
        with pytest.raises(TypeError, match=f"not {type(chunk).__name__}"):
            decoded([b"data: a\n\n", chunk])

    def test_a_text_file_is_refused(self) -> None:
        with pytest.raises(TypeError, match="not str: pass the response's bytes"):
            sync(io.StringIO("data: a\n\n"))

    @pytest.mark.parametrize("call", [decode, adecode, decode_blocks, adecode_blocks])
    @pytest.mark.parametrize("bad", ["ignore", None, "", 5])
    def test_on_eof_is_one_of_three(self, call: Any, bad: Any) -> None:
        with pytest.raises(ValueError, match=f"^on_eof must be one of 'discard', 'dispatch', 'raise', not {bad!r}$"):
            call(b"", on_eof=bad)

    @pytest.mark.parametrize("call", [decode, adecode, decode_blocks, adecode_blocks])
    def test_other_settings_are_checked_at_the_call(self, call: Any) -> None:
        with pytest.raises(TypeError, match="^until must be a str, not bytes$"):
            call(b"", until=b"[DONE]")
        with pytest.raises(ValueError, match="max_event_size"):
            call(b"", max_event_size=0)
        with pytest.raises(TypeError, match="last_event_id"):
            call(b"", last_event_id=5)


class Source:
    """Chunks as a sync or async generator, which records how far it was read and whether it was closed."""

    def __init__(self, *chunks: bytes, error: BaseException | None = None) -> None:
        self.chunks = chunks
        self.error = error
        self.taken = 0
        self.ended = False
        self.closed = False

    def sync(self) -> Generator[bytes, None, None]:
        try:
            for chunk in self.chunks:
                self.taken += 1
                yield chunk
            if self.error is not None:
                raise self.error
            self.ended = True
        finally:
            self.closed = True

    async def over(self) -> AsyncGenerator[bytes, None]:
        with contextlib.closing(self.sync()) as chunks:
            for chunk in chunks:
                yield chunk


def read_sync(source: Source, into: list[Any], most: int | None = None, *, call: Any = decode, **options: Any) -> None:
    """Read `most` items or all, then close the iterator."""
    kept = source.sync()  # a reference, so that only `call` can close it
    with contextlib.closing(call(kept, **options)) as items:
        for item in items:
            into.append(item)
            if len(into) == most:
                break
    assert source.closed


def read_async(source: Source, into: list[Any], most: int | None = None, *, call: Any = decode, **options: Any) -> None:
    call = {decode: adecode, decode_blocks: adecode_blocks}[call]

    async def main() -> None:
        kept = source.over()
        async with contextlib.aclosing(call(kept, **options)) as items:
            async for item in items:
                into.append(item)
                if len(into) == most:
                    break
        assert source.closed, "before the event loop ends"

    run(main())


both = pytest.mark.parametrize("read", [read_sync, read_async])


@pytest.mark.parametrize("call", [decode, decode_blocks])
def test_the_error_for_other_types_does_not_mention_async_functions(call: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{call.__name__}\(\) takes bytes or an iterable of them, not int$"):
        list(call(5))


@pytest.mark.parametrize("other", ["read", "readline"])
def test_an_async_iterable_with_only_half_of_a_reader_s_methods_is_iterated(other: str) -> None:
    class Chunks:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"data: a\n\n"

    chunks = Chunks()
    setattr(chunks, other, None)

    async def main() -> list[ReceivedEvent]:
        return [event async for event in adecode(chunks)]

    assert run(main()) == [ServerSentEvent("a")]


def test_reconnection_times_of_blocks() -> None:
    decoder = BlockDecoder()
    blocks = decode_blocks(b"retry: 5\n\nid: 1\n\nretry: 6\n\n", decoder=decoder)
    assert [(block.retry, decoder.reconnection_time) for block in blocks] == [(5, 5), (None, 5), (6, 6)]


@both
@pytest.mark.parametrize("call", [decode, decode_blocks])
def test_the_settings_of_all_four(read: Any, call: Any) -> None:
    got: list[Any] = []
    read(Source(b"data: a\n\n"), got, call=call)
    read(Source(b"data: a\n\n"), got, call=call, last_event_id="7", max_event_size=7)
    assert [item.last_event_id for item in got] == ["", "7"]
    with pytest.raises(EventTooLarge):
        read(Source(b"data: a\n\n"), got, call=call, max_event_size=6)


class TestUntil:
    """The sentinel: where the iteration ends, how much is read after it, and what happens if it never comes."""

    DONE = b"data: [DONE]\n\n"

    @both
    @pytest.mark.parametrize(
        ("wire", "until", "count"),
        [
            (b"data: a\n\ndata: [DONE]\n\ndata: b\n\n", "[DONE]", 1),
            (b"data: [DONE]\n\n", "[DONE]", 0),
            (b"data: a\n\nevent: x\ndata: [DONE]\n\n", "[DONE]", 1),
            (b"data:  [DONE]\n\ndata: [DONE]\ndata\n\ndata: [done]\n\ndata: a\n\ndata:[DONE]\n\n", "[DONE]", 4),
            (b"data: a\n\ndata\n\n", "", 1),
            (b"data: a\n\nevent: close\ndata\n\n", lambda event: event.event == "close", 1),
            (b"data: a\n\ndata: [DONE] \n\n", lambda event: event.data.startswith("[DONE]"), 1),
            (b"data: a\n\nid: 9\n\ndata: b\n\n", lambda event: event.last_event_id, 1),
        ],
    )
    def test_it_stops_before_the_sentinel(self, read: Any, wire: bytes, until: Any, count: int) -> None:
        expected = list(decode(wire))
        for chunks in ([wire], [wire[at : at + 1] for at in range(len(wire))]):
            got: list[Any] = []
            read(Source(*chunks), got, until=until)
            assert got == expected[:count]

    @both
    def test_for_blocks(self, read: Any) -> None:
        wire = b"data: a\n\n: [DONE]\n\ndata: b\n\nevent: end\n\ndata: c\n\n"
        for until, count in (
            ("b", 2),
            (lambda block: block.comments == ("[DONE]",), 1),
            (lambda block: block.data is None and block.event == "end", 3),
        ):
            got: list[Any] = []
            read(Source(wire), got, call=decode_blocks, until=until)
            assert got == list(decode_blocks(wire))[:count]

    @both
    def test_a_function_is_called_once_per_event_and_never_after_the_sentinel(self, read: Any) -> None:
        asked: list[str] = []

        def is_last(event: ReceivedEvent) -> bool:
            asked.append(event.data)
            return event.data == "b"

        read(Source(b"data: a\n\ndata: b\n\ndata: c\n\n", b"data: d\n\n"), [], until=is_last)
        assert asked == ["a", "b"]

    @both
    def test_an_exception_of_the_function_propagates_and_the_source_is_closed(self, read: Any) -> None:
        error = Broken()

        def is_last(event: ReceivedEvent) -> bool:
            if event.data == "b":
                raise error
            return False

        got: list[Any] = []
        source = Source(b"data: a\n\ndata: b\n\n", b"data: c\n\n")
        with pytest.raises(Broken) as raised:
            read(source, got, until=is_last)
        assert raised.value is error
        assert (got, source.taken) == ([ServerSentEvent("a")], 1)

    @both
    def test_the_source_is_read_to_its_end(self, read: Any) -> None:
        """This lets an HTTP client reuse the connection."""
        for behind in ([], [b""], [b"\n", b"data: b\n\n", b": bye"]):
            source = Source(b"data: a\n\n" + self.DONE, *behind)
            got: list[Any] = []
            read(source, got, until="[DONE]")
            assert got == [ServerSentEvent("a")]
            assert source.ended
            assert source.closed

    @both
    @pytest.mark.parametrize(
        ("sizes", "taken", "ended"),
        [
            ([1, 1, 1], 3, True),
            ([1, 1, 1, 1], 4, False),
            ([1] * 100, 4, False),
            ([65536], 1, True),
            ([65536, 0, 1, 1], 3, False),
            ([65537, 1], 1, False),
            ([40_000, 40_000, 1], 2, False),
            ([2**20, 1], 1, False),
        ],
    )
    def test_reading_to_the_end_is_bounded(self, read: Any, sizes: list[int], taken: int, ended: bool) -> None:
        """At most 4 chunks or 64 KiB; the last chunk may exceed the bound."""
        source = Source(self.DONE, *(b"x" * size for size in sizes))
        read(source, [], until="[DONE]")
        assert (source.taken - 1, source.ended, source.closed) == (taken, ended, True)

    @both
    @pytest.mark.parametrize("error", [Broken(), OSError("reset"), TypeError("x")], ids=shown)
    def test_exceptions_of_the_source_after_the_sentinel_are_ignored(self, read: Any, error: Exception) -> None:
        source = Source(b"data: a\n\n" + self.DONE, b"\n", error=error)
        got: list[Any] = []
        read(source, got, until="[DONE]")
        assert (got, source.taken) == ([ServerSentEvent("a")], 2)

    @both
    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
    def test_exceptions_that_end_the_program_propagate(self, read: Any, error: type[BaseException]) -> None:
        source = Source(self.DONE, b"\n", error=error())
        with pytest.raises(error):
            read(source, [], until="[DONE]")
        assert source.closed

    def test_a_task_can_be_cancelled_while_it_reads_on(self) -> None:
        async def main() -> None:
            waiting, closed = asyncio.Event(), asyncio.Event()

            async def source() -> AsyncGenerator[bytes, None]:
                try:
                    yield self.DONE
                    waiting.set()
                    await asyncio.sleep(3600)
                finally:
                    closed.set()

            async def read() -> None:
                async for _ in adecode(source(), until="[DONE]"):
                    pass

            task = asyncio.ensure_future(read())
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert closed.is_set()

        run(main())

    def test_chunks_that_are_not_bytes_after_the_sentinel_are_ignored(self) -> None:
        assert sync([self.DONE, None], until="[DONE]") == []
        assert over_sync([self.DONE, None], until="[DONE]") == []

    @both
    def test_exceptions_before_the_sentinel_propagate(self, read: Any) -> None:
        got: list[Any] = []
        with pytest.raises(Broken):
            read(Source(b"data: a\n\n", error=Broken()), got, until="[DONE]")
        assert got == [ServerSentEvent("a")]

    @both
    def test_leaving_early_raises_nothing_and_reads_no_further(self, read: Any) -> None:
        source, got = Source(b"data: a\n\n", b"data: b\n\n"), list[Any]()
        read(source, got, 1, until="[DONE]")
        assert (got, source.taken, source.closed) == ([ServerSentEvent("a")], 1, True)

    def test_an_iterator_that_is_not_a_generator_stays_open(self) -> None:
        class Chunks:
            """It can be closed, as a response can, but only its owner may do that."""

            def __init__(self) -> None:
                self.left = iter([b"data: a\n\ndata: [DO", b"NE]\n\n", b"\n"])

            def __iter__(self) -> Chunks:
                return self

            def __next__(self) -> bytes:
                return next(self.left)

            def close(self) -> None:
                raise AssertionError("only the owner may close it")

            aclose = close

        class AsyncChunks(Chunks):
            __iter__ = None  # type: ignore[assignment]  # only for `async for`

            def __aiter__(self) -> AsyncChunks:
                return self

            async def __anext__(self) -> bytes:
                for chunk in self.left:
                    return chunk
                raise StopAsyncIteration

        async def main(chunks: Any) -> list[ReceivedEvent]:
            return [event async for event in adecode(chunks, until="[DONE]")]

        for decoded in (sync, lambda chunks, until: run(main(chunks))):
            chunks = Chunks()
            assert decoded(chunks, until="[DONE]") == [ServerSentEvent("a")]
            assert list(chunks) == [], "it should be read to its end"
        async_chunks = AsyncChunks()
        assert run(main(async_chunks)) == [ServerSentEvent("a")]
        assert list(async_chunks.left) == []

    @both
    def test_a_decoder_resumes_after_the_sentinel(self, read: Any) -> None:
        """Not after blocks that follow it, in the same chunk or later."""
        decoder = Decoder()
        wire = [
            b"id: 1\nretry: 1\ndata: a\n\nid: 2\nretry: 2\ndata: [DO",
            b"NE]\n\nid: 3\nretry: 3\ndata: b\n\n",
            b"id: 4\n\n",
        ]
        read(Source(*wire), [], until="[DONE]", decoder=decoder)
        assert (decoder.last_event_id, decoder.reconnection_time) == ("2", 2)
        with pytest.raises(MissingSentinel):
            read(Source(b"id: 5\n\n"), [], until="[DONE]", decoder=decoder)
        assert decoder.last_event_id == "5"

    @both
    @pytest.mark.parametrize(
        ("wire", "on_eof", "events", "incomplete"),
        [
            (b"", "discard", [], None),
            (b": ping\n\nid: 1\n\n", "raise", [], None),
            (b"data: a\n\ndata: b\n\n", "discard", ["a", "b"], None),
            (b"data: a\n\ndata: [DO", "discard", ["a"], "[DO"),
            (b"data: a\n\ndata: [DONE]", "discard", ["a"], "[DONE]"),
            (b"data: b", "discard", [], "b"),
            (b"data: a\n\ndata: b", "dispatch", ["a", "b"], None),
            (b"data: a\n\n: bye", "dispatch", ["a"], None),
            (b"data: a\n\n: bye", "discard", ["a"], None),
        ],
    )
    def test_an_end_without_it(
        self, read: Any, wire: bytes, on_eof: OnEOF, events: list[str], incomplete: str | None
    ) -> None:
        """All events are yielded first, and the error has the last one."""
        got: list[Any] = []
        with pytest.raises(MissingSentinel) as raised:
            read(Source(wire), got, until="[DONE]", on_eof=on_eof)
        assert [event.data for event in got] == events
        assert raised.value.until == "[DONE]"
        assert raised.value.last is (got[-1] if got else None)
        assert (raised.value.incomplete and raised.value.incomplete.data) == incomplete

    @both
    def test_a_cut_off_sentinel_counts_if_it_is_dispatched(self, read: Any) -> None:
        got: list[Any] = []
        read(Source(b"data: a\n\ndata: [DONE]"), got, until="[DONE]", on_eof="dispatch")
        assert got == [ServerSentEvent("a")]

    @both
    def test_a_cut_off_event_raises_IncompleteEvent_if_on_eof_is_raise(self, read: Any) -> None:
        with pytest.raises(IncompleteEvent):
            read(Source(b"data: a\n\ndata: b"), [], until="[DONE]", on_eof="raise")

    @both
    def test_the_error_has_the_cut_off_block_with_data_or_without(self, read: Any) -> None:
        with pytest.raises(MissingSentinel) as raised:
            read(Source(b": a\n\n: bye"), [], call=decode_blocks, until="[DONE]")
        assert (raised.value.last, raised.value.incomplete) == (Block(b": a"), Block(b": bye"))
        assert str(raised.value) == (
            "the stream ended without '[DONE]'; the last event has no data; the end cut off an event with no data"
        )

    @both
    def test_the_error_for_a_function(self, read: Any) -> None:
        def is_last(event: ReceivedEvent) -> bool:
            return False

        with pytest.raises(MissingSentinel, match="without the event that `until` waits for; no event came$") as raised:
            read(Source(), [], until=is_last)
        assert raised.value.until is is_last


class TestLinesWithoutEnds:
    """Chunks from `iter_lines()` are refused, because no event could end; real streams never are."""

    LINES = (b"data: 1", b"id: 7", b"", b"data: 2", b"")

    @every_way
    def test_are_refused_at_the_end(self, decoded: Any) -> None:
        for on_eof in ("discard", "dispatch", "raise"):
            with pytest.raises(ValueError) as raised:
                decoded(self.LINES, on_eof=on_eof)
            assert str(raised.value) == (
                "the chunks are lines without their line ends, as iter_lines() gives them, so no event can end: pass "
                "the response's bytes as they arrive, such as iter_bytes()"
            )

    @pytest.mark.parametrize("start", [b"data:", b"event: e", b"id: 1", b"retry: 5", b": "])
    def test_of_any_kind(self, start: bytes) -> None:
        with pytest.raises(ValueError, match="lines without their line ends"):
            sync([start, b"", start, b""])
        with pytest.raises(ValueError, match="lines without their line ends"):
            list(decode_blocks([bytearray(start), memoryview(b""), start, b""]))

    def test_while_a_stream_lives(self) -> None:
        """Refused by the ninth block at the latest, because a stream may never end."""
        taken = 0

        def lines() -> Iterator[bytes]:
            nonlocal taken
            while True:
                for line in (b"data: 1", b""):
                    taken += 1
                    yield line

        with pytest.raises(ValueError, match="lines without their line ends"):
            next(decode(lines()))
        assert taken == 17

    @pytest.mark.parametrize(
        "chunks",
        [
            [],
            [b""],
            [b""] * 100,
            [b"data: 1"],
            [b"data: 1", b""],
            [b"data: 1", *[b""] * 100],
            [b"", b"data: 1", b""],
            [b"data: 1\r", b"", b"data: 2\r", b""],
            [b"data: 1", b"", b"x", b""],
            [b"data: 1", b"", b"data: 2", b"", b"\n"],
            [b"data: 1", b"", b"data: 2", b"", b"\r"],
            [b"data: 1\n", b"", b"data: 2", b"", b"data: 3", b""],
            [b"dat", b"a: 1", b"", b"data: 2", b"", b"data: 3", b""],
        ],
        ids=lambda chunks: f"{len(chunks)} chunks {shown(b'|'.join(chunks[:5]))}",
    )
    def test_other_chunks_are_accepted(self, chunks: list[bytes]) -> None:
        assert sync(chunks) == reference_decode(b"".join(chunks)).events

    def test_a_line_in_many_chunks_with_empty_ones_between(self) -> None:
        wire = b"data: " + b"x" * 1000 + b"\n\n"
        chunks = [part for at in range(len(wire)) for part in (wire[at : at + 1], b"")]
        assert sync(chunks) == [ServerSentEvent("x" * 1000)]

    @given(chunkings())
    def test_no_stream_with_events_is_refused(self, chunks: list[bytes]) -> None:
        """For any stream with an event, however it is cut, even with empty chunks."""
        reference = reference_decode(b"".join(chunks))
        if reference.events:
            assert sync(chunks) == reference.events

    @given(st.lists(st.sampled_from([b"data: a", b"data:", b"id: 1", b": c", b"\n", b"\n\n", b"x"]), max_size=40))
    def test_no_stream_of_nonempty_chunks_is_refused(self, chunks: list[bytes]) -> None:
        """Even if each chunk is part of a line: only empty chunks can be mistaken for blank lines."""
        assert sync(chunks) == reference_decode(b"".join(chunks)).events


@given(st.data())
def test_no_event_waits_for_a_chunk_it_does_not_need(data: st.DataObject) -> None:
    """Every event is yielded before the next chunk is requested."""
    chunks = data.draw(responses)
    taken = 0

    def source() -> Iterable[bytes]:
        nonlocal taken
        for chunk in chunks:
            taken += 1
            yield chunk

    for count, _ in enumerate(decode(source()), 1):
        assert len(reference_decode(b"".join(chunks[: taken - 1])).events) < count


def test_an_iterator_that_is_closed_late_does_not_disturb_the_next() -> None:
    """An abandoned async generator is closed only when the event loop gets to it."""
    decoder = Decoder()
    left = decode(b"retry: 1\ndata: a\n\ndata: b\n\n", decoder=decoder)
    next(left)
    times = []
    for event in decode(b"retry: 5\ndata: a\n\nretry: 6\ndata: b\n\nretry: 7\ndata: c\n\n", decoder=decoder):
        times.append((event.data, decoder.reconnection_time))
        left.close()
    assert times == [("a", 5), ("b", 6), ("c", 7)]
    chunks = [b"retry: 5\ndata: a\n\nretry: 6\ndata: b\n\n", b"retry: 7\ndata: c\n\nretry: 8\ndata: d\n\n"]
    left = decode(b"data: a\n\ndata: b\n\n", decoder=decoder)
    next(left)
    times = []
    for event in decode(chunks, decoder=decoder):
        times.append((event.data, decoder.reconnection_time))
        left.close()
    assert times == [("a", 5), ("b", 6), ("c", 7), ("d", 8)]
