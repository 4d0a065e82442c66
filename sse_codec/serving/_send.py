"""A time limit for readers that stall."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from sse_codec._errors import SSEError

from ._bell import cancelling, uncancel
from ._wire import seconds

P = ParamSpec("P")
T = TypeVar("T")


class SendTimeout(SSEError, TimeoutError):
    """A reader has accepted no data for too long, and is disconnected.

    It is a TimeoutError, and so an OSError, which servers treat as a lost connection.

    Attributes:
        seconds: the limit that was exceeded.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"the reader has accepted no data for {self.seconds:g} seconds"


def send_within(send: Callable[P, Awaitable[T]], limit: float) -> Callable[P, Awaitable[T]]:
    """Limit how long each call of an async send function may take: aiohttp's `response.write`, or ASGI's `send`.

    A client that stops reading but keeps its connection open ties up a generator, a task and a socket indefinitely.
    With this limit the call is cancelled and raises SendTimeout, and your handler ends.

    Args:
        send: the function. Cancelling it must be safe, as it is for aiohttp and for ASGI servers.
        limit: how many seconds a call may take, more than 0.

    Returns:
        The function with the limit. It raises SendTimeout if a call takes longer.

    Raises:
        TypeError: `limit` is not a number.
        ValueError: `limit` is out of range.

    >>> import asyncio
    >>> from sse_codec.serving import send_within
    >>> async def main():
    ...     write = send_within(asyncio.sleep, 0.1)  # asyncio.sleep stands for a write to a slow client
    ...     await write(0)
    ...     await write(60)
    >>> asyncio.run(main())
    Traceback (most recent call last):
        ...
    sse_codec.serving.SendTimeout: the reader has accepted no data for 0.1 seconds
    """
    duration = seconds("limit", limit)
    if duration is None:
        raise TypeError("limit must be a number of seconds, not NoneType")

    # This does what `asyncio.timeout` does, which Python 3.10 lacks. `wait_for` would make a task for each call there.
    async def sending(*args: P.args, **kwargs: P.kwargs) -> T:
        task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]  # it is a task that awaits this
        expired = False
        before = cancelling(task)

        def expire() -> None:
            nonlocal expired
            expired = True
            task.cancel()

        timer = asyncio.get_running_loop().call_later(duration, expire)
        try:
            return await send(*args, **kwargs)
        except asyncio.CancelledError:
            if expired and uncancel(task) <= before:
                raise SendTimeout(duration) from None
            raise
        finally:
            timer.cancel()

    return sending
