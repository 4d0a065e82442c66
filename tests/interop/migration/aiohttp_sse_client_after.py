from collections.abc import AsyncIterator
from contextlib import aclosing

import aiohttp

from sse_codec import ReceivedEvent
from sse_codec.clients import aconnect


async def read(session: aiohttp.ClientSession, url: str) -> AsyncIterator[ReceivedEvent]:
    async with aclosing(aconnect(lambda headers: session.get(url, headers=headers))) as events:
        async for event in events:
            yield event
