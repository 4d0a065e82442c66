"""A whole response in raw ASGI."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from sse_codec._http import response_headers

from ._async import AsyncStream
from ._channel import AsyncListener
from ._send import SendTimeout, send_within

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


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

    It ends when the body ends, when the client disconnects (even while the body is silent), or when the client reads
    nothing for `send_timeout` seconds. In each case it closes the body. A HEAD request gets only the headers.

    Args:
        scope: the ASGI scope, from the server.
        receive: the ASGI receive function, from the server. The unread rest of the request's body is dropped.
        send: the ASGI send function, from the server.
        body: the return value of `astream` or `Channel.astream`.
        status: the response's status.
        headers: the response's headers. `response_headers()` by default.
        send_timeout: how many seconds each chunk may take, more than 0. None means no limit.

    Raises:
        SendTimeout: the client read nothing for that long.
        ValueError: `send_timeout` is out of range.
        Exception: any error that the body raises.

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
    # An error of the server here also means that the client has gone.
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _sent(send: Send, message: Message) -> bool:
    """Send a message; return False if the client has gone, for which ASGI raises OSError since version 2.4."""
    try:
        await send(message)
    except SendTimeout:
        raise
    except OSError:
        return False
    return True
