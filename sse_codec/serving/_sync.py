"""stream: turns an iterable of events into a body for servers that use threads.

A separate thread, the pump, iterates over the source, so that the server's thread never waits for longer than
`keep_alive`. Then it writes, and so notices clients that have left. Pump and reader share one slot, as in `astream`.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from ._shutdown import register, register_thread
from ._wire import KEEP_ALIVE, Body, Options, Sendable, options, seconds

_NOTHING: Any = object()
_END: Any = object()


def stream(
    events: Iterable[Sendable | None],
    *,
    keep_alive: float | None = KEEP_ALIVE,
    ping: Sendable | None = None,
    retry: int | None = None,
    on_error: Callable[[Exception], Sendable | None] | None = None,
) -> Stream:
    r"""Turn an iterable of events into the body of a response (WHATWG HTML 9.2.7, "Authoring notes").

    It does what `astream` does, for servers that use threads. The source runs in a separate thread, with the context
    variables of the thread that asks for the first bytes. It is never more than one event ahead of the reader.

    A threaded server notices that a client has left when it next writes, so within `keep_alive` seconds. Then the
    source is closed at its `yield`. A thread that waits can't be interrupted, so a source that waits for a long time
    should wait in steps and yield None after each: it can be closed there.

    Args:
        events: an iterable, such as a generator. It yields events, blocks, or the bytes of whole blocks. None is
            skipped.
        keep_alive: as for `astream`.
        ping: as for `astream`.
        retry: as for `astream`.
        on_error: as for `astream`.

    Returns:
        An iterator of bytes. Call its `close` if you stop early, as WSGI servers do. If it is garbage-collected
        instead, the source is closed as well.

    Raises:
        TypeError: an argument is of the wrong type, or `events` is async. Raised by the call itself.
        ValueError: `keep_alive` is out of range. Raised by the call itself.
        EncodeError: as for `astream`.
        Exception: while iterating, without `on_error`: any error that the source raises, unchanged.

    >>> import threading, time
    >>> from sse_codec import ServerSentEvent
    >>> from sse_codec.serving import stream
    >>> closed = threading.Event()
    >>> def events():
    ...     try:
    ...         yield ServerSentEvent("one")
    ...         while True:
    ...             time.sleep(0.05)  # or wait that long for the next event
    ...             yield None
    ...     finally:
    ...         closed.set()
    >>> body = stream(events(), keep_alive=0.3)
    >>> next(body), next(body), next(body)
    (b': \n\n', b'data: one\n\n', b': \n\n')
    >>> body.close()
    >>> closed.wait(10)
    True
    """
    if not hasattr(events, "__iter__"):
        if callable(events):
            hint = f"call {getattr(events, '__name__', 'it')}() and pass what it returns"
        elif hasattr(events, "__aiter__") or hasattr(events, "__await__"):
            hint = "use astream() for an async source"
        else:
            hint = "pass a generator, for example"
        raise TypeError(f"stream() takes an iterable of events, not {type(events).__name__}: {hint}")
    return Stream(events, options(keep_alive, ping, retry, on_error))


class Stream(Body):
    """The body that `stream` returns: an iterator of bytes, for one reader."""

    __slots__ = ("__weakref__", "_exchange", "_source", "_thread")

    def __init__(self, source: Iterable[Sendable | None], options: Options) -> None:
        super().__init__(options)
        self._source = source
        self._exchange = Exchange()
        self._thread: threading.Thread | None = None

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        self._start()
        if self._opening:
            opening, self._opening = self._opening, b""
            return opening
        try:
            return self._next()
        except BaseException:
            self.close()
            raise

    def ready(self, timeout: float | None = None) -> None:
        """Start the source, and wait until it has an event, has ended, or has failed, as `AsyncStream.ready` does.

        Args:
            timeout: how many seconds to wait at most, more than 0. None means no limit.

        Raises:
            Exception: any error that the source raises, unchanged, even with `on_error`.
            TypeError: `timeout` is not a number.
            ValueError: `timeout` is out of range.
        """
        timeout = seconds("timeout", timeout)
        if not self._ended:
            self._start()
            error = self._exchange.first(timeout)
            if error is not None:
                self.close()
                raise error

    def end(self) -> None:
        """End the stream soon. May be called from any thread. The source is closed, and the reader gets no more."""
        if self._thread is None:
            self._ended = True
        self._exchange.close()

    def close(self) -> None:
        """End the stream and close the source.

        When this returns, the source's `finally` has run, unless the source is busy. Then it runs when the source next
        yields.
        """
        self._ended = True
        if self._thread is None:
            source: Any = self._source
            if hasattr(source, "close"):
                source.close()
        elif self._exchange.close() and self._thread is not threading.current_thread():
            self._thread.join()
            self._raise_what_is_left()
        else:
            self._exchange.leave()

    def __del__(self) -> None:
        self._exchange.leave()
        self._exchange.close()
        self._raise_what_is_left()  # `sys.unraisablehook` logs it

    def _raise_what_is_left(self) -> None:
        error = self._exchange.failure()
        if error is not None:
            raise error

    def _start(self) -> None:
        if self._thread is None:
            run = contextvars.copy_context().run
            arguments = (_pump, self._source, self._exchange)
            self._thread = threading.Thread(target=run, args=arguments, name="sse_codec.stream", daemon=True)
            register(self, Stream.end)
            register_thread(self._thread)
            self._thread.start()

    def _next(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        item = self._exchange.take(self._options.keep_alive)
        if item is _NOTHING:
            return self._options.ping
        if item is not _END:
            return self._to_wire(item)
        self._ended = True
        error = self._exchange.failure()
        if error is None:
            raise StopIteration
        return self._last(error)


class Exchange:
    """The slot between pump and reader."""

    __slots__ = ("_busy", "_changed", "_closed", "_done", "_error", "_item", "_left")

    def __init__(self) -> None:
        self._changed = threading.Condition()  # its lock is reentrant: a signal handler may call `end`
        self._item: Any = _NOTHING
        self._busy = True  # the pump is in the source, and not waiting here
        self._closed = False  # pump and reader must end
        self._done = False  # the pump has ended
        self._left = False  # the reader will not come back, not even for the exception of the source
        self._error: BaseException | None = None

    def put(self, item: Any) -> bool:
        """Hand over an item, and wait until it is taken; return False if the stream is closed."""
        with self._changed:
            self._busy = False
            if item is not None and not self._closed:
                self._item = item
                self._changed.notify_all()
                while self._item is not _NOTHING:
                    self._changed.wait()
            self._busy = not self._closed
            return self._busy

    def take(self, seconds: float | None) -> Any:
        """Return the next item, or _END; _NOTHING if none comes within this many seconds."""
        due = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while self._item is _NOTHING and not (self._closed or self._done):
                rest = None if due is None else due - time.monotonic()
                if rest is not None and rest <= 0:
                    return _NOTHING
                self._changed.wait(rest)
            if self._item is _NOTHING:
                return _END
            item, self._item = self._item, _NOTHING
            self._changed.notify_all()
            return item

    def first(self, seconds: float | None) -> BaseException | None:
        """Wait for the first item or the end; return the exception of the source, if it raised one instead."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not _NOTHING or self._closed or self._done, seconds)
            return self.failure() if self._item is _NOTHING else None

    def close(self) -> bool:
        """Make pump and reader end; tell whether the pump ends now, because it is not in the source."""
        with self._changed:
            self._closed = True
            self._item = _NOTHING
            self._changed.notify_all()
            return not self._busy

    def leave(self) -> None:
        """Note that the reader will not come back."""
        with self._changed:
            self._left = True

    def finish(self, error: BaseException | None) -> bool:
        """Note that the pump has ended; tell whether the reader is still there to get the error."""
        with self._changed:
            self._done = True
            self._busy = False
            self._error = None if self._left else error
            self._changed.notify_all()
            return not self._left

    def failure(self) -> BaseException | None:
        """Return the exception of the source, once."""
        with self._changed:
            error, self._error = self._error, None
            return error


def _pump(events: Iterable[Sendable | None], exchange: Exchange) -> None:
    error: BaseException | None = None
    try:
        source: Any = iter(events)
        try:
            for item in source:
                if not exchange.put(item):
                    break
        finally:
            if hasattr(source, "close"):
                source.close()
    except BaseException as raised:  # noqa: BLE001  # the reader raises it
        error = raised
    if not exchange.finish(error) and error is not None:
        raise error  # the reader has left: `threading.excepthook` logs it
