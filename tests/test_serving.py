"""stream and astream: what sources yield, what readers get, and which side ends the other.

Tests wait for results, however long these take. Only tests of silence wait for a fixed time, and that is short.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
import typing
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sse_codec.serving
from sse_codec import Block, Comment, EncodeError, ServerSentEvent, encode, encode_block, encode_comment, encode_line
from sse_codec.serving import (
    AsyncStream,
    SendTimeout,
    Stream,
    _shutdown,
    astream,
    end_streams,
    end_streams_on_signals,
    respond,
    send_within,
    stream,
)
from sse_codec.serving._async import Handoff
from sse_codec.testing import events as some_events
from tests.conftest import BARE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator

PING = b": \n\n"
ONE = ServerSentEvent("one", id="1")
TWO = ServerSentEvent("two", id="2")
#: Time limit, in seconds, for steps that should be instant.
PATIENCE = 30.0
SHORT = 0.02


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a test on an event loop; no task may be left, and the loop's exception handler must not be called."""

    async def watched() -> Any:
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        result = await asyncio.wait_for(main, PATIENCE)
        gc.collect()
        await settle()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left"
        assert told == []
        return result

    return asyncio.run(watched())


async def settle() -> None:
    """Let all tasks run as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


class Source:
    """Events for both kinds of stream. It records how far it was read."""

    def __init__(self, *items: Any, then: BaseException | None = None) -> None:
        self._items = items
        self._then = then
        self.taken = 0
        self.closed = False
        self.wait = threading.Event()

    async def agenerate(self) -> AsyncGenerator[Any, None]:
        try:
            for item in self._items:
                self.taken += 1
                if item is Ellipsis:
                    await asyncio.Event().wait()
                yield item
            if self._then is not None:
                raise self._then
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.closed = True

    def generate(self) -> Generator[Any, None, None]:
        try:
            for item in self._items:
                self.taken += 1
                if item is Ellipsis:
                    self.wait.wait()
                yield item
            if self._then is not None:
                raise self._then
        finally:
            self.closed = True


# Both kinds of stream, behind one function for the tests of their common behaviour.


async def _read_async(source: Source, **options: Any) -> tuple[list[bytes], BaseException | None]:
    chunks: list[bytes] = []
    try:
        async with aclosing(astream(source.agenerate(), **options)) as body:
            async for chunk in body:
                chunks.append(chunk)  # noqa: PERF401  # keeps the chunks before an error
    except Exception as error:  # noqa: BLE001  # the test looks at it
        return chunks, error
    return chunks, None


def _read_sync(source: Source, **options: Any) -> tuple[list[bytes], BaseException | None]:
    chunks: list[bytes] = []
    try:
        with closing(stream(source.generate(), **options)) as body:
            for chunk in body:
                chunks.append(chunk)  # noqa: PERF402  # as above
    except Exception as error:  # noqa: BLE001  # the test looks at it
        return chunks, error
    return chunks, None


Read = typing.Callable[..., "tuple[list[bytes], BaseException | None]"]


@pytest.fixture(params=["astream", "stream"])
def read(request: pytest.FixtureRequest) -> Read:
    if request.param == "stream":
        return _read_sync
    return lambda source, **options: run(_read_async(source, **options))


def test_each_event_is_a_chunk(read: Read) -> None:
    source = Source(ONE, None, Block(b": a\ndata: b\n\n"), encode_block(id="7"), b"data: c\r\n\r\n", TWO)
    expected = [PING, b"id: 1\ndata: one\n\n", b": a\ndata: b\n\n", b"id: 7\n\n", b"data: c\r\n\r\n"]
    assert read(source) == ([*expected, b"id: 2\ndata: two\n\n"], None)
    assert source.closed


@settings(max_examples=50)
@given(st.lists(st.none() | some_events() | some_events().map(encode) | some_events().map(encode).map(Block)))
def test_a_stream_sends_what_encode_sends(items: list[Any]) -> None:
    """It sends each block as one chunk, in order, and nothing else."""
    expected = [encode(item) if isinstance(item, ServerSentEvent) else getattr(item, "wire", item) for item in items]
    expected = [PING, *(block for block in expected if block is not None)]
    assert _read_sync(Source(*items)) == (expected, None)
    assert asyncio.run(_read_async(Source(*items))) == (expected, None)


def test_a_stream_without_events(read: Read) -> None:
    assert read(Source()) == ([PING], None)


def test_the_first_bytes_may_be_a_reconnection_time(read: Read) -> None:
    assert read(Source(), retry=2000) == ([b"retry: 2000\n\n"], None)


def test_an_exception_of_the_source_propagates_unchanged(read: Read) -> None:
    raised = LookupError("no more")
    chunks, error = read(Source(ONE, then=raised))
    assert chunks == [PING, b"id: 1\ndata: one\n\n"]
    assert error is raised


@pytest.mark.parametrize("instead", [ServerSentEvent("no more", event="failed"), b"event: failed\ndata: no more\n\n"])
def test_on_error_may_return_a_last_event(read: Read, instead: Any) -> None:
    asked: list[BaseException] = []

    def on_error(error: Exception) -> Any:
        asked.append(error)
        return instead

    raised = LookupError("no more")
    assert read(Source(ONE, then=raised), on_error=on_error) == (
        [PING, b"id: 1\ndata: one\n\n", b"event: failed\ndata: no more\n\n"],
        None,
    )
    assert asked == [raised]


def test_on_error_may_let_the_exception_propagate(read: Read) -> None:
    raised = LookupError("no more")
    assert read(Source(ONE, then=raised), on_error=lambda _: None) == ([PING, b"id: 1\ndata: one\n\n"], raised)


def test_an_exception_of_on_error_propagates(read: Read) -> None:
    raised, instead = LookupError("no more"), ValueError("cannot say")

    def on_error(_: Exception) -> Any:
        raise instead

    _, error = read(Source(then=raised), on_error=on_error)
    assert error is instead


def test_on_error_may_return_an_invalid_event(read: Read) -> None:
    _, error = read(Source(then=LookupError()), on_error=lambda _: ServerSentEvent("", event="a\nb"))
    assert isinstance(error, EncodeError)


BAD = ServerSentEvent("bad", event="a\nb", id="2")


def test_a_client_resumes_after_an_event_that_cannot_be_sent(read: Read) -> None:
    """Otherwise it would resume before that event, and get the same error again, for ever."""
    chunks, error = read(Source(ONE, BAD, TWO))
    assert chunks == [PING, b"id: 1\ndata: one\n\n", b"id: 2\n\n"]
    assert isinstance(error, EncodeError)


@pytest.mark.parametrize(
    ("instead", "sent"),
    [
        (ServerSentEvent("", event="failed"), b"id: 2\nevent: failed\ndata: \n\n"),
        (ServerSentEvent("", event="failed", id="3"), b"id: 3\nevent: failed\ndata: \n\n"),
        (Block(b"data: x\n\n"), b"id: 2\ndata: x\n\n"),
        (Block(b"id: 4\ndata: x\n\n"), b"id: 4\ndata: x\n\n"),
        (encode_comment("left out"), b"id: 2\n: left out\n\n"),
    ],
)
def test_the_stream_continues_after_an_event_that_cannot_be_sent(read: Read, instead: Any, sent: bytes) -> None:
    chunks, error = read(Source(BAD, TWO), on_error=lambda _: instead)
    assert error is None
    assert [sorted(chunk.split(b"\n")) for chunk in chunks] == [
        sorted(chunk.split(b"\n")) for chunk in [PING, sent, b"id: 2\ndata: two\n\n"]
    ]


@pytest.mark.parametrize("bad", [ServerSentEvent("", id="a\nb"), ServerSentEvent("", event="a\nb")])
def test_an_event_whose_id_cannot_be_sent(read: Read, bad: ServerSentEvent) -> None:
    chunks, error = read(Source(ONE, bad))
    assert chunks == [PING, b"id: 1\ndata: one\n\n"]
    assert isinstance(error, EncodeError)
    assert read(Source(bad, TWO), on_error=lambda _: b"data: x\n\n")[0][1:] == [b"data: x\n\n", b"id: 2\ndata: two\n\n"]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("text", r"not str: use ServerSentEvent\(text\)"),
        ({"a": 1}, r"not dict: use ServerSentEvent\(json.dumps\(...\)\)"),
        (object(), "ServerSentEvent, Block or bytes, not object"),
    ],
)
def test_items_that_are_not_events(read: Read, item: Any, words: str) -> None:
    _, error = read(Source(item))
    with pytest.raises(TypeError, match=words):
        raise error or AssertionError


@pytest.mark.parametrize("wire", [b"", b"data: a\n", b"data: a"])
def test_bytes_that_are_not_whole_blocks(read: Read, wire: bytes) -> None:
    """A keep-alive would end the block in the middle."""
    _, error = read(Source(wire))
    with pytest.raises(ValueError, match="whole blocks"):
        raise error or AssertionError


@pytest.mark.parametrize("make", [stream, astream])
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"keep_alive": 0}, ValueError, "keep_alive must be more than 0"),
        ({"keep_alive": float("inf")}, ValueError, "keep_alive must be more than 0 and finite"),
        ({"keep_alive": float("nan")}, ValueError, "keep_alive must be more than 0 and finite"),
        ({"keep_alive": "15"}, TypeError, "keep_alive must be a number of seconds or None, not str"),
        ({"keep_alive": True}, TypeError, "keep_alive must be a number"),
        ({"retry": -1}, EncodeError, "retry"),
        ({"ping": "ping"}, TypeError, "not str"),
        ({"ping": b"ping"}, ValueError, "whole blocks"),
        ({"on_error": ONE}, TypeError, "on_error must be callable"),
    ],
)
def test_wrong_options(make: Any, options: Any, error: type[Exception], words: str) -> None:
    source = Source()
    with pytest.raises(error, match=words):
        make(source.agenerate() if make is astream else source.generate(), **options)


def test_the_wrong_kind_of_source() -> None:
    source = Source()
    asynchronous, synchronous = source.agenerate(), source.generate()
    coroutine = settle()
    for make, events, words in [
        (astream, synchronous, r"not generator: use stream\(\) for a source that is not async"),
        (astream, source.agenerate, r"not method: call agenerate\(\)"),
        (astream, coroutine, "not coroutine: await it first"),
        (astream, 1, "not int: pass an async generator"),
        (stream, asynchronous, r"not async_generator: use astream\(\) for an async source"),
        (stream, coroutine, r"not coroutine: use astream\(\) for an async source"),
        (stream, source.generate, r"not method: call generate\(\)"),
        (stream, 1, "not int: pass a generator"),
    ]:
        with pytest.raises(TypeError, match=words):
            typing.cast("Any", make)(events)
    coroutine.close()


def test_a_source_without_a_name_that_was_not_called() -> None:
    with pytest.raises(TypeError, match=r"not partial: call it\(\) and pass what it returns"):
        stream(typing.cast("Any", functools.partial(Source().generate)))


def test_an_async_source_that_was_never_read_is_closed() -> None:
    source = Source(ONE).agenerate()

    async def main() -> None:
        await astream(source).aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(source)

    run(main())


@pytest.mark.parametrize(
    ("ping", "sent"),
    [
        (None, PING),
        (ServerSentEvent("", event="ping"), b"event: ping\ndata: \n\n"),
        (encode_line(Comment("ping")), b": ping\n"),
        (Block(b"data: x\n\n"), b"data: x\n\n"),
    ],
)
def test_an_idle_source_gets_keep_alives(ping: Any, sent: bytes) -> None:
    async def asynchronous() -> None:
        async with aclosing(astream(Source(ONE, ...).agenerate(), keep_alive=SHORT, ping=ping)) as body:
            assert [await anext(body) for _ in range(4)] == [PING, b"id: 1\ndata: one\n\n", sent, sent]

    run(asynchronous())
    source = Source(ONE, ...)
    with closing(stream(source.generate(), keep_alive=SHORT, ping=ping)) as body:
        assert [next(body) for _ in range(4)] == [PING, b"id: 1\ndata: one\n\n", sent, sent]
        source.wait.set()


def test_yielding_None_counts_as_silence() -> None:
    """A source that only yields None still gets keep-alives."""

    def nothing() -> Iterator[None]:
        while True:
            time.sleep(0.001)
            yield None

    async def anothing() -> AsyncIterator[None]:
        while True:
            await asyncio.sleep(0.001)
            yield None

    async def asynchronous() -> None:
        async with aclosing(astream(anothing(), keep_alive=SHORT)) as body:
            assert [await anext(body) for _ in range(3)] == [PING] * 3

    run(asynchronous())
    with closing(stream(nothing(), keep_alive=SHORT)) as body:
        assert [next(body) for _ in range(3)] == [PING] * 3


def test_a_keep_alive_does_not_interrupt_the_source() -> None:
    """`wait_for(anext(source), 15)` would close the generator at the first silence; here it continues."""

    async def events() -> AsyncIterator[ServerSentEvent]:
        yield ONE
        await asyncio.sleep(5 * SHORT)
        yield TWO

    async def main() -> list[bytes]:
        return [chunk async for chunk in astream(events(), keep_alive=SHORT)]

    chunks = run(main())
    assert chunks[:2] == [PING, b"id: 1\ndata: one\n\n"]
    assert chunks[-1] == b"id: 2\ndata: two\n\n"
    assert set(chunks[2:-1]) == {PING}


def test_silence_is_counted_from_the_last_event() -> None:
    """One timer serves all waits, and is set again if it fires too early."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        bell = sse_codec.serving._bell.Bell(loop)
        first = asyncio.ensure_future(bell.wait(loop.time() + 0.05))
        await asyncio.sleep(0)
        bell.ring()
        bell.ring()
        assert await first
        start = loop.time()
        assert not await bell.wait(start + 0.1)
        assert loop.time() >= start + 0.1 - time.get_clock_info("monotonic").resolution
        assert not await bell.wait(loop.time() + 0.01)
        waiting = asyncio.ensure_future(bell.wait(loop.time() + PATIENCE))
        await asyncio.sleep(0)
        bell.ring()
        assert await waiting
        assert not await bell.wait(loop.time() + 0.01), "earlier than the timer that is set"
        waiting = asyncio.ensure_future(bell.wait(loop.time() + 0.01))
        await asyncio.sleep(0)
        bell.ring()
        assert await waiting
        await asyncio.sleep(0.02)  # it fires while nothing waits
        waiting = asyncio.ensure_future(bell.wait(None))
        await asyncio.sleep(0.03)
        assert not waiting.done(), "there is no timer"
        bell.finish()
        assert await waiting

    run(main())


