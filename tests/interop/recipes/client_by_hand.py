import time
from collections.abc import Iterator

import httpx

from sse_codec import ReceivedEvent
from sse_codec.resume import Reconnection


def events(url: str, client: Reconnection) -> Iterator[ReceivedEvent]:
    while (delay := client.next_delay()) is not None:
        time.sleep(delay)
        headers = httpx.Headers(client.request_headers(encoding="latin-1"), encoding="latin-1")
        try:
            with httpx.stream("GET", url, headers=headers, timeout=60) as response:
                if client.accept(response.status_code, response.headers.get("Content-Type")):
                    yield from client.decode(response.iter_bytes())
        except httpx.LocalProtocolError:
            raise  # a header that can't be sent: another request would fail the same way
        except httpx.TransportError:
            pass  # refused, timed out or disconnected: try again
