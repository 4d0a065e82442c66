"""A whole response in raw ASGI, and a limit for readers that stall."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, ParamSpec, TypeAlias, TypeVar

from sse_codec._errors import SSEError
from sse_codec._http import response_headers

from ._async import AsyncStream
from ._bell import cancelling, uncancel
from ._channel import AsyncListener
from ._wire import seconds

P = ParamSpec("P")
T = TypeVar("T")

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class SendTimeout(SSEError, TimeoutError):
    """A reader has taken nothing for `seconds` seconds, and is let go.

    Attributes:
        seconds: the limit that was in force.

    It is a TimeoutError, and so an OSError: for a server it is a connection that was lost.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"the reader has taken nothing for {self.seconds:g} seconds"


def send_within(send: Callable[P, Awaitable[T]], limit: float) -> Callable[P, Awaitable[T]]:
    """Limit how long each call of an async function that sends may take: aiohttp's `response.write`, or ASGI's `send`.

    A reader that stalls, but keeps its connection open, holds a generator, a task and a socket for as long as it
    likes. With this the call is cancelled, and the response ends.

    Args:
        send: the function; it has to take cancelling as asyncio's own functions do.
        limit: how long a call may take, more than 0.

    Returns:
        The function with the limit. It raises SendTimeout when a call takes longer.

    Raises:
        TypeError: `limit` is no number.
        ValueError: `limit` is out of range.

    >>> import asyncio
    >>> from sse_codec.serving import send_within
    >>> async def main():
    ...     write = send_within(asyncio.sleep, 0.1)  # asyncio.sleep stands for a reader that takes its time
    ...     await write(0.01)
    ...     await write(60)
    >>> asyncio.run(main())
    Traceback (most recent call last):
        ...
    sse_codec.serving.SendTimeout: the reader has taken nothing for 0.1 seconds
    """
    duration = seconds("limit", limit)
    if duration is None:
        raise TypeError("limit must be a number of seconds, not NoneType")

    # What `asyncio.timeout` does, which Python 3.10 lacks; its `wait_for` makes a task of each call.
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


async def respond(
    scope: Scope,
    receive: Receive,
    send: Send,
    body: AsyncStream | AsyncListener,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    send_timeout: float | None = None,
) -> None:
    """Send a whole response with an event stream, in raw ASGI.

    It ends when the body ends, when the client leaves, also while the body is silent, or when it has taken nothing for
    `send_timeout` seconds; the body is closed each time. To HEAD only the headers are sent.

    Args:
        scope: as the server gives it.
        receive: as the server gives it. What is left of the request's body is dropped.
        send: as the server gives it.
        body: what `astream` or `Channel.astream` returns.
        status: the response's status.
        headers: the response's headers; `response_headers()` unless given.
        send_timeout: how many seconds the client may take for what it is sent, more than 0; None for any time.

    Raises:
        SendTimeout: the client has taken nothing for so long.
        ValueError: `send_timeout` is out of range.
        Exception: whatever the body raises.

    >>> from sse_codec import ServerSentEvent, parse_last_event_id
    >>> from sse_codec.serving import astream, respond
    >>> async def app(scope, receive, send):
    ...     await respond(scope, receive, send, astream(events()), send_timeout=30)
    """
    if send_timeout is not None:
        send = send_within(send, send_timeout)
    fields = response_headers() if headers is None else headers
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    left = asyncio.ensure_future(_until_it_leaves(receive))
    left.add_done_callback(lambda _: body.end())
    try:
        there = await _sent(send, {"type": "http.response.start", "status": status, "headers": raw})
        if scope["method"] != "HEAD":
            while there and (chunk := await anext(body, None)) is not None:
                there = await _sent(send, {"type": "http.response.body", "body": chunk, "more_body": True})
        if there and not left.done():
            await _sent(send, {"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        left.cancel()
        await body.aclose()


async def _until_it_leaves(receive: Receive) -> None:
    # A server that fails here has lost the client, too.
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _sent(send: Send, message: Message) -> bool:
    """Send a message; False when the client has left, for which ASGI has an OSError since its version 2.4."""
    try:
        await send(message)
    except SendTimeout:
        raise
    except OSError:
        return False
    return True
