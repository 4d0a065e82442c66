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

#: How often a reader may be cancelled before it stops waiting for the source to close. anyio cancels a task in each
#: turn of the event loop until the task has ended, and most sources close in a few turns.
_TURNS = 100

#: Seconds for the `finally` of a source that somebody else has cancelled.
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

    The first bytes come at once, before the first event, so the headers go out and proxies see a response. Then each
    event is one chunk. While the source is silent, a comment comes every `keep_alive` seconds.

    The source runs in one task of its own, with the context variables of the task that asks for the first bytes. It may
    hold anyio's cancel scopes over a `yield`. It is never more than one event ahead of the reader. However the stream
    ends (the source ends or raises, the reader leaves, `end_streams` is called), the source is closed first.

    Args:
        events: an async iterable, such as an async generator. It yields events, blocks, or the bytes of whole blocks.
            None is skipped.
        keep_alive: seconds of silence before a keep-alive, more than 0. The standard advises 15. None turns it off.
        ping: what to send as a keep-alive: an event, a block or bytes; a comment unless given. Bytes may also be a
            single line. Use `encode_line(Comment())` for the OpenAI SDK if you send ids: after an id it fails at
            blank lines that end no event.
        retry: the reconnection time to send first, in milliseconds; none unless given.
        send_timeout: seconds that the reader may take for a chunk, more than 0; None for any time. A client that stalls
            holds up its server, and so the source. After this time the source is closed, and SendTimeout is raised
            if the reader comes back. See also `send_within`.
        on_error: a function that gets what the source raised, and returns the last event to send. The stream then ends
            in order. It is also called for an event that can't be sent; then its event is sent instead, and the stream
            goes on. If it returns None, the error is raised, as it is without `on_error`: the connection breaks, and
            clients ask again. Don't name the event "error": EventSource fires an event of that name itself.

    Returns:
        An async iterator of bytes. Call its `aclose` when you stop early. If it is lost instead, the source is closed
        as well.

    Raises:
        TypeError: an argument is of the wrong type, or `events` is not async. Raised by the call itself.
        ValueError: `keep_alive` or `send_timeout` is out of range. Raised by the call itself.
        EncodeError: `retry` or `ping` can't be sent. Raised by the call itself. While iterating: an event can't be
            sent, and there is no `on_error`. A client that resumes gets past it if its id can be sent.
        SendTimeout: while iterating: the reader took longer than `send_timeout`.
        RuntimeError: while iterating: no asyncio event loop is running, as under trio.
        Exception: while iterating, without `on_error`: whatever the source raises, unchanged.

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

        Call it before you make the response. What the source raises before its first event is raised here, and can
        still be answered with a status. Give a timeout: the headers of a silent source wait that long.

        Args:
            timeout: how many seconds to wait at most, more than 0; None for as long as it takes.

        Raises:
            Exception: whatever the source raises, unchanged, also with `on_error`.
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
                handoff.pump.result()  # raises what the source raised
        except BaseException:
            await self.aclose()
            raise

    def end(self) -> None:
        """End the stream soon; may be called from any thread. The source is closed, and the reader gets no more."""
        if self._handoff is None:
            self._ended = True
        else:
            self._handoff.from_any_thread(self._handoff.close)

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
