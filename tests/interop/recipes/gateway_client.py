from collections.abc import Iterator

import httpx

from sse_codec import ReceivedEvent
from sse_codec.clients import connect


def is_done(event: ReceivedEvent) -> bool:
    return event.event == "done"


def answer(client: httpx.Client, url: str, question: str) -> Iterator[str]:
    path = client.post(f"{url}/answers", json={"question": question}).raise_for_status().json()["answer"]
    for event in connect(lambda headers: client.stream("GET", url + path, headers=headers, timeout=60), until=is_done):
        if event.event == "failed":
            raise RuntimeError("the model failed")
        yield event.json()["token"]
