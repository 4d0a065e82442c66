from collections.abc import Iterator

import httpx
from httpx_sse import ServerSentEvent, connect_sse


def read(client: httpx.Client, url: str) -> Iterator[ServerSentEvent]:
    with connect_sse(client, "GET", url) as source:
        yield from source.iter_sse()
