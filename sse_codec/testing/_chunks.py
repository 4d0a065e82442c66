"""The chunks for a consumer: an iterator that tracks who asks for chunks, and how many events have come out so far."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from ._worker import Hang, Stop, current_task, pause

#: How often a consumer may ask for more after the end of a stream before the check decides that it never stops.
_ASKED_BEHIND_THE_END = 10_000
#: How many turns of the event loop the other tasks get before the clock starts.
_TURNS = 50


class Chunks:
    """The chunks of a stream: an iterator and an async iterator in one. `all()` returns them as a list.

    `iter(chunks)` is only an iterator and `aiter(chunks)` only an async iterator, for HTTP clients that tell the two
    apart.

    Over a network, a chunk that has not been sent can't be read. So if the next chunk is requested by another thread or
    task than the one that takes the events, the request waits until all events of the earlier chunks are out, or have
    had time to come out: a reader that reads ahead is not late. If the same thread or task requests it, nothing can
    come out in between, and the request returns immediately.
    """

    def __init__(self, chunks: Sequence[Any], complete: Sequence[int] = (), patience: float | None = None) -> None:
        """Prepare the chunks.

        Args:
            chunks: the chunks.
            complete: for each chunk, how many events are complete after it.
            patience: how many seconds those events may take to come out. None means that nothing waits for them.
        """
        self._all = list(chunks)
        self._left = iter(self._all)
        self._complete = complete
        self._patience = patience
        self._changed = threading.Condition()
        self._asked_behind_the_end = 0
        self._was_asked_here = False
        self._is_stopped = False
        self._thread: int | None = None
        self._task: object = None
        #: How often a chunk was asked for.
        self.asked = 0
        #: How many events are out.
        self.out = 0
        #: Whether the consumer has returned something that yields events while it reads.
        self.is_lazy = False
        #: Whether a request for a chunk waited in vain for events to come out.
        self.was_late = False

    def all(self) -> list[Any]:
        """Return all chunks, for consumers that can't ask for them one by one, such as another process.

        This does not count as asking for a chunk. Events are then checked for promptness only if they say themselves
        which chunk they came with.
        """
        return list(self._all)

    # Called by the check.

    @property
    def is_asked_for_ever(self) -> bool:
        """Whether the consumer keeps asking for chunks after the last one."""
        return self._asked_behind_the_end > _ASKED_BEHIND_THE_END

    def driven_by_this_thread(self) -> None:
        """Note that this thread takes the events."""
        self._thread = threading.get_ident()

    def driven_by_this_task(self) -> None:
        """Note that this task takes the events."""
        self._task = current_task()

    def returned(self, *, lazy: bool) -> None:
        """Note that the consumer has returned; `lazy`: whether its result may yield events while it reads."""
        with self._changed:
            # A consumer that has already asked for chunks reads them all before it returns any event.
            self.is_lazy = lazy and not self._was_asked_here and not self.was_late
            if not self.is_lazy:
                self._patience = None
            self._changed.notify_all()

    def came(self) -> None:
        """Note that an event came out."""
        with self._changed:
            self.out += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Give up on this stream: the next request for a chunk raises Stop."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    # Called by the consumer.

    def __iter__(self) -> Iterator[Any]:
        return _Sync(self)

    def __aiter__(self) -> AsyncIterator[Any]:
        return _Async(self)

    def __next__(self) -> Any:
        if threading.get_ident() == self._thread:
            self._was_asked_here = True
        elif self._patience is not None:
            with self._changed:
                if not self._changed.wait_for(self._may_go_on, self._patience):
                    self._is_late()
        return self._next()

    async def __anext__(self) -> Any:
        if self._task is None and threading.get_ident() == self._thread:
            self._was_asked_here = True
        elif self._patience is not None and current_task() is not self._task:
            end = None
            turns = 0
            while not self._may_go_on():
                turns += 1
                if turns > _TURNS:
                    end = time.monotonic() + self._patience if end is None else end
                    if time.monotonic() > end:
                        self._is_late()
                        break
                await pause(0 if turns <= _TURNS else 0.001)
        try:
            return self._next()
        except StopIteration:
            raise StopAsyncIteration from None

    def _may_go_on(self) -> bool:
        if self._is_stopped or self.asked > len(self._complete):
            return True
        return self.is_lazy and (not self.asked or self.out >= self._complete[self.asked - 1])

    def _is_late(self) -> None:
        self.was_late = True
        self._patience = None  # lateness has been found, so there is no need to wait again

    def _next(self) -> Any:
        if self._is_stopped:
            raise Stop
        if self.asked > len(self._all):
            self._asked_behind_the_end += 1
            if self._asked_behind_the_end > _ASKED_BEHIND_THE_END:
                raise Hang
        self.asked += 1
        return next(self._left)


class _Sync:
    """The same chunks as an iterator only."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._chunks)


class _Async:
    """The same chunks as an async iterator only."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return await anext(self._chunks)