def test_a_source_is_never_more_than_one_event_ahead() -> None:
    events = [ServerSentEvent(str(number)) for number in range(5)]

    async def asynchronous() -> None:
        source = Source(*events)
        async with aclosing(astream(source.agenerate())) as body:
            for number in range(6):
                await anext(body)
                await settle()
                assert source.taken <= number + 1

    run(asynchronous())
    source = Source(*events)
    with closing(stream(source.generate())) as body:
        for number in range(6):
            next(body)
            time.sleep(0.01)  # gives the thread time to go wrong
            assert source.taken <= number + 1


Reader = typing.Callable[[Source], "Coroutine[Any, Any, None]"]


async def by_closing(source: Source) -> None:
    async with aclosing(astream(source.agenerate())) as body:
        assert await anext(body) == PING
        assert await anext(body) == b"id: 1\ndata: one\n\n"


async def by_cancelling(source: Source) -> None:
    body = astream(source.agenerate())

    async def read() -> None:
        async for _ in body:
            pass

    reader = asyncio.ensure_future(read())
    await settle()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader


async def by_cancelling_at_each_step(source: Source) -> None:
    """As anyio does, until the task ends."""
    body = astream(source.agenerate())

    async def read() -> None:
        async for _ in body:
            pass

    reader = asyncio.ensure_future(read())
    await settle()
    while not reader.done():
        reader.cancel()
        await asyncio.sleep(0)
    assert reader.cancelled()


