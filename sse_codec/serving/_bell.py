"""Waiting on an event loop until something happens, or until it has been silent for too long."""

from __future__ import annotations

import asyncio
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


class Bell:
    """What one reader on an event loop waits for. `wait_for(queue.get(), 15)` would do the same at ten times the cost.

    One timer serves all waits: most of them end long before it, and the next one only notes when it would be due. So a
    flood of events sets no timers.
    """

    __slots__ = ("_armed", "_due", "_reader", "_timer", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._reader: asyncio.Future[bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0.0  # when the timer goes off
        self._due = 0.0  # when the wait is over

    def ring(self, _: object = None) -> None:
        """End the wait; in the loop's thread."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(True)

    async def wait(self, due: float | None) -> bool:
        """Wait for the bell; False when it has not rung until a time of the loop's clock."""
        reader: asyncio.Future[bool] = self.loop.create_future()
        self._reader = reader
        if due is None:
            self._stop()
        else:
            self._due = due
            if self._timer is None or due < self._armed:
                self._arm()
        try:
            return await reader
        finally:
            self._reader = None

    def finish(self) -> None:
        """End the wait, and take the timer away; in the loop's thread."""
        self._stop()
        self.ring()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._stop()
        self._armed = self._due
        self._timer = self.loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._reader is None or self._reader.done():
            return  # the next wait sets another
        if self._armed < self._due:
            self._arm()
        else:
            self._reader.set_result(False)
