"""Wait on an event loop until something happens or a time limit has passed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any


def running_loop(caller: str) -> asyncio.AbstractEventLoop:
    """Return the running event loop; without one, raise an error that names the caller."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"{caller} needs a running asyncio event loop; under trio, use stream() in a thread"
        ) from None


def cancelling(task: asyncio.Task[Any]) -> int:
    """Return how many requests to cancel a task are pending; 0 on Python 3.10, which does not count them."""
    count: int = getattr(task, "cancelling", int)()
    return count


def uncancel(task: asyncio.Task[Any]) -> int:
    """Withdraw one request to cancel a task; return how many are left, or 0 on Python 3.10."""
    count: int = getattr(task, "uncancel", int)()
    return count


def call_from_any_thread(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: object) -> None:
    """Call something in the loop's thread, unless the loop is closed: then nobody waits on it."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *args)


class Timer:
    """One timer of the event loop for many deadlines, nearly all of which are cleared in time.

    A deadline later than the previous one sets no new timer: the existing timer checks again when it goes off. So in a
    flood of events, each costs one comparison.
    """

    __slots__ = ("_armed", "_callback", "_due", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None
        self._armed = 0.0  # when the handle goes off
        self._due: float | None = None

    def set(self, due: float) -> None:
        """Call back at a time of the loop's clock, instead of the time that was set before."""
        self._due = due
        if self._handle is None or due < self._armed:
            self._arm(due)

    def clear(self) -> None:
        """Cancel the callback."""
        self._due = None

    def stop(self) -> None:
        """Cancel the callback, and leave nothing scheduled in the loop."""
        self._due = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._armed = due
        self._handle = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._handle = None
        if self._due is None:
            return
        if self._armed < self._due:
            self._arm(self._due)
        else:
            self._due = None
            self._callback()


class Bell:
    """Wakes one reader on an event loop; `wait_for(queue.get(), 15)` would do the same at a higher cost."""

    __slots__ = ("_reader", "_timer", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._reader: asyncio.Future[bool] | None = None
        self._timer = Timer(loop, self._end_of_wait)

    def ring(self, _: object = None) -> None:
        """End the wait. Call it in the loop's thread."""
        self._wake(rung=True)

    async def wait(self, due: float | None) -> bool:
        """Wait for the bell; return False if it has not rung by a time of the loop's clock."""
        reader: asyncio.Future[bool] = self.loop.create_future()
        self._reader = reader
        if due is not None:
            self._timer.set(due)
        try:
            return await reader
        finally:
            self._reader = None
            self._timer.clear()

    def finish(self) -> None:
        """End the wait, and leave nothing scheduled in the loop. Call it in the loop's thread."""
        self._timer.stop()
        self.ring()

    def _end_of_wait(self) -> None:
        self._wake(rung=False)

    def _wake(self, *, rung: bool) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(rung)
