"""Runs the tested code in a thread of its own, so that a check ends even if that code does not.

The thread has its own event loop, so asynchronous code can be checked from anywhere, even inside an async test. The
loop lives as long as the check, so a client or a task that one stream leaves behind still works for the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from itertools import chain
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

#: Runs an async function to its end, such as `trio.run` or `anyio.run`.
Run: TypeAlias = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]

#: How many seconds tested code gets to end after being told to, before the check goes on without it.
_TO_END = 1.0
#: The longest time between two questions whether to go on waiting, in seconds.
_TO_ASK = 0.5


class Hang(BaseException):
    """Tested code did not end. Not an Exception, so that neither that code nor Hypothesis catches it."""


class Stop(BaseException):
    """Raised inside tested code to end it."""


def has_running_loop() -> bool:
    """Tell whether this thread runs an asyncio event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def current_task() -> object:
    """Return the current task of asyncio or Trio, or None."""
    if has_running_loop():
        return asyncio.current_task()
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        return trio.lowlevel.current_task()
    except RuntimeError:
        return None


async def pause(seconds: float) -> None:
    """Sleep on the running event loop, of asyncio or Trio."""
    if has_running_loop():
        await asyncio.sleep(seconds)
    else:
        await sys.modules["trio"].sleep(seconds)


