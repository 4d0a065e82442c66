from collections.abc import Iterator

import httpx

from sse_codec import ReceivedEvent, request_headers
from sse_codec.clients import events


def read(client: httpx.Client, url: str) -> Iterator[ReceivedEvent]:
    with client.stream("GET", url, headers=request_headers()) as response:
        yield from events(response)
