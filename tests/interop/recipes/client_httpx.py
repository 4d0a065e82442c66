from collections.abc import Generator

import httpx

from sse_codec import Decoder, ReceivedEvent
from sse_codec.clients import events


def ask(url: str, headers: dict[str, str], body: object) -> Generator[ReceivedEvent, None, None]:
    with httpx.stream("POST", url, headers=headers, json=body, timeout=60) as response:
        yield from events(response, until="[DONE]")


def read(url: str, headers: dict[str, str], decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    # httpx.Headers, because otherwise httpx accepts only ASCII
    with httpx.stream("GET", url, headers=httpx.Headers(headers, encoding="latin-1"), timeout=60) as response:
        yield from events(response, decoder=decoder)
