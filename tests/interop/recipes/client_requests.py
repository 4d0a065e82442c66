from collections.abc import Generator

import requests

from sse_codec import Decoder, ReceivedEvent
from sse_codec.clients import events


def ask(url: str, headers: dict[str, str], body: object) -> Generator[ReceivedEvent, None, None]:
    with requests.post(url, headers=headers, json=body, stream=True, timeout=60) as response:
        yield from events(response, until="[DONE]")


def read(url: str, headers: dict[str, str], decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    with requests.get(url, headers=headers, stream=True, timeout=60) as response:
        yield from events(response, decoder=decoder)