async def by_garbage_collection(source: Source) -> None:
    body = astream(source.agenerate())
    await anext(body)
    await anext(body)
    del body
    gc.collect()
    await settle()


async def by_ending(source: Source) -> None:
    body = astream(source.agenerate())
    await anext(body)
    await anext(body)
    waiting = asyncio.ensure_future(anext(body, b"end"))
    await settle()
    await asyncio.to_thread(body.end)
    assert await waiting == b"end"
    assert await anext(body, b"end") == b"end"


async def by_ending_all(source: Source) -> None:
    body = astream(source.agenerate())
    await anext(body)
    end_streams()
    await settle()
    assert await anext(body, b"end") == b"end"


@pytest.mark.parametrize(
    ("leave", "item"),
    [
        *((leave, TWO) for leave in (by_closing, by_garbage_collection, by_ending_all)),
        *((leave, ...) for leave in (by_closing, by_garbage_collection, by_ending_all)),
        *((leave, ...) for leave in (by_cancelling, by_cancelling_at_each_step, by_ending)),
    ],
)
def test_a_reader_that_leaves_closes_the_source(leave: Reader, item: Any) -> None:
    """When the reader has left, the source's `finally` has run, even if that awaits."""

    async def main() -> None:
        source = Source(ONE, item)
        await leave(source)
        assert source.closed

    run(main())


