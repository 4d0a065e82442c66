"""astream: turns an async iterable of events into a body for servers that use coroutines.

A separate task, the pump, iterates over the source, so that neither a time limit nor a reader that leaves interrupts
the source in the middle of a step. Pump and reader share one slot: the pump waits while it is full, and the reader
waits while it is empty. So the source is never more than one event ahead of what the server has taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Any

from ._bell import Bell, Timer, call_from_any_thread, cancelling, running_loop
from ._send import SendTimeout
from ._shutdown import register
from ._wire import KEEP_ALIVE, Body, Options, Sendable, options, seconds

#: How many times a reader may be cancelled before it stops waiting for the source to close. anyio cancels a task in
#: each turn of the event loop until the task has ended, and most sources close within a few turns.
_TURNS = 100

#: Seconds that the `finally` of a source may take after other code has cancelled the pump.
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
    r"""Turn an async iterable of events into the body of a response (WHATWG HTML 9.2.7, "Authoring notes").

    The first bytes come immediately, before the first event, so that the headers go out and proxies see a response.
    Then each event is one chunk. While the source is silent, a comment follows every `keep_alive` seconds.

    The source runs in a separate task, with the context variables of the task that asks for the first bytes. It may
    keep anyio cancel scopes open across a `yield`. It is never more than one event ahead of the reader. However the
    stream ends (the source ends or raises, the reader leaves, `end_streams` is called), the source is closed first.

    Args:
        events: an async iterable, such as an async generator. It yields events, blocks, or the bytes of whole blocks.
            None is skipped.
        keep_alive: seconds of silence before a keep-alive, more than 0. The standard advises 15. None turns it off.
        ping: what to send as a keep-alive: an event, a block or bytes. A comment by default. Bytes may also be a
            single line. If your clients use the OpenAI SDK and you send ids, use `encode_line(Comment())`: after an id
            the SDK fails at blank lines that end no event.
        retry: the reconnection time to send first, in milliseconds. By default none is sent.
        send_timeout: how many seconds the reader may take for a chunk, more than 0. None means no limit. A client that
            stalls blocks its server, and so the source. After this time the source is closed, and SendTimeout is
            raised if the reader comes back. See also `send_within`.
        on_error: a function that takes the exception of the source, and returns the last event to send. The stream then
            ends normally. It is also called for an event that can't be sent; then the event that it returns is sent
            instead, and the stream goes on. If it returns None, the exception is raised, as without `on_error`: the
            connection breaks, and clients reconnect. Don't name the event "error": EventSource fires such events
            itself.

    Returns:
        An async iterator of bytes. Call its `aclose` if you stop early. If it is garbage-collected instead, the source
        is closed as well.

    Raises:
        TypeError: an argument is of the wrong type, or `events` is not async. Raised by the call itself.
        ValueError: `keep_alive` or `send_timeout` is out of range. Raised by the call itself.
        EncodeError: `retry` or `ping` can't be sent; raised by the call itself. Or, while iterating, an event can't be
            sent and there is no `on_error`. A client that reconnects gets past that event if its id can be sent.
        SendTimeout: while iterating: the reader took longer than `send_timeout`.
        RuntimeError: while iterating: no asyncio event loop is running, for example under trio.
        Exception: while iterating, without `on_error`: any error that the source raises, unchanged.

    >>> import asyncio
    >>> from sse_codec import ServerSentEvent
    >>> from sse_codec.serving import astream
    >>> async def events():
    ...     yield ServerSentEvent("working", event="state")
    ...     raise LookupError("no such job")
    >>> def failed(error):
    ...     return ServerSentEvent(str(error), event="failed")
    >>> async def main():
    ...     return [chunk async for chunk in astream(events(), on_error=failed)]
    >>> asyncio.run(main())
    [b': \n\n', b'event: state\ndata: working\n\n', b'event: failed\ndata: no such job\n\n']
    """
    if not hasattr(events, "__aiter__"):
        if callable(events):
            hint = f"call {getattr(events, '__name__', 'it')}() and pass what it returns"
        elif hasattr(events, "__await__"):
            hint = "await it first, or make it an async generator"
        elif hasattr(events, "__iter__"):
            hint = "use stream() for a source that is not async"
        else:
            hint = "pass an async generator, for example"
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

        Call it before you make the response. If the source raises before its first event, the exception is raised here,
        and you can still answer with an error status. Give a timeout: until then a silent source delays the headers.

        Args:
            timeout: how many seconds to wait at most, more than 0. None means no limit.

        Raises:
            Exception: any error that the source raises, unchanged, even with `on_error`.
            TypeError: `timeout` is not a number.
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
                handoff.pump.result()  # raises the exception of the source
        except BaseException:
            await self.aclose()
            raise

    def end(self) -> None:
        """End the stream soon. May be called from any thread. The source is closed, and the reader gets no more."""
        if self._handoff is None:
            self._ended = True
        else:
            call_from_any_thread(self._handoff.bell.loop, self._handoff.close)

    async def aclose(self) -> None:
        """End the stream and close the source. When this returns, the source's `finally` has run."""
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
            pump.add_done_callback(handoff.report)  # the pump may still be running, and this raises another error
            raise cancelled
        failure = handoff.failure()
        if failure is not None:
            raise failure

    def __del__(self) -> None:
        if self._handoff is not None and not (self._ended and self._handoff.pump.done()):
            call_from_any_thread(self._handoff.bell.loop, self._handoff.abandon)

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
    """The slot between pump and reader. Its methods may be called only in the loop's thread."""

    __slots__ = ("_writer", "bell", "closed", "item", "pump", "stall", "stalled", "told")

    def __init__(self, loop: asyncio.AbstractEventLoop, events: AsyncIterable[Sendable | None]) -> None:
        self.bell = Bell(loop)
        self.stall = Timer(loop, self._close_for_a_stall)
        self.stalled = False  # the reader has taken too long
        self.item: Any = _NOTHING
        self.closed = False  # pump and reader must end
        self.told = False  # the exception of the source was delivered
        self._writer: asyncio.Future[None] | None = None
        self.pump = loop.create_task(_pump(events, self))
        self.pump.add_done_callback(self.bell.ring)

    async def put(self, item: Any) -> None:
        """Hand over an item, and wait until it is taken or the stream is closed."""
        if self.closed:
            raise asyncio.CancelledError  # the source has swallowed the first one
        if item is None:
            return
        self.item = item
        self.bell.ring()
        while self.item is not _NOTHING:
            self._writer = self.bell.loop.create_future()
            await self._writer

    def take(self) -> Any:
        """Return the item in the slot, if there is one."""
        item, self.item = self.item, _NOTHING
        if item is not _NOTHING:
            self._make_room()
        return item

    def close(self) -> None:
        """Make pump and reader end."""
        if not self.closed and not cancelling(self.pump):
            self.pump.cancel()
        elif not self.closed:
            # Other code has cancelled the pump: `asyncio.run` cancels all tasks at its end. Cancelling it again now
            # would interrupt the source's `finally`. Do it later, for a source that caught the first and still waits.
            self.bell.loop.call_later(_GRACE, self.pump.cancel)
        self.closed = True
        self.item = _NOTHING
        self.stall.stop()
        self.bell.finish()
        self._make_room()

    def abandon(self) -> None:
        """Close the source of a stream whose reader has dropped it."""
        self.close()
        self.pump.add_done_callback(self.report)

    def failure(self) -> BaseException | None:
        """Return the exception of the source, unless it was delivered already."""
        error = None if self.pump.cancelled() else self.pump.exception()
        told, self.told = self.told, True
        return None if told else error

    def report(self, _: object) -> None:
        """Pass the exception of the source to the event loop's exception handler, which logs it."""
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
