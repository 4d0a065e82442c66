from collections.abc import AsyncGenerator

import aiohttp

from sse_codec import Decoder, ReceivedEvent, adecode, is_event_stream, request_headers

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10)  # else a stream ends after five minutes


async def read(url: str, decoder: Decoder) -> AsyncGenerator[ReceivedEvent, None]:
    headers = request_headers(decoder.last_event_id, encoding="utf-8")
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT) as session,
        session.get(url, headers=headers) as response,
    ):
        response.raise_for_status()
        if not is_event_stream(response.headers.get("Content-Type")):
            raise RuntimeError("not an event stream")
        async for event in adecode(response.content, decoder=decoder):
            yield event