def test_a_second_cancellation_does_not_interrupt_the_finally() -> None:
    """At its end, `asyncio.run` cancels all tasks, and the cancelled reader then closes the source again."""
    cancelled: list[str] = []

    class Pump:
        def __init__(self, cancelling: int) -> None:
            self.cancelling = lambda: cancelling

        def add_done_callback(self, _: Any) -> None:
            pass

        def cancel(self) -> None:
            cancelled.append("now")

    class Loop:
        def __init__(self, cancelling: int) -> None:
            self._cancelling = cancelling

        def create_task(self, coroutine: Any) -> Pump:
            coroutine.close()
            return Pump(self._cancelling)

        def call_later(self, seconds: float, callback: Any) -> None:
            cancelled.append(f"later: {callback.__name__}")

    for cancelling in (0, 1):
        handoff = Handoff(typing.cast("Any", Loop(cancelling)), typing.cast("Any", None))
        handoff.close()
        handoff.close()
    assert cancelled == ["now", "later: cancel"]


if sys.version_info >= (3, 11):  # Python 3.10 does not count cancellations

    def test_the_end_of_the_loop_runs_every_finally() -> None:
        source = Source(ONE, ...)

        async def main() -> Any:
            body = astream(source.agenerate())
            reader = asyncio.ensure_future(_collect(body))
            await settle()
            return body, reader

        asyncio.run(main())
        assert source.closed


async def _collect(body: AsyncStream) -> list[bytes]:
    return [chunk async for chunk in body]


def test_a_source_that_swallows_its_cancellation_is_closed() -> None:
    closed = []

    async def stubborn() -> AsyncIterator[ServerSentEvent]:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            yield ONE
        finally:
            closed.append(True)

    async def main() -> None:
        async with aclosing(astream(stubborn())) as body:
            await anext(body)
            await settle()
        assert closed == [True]

    run(main())


def test_waiting_for_a_source_that_is_slow_to_close_can_be_cancelled() -> None:
    """A reader that is cancelled again and again leaves at some point; the source still finishes."""
    closed = asyncio.Event()

    async def slow() -> AsyncIterator[ServerSentEvent]:
        try:
            await asyncio.Event().wait()
            yield ONE
        finally:
            for _ in range(300):
                await asyncio.sleep(0)
            closed.set()

    async def main() -> None:
        body = astream(slow())
        reader = asyncio.ensure_future(_collect(body))
        await settle()
        while not reader.done():
            reader.cancel()
            await asyncio.sleep(0)
        assert not closed.is_set()
        await closed.wait()
        await settle()

    run(main())


