from collections.abc import AsyncGenerator
from contextlib import aclosing

import aiohttp

from sse_codec import Decoder, ReceivedEvent
from sse_codec.clients import aevents

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)


async def ask(url: str, headers: dict[str, str], body: object) -> AsyncGenerator[ReceivedEvent, None]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, headers=headers, json=body, timeout=TIMEOUT) as response,
        aclosing(aevents(response, until="[DONE]")) as events,
    ):
        async for event in events:
            yield event


async def read(url: str, headers: dict[str, str], decoder: Decoder) -> AsyncGenerator[ReceivedEvent, None]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers, timeout=TIMEOUT) as response,
        aclosing(aevents(response, decoder=decoder)) as events,
    ):
        async for event in events:
            yield event
