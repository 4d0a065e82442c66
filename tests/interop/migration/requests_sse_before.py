from collections.abc import Iterator

from requests_sse import EventSource, MessageEvent


def read(url: str) -> Iterator[MessageEvent]:
    with EventSource(url, timeout=60) as source:
        yield from source