def test_an_exception_while_closing_the_source_is_reported() -> None:
    class Failing:
        def __init__(self) -> None:
            self.raised = LookupError("not closed")

        async def generate(self) -> AsyncIterator[ServerSentEvent]:
            try:
                yield ONE
                await asyncio.Event().wait()
            finally:
                raise self.raised

    async def main() -> None:
        loop = asyncio.get_running_loop()
        told: list[Any] = []
        failing = Failing()
        body = astream(failing.generate())
        await anext(body)
        await settle()
        with pytest.raises(LookupError) as caught:
            await body.aclose()
        assert caught.value is failing.raised
        await body.aclose()  # closing twice is harmless

        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        body = astream(failing.generate())
        await anext(body)
        await settle()
        del body
        gc.collect()
        await settle()
        assert told == [failing.raised], "there is no reader to raise it in"
        loop.set_exception_handler(lambda _, context: told.append(context))

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_a_failure_without_a_reader_is_reported_to_the_loop() -> None:
    async def main() -> None:
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
        raised = LookupError("no more")
        body = astream(Source(then=raised).agenerate())
        await anext(body)
        await settle()
        del body
        gc.collect()
        await settle()
        assert told == [raised]

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_a_stream_that_outlives_its_loop() -> None:
    """After the loop has ended, ending the stream does nothing."""

    async def main() -> AsyncStream:
        body = astream(Source(ONE, ...).agenerate())
        await anext(body)
        await settle()
        return body

    body = asyncio.run(main())
    body.end()
    del body
    gc.collect()


def test_a_source_that_raises_CancelledError() -> None:
    """The CancelledError propagates."""

    async def main() -> None:
        body = astream(Source(then=asyncio.CancelledError()).agenerate(), on_error=lambda _: ONE)
        await anext(body)
        with pytest.raises(asyncio.CancelledError):
            await anext(body)

    run(main())


def test_the_source_runs_in_one_task_with_the_context_of_its_reader() -> None:
    variable = contextvars.ContextVar[str]("variable")
    seen: list[Any] = []

    async def events() -> AsyncIterator[ServerSentEvent]:
        seen.append((asyncio.current_task(), variable.get()))
        variable.set("of the source")
        yield ONE
        seen.append((asyncio.current_task(), variable.get()))
        yield TWO
        seen.append((asyncio.current_task(), variable.get()))

    async def main() -> None:
        variable.set("of the reader")
        body = astream(events())
        while await asyncio.ensure_future(anext(body, None)):  # a new task for each
            assert variable.get() == "of the reader"

    run(main())
    assert len({id(task) for task, _ in seen}) == 1
    assert [value for _, value in seen] == ["of the reader", "of the source", "of the source"]


def test_the_thread_has_the_context_of_its_reader() -> None:
    variable = contextvars.ContextVar[str]("variable")

    def events() -> Iterator[ServerSentEvent]:
        yield ServerSentEvent(variable.get())

    variable.set("of the reader")
    assert list(stream(events()))[1] == b"data: of the reader\n\n"


if sys.version_info >= (3, 11):  # asyncio.timeout is new in Python 3.11

    def test_a_source_may_yield_inside_a_time_limit() -> None:
        """Such a time limit belongs to one task, as anyio's cancel scopes do."""

        async def events() -> AsyncIterator[ServerSentEvent]:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SHORT):
                    yield ONE
                    await asyncio.Event().wait()
            yield TWO

        async def main() -> None:
            assert (await _collect(astream(events())))[-1] == b"id: 2\ndata: two\n\n"

        run(main())


def test_the_error_without_asyncio() -> None:
    body = astream(Source().agenerate())
    with pytest.raises(RuntimeError, match=r"astream\(\) needs a running asyncio event loop; under trio"):
        body.__anext__().send(None)
    with pytest.raises(RuntimeError, match="needs a running asyncio"):
        body.ready().send(None)


def test_a_stream_that_is_never_read() -> None:
    """No task and no thread is started before the first read."""

    async def main() -> None:
        source = Source(ONE)
        body = astream(source.agenerate())
        await body.aclose()
        assert await anext(body, b"end") == b"end"
        ended = astream(source.agenerate())
        ended.end()
        assert await anext(ended, b"end") == b"end"
        await astream(Endless()).aclose()

    class Endless:
        def __aiter__(self) -> Any:
            raise AssertionError

    run(main())
    threads = threading.active_count()
    body = stream(Source(ONE).generate())
    stream([ONE]).close()
    assert threading.active_count() == threads
    body.close()
    assert list(body) == []
    body.ready()
    ended = stream([ONE])
    ended.end()
    assert list(ended) == []


def test_a_stream_that_has_ended_stays_ended() -> None:
    async def main() -> None:
        body = astream(Source(ONE).agenerate())
        assert len([chunk async for chunk in body]) == 2
        assert await anext(body, b"end") == b"end"
        await body.ready()
        await body.aclose()

    run(main())
    body = stream([ONE])
    assert len(list(body)) == 2
    assert list(body) == []
    body.close()


def test_an_async_iterable_that_is_not_a_generator() -> None:
    class Events:
        def __init__(self) -> None:
            self.left = [ONE]

        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> ServerSentEvent:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    assert run(_collect(astream(Events()))) == [PING, b"id: 1\ndata: one\n\n"]


