from collections.abc import Iterator

import urllib3

from sse_codec import ReceivedEvent
from sse_codec.clients import connect
from sse_codec.resume import Reconnection


def read(url: str) -> Iterator[ReceivedEvent]:
    def open(headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        headers["Authorization"] = "Bearer secret"
        return urllib3.request("GET", url, headers=headers, preload_content=False)

    yield from connect(open, reconnection=Reconnection(default_delay=1, max_failures=11))
