"""decode and adecode: every kind of source, and every way a stream can end."""

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

from sse_codec import Decoder, EventTooLarge, IncompleteEvent, ReceivedEvent, ServerSentEvent, adecode, decode
from sse_codec.testing import reference_decode
from tests.strategies import chunkings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator
    from pathlib import Path

    from sse_codec._iterate import OnEOF

WIRE = b"id: 1\ndata: a\n\ndata: b\r\n\r\ndata: c\n"
A, B, C = ServerSentEvent("a", id="1"), ServerSentEvent("b"), ServerSentEvent("c")

Decode = "Callable[..., list[ReceivedEvent]]"


class Broken(Exception):
    """What a source raises."""


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def sync(chunks: Any, **options: Any) -> list[ReceivedEvent]:
    return list(decode(chunks, **options))


def over_sync(chunks: Any, **options: Any) -> list[ReceivedEvent]:
    """Run adecode over the very source that decode would get."""

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
    """Stop after the first event of adecode, and close it."""
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
@given(chunkings())
def test_is_what_the_stream_says(decoded: Any, chunks: list[bytes]) -> None:
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
        assert not file.closed, "a file is its owner's to close"


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_pipe_is_read_as_its_bytes_come(buffering: int) -> None:
    """An event is there before the writer closes, and before a whole buffer is full."""
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=buffering) as source, open(writing, "wb", buffering=0) as sink:
        events = decode(source)
        for data in ("a", "b"):
            sink.write(f"data: {data}\r\r".encode())
            assert next(events) == ServerSentEvent(data)


def test_a_long_bytes_object_is_decoded_as_it_is_asked_for() -> None:
    events = decode(b"data: a\n\n" * 100_000)
    assert next(events) == ServerSentEvent("a")
    assert sum(1 for _ in events) == 99_999


def test_an_async_iterator_that_is_no_generator() -> None:
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
    """Lines longer than the reader's own limit pass, and events come while the connection is open."""

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
    """The three policies."""

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
    def test_only_dispatch_takes_the_id_and_the_retry(self, on_eof: OnEOF, state: tuple[str, int]) -> None:
        decoder = Decoder()
        with contextlib.suppress(IncompleteEvent):
            list(decode(b"id: 1\nretry: 5\n\nid: 2\ndata: a\nretry: 7", on_eof=on_eof, decoder=decoder))
        assert (decoder.last_event_id, decoder.reconnection_time) == state

    def test_dispatch_of_an_event_without_retry_leaves_the_reconnection_time(self) -> None:
        decoder = Decoder()
        list(decode(b"retry: 5\n\ndata: a", on_eof="dispatch", decoder=decoder))
        assert decoder.reconnection_time == 5


class TestDecoder:
    """A decoder of the caller's, one for all connections."""

    @every_way
    def test_keeps_its_state_from_connection_to_connection(self, decoded: Any) -> None:
        decoder = Decoder(last_event_id="0")
        assert [event.last_event_id for event in decoded([b"data: a\n\nid: 1\ndata: b\n\nda"], decoder=decoder)] == [
            "0",
            "1",
        ]
        assert [event.last_event_id for event in decoded([b"\xef\xbb\xbfdata: a\n\n"], decoder=decoder)] == ["1"]

    def test_its_last_event_id_follows_the_events_that_were_given_out(self) -> None:
        """A client that stops within a chunk must not resume behind events it has not seen."""
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

    def test_is_reset_first(self) -> None:
        decoder = Decoder(max_event_size=100)
        with pytest.raises(EventTooLarge):
            list(decode(b"x" * 101, decoder=decoder))
        assert sync(b"data: a\n\n", decoder=decoder) == [ServerSentEvent("a")]

    @pytest.mark.parametrize("call", [decode, adecode])
    def test_is_not_taken_together_with_its_settings(self, call: Any) -> None:
        for option in ({"last_event_id": "1"}, {"max_event_size": 5}, {"max_event_size": None}):
            with pytest.raises(TypeError, match="give them to Decoder"):
                call(b"", decoder=Decoder(), **option)

    @pytest.mark.parametrize("call", [decode, adecode])
    def test_must_be_one(self, call: Any) -> None:
        with pytest.raises(TypeError, match="decoder must be a Decoder, not str"):
            call(b"", decoder="x")

    def test_its_settings_can_be_given_here(self) -> None:
        assert [event.last_event_id for event in decode(b"data: a\n\n", last_event_id="7")] == ["7"]
        with pytest.raises(EventTooLarge):
            sync(b"data: a\n\n", max_event_size=6)