class Worker:
    """Runs functions one after the other, each for `timeout` seconds at most.

    With a timeout of None, they run in the calling thread, unless an event loop runs there already.
    """

    def __init__(self, timeout: float | None = None, run: Run | None = None) -> None:
        self.timeout = timeout
        self._run = run
        self._context = contextvars.copy_context()
        self._is_direct = timeout is None and not has_running_loop()
        self._thread: _Thread | None = None
        #: Whether cases may share a call of the thread. They may not if one may hang, or needs the event loop, which
        #: belongs to the thread: code that uses it can't be retried in another thread. None: no case has been seen yet.
        self._shares: bool | None = None
        self._loops: dict[int, asyncio.AbstractEventLoop] = {}

    def __enter__(self) -> Worker:  # noqa: PYI034  # typing.Self is newer than our oldest Python
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_direct:
            self._close_loop()
        elif self._thread is not None:
            self._thread.end(_TO_END)

    def __call__(self, function: Callable[[], T], gives_up: Callable[[], bool] = bool) -> T:
        """Run a function, and return what it returns or raise what it raises.

        `gives_up` is called now and then, and ends the waiting if it returns true.

        Raises:
            Hang: the function took too long. It was told to end; its thread is a daemon, and ends when it can.
        """
        __tracebackhide__ = True
        if self._is_direct:
            return function()
        limit = _Limit(self.timeout, gives_up)
        if self._thread is not None and self._thread.ident == threading.get_ident():
            return self._thread.call_here(function, limit)
        return self._call(function, limit)

    def _call(self, function: Callable[[], T], limit: _Limit | None) -> T:
        __tracebackhide__ = True
        if self._thread is None:
            # A copy, because a thread that hangs has not left the context.
            self._thread = _Thread(self._context.copy(), self._close_loop)
        try:
            return self._thread.call(function, limit)
        except Empty:
            thread, self._thread = self._thread, None
            thread.interrupt(self._loops.get(thread.ident or 0))
            thread.end(_TO_END)
            raise Hang from None

    def each(self, cases: Iterable[T], function: Callable[[T], object]) -> None:
        """Call a function with one case after the other. The function may run others through this worker.

        It is called in the worker's thread if possible, because switching threads takes longer than most cases.
        """
        __tracebackhide__ = True
        left = iter(cases)
        for case in left:
            again = self._together(chain([case], left), function) if self._shares else [case]
            for each in again:
                function(each)
            if self._shares is None:
                self._shares = not self._is_direct

    def _together(self, cases: Iterable[T], function: Callable[[T], object]) -> list[T]:
        """Call the function in the thread until a case needs the event loop. Return the case that hung, if any."""
        __tracebackhide__ = True
        current: list[T] = []

        def call() -> None:
            for case in cases:
                current[:] = [case]
                function(case)
                if not self._shares:
                    break

        try:
            self._call(call, None)
        except Hang:
            self._shares = False
            return current
        return []

    def finish(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run an async function to its end. Called by a function that this worker runs."""
        self._shares = False
        if self._run is not None:
            result: T = self._run(function)
            return result
        return self.loop.run_until_complete(function())

    def resolve(self, awaitable: Awaitable[T]) -> T:
        """Wait for an awaitable. Called by a function that this worker runs."""

        async def wait() -> T:
            return await awaitable

        return self.finish(wait)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the calling thread."""
        ident = threading.get_ident()
        if ident not in self._loops:
            self._loops[ident] = asyncio.new_event_loop()
        return self._loops[ident]

    def _close_loop(self) -> None:
        loop = self._loops.pop(threading.get_ident(), None)
        if loop is None:
            return
        try:
            if tasks := asyncio.all_tasks(loop):
                for task in tasks:
                    task.cancel()
                loop.run_until_complete(asyncio.wait(tasks, timeout=_TO_END))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


class _Limit:
    """How long something may take."""

    def __init__(self, timeout: float | None, gives_up: Callable[[], bool]) -> None:
        self._end = float("inf") if timeout is None else time.monotonic() + timeout
        self._gives_up = gives_up

    @property
    def left(self) -> float:
        """How many seconds are left; 0 if time has run out."""
        return 0.0 if self._gives_up() else max(0.0, self._end - time.monotonic())


class _Thread(threading.Thread):
    """A thread that calls functions for another thread."""

    def __init__(self, context: contextvars.Context, last: Callable[[], None]) -> None:
        super().__init__(name="sse-codec check", daemon=True)
        self._context = context
        self._last = last
        self._limit: _Limit | None = None
        self._is_left = False
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self.start()

    def run(self) -> None:
        with contextlib.suppress(Stop):
            while (function := self._calls.get()) is not None:
                try:
                    self._results.put((self._context.run(function), None))
                except BaseException as error:  # noqa: BLE001  # raised again in the waiting thread
                    self._results.put((None, error))
                del function  # so that waiting for more does not keep the tested code alive
        with contextlib.suppress(Stop):
            self._context.run(self._last)

    def call(self, function: Callable[[], T], limit: _Limit | None) -> T:
        """Call a function in the thread. Raises queue.Empty if it, or what it runs with `call_here`, takes too long."""
        __tracebackhide__ = True
        self._limit = limit
        self._calls.put(function)
        came: tuple[Any, BaseException | None] | None = None
        while came is None:
            # `call_here` may have changed the limit by now.
            left = _TO_ASK if (now := self._limit) is None else now.left
            try:
                came = self._results.get(timeout=min(_TO_ASK, left))
            except Empty:
                if left == 0 and now is self._limit:
                    raise
        result, error = came
        if error is not None:
            try:
                raise error
            finally:
                del error  # or the frame would keep itself alive
        returned: T = result
        return returned

    def call_here(self, function: Callable[[], T], limit: _Limit) -> T:
        """Call a function within a limit. Called by a function that this thread runs."""
        __tracebackhide__ = True
        self._limit = limit
        try:
            return function()
        finally:
            self._limit = None
            if self._is_left:
                raise Stop

    def interrupt(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """End what runs in the thread: by cancelling its tasks, or else by raising an exception in it.

        Code that waits inside an operating system call sees the exception when that call returns.
        """
        if loop is not None and loop.is_running():
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(_cancel_all, loop)
            self._calls.put(None)
            self.join(_TO_END)
        # Under a tracer (a debugger, coverage), CPython 3.11 would spin until the thread has seen the exception, and
        # that may be never.
        if self.is_alive() and (sys.version_info >= (3, 12) or sys.gettrace() is None):
            with contextlib.suppress(ImportError, AttributeError):  # only CPython can do this
                import ctypes

                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident or 0), ctypes.py_object(Stop))

    def end(self, timeout: float) -> None:
        """End the thread after its current call, and wait for it for up to `timeout` seconds."""
        self._is_left = True
        self._calls.put(None)
        self.join(timeout)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
