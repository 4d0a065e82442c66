from collections.abc import Iterator

import requests

from sse_codec import ReceivedEvent
from sse_codec.clients import connect


def read(url: str) -> Iterator[ReceivedEvent]:
    yield from connect(lambda headers: requests.get(url, headers=headers, stream=True, timeout=60))
