from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx

from sse_codec import Decoder, ReceivedEvent, adecode, is_event_stream, request_headers

TIMEOUT = httpx.Timeout(10, read=None)  # a stream may be silent for as long as it likes


async def read(url: str, decoder: Decoder) -> AsyncGenerator[ReceivedEvent, None]:
    headers = httpx.Headers(request_headers(decoder.last_event_id, encoding="latin-1"), encoding="latin-1")
    async with (
        httpx.AsyncClient(timeout=TIMEOUT) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        response.raise_for_status()
        if not is_event_stream(response.headers.get("Content-Type")):
            raise RuntimeError("not an event stream")
        async with aclosing(adecode(response.aiter_bytes(), decoder=decoder)) as events:
            async for event in events:
                yield event
