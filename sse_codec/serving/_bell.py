"""Waiting on an event loop until something happens, or until it has been silent for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def running_loop(caller: str) -> asyncio.AbstractEventLoop:
    """Return the event loop; the error says who needs it."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"{caller} needs a running asyncio event loop, and trio's is another: use stream() in a thread there"
        ) from None


def cancelling(task: asyncio.Task[Any]) -> int:
    """Return how many have asked a task to end; 0 on Python 3.10, which does not count."""
    count: int = getattr(task, "cancelling", int)()
    return count


def uncancel(task: asyncio.Task[Any]) -> int:
    """Take one of these requests back; return how many are left, or 0 on Python 3.10."""
    count: int = getattr(task, "uncancel", int)()
    return count


class Timer:
    """One timer of the event loop for many deadlines, of which nearly all are cleared in time.

    A deadline that is set later than the one before sets no timer: the one that is there looks again when it goes off.
    So a flood of events costs a comparison each.
    """

    __slots__ = ("_armed", "_callback", "_due", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None
        self._armed = 0.0  # when the handle goes off
        self._due: float | None = None

    def set(self, due: float) -> None:
        """Call back at a time of the loop's clock, and not at the one that was set before."""
        self._due = due
        if self._handle is None or due < self._armed:
            self._arm(due)

    def clear(self) -> None:
        """Do not call back."""
        self._due = None

    def stop(self) -> None:
        """Do not call back, and leave nothing in the loop."""
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
    """What one reader on an event loop waits for; `wait_for(queue.get(), 15)` would do the same at a higher cost."""

    __slots__ = ("_reader", "_timer", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._reader: asyncio.Future[bool] | None = None
        self._timer = Timer(loop, self._end_of_wait)

    def ring(self, _: object = None) -> None:
        """End the wait; in the loop's thread."""
        self._wake(rung=True)

    async def wait(self, due: float | None) -> bool:
        """Wait for the bell; False when it has not rung until a time of the loop's clock."""
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
        """End the wait, and leave nothing in the loop; in the loop's thread."""
        self._timer.stop()
        self.ring()

    def _end_of_wait(self) -> None:
        self._wake(rung=False)

    def _wake(self, *, rung: bool) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(rung)