class TestFailures:
    """What a source does wrong, and what a caller does."""

    @every_way
    def test_events_before_a_failure_are_delivered_and_it_passes_unchanged(self, decoded: Any) -> None:
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
                    got.append(event)  # noqa: PERF402  # what came before the failure is what is tested
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
                got.append(event)  # noqa: PERF401  # what came before the failure is what is tested

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

        chunks = source()  # held here, so that nothing but `decode` can be what closes it
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

    def test_a_too_large_event_is_raised_after_those_before_it_even_at_the_end(self) -> None:
        events = decode([b"data: a\n\n" + b"x" * 100], max_event_size=50)
        assert next(events) == ServerSentEvent("a")
        with pytest.raises(EventTooLarge):
            next(events)

    @pytest.mark.parametrize("call", [decode, adecode])
    @pytest.mark.parametrize(
        ("chunks", "message"),
        [
            ("data: a\n\n", "not str"),
            (None, "not NoneType"),
            (5, "not int"),
        ],
    )
    def test_what_is_no_source_is_refused_at_the_call(self, call: Any, chunks: Any, message: str) -> None:
        with pytest.raises(TypeError, match=rf"^{call.__name__}\(\) takes .*{message}"):
            call(chunks)

    def test_an_async_source_is_for_adecode(self) -> None:
        async def source() -> AsyncIterator[bytes]:
            yield b""

        with pytest.raises(TypeError, match=r"an async iterable is for adecode\(\)"):
            decode(source())  # type: ignore[call-overload]  # wrong on purpose

    @every_way
    @pytest.mark.parametrize("chunk", ["data: a\n\n", 5, None])
    def test_a_chunk_that_is_no_bytes_is_refused_when_it_comes(self, decoded: Any, chunk: Any) -> None:
        with pytest.raises(TypeError, match=f"not {type(chunk).__name__}"):
            decoded([b"data: a\n\n", chunk])

    def test_a_text_file_is_refused(self) -> None:
        with pytest.raises(TypeError, match="not str: pass the response's bytes"):
            sync(io.StringIO("data: a\n\n"))

    @pytest.mark.parametrize("call", [decode, adecode])
    @pytest.mark.parametrize("bad", ["ignore", None, "", 5])
    def test_on_eof_is_one_of_three(self, call: Any, bad: Any) -> None:
        with pytest.raises(ValueError, match="on_eof must be one of 'discard', 'dispatch', 'raise', not "):
            call(b"", on_eof=bad)

    @pytest.mark.parametrize("call", [decode, adecode])
    def test_other_settings_are_checked_at_the_call(self, call: Any) -> None:
        with pytest.raises(ValueError, match="max_event_size"):
            call(b"", max_event_size=0)
        with pytest.raises(TypeError, match="last_event_id"):
            call(b"", last_event_id=5)


@given(st.data())
def test_no_event_waits_for_a_chunk_it_does_not_need(data: st.DataObject) -> None:
    """Every event is yielded before the next chunk is asked for."""
    chunks = data.draw(chunkings())
    taken = 0

    def source() -> Iterable[bytes]:
        nonlocal taken
        for chunk in chunks:
            taken += 1
            yield chunk

    for count, _ in enumerate(decode(source()), 1):
        assert len(reference_decode(b"".join(chunks[: taken - 1])).events) < count