def test_a_reader_that_stalls_closes_its_source() -> None:
    """The source is closed even if the reader never comes back."""

    async def main() -> None:
        source = Source(ONE, TWO)
        body = astream(source.agenerate(), send_timeout=SHORT)
        await anext(body)
        await anext(body)
        while not source.closed:  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.001)
        with pytest.raises(SendTimeout, match="accepted no data for 0.02 seconds"):
            await anext(body)
        assert await anext(body, b"end") == b"end"

        body = astream(Source(ONE, ...).agenerate(), send_timeout=SHORT, keep_alive=4 * SHORT)
        assert [await anext(body) for _ in range(3)] == [PING, b"id: 1\ndata: one\n\n", PING], "silence is not a stall"
        await body.aclose()

    run(main())
    with pytest.raises(ValueError, match="send_timeout must be more than 0"):
        astream(Source().agenerate(), send_timeout=0)


# ready: failures before the response starts


def test_ready_raises_a_failure_before_the_first_event() -> None:
    raised = LookupError("not here")

    async def main() -> None:
        for timeout in (None, PATIENCE):
            body = astream(Source(then=raised).agenerate(), on_error=lambda _: ONE)
            with pytest.raises(LookupError) as caught:
                await body.ready(timeout)
            assert caught.value is raised
            assert await anext(body, b"end") == b"end"

    run(main())
    for timeout in (None, PATIENCE):
        body = stream(Source(then=raised).generate(), on_error=lambda _: ONE)
        with pytest.raises(LookupError) as caught:
            body.ready(timeout)
        assert caught.value is raised
        assert next(body, b"end") == b"end"


def test_ready_consumes_no_event() -> None:
    expected = [PING, b"id: 1\ndata: one\n\n", b"id: 2\ndata: two\n\n"]

    async def main() -> None:
        body = astream(Source(ONE, TWO).agenerate())
        await body.ready()
        await body.ready()
        assert await _collect(body) == expected
        body = astream(Source().agenerate())
        await body.ready()
        assert await _collect(body) == [PING]

    run(main())
    body = stream([ONE, TWO])
    body.ready()
    body.ready()
    assert list(body) == expected
    body = stream([])
    body.ready()
    assert list(body) == [PING]


def test_ready_has_a_timeout() -> None:
    async def main() -> None:
        body = astream(Source(...).agenerate(), keep_alive=SHORT)
        await body.ready(0.01)
        assert [await anext(body), await anext(body)] == [PING, PING]
        waiting = asyncio.ensure_future(body.ready())
        await settle()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await anext(body, b"end") == b"end"
        body = astream(Source(...).agenerate())
        await anext(body)
        body.end()
        await body.ready()
        assert await anext(body, b"end") == b"end"
        with pytest.raises(ValueError, match="timeout must be more than 0"):
            await body.ready(0)

    run(main())
    source = Source(...)
    body = stream(source.generate(), keep_alive=SHORT)
    body.ready(0.01)
    assert [next(body), next(body)] == [PING, PING]
    body.end()
    body.ready()
    assert next(body, b"end") == b"end"
    source.wait.set()
    with pytest.raises(TypeError, match="timeout must be a number"):
        body.ready(typing.cast("Any", "1"))


# Threads


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_source_suspended_at_a_yield_is_closed_immediately() -> None:
    source = Source(ONE, TWO)
    body = stream(source.generate())
    assert [next(body), next(body)] == [PING, b"id: 1\ndata: one\n\n"]
    wait_until(lambda: source.taken == 2)
    wait_until(lambda: not body._exchange._busy)
    body.close()
    assert source.closed


def test_closing_does_not_wait_for_a_blocked_source() -> None:
    source = Source(ONE, ..., TWO)
    body = stream(source.generate())
    assert [next(body), next(body)] == [PING, b"id: 1\ndata: one\n\n"]
    wait_until(lambda: source.taken == 2)
    body.close()
    assert not source.closed
    assert list(body) == []
    source.wait.set()
    wait_until(lambda: source.closed)
    assert source.taken == 2


@pytest.mark.parametrize("leave", ["garbage collection", "an error in the reader"])
def test_a_thread_ends_with_its_reader(leave: str) -> None:
    source = Source(ONE, TWO)
    body: Stream | None = stream(source.generate())
    assert body is not None
    next(body)
    wait_until(lambda: source.taken == 1)
    if leave == "garbage collection":
        body = None
        gc.collect()
    else:
        with contextlib.suppress(KeyboardInterrupt):
            signal_in_take(body)
    wait_until(lambda: source.closed)


def signal_in_take(body: Stream) -> None:
    """Raise KeyboardInterrupt in a reader, as Ctrl-C does in the main thread."""

    def take(_: float | None) -> Any:
        raise KeyboardInterrupt

    exchange = body._exchange

    class Interrupted:
        def __getattr__(self, name: str) -> Any:
            return take if name == "take" else getattr(exchange, name)

    body._exchange = typing.cast("Any", Interrupted())
    next(body)


