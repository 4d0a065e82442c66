import httpx

from sse_codec.clients import connect


def follow(client: httpx.Client, url: str) -> None:
    for event in connect(lambda headers: client.stream("GET", url, headers=headers, timeout=60)):
        print(event.id, event.data)
