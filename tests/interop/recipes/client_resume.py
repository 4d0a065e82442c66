import time
from collections.abc import Iterator

import httpx

from sse_codec import ReceivedEvent
from sse_codec.resume import Reconnection

TIMEOUT = httpx.Timeout(10, read=60)  # more than the server's keep-alives need


def events(url: str, client: Reconnection) -> Iterator[ReceivedEvent]:
    while (delay := client.next_delay()) is not None:
        time.sleep(delay)
        try:
            headers = httpx.Headers(client.request_headers(encoding="latin-1"), encoding="latin-1")
            with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
                if client.accept(response.status_code, response.headers.get("Content-Type")):
                    yield from client.decode(response.iter_bytes())
        except httpx.TransportError:
            pass  # refused, timed out, or cut: ask again
