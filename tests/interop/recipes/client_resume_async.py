from collections.abc import AsyncIterator
from contextlib import aclosing

import aiohttp

from sse_codec import ReceivedEvent
from sse_codec.clients import aconnect

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)


async def news(session: aiohttp.ClientSession, url: str) -> AsyncIterator[ReceivedEvent]:
    async with aclosing(aconnect(lambda headers: session.get(url, headers=headers, timeout=TIMEOUT))) as events:
        async for event in events:
            yield event
