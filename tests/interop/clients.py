"""Drives the clients of `recipes` in one way, whether `read` is a generator or an async generator."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import TYPE_CHECKING, Any

from sse_codec import request_headers

from .servers import recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from sse_codec import Decoder, ServerSentEvent

#: Names of recipes, without "client_".
CLIENTS = ["httpx", "httpx_async", "aiohttp", "requests", "urllib3", "urllib"]


def read(name: str, url: str, decoder: Decoder, seen: Callable[[ServerSentEvent], bool | None]) -> None:
    """Read a stream with the client of a recipe, to its end or until `seen` returns True for an event."""
    client = recipe(f"client_{name}")
    headers = request_headers(decoder.last_event_id, encoding="utf-8" if name == "aiohttp" else "latin-1")
    if inspect.isasyncgenfunction(client.read):
        asyncio.run(_read(client.read(url, headers, decoder), seen))
        return
    with contextlib.closing(client.read(url, headers, decoder)) as events:
        for event in events:
            if seen(event):
                break


async def _read(generator: Any, seen: Callable[[ServerSentEvent], bool | None]) -> None:
    async with contextlib.aclosing(generator) as events:
        async for event in events:
            if seen(event):
                break
