from collections.abc import Iterator

import requests

from sse_codec import ReceivedEvent, request_headers
from sse_codec.clients import events


def read(url: str) -> Iterator[ReceivedEvent]:
    with requests.get(url, headers=request_headers(), stream=True, timeout=60) as response:
        yield from events(response)
