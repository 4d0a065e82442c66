"""Channel: publishes each event once, for any number of listeners in this process.

Listeners have no queues. The channel keeps the latest blocks in one list, and each listener keeps its place in it, so
an event for a thousand listeners is encoded once and stored once. The blocks after a listener's place are those that a
bounded queue would hold for it. A listener that wakes takes all of them in one chunk, and listeners at the same place
share the same bytes.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable
from itertools import islice

from sse_codec._blocks import Block
from sse_codec._encoder import encode, encode_block
from sse_codec._errors import check_bound
from sse_codec._event import ServerSentEvent
from sse_codec.resume import EventHistory

from ._bell import Bell, call_from_any_thread, running_loop
from ._shutdown import register
from ._wire import KEEP_ALIVE, Sendable, seconds, to_ping

#: The most bytes that a listener gets at a time, unless a single event is larger.
_CHUNK = 64 * 1024

#: The most bytes that a listener may fall behind, unless a single event is larger. As the default of `EventHistory`.
_BACKLOG_BYTES = 8 * 1024 * 1024


class Channel:
    r"""One stream for many listeners. Clients that reconnect get what they have missed.

    A listener first gets a block with only an id. It tells the client its position, so that a client that is cut before
    its first event loses nothing. Then the listener gets, in order and without gaps:

    - without a last event ID: all new events. With `replay`: all events from the start, then all new ones.
    - with an id that the history knows: the events it has missed, then all new ones.
    - with any other id: `gap`, then all new events. The client has to reload its state.

    An event without an id gets one, made of a random part, new for each process, and a counter. After a restart, or on
    another worker, such an id is unknown and leads to `gap`. A plain number would mean a different event there, and the
    client would silently skip events. Your own ids are kept. They must be unique, and mean the same on every worker.

    A channel belongs to one process. With several workers, each has its own channel, fed by a broker; docs/serving.md
    shows how with Redis. All methods may be called from any thread and any event loop.

    Args:
        history: the events kept for clients that reconnect. A new `EventHistory()` by default. It may already contain
            events, for example loaded from a broker. Don't append to it yourself.
        backlog: how many events a listener may be behind, at least 1. A listener that falls further behind is
            disconnected: its stream ends, its client reconnects, and the history has the rest. Keep it smaller than the
            history.
        replay: send new listeners all events of the history from its start. For streams that end, such as the answer of
            a language model.
        gap: the event that says that events are missing. By default its type is "gap" and its data "".
        keep_alive: as for `astream`.
        ping: as for `astream`.
        retry: the reconnection time that each listener gets first, in milliseconds. By default none is sent.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: `backlog` or `keep_alive` is out of range.
        EncodeError: `gap`, `ping` or `retry` can't be sent.

    >>> from sse_codec import ServerSentEvent
    >>> from sse_codec.serving import Channel
    >>> channel = Channel()
    >>> listener = channel.stream()
    >>> where = next(listener)  # b"id: 6d1f3a09-0\n\n", say
    >>> first = channel.publish(ServerSentEvent("one"))
    >>> next(listener) == f"id: {first}\ndata: one\n\n".encode()
    True
    >>> listener.close()

    The client reconnects, and then one with an id of another process:

    >>> second = channel.publish(ServerSentEvent("two"))
    >>> b"data: two" in next(channel.stream(first)), b"event: gap" in next(channel.stream("e5a1c0de-1"))
    (True, True)
    """

    __slots__ = (
        "__weakref__",
        "_backlog",
        "_changed",
        "_closed",
        "_end",
        "_epoch",
        "_gap",
        "_history",
        "_joined",
        "_keep_alive",
        "_listeners",
        "_log",
        "_pid",
        "_ping",
        "_replay",
        "_retry",
        "_size",
        "_waiting",
    )

    def __init__(
        self,
        *,
        history: EventHistory | None = None,
        backlog: int = 1000,
        replay: bool = False,
        gap: ServerSentEvent | None = None,
        keep_alive: float | None = KEEP_ALIVE,
        ping: Sendable | None = None,
        retry: int | None = None,
    ) -> None:
        if history is not None and not isinstance(history, EventHistory):
            raise TypeError(f"history must be an EventHistory, not {type(history).__name__}")
        self._history = EventHistory() if history is None else history
        self._backlog = check_bound("backlog", backlog)
        if gap is not None and not isinstance(gap, ServerSentEvent):
            raise TypeError(f"gap must be a ServerSentEvent, not {type(gap).__name__}")
        self._gap = ServerSentEvent("", event="gap") if gap is None else gap
        self._replay = replay
        self._retry = retry
        self._welcome(self._gap, "0")  # fails here if it would fail for a listener
        self._keep_alive = seconds("keep_alive", keep_alive)
        self._ping = to_ping(ping)
        # This lock guards everything below. It is reentrant, since a signal handler may close the channel.
        self._changed = threading.Condition()
        self._waiting: dict[asyncio.AbstractEventLoop, set[Bell]] = {}
        self._listeners: weakref.WeakSet[_Place] = weakref.WeakSet()
        self._closed = False
        self._log: deque[bytes] = deque()
        self._size = 0
        self._end = 0  # how many events were published
        self._joined = (0, 0, b"", 0)  # the latest joined chunk: its start, `_end` at that time, the bytes, its stop
        self._pid = 0
        self._epoch = ""
        register(self, Channel.close)

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        with self._changed:
            return len(self._listeners)

    def publish(self, event: ServerSentEvent) -> str:
        """Send an event to all listeners. It never waits, and may be called from any thread.

        Args:
            event: the event. If it has no id, or its id is "", the channel gives it one.

        Returns:
            The event's id.

        Raises:
            EncodeError: the event can't be sent. Nobody gets it.
            TypeError: it is not a ServerSentEvent, or one of its values is of the wrong type.
            RuntimeError: the channel is closed.
        """
        if not isinstance(event, ServerSentEvent):
            hint = ": call its to_event() first" if isinstance(event, Block) else ""
            raise TypeError(f"a channel sends ServerSentEvent, not {type(event).__name__}{hint}")
        with self._changed:
            if self._closed:
                raise RuntimeError("the channel is closed")
            id = event.id or self._id(self._end + 1)
            block = self._history.append(ServerSentEvent(event.data, event=event.event, id=id, retry=event.retry))
            self._end += 1
            self._log.append(block)
            self._size += len(block)
            while len(self._log) > self._backlog or (self._size > _BACKLOG_BYTES and len(self._log) > 1):
                self._size -= len(self._log.popleft())
            waiting, self._waiting = self._waiting, {}
            self._changed.notify_all()
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        for loop, bells in waiting.items():
            if loop is here:
                _ring(bells)
            else:
                call_from_any_thread(loop, _ring, bells)
        return id

    def stream(self, last_event_id: str = "") -> Listener:
        """Add a listener. Returns the body of a response, with keep-alives, for servers that use threads.

        Args:
            last_event_id: the id that the client reports, as returned by `parse_last_event_id`. "" if it has none.

        Raises:
            TypeError: `last_event_id` is not a str.
        """
        return Listener(self, last_event_id)

    def astream(self, last_event_id: str = "") -> AsyncListener:
        """Add a listener, as `stream` does, for servers that use asyncio."""
        return AsyncListener(self, last_event_id)

    def close(self) -> None:
        """End each stream after the events published so far. May be called from any thread and any signal handler.

        A listener that is added later gets what it has missed, and then its stream ends. `end_streams` also closes
        channels.
        """
        with self._changed:
            self._closed = True
            waiting, self._waiting = self._waiting, {}
            self._changed.notify_all()
        for loop, bells in waiting.items():
            call_from_any_thread(loop, _ring, bells)

    def _id(self, number: int) -> str:
        """Return the id of an event by its number."""
        if self._pid != os.getpid():  # after a fork the child publishes on its own: it must not reuse its parent's ids
            self._pid = os.getpid()
            self._epoch = os.urandom(4).hex()
        return f"{self._epoch}-{number}"

    def _welcome(self, event: ServerSentEvent | None, id: str) -> bytes:
        """Return the first block for a listener: an event or none, and the id of its position."""
        if event is None:
            return encode_block(id=id, retry=self._retry)
        retry = event.retry if self._retry is None else self._retry
        return encode(ServerSentEvent(event.data, event=event.event, id=id, retry=retry))

    def _enter(self, listener: _Place, last_event_id: str) -> tuple[deque[bytes], int]:
        """Return the blocks that a new listener gets before any new event, and its place."""
        if not isinstance(last_event_id, str):
            raise TypeError(f"last_event_id must be a str, not {type(last_event_id).__name__}: see parse_last_event_id")
        with self._changed:
            if not self._closed:
                self._listeners.add(listener)
            start = self._id(0)
            here = self._history.last_event_id or start
            if not last_event_id:
                if not self._replay:
                    return deque([self._welcome(None, here)]), self._end
                last_event_id = start
            # A client at the start has seen nothing; for that the history takes "".
            missed = self._history.after("" if last_event_id == start else last_event_id)
            if missed is None:
                return deque([self._welcome(self._gap, here)]), self._end
            return deque([self._welcome(None, last_event_id), *missed]), self._end

    def _leave(self, listener: _Place) -> None:
        with self._changed:
            self._listeners.discard(listener)

    def _take(self, place: int) -> tuple[bytes, int] | None:
        """Return the next chunk for a listener at a place, and its place after it; None if there is nothing yet.

        Raises:
            EOFError: there will be nothing more: the channel is closed, or the listener has fallen too far behind.
        """
        behind = self._end - place
        if behind > len(self._log) or (self._closed and not behind):
            raise EOFError
        if not behind:
            return None
        if behind == 1:
            return self._log[-1], self._end
        start, end, chunk, stop = self._joined
        if (start, end) != (place, self._end):
            chunk, count = _join(islice(self._log, len(self._log) - behind, None))
            stop = place + count
            self._joined = (place, self._end, chunk, stop)
        return chunk, stop


def _join(blocks: Iterable[bytes]) -> tuple[bytes, int]:
    """Join blocks up to about the size of a chunk; return the bytes and the number of blocks."""
    taken: list[bytes] = []
    size = 0
    for block in blocks:
        if taken and size + len(block) > _CHUNK:
            break
        taken.append(block)
        size += len(block)
    return b"".join(taken), len(taken)


def _ring(bells: Iterable[Bell]) -> None:
    for bell in bells:
        bell.ring()


class _Place:
    """The base of both kinds of listener: keeps their place in the channel."""

    __slots__ = ("__weakref__", "_channel", "_ended", "_first", "_place")

    def __init__(self, channel: Channel, last_event_id: str) -> None:
        self._channel = channel
        self._ended = False
        self._first, self._place = channel._enter(self, last_event_id)

    def _next(self) -> bytes | None:
        """Return the next chunk; None if there is nothing yet. The caller holds the channel's lock.

        Raises:
            EOFError: the stream has ended.
        """
        if self._ended:
            raise EOFError
        if self._first:
            chunk, count = _join(self._first)
            for _ in range(count):
                self._first.popleft()
            return chunk
        found = self._channel._take(self._place)
        if found is None:
            return None
        chunk, self._place = found
        return chunk


class Listener(_Place):
    """The body that `Channel.stream` returns: an iterator of bytes, for one reader."""

    __slots__ = ()

    def __iter__(self) -> Listener:
        return self

    def __next__(self) -> bytes:
        channel = self._channel
        due = None if channel._keep_alive is None else time.monotonic() + channel._keep_alive
        with channel._changed:
            try:
                while (chunk := self._next()) is None:
                    rest = None if due is None else due - time.monotonic()
                    if rest is not None and rest <= 0:
                        return channel._ping
                    channel._changed.wait(rest)
            except EOFError:
                self.close()
                raise StopIteration from None
            return chunk

    def end(self) -> None:
        """End the stream. May be called from any thread."""
        with self._channel._changed:
            self._ended = True
            self._channel._leave(self)
            self._channel._changed.notify_all()

    def close(self) -> None:
        """End the stream, as `end` does."""
        self.end()


class AsyncListener(_Place):
    """The body that `Channel.astream` returns: an async iterator of bytes, for one reader on one event loop."""

    __slots__ = ("_bell",)

    def __init__(self, channel: Channel, last_event_id: str) -> None:
        super().__init__(channel, last_event_id)
        self._bell: Bell | None = None

    def __aiter__(self) -> AsyncListener:
        return self

    async def __anext__(self) -> bytes:
        channel = self._channel
        bell = self._bell
        if bell is None:
            self._bell = bell = Bell(running_loop("Channel.astream()"))
        due = None if channel._keep_alive is None else bell.loop.time() + channel._keep_alive
        try:
            while True:
                with channel._changed:
                    chunk = self._next()
                    if chunk is not None:
                        return chunk
                    channel._waiting.setdefault(bell.loop, set()).add(bell)
                if not await bell.wait(due):
                    return channel._ping
        except EOFError:
            self.end()
            raise StopAsyncIteration from None
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """End the stream. May be called from any thread."""
        self._ended = True
        channel, bell = self._channel, self._bell
        channel._leave(self)
        if bell is not None:
            with channel._changed:
                channel._waiting.get(bell.loop, set()).discard(bell)
            call_from_any_thread(bell.loop, bell.finish)

    async def aclose(self) -> None:
        """End the stream, as `end` does."""
        self.end()
