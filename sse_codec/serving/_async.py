"""astream: an async iterable of events as a body for servers of coroutines.

A task of its own, the pump, runs through the source, so that no time limit and no departing reader ever interrupts the
source in the middle of a step. Pump and reader share one place: the pump waits while it is full, the reader while it is
empty. So the source is never more than one event ahead of what the server has taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Callable
from typing import Any

from ._bell import Bell, Timer, cancelling, running_loop
from ._send import SendTimeout
from ._shutdown import register
from ._wire import KEEP_ALIVE, Body, Options, Sendable, options, seconds

#: How many turns of the event loop a reader that is cancelled again and again still waits for the source to close.
#: anyio cancels a task in each turn until it has ended, and most sources close in a few.
_TURNS = 100

#: How many seconds a source that was cancelled by somebody else has for its `finally`.
_GRACE = 1.0

_NOTHING: Any = object()


def astream(
    events: AsyncIterable[Sendable | None],
    *,
    keep_alive: float | None = KEEP_ALIVE,
    ping: Sendable | None = None,
    retry: int | None = None,
    send_timeout: float | None = None,
    on_error: Callable[[Exception], Sendable | None] | None = None,
) -> AsyncStream:
    r"""Make the body of a response from an async iterable of events (WHATWG HTML 9.2.7, "Authoring notes").

    The first bytes come at once, before the first event, so that headers go out and proxies see a response. Each event
    is a chunk of its own. When the source is silent, a comment comes every `keep_alive` seconds.

    The source runs in one task of its own, in the context of whoever asks for the first bytes: context variables and
    anyio's cancel scopes work in it. It is never more than one event ahead. When the stream has ended, because the
    source ended or raised, because the reader left, or because of `end_streams`, the source's `finally` has run.

    Args:
        events: an async iterable, say an async generator, of events, blocks, or the bytes of whole blocks. None stands
            for nothing to send.
        keep_alive: how many seconds of silence bring a keep-alive, more than 0. 15 as the standard advises; None for
            never.
        ping: what is sent as a keep-alive: an event, a block or bytes; a comment unless told. Bytes may be one line:
            `encode_line(Comment())` keeps the OpenAI SDK alive, which fails at blank lines once it has seen an id.
        retry: the reconnection time that clients are told at once, in milliseconds; none unless told.
        send_timeout: how many seconds the reader may take for a chunk, more than 0; None for any time. A client that
            stalls makes its server wait, and the server its source. After that the source is closed, and the stream
            raises SendTimeout if the reader comes back. `send_within` closes the connection, too.
        on_error: is given what the source raised, and returns what the client is told, as the last event of the
            stream, which then ends in order. It is also asked about an event that can't be sent; the stream then
            goes on behind it. When it returns None, or is not there, the error is raised and breaks the connection,
            so that clients ask again. Call the event "failed", say: EventSource has an "error" of its own.

    Returns:
        An async iterator of bytes. A server that stops early should call its `aclose`; losing it does the same.

    Raises:
        TypeError: an argument is of the wrong type, or `events` is not async; here and now.
        ValueError: `keep_alive` or `send_timeout` is out of range; here and now.
        EncodeError: `retry` or `ping` can't be sent; here and now. While iterating, without `on_error`: an event can't
            be sent; a client that resumes is behind it.
        SendTimeout: while iterating, the reader has taken longer than `send_timeout`.
        RuntimeError: while iterating, no asyncio event loop is running. Trio has none.
        Exception: while iterating, without `on_error`, whatever the source raises, unchanged.

    >>> import asyncio
    >>> from sse_codec import ServerSentEvent
    >>> from sse_codec.serving import astream
    >>> async def events():
    ...     yield ServerSentEvent("working", event="state")
    ...     await asyncio.sleep(0.3)
    ...     raise LookupError("no such job")
    >>> async def main():
    ...     failed = lambda error: ServerSentEvent(str(error), event="failed")
    ...     async for chunk in astream(events(), keep_alive=0.2, on_error=failed):
    ...         print(chunk)
    >>> asyncio.run(main())
    b': \n\n'
    b'event: state\ndata: working\n\n'
    b': \n\n'
    b'event: failed\ndata: no such job\n\n'
    """
    if not hasattr(events, "__aiter__"):
        if callable(events):
            hint = f"call {getattr(events, '__name__', 'it')}() and pass what it returns"
        elif hasattr(events, "__await__"):
            hint = "await it first, or make it an async generator"
        elif hasattr(events, "__iter__"):
            hint = "stream() takes what is not async"
        else:
            hint = "an async generator is one"
        raise TypeError(f"astream() takes an async iterable, not {type(events).__name__}: {hint}")
    return AsyncStream(events, options(keep_alive, ping, retry, on_error), seconds("send_timeout", send_timeout))


class AsyncStream(Body):
    """The body that `astream` returns: an async iterator of bytes, for one reader on one event loop."""

    __slots__ = ("__weakref__", "_handoff", "_send_timeout", "_source")

    def __init__(self, source: AsyncIterable[Sendable | None], options: Options, send_timeout: float | None) -> None:
        super().__init__(options)
        self._source = source
        self._send_timeout = send_timeout
        self._handoff: Handoff | None = None  # from the first bytes on

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        handoff = self._handoff or self._start()
        handoff.stall.clear()
        try:
            chunk = await self._next(handoff)
        except BaseException:
            await self.aclose()
            raise
        if self._send_timeout is not None:
            handoff.stall.set(handoff.bell.loop.time() + self._send_timeout)
        return chunk

    async def ready(self, timeout: float | None = None) -> None:
        """Start the source, and wait until it has an event, has ended, or has failed.

        Call it before the response is made: what the source raises before its first event is raised here, while it can
        still be answered with a status. A source that is silent holds the headers back for as long: give a timeout.

        Args:
            timeout: how many seconds to wait at most, more than 0; None for as long as it takes.

        Raises:
            Exception: whatever the source raises, unchanged; also with `on_error`.
            TypeError: `timeout` is no number.
            ValueError: `timeout` is out of range.
        """
        timeout = seconds("timeout", timeout)
        if self._ended:
            return
        handoff = self._handoff or self._start()
        try:
            if handoff.item is _NOTHING and not (handoff.pump.done() or handoff.closed):
                await handoff.bell.wait(None if timeout is None else handoff.bell.loop.time() + timeout)
            if handoff.item is _NOTHING and handoff.pump.done():
                handoff.told = True
                handoff.pump.result()  # raises what the source raised
        except BaseException:
            await self.aclose()
            raise

    def end(self) -> None:
        """End the stream, soon; from any thread. The source is closed, and the reader is told that this was all."""
        if self._handoff is None:
            self._ended = True
        else:
            self._handoff.from_any_thread(self._handoff.close)

    async def aclose(self) -> None:
        """End the stream, and close the source; when this returns, the source's `finally` has run."""
        self._ended = True
        handoff = self._handoff
        if handoff is None:
            source: Any = self._source
            if hasattr(source, "aclose"):
                await source.aclose()
            return
        handoff.close()
        pump = handoff.pump
        cancelled = None
        for _ in range(_TURNS):
            if pump.done():
                break
            try:
                await asyncio.wait({pump})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            pump.add_done_callback(handoff.report)  # it may still be at it, and the error that is raised is another
            raise cancelled
        failure = handoff.failure()
        if failure is not None:
            raise failure

    def __del__(self) -> None:
        if self._handoff is not None and not (self._ended and self._handoff.pump.done()):
            self._handoff.from_any_thread(self._handoff.abandon)

    def _start(self) -> Handoff:
        self._handoff = Handoff(running_loop("astream()"), self._source)
        register(self, AsyncStream.end)
        return self._handoff

    async def _next(self, handoff: Handoff) -> bytes:
        if self._opening:
            opening, self._opening = self._opening, b""
            return opening
        if self._failure is not None:
            raise self._failure
        if handoff.stalled and self._send_timeout is not None:
            raise SendTimeout(self._send_timeout)
        keep_alive = self._options.keep_alive
        due = None if keep_alive is None else handoff.bell.loop.time() + keep_alive
        while not handoff.closed:
            item = handoff.take()
            if item is not _NOTHING:
                return self._to_wire(item)
            if handoff.pump.done():
                handoff.told = self._ended = True
                error = asyncio.CancelledError() if handoff.pump.cancelled() else handoff.pump.exception()
                if error is None:
                    break
                return self._last(error)
            if not await handoff.bell.wait(due):
                return self._options.ping
        raise StopAsyncIteration