def test_ending_a_stream_from_another_thread() -> None:
    source = Source(...)
    body = stream(source.generate(), keep_alive=None)
    next(body)
    timer = threading.Timer(0.01, body.end)
    timer.start()
    assert list(body) == []
    timer.join()
    source.wait.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_while_closing_the_source_is_reported_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    raised = LookupError("not closed")
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: told.append(arguments.exc_value))

    def events(wait: threading.Event) -> Iterator[ServerSentEvent | None]:
        try:
            yield ONE
            wait.wait()
            yield None
        finally:
            raise raised

    wait = threading.Event()
    body = stream(events(wait))
    next(body)
    wait_until(lambda: not body._exchange._busy)
    with pytest.raises(LookupError) as caught:
        body.close()
    assert caught.value is raised
    body.close()  # closing twice is harmless
    assert told == []

    body = stream(events(wait))
    assert [next(body), next(body)] == [PING, b"id: 1\ndata: one\n\n"]
    wait_until(lambda: body._exchange._busy)
    body.close()
    wait.set()
    wait_until(lambda: told == [raised])


def test_a_source_may_close_its_own_stream() -> None:
    bodies: list[Stream] = []

    def events() -> Iterator[ServerSentEvent]:
        yield ONE
        bodies[0].close()
        yield TWO

    bodies.append(stream(events()))
    assert list(bodies[0]) == [PING, b"id: 1\ndata: one\n\n"]


# The end of the process


@pytest.fixture
def _stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget at the end of the test that the process was told to stop."""
    monkeypatch.setattr(_shutdown._stop, "until", float("-inf"))


@pytest.mark.usefixtures("_stops")
def test_signals_end_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        handled: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: handled.append(number))
        try:
            end_streams_on_signals()
            end_streams_on_signals()  # calling it twice is harmless
            source = Source(...)
            body = astream(source.agenerate())
            await anext(body)
            os.kill(os.getpid(), signal.SIGTERM)
            assert await anext(body, b"end") == b"end"
            assert source.closed
            assert handled == [signal.SIGTERM], "the server's own handler still runs"
            # Until the server notices the signal, it accepts connections, and then it waits for them to end.
            late = Source(...)
            assert [chunk async for chunk in astream(late.agenerate()) if chunk.strip(b":\n ")] == []
            assert late.closed or not late.taken
            assert [chunk for chunk in stream([ONE]) if chunk.strip(b":\n ")] == []
            monkeypatch.setattr(_shutdown._stop, "until", time.monotonic())  # the process goes on after all
            assert b"".join(stream([ONE])).endswith(encode(ONE))
        finally:
            for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
                signal.signal(number, handler)

    run(main())


@pytest.mark.usefixtures("_stops")
def test_the_earlier_signal_handler_is_called() -> None:
    handled: list[Any] = []
    _shutdown._Handler(lambda *arguments: handled.append(arguments))(signal.SIGTERM, None)
    assert handled == [(signal.SIGTERM, None)]
    _shutdown._Handler(signal.SIG_IGN)(signal.SIGTERM, None)
    with pytest.raises(SystemExit) as caught:
        _shutdown._Handler(signal.SIG_DFL)(signal.SIGTERM, None)
    assert caught.value.code == 128 + signal.SIGTERM


def test_the_end_of_the_process_waits_for_threads() -> None:
    source = Source(ONE, TWO)
    body = stream(source.generate())
    next(body)
    _shutdown._at_exit()
    assert source.closed
    assert list(body) == []


def test_signals_are_handled_only_in_the_main_thread() -> None:
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=end_streams_on_signals)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before


SCRIPT = """
import signal, sys, time
from sse_codec.serving import end_streams_on_signals, stream

{before}
def events():
    try:
        while True:
            time.sleep(0.01)
            yield None
    finally:
        print("closed", flush=True)

body = stream(events(), keep_alive=0.01)
next(body), next(body)
{end}
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has other signals")
@pytest.mark.parametrize(
    ("before", "end", "status"),
    [
        ("", "", 0),
        ("", "sys.exit(7)", 7),
        ("end_streams_on_signals()", "signal.raise_signal(signal.SIGTERM)", 143),
        (
            # Processes in the background may ignore SIGINT.
            "signal.signal(signal.SIGINT, signal.default_int_handler); end_streams_on_signals()",
            "signal.raise_signal(signal.SIGINT)",
            -signal.SIGINT,
        ),
        (
            "signal.signal(signal.SIGTERM, signal.SIG_IGN); end_streams_on_signals()",
            "signal.raise_signal(signal.SIGTERM); assert list(body) == []",
            0,
        ),
        ("end_streams_on_signals(signal.SIGUSR1)", "signal.raise_signal(signal.SIGUSR1)", 128 + signal.SIGUSR1),
        (
            "signal.signal(signal.SIGQUIT, lambda *_: sys.exit(5)); end_streams_on_signals()",
            "signal.raise_signal(signal.SIGQUIT)",
            5,
        ),
    ],
    ids=["the end", "exit", "SIGTERM", "Ctrl-C", "an ignored signal", "another signal", "a signal that is handled"],
)
def test_the_end_of_the_process_runs_every_finally(before: str, end: str, status: int) -> None:
    script = SCRIPT.format(before=before, end=end)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (status, "closed\n"), done.stderr


# Raw ASGI, and readers that stall


