"""Channel: each event published once, for any number of listeners in this process.

Listeners have no queues of their own. The channel keeps the latest blocks in one list, and each listener keeps its
place in it: an event for a thousand listeners is encoded once and stored once. What a listener has not taken yet is the
rest of the list behind its place, which is what a bounded queue would hold. A listener that wakes takes all that is
there for it in one chunk, and listeners at the same place are given the same bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

from sse_codec._blocks import Block
from sse_codec._encoder import encode, encode_block
from sse_codec._errors import check_bound
from sse_codec._event import ServerSentEvent
from sse_codec.resume import EventHistory

from ._bell import Bell, running_loop
from ._shutdown import register
from ._wire import KEEP_ALIVE, Sendable, seconds, to_ping

#: The most bytes that a listener is given at a time, unless one event has more.
_CHUNK = 64 * 1024

#: The most bytes that a listener may be behind, unless it is by one event; those of an `EventHistory`, unless told.
_BACKLOG_BYTES = 8 * 1024 * 1024


class Channel:
    r"""One stream for many listeners. Clients that come back get what they have missed.

    A listener first gets a block with nothing but an id. It tells the client where it stands, so a client that is cut
    before its first event loses nothing. Then the listener gets, in order and without a hole:

    - without a last event ID: what comes next. With `replay`: everything from the start, and what comes next.
    - with an id that the history knows: what it has missed, and what comes next.
    - with any other id: `gap`, and what comes next. The client has to load its state anew.

    An event without an id gets one: a random part, new for each process, and a number that counts. After a restart, or
    on another worker, such an id is unknown and leads to `gap`. A plain number would mean another event there, and the
    client would skip events in silence. Ids of your own are kept. They must be unique, and mean the same on every
    worker.

    A channel belongs to one process. With several workers each has its own, fed by a broker; docs/serving.md shows that
    with Redis. All methods may be called from any thread and any event loop.

    Args:
        history: what is kept for clients that come back; a new `EventHistory()` unless given. It may hold events
            already, loaded from a broker, say. Don't append to it yourself.
        backlog: how many events a listener may be behind, at least 1. One that is further behind is let go: its
            stream ends, its client comes back, and the history has the rest. Keep it smaller than the history.
        replay: new listeners get everything that the history has from its start. For streams that end, such as the
            answer of a language model.
        gap: the event that says that something is gone. Its type is "gap" and its data "" unless given.
        keep_alive: as for `astream`.
        ping: as for `astream`.
        retry: the reconnection time that each listener gets at once, in milliseconds; none unless given.

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

    The client comes back, and then one with an id of another process:

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
        self._welcome(self._gap, "0")  # raises what it would raise for a listener
        self._keep_alive = seconds("keep_alive", keep_alive)
        self._ping = to_ping(ping)
        # All below is for the holder of this lock. It is reentrant, since a signal handler may close the channel.
        self._changed = threading.Condition()
        self._waiting: dict[asyncio.AbstractEventLoop, set[Bell]] = {}
        self._listeners: weakref.WeakSet[_Place] = weakref.WeakSet()
        self._closed = False
        self._log: deque[bytes] = deque()
        self._size = 0
        self._end = 0  # how many events were published
        self._joined = (0, 0, b"", 0)  # a chunk that was made last: from which place, at which end, and up to where
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
            event: the event. If it has no id, or the id is "", it gets one.

        Returns:
            The event's id.

        Raises:
            EncodeError: the event can't be sent. Nobody gets it.
            TypeError: it is not a ServerSentEvent, or one of its values is of the wrong type.
            RuntimeError: the channel is closed.
        """
        if not isinstance(event, ServerSentEvent):
            hint = ": its to_event() makes one" if isinstance(event, Block) else ""
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
                _call(loop, _ring, bells)
        return id

    def stream(self, last_event_id: str = "") -> Listener:
        """Listen from now on. Returns the body of a response, with keep-alives, for servers that use threads.

        Args:
            last_event_id: the id that the client reports, as `parse_last_event_id` returns it. "" if it has none.

        Raises:
            TypeError: `last_event_id` is not a str.
        """
        return Listener(self, last_event_id)

    def astream(self, last_event_id: str = "") -> AsyncListener:
        """Listen from now on, as `stream`, for servers that use asyncio."""
        return AsyncListener(self, last_event_id)

    def close(self) -> None:
        """End all streams, each after what has been published. May be called from any thread and any signal handler.

        A listener that comes later gets what it has missed, and then the end. `end_streams` closes channels, too.
        """
        with self._changed:
            self._closed = True
            waiting, self._waiting = self._waiting, {}
            self._changed.notify_all()
        for loop, bells in waiting.items():
            _call(loop, _ring, bells)

    def _id(self, number: int) -> str:
        """Return the id of an event by its number."""
        if self._pid != os.getpid():  # a child of a fork goes on by itself, and its ids must not be its parent's
            self._pid = os.getpid()
            self._epoch = os.urandom(4).hex()
        return f"{self._epoch}-{number}"

    def _welcome(self, event: ServerSentEvent | None, id: str) -> bytes:
        """Return the first block for a listener: an event or none, and where it stands."""
        if event is None:
            return encode_block(id=id, retry=self._retry)
        retry = event.retry if self._retry is None else self._retry
        return encode(ServerSentEvent(event.data, event=event.event, id=id, retry=retry))

    def _enter(self, listener: _Place, last_event_id: str) -> tuple[deque[bytes], int]:
        """Return what a new listener is sent before what comes next, and its place."""
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
            # Who stands at the start has seen nothing, which is what no id means to a history.
            missed = self._history.after("" if last_event_id == start else last_event_id)
            if missed is None:
                return deque([self._welcome(self._gap, here)]), self._end
            return deque([self._welcome(None, last_event_id), *missed]), self._end

    def _leave(self, listener: _Place) -> None:
        with self._changed:
            self._listeners.discard(listener)

    def _take(self, place: int) -> tuple[bytes, int] | None:
        """Return what a listener at a place is sent next, and its place behind that; None when there is nothing yet.

        Raises:
            EOFError: there will be nothing: the channel is closed, or the listener has fallen too far behind.
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
    """Join blocks up to about a chunk's size; return them and how many they are."""
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


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits on it
        loop.call_soon_threadsafe(callback, *args)


class _Place:
    """What both kinds of listener have in common: where they are."""

    __slots__ = ("__weakref__", "_channel", "_ended", "_first", "_place")

    def __init__(self, channel: Channel, last_event_id: str) -> None:
        self._channel = channel
        self._ended = False
        self._first, self._place = channel._enter(self, last_event_id)

    def _next(self) -> bytes | None:
        """Return what is there; None when nothing is. The channel's lock is held.

        Raises:
            EOFError: it was all.
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
        """End the stream; from any thread."""
        with self._channel._changed:
            self._ended = True
            self._channel._leave(self)
            self._channel._changed.notify_all()

    def close(self) -> None:
        """End the stream; as `end`."""
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
        """End the stream; from any thread."""
        self._ended = True
        channel, bell = self._channel, self._bell
        channel._leave(self)
        if bell is not None:
            with channel._changed:
                channel._waiting.get(bell.loop, set()).discard(bell)
            _call(bell.loop, bell.finish)

    async def aclose(self) -> None:
        """End the stream; as `end`."""
        self.end()