class Handoff:
    """The one place between pump and reader. All but `from_any_thread` is for the loop's thread."""

    __slots__ = ("_writer", "bell", "closed", "item", "pump", "stall", "stalled", "told")

    def __init__(self, loop: asyncio.AbstractEventLoop, events: AsyncIterable[Sendable | None]) -> None:
        self.bell = Bell(loop)
        self.stall = Timer(loop, self._close_for_a_stall)
        self.stalled = False  # the reader has taken too long
        self.item: Any = _NOTHING
        self.closed = False  # both are to come to their ends
        self.told = False  # somebody has been given what the source raised
        self._writer: asyncio.Future[None] | None = None
        self.pump = loop.create_task(_pump(events, self))
        self.pump.add_done_callback(self.bell.ring)

    async def put(self, item: Any) -> None:
        """Hand over an item, and wait until it is taken, or until none is wanted any more."""
        if self.closed:
            raise asyncio.CancelledError  # the source has swallowed the first
        if item is None:
            return
        self.item = item
        self.bell.ring()
        while self.item is not _NOTHING:
            self._writer = self.bell.loop.create_future()
            await self._writer

    def take(self) -> Any:
        """Return the item that is there, if there is one."""
        item, self.item = self.item, _NOTHING
        if item is not _NOTHING:
            self._make_room()
        return item

    def close(self) -> None:
        """Have pump and reader come to their ends."""
        if not self.closed and not cancelling(self.pump):
            self.pump.cancel()
        elif not self.closed:
            # Somebody else has cancelled it: `asyncio.run` cancels all tasks at its end. A second time would interrupt
            # the source's `finally`. It is for a source that has caught the first, and waits on.
            self.bell.loop.call_later(_GRACE, self.pump.cancel)
        self.closed = True
        self.item = _NOTHING
        self.stall.stop()
        self.bell.finish()
        self._make_room()

    def from_any_thread(self, callback: Callable[..., object], *args: object) -> None:
        """Call something in the loop's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, and everything with it
            self.bell.loop.call_soon_threadsafe(callback, *args)

    def abandon(self) -> None:
        """Close the source of a stream that its reader has lost."""
        self.close()
        self.pump.add_done_callback(self.report)

    def failure(self) -> BaseException | None:
        """Return what the source raised, unless somebody has been given it."""
        error = None if self.pump.cancelled() else self.pump.exception()
        told, self.told = self.told, True
        return None if told else error

    def report(self, _: object) -> None:
        """Give what the source raised to the event loop's exception handler, which logs it."""
        error = self.failure()
        if error is not None:
            self.bell.loop.call_exception_handler(
                {"message": "the source of an event stream raised after its reader had left", "exception": error}
            )

    def _close_for_a_stall(self) -> None:
        self.stalled = True
        self.close()
        self.pump.add_done_callback(self.report)  # the reader may never come back

    def _make_room(self) -> None:
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)


async def _pump(events: AsyncIterable[Sendable | None], handoff: Handoff) -> None:
    source: Any = aiter(events)
    try:
        async for item in source:
            await handoff.put(item)
    finally:
        if hasattr(source, "aclose"):
            await source.aclose()
