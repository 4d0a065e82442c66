"""The chunks that a consumer is given: an iterator that knows who asks for them, and how much has come out by then."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from sse_codec.testing._worker import Hang, Stop, current_task, pause

#: How often a consumer may ask behind the end of a stream before it is said to do so for ever.
_ASKED_BEHIND_THE_END = 10_000
#: How many turns of the event loop all other tasks get, before time counts.
_TURNS = 50


class Chunks:
    """The chunks of a stream: an iterator, and an async iterator too. `all()` gives them at once.

    `iter(chunks)` is an iterator only and `aiter(chunks)` an async one only, for HTTP clients that tell them apart.

    Over a network, a chunk that has not been sent can't be read. So if another thread or task asks for the next chunk
    than the one that takes the events, it gets it when all events of the chunks before are out, or have had time to
    come out: a reader that reads ahead is not late. If the same one asks, nothing can come out in between, and it gets
    it at once.
    """

    def __init__(self, chunks: Sequence[Any], complete: Sequence[int] = (), patience: float | None = None) -> None:
        """Take the chunks, how many events are complete after each, and how many seconds they may take to come out.

        Without the last, nothing waits.
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
        #: Whether the consumer has returned something that gives events while it reads.
        self.is_lazy = False
        #: Whether somebody waited in vain for events to come out.
        self.was_late = False

    def all(self) -> list[Any]:
        """Return every chunk at once, for what can't ask for them one by one, such as another process.

        It doesn't count as asking: an event then says itself with which chunk it came, or is not judged for promptness.
        """
        return list(self._all)

    # What the check tells.

    @property
    def is_asked_for_ever(self) -> bool:
        """Whether chunks are asked for again and again when there are none left."""
        return self._asked_behind_the_end > _ASKED_BEHIND_THE_END

    def driven_by_this_thread(self) -> None:
        """Say that this thread takes the events."""
        self._thread = threading.get_ident()

    def driven_by_this_task(self) -> None:
        """Say that this task takes the events."""
        self._task = current_task()

    def returned(self, *, lazy: bool) -> None:
        """Say that the consumer has returned, and whether what it returned can give events while it reads."""
        with self._changed:
            # What has asked for chunks by now reads them all before it gives out anything.
            self.is_lazy = lazy and not self._was_asked_here and not self.was_late
            if not self.is_lazy:
                self._patience = None
            self._changed.notify_all()

    def came(self) -> None:
        """Say that an event came out."""
        with self._changed:
            self.out += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Say that the check has given up on this stream: whoever asks for a chunk is stopped."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    # What the consumer does.

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
        self._patience = None  # who was late once has been found, and need not be waited for again

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
    """Its chunks, for who must not see that they can be iterated over asynchronously."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._chunks)


class _Async:
    """The same the other way round."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return await anext(self._chunks)
