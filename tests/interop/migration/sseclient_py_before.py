from collections.abc import Iterator

import requests
from sseclient import Event, SSEClient


def read(url: str) -> Iterator[Event]:
    with requests.get(url, headers={"Accept": "text/event-stream"}, stream=True, timeout=60) as response:
        yield from SSEClient(response).events()
