from collections.abc import AsyncIterator

import aiohttp
from aiohttp_sse_client.client import EventSource, MessageEvent


async def read(session: aiohttp.ClientSession, url: str) -> AsyncIterator[MessageEvent]:
    async with EventSource(url, session=session) as source:
        async for event in source:
            yield event
