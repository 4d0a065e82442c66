from collections.abc import Generator

import urllib3

from sse_codec import Decoder, ReceivedEvent
from sse_codec.clients import events


def ask(url: str, headers: dict[str, str], body: object) -> Generator[ReceivedEvent, None, None]:
    with urllib3.request("POST", url, headers=headers, json=body, preload_content=False, timeout=60) as response:
        yield from events(response, until="[DONE]")


def read(url: str, headers: dict[str, str], decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    with urllib3.request("GET", url, headers=headers, preload_content=False, timeout=60) as response:
        yield from events(response, decoder=decoder)
