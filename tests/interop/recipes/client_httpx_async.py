from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx

from sse_codec import Decoder, ReceivedEvent
from sse_codec.clients import aevents


async def ask(url: str, headers: dict[str, str], body: object) -> AsyncGenerator[ReceivedEvent, None]:
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", url, headers=headers, json=body, timeout=60) as response,
        aclosing(aevents(response, until="[DONE]")) as events,
    ):
        async for event in events:
            yield event


async def read(url: str, headers: dict[str, str], decoder: Decoder) -> AsyncGenerator[ReceivedEvent, None]:
    # httpx.Headers, because otherwise httpx accepts only ASCII
    encoded = httpx.Headers(headers, encoding="latin-1")
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", url, headers=encoded, timeout=60) as response,
        aclosing(aevents(response, decoder=decoder)) as events,
    ):
        async for event in events:
            yield event
