import json
from collections.abc import Generator
from urllib.request import Request, urlopen

from sse_codec import Decoder, ReceivedEvent
from sse_codec.clients import events


def ask(url: str, headers: dict[str, str], body: object) -> Generator[ReceivedEvent, None, None]:
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=60) as response:
        yield from events(response, until="[DONE]")


def read(url: str, headers: dict[str, str], decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    with urlopen(Request(url, headers=headers), timeout=60) as response:
        yield from events(response, decoder=decoder)