def test_send_within() -> None:
    async def main() -> None:
        sent: list[int] = []

        async def send(number: int, *, wait: float = 0) -> int:
            await asyncio.sleep(wait)
            sent.append(number)
            return number

        limited = send_within(send, SHORT)
        assert await limited(1) == 1
        with pytest.raises(SendTimeout, match="accepted no data for 0.02 seconds") as caught:
            await limited(2, wait=PATIENCE)
        assert caught.value.seconds == SHORT
        assert isinstance(caught.value, OSError)
        assert await send_within(send, PATIENCE)(3, wait=SHORT) == 3
        assert sent == [1, 3]

        task = asyncio.ensure_future(send_within(send, PATIENCE)(4, wait=PATIENCE))
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


@pytest.mark.parametrize(("limit", "error"), [(0, ValueError), (None, TypeError), ("1", TypeError)])
def test_send_within_a_wrong_limit(limit: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="limit must be"):
        send_within(asyncio.sleep, limit)


class Server:
    """An ASGI server with one client."""

    def __init__(self, method: str = "GET", *, stalls: bool = False) -> None:
        self.scope = {"type": "http", "method": method}
        self.sent: list[Any] = []
        self.left = asyncio.Event()
        self.raises: BaseException | None = None
        self._stalls = stalls
        self._requests = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request"}]

    async def receive(self) -> Any:
        if self._requests:
            return self._requests.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.raises is not None:
            raise self.raises
        if self._stalls and message.get("body"):
            await asyncio.Event().wait()
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def test_respond() -> None:
    async def main() -> None:
        server = Server()
        await respond(server.scope, server.receive, server.send, astream(Source(ONE).agenerate()))
        assert server.sent[0]["status"] == 200
        assert (b"content-type", b"text/event-stream") in server.sent[0]["headers"]
        assert server.body == PING + b"id: 1\ndata: one\n\n"
        assert [message.get("more_body") for message in server.sent] == [None, True, True, False]

        server = Server()
        body = astream(Source(ONE).agenerate())
        await respond(server.scope, server.receive, server.send, body, status=201, headers={"X-Name": "é"})
        assert server.sent[0] == {"type": "http.response.start", "status": 201, "headers": [(b"x-name", b"\xe9")]}

    run(main())


def test_respond_to_head() -> None:
    async def main() -> None:
        source = Source(ONE)
        server = Server("HEAD")
        await respond(server.scope, server.receive, server.send, astream(source.agenerate()))
        assert server.body == b""
        assert len(server.sent) == 2
        assert source.taken == 0

    run(main())


def test_respond_to_a_client_that_leaves_while_it_is_silent() -> None:
    async def main() -> None:
        source = Source(ONE, ...)
        server = Server()
        response = asyncio.ensure_future(
            respond(server.scope, server.receive, server.send, astream(source.agenerate(), keep_alive=None))
        )
        await settle()
        assert server.body == PING + b"id: 1\ndata: one\n\n"
        server.left.set()
        await response
        assert source.closed
        assert server.sent[-1]["more_body"], "the client has left, so no end of the body is sent"

    run(main())


@pytest.mark.parametrize("at", [0, 1])
def test_respond_to_a_client_that_has_left(at: int) -> None:
    """Since ASGI 2.4, `send` raises OSError in this case."""

    async def main() -> None:
        source = Source(ONE, ...)
        server = Server()
        if at == 0:
            server.raises = OSError()
        response = asyncio.ensure_future(
            respond(server.scope, server.receive, server.send, astream(source.agenerate(), keep_alive=SHORT))
        )
        await settle()
        server.raises = OSError()
        await response
        assert source.closed == (at == 1)

    run(main())


def test_respond_raises_other_errors() -> None:
    async def main() -> None:
        for raised in (ConnectionResetError("the database's"), LookupError()):
            server = Server()
            with pytest.raises(type(raised)) as caught:
                await respond(server.scope, server.receive, server.send, astream(Source(then=raised).agenerate()))
            assert caught.value is raised
        server = Server()
        server.raises = LookupError("of the server")
        source = Source(ONE)
        with pytest.raises(LookupError):
            await respond(server.scope, server.receive, server.send, astream(source.agenerate()))

    run(main())


def test_respond_to_a_server_that_fails() -> None:
    async def main() -> None:
        server = Server()

        async def receive() -> Any:
            raise RuntimeError("it can't be called")

        source = Source(ONE, ...)
        await respond(server.scope, receive, server.send, astream(source.agenerate()))

    run(main())


def test_respond_to_a_reader_that_stalls() -> None:
    async def main() -> None:
        source = Source(ONE)
        server = Server(stalls=True)
        with pytest.raises(SendTimeout):
            await respond(server.scope, server.receive, server.send, astream(source.agenerate()), send_timeout=SHORT)
        assert source.closed or source.taken == 0

    run(main())


# The public names


def test_the_public_names() -> None:
    public = {name for name, value in vars(sse_codec.serving).items() if not name.startswith("_")}
    assert {name for name in public if not inspect.ismodule(getattr(sse_codec.serving, name))} == set(
        sse_codec.serving.__all__
    )
    for name in sse_codec.serving.__all__:
        value = getattr(sse_codec.serving, name)
        if name != "Sendable":
            assert value.__module__ == "sse_codec.serving"
            assert value.__doc__ or BARE
            typing.get_type_hints(value)
        if name in {"Channel", "SendTimeout"}:
            typing.get_type_hints(vars(value)["__init__"])
