from collections.abc import Iterator
from urllib.request import Request, urlopen

from sse_codec import Decoder
from sse_codec.clients import connect
from sse_codec.resume import Reconnection

decoder = Decoder()


def tokens(url: str) -> Iterator[str]:
    client = Reconnection(decoder)
    for event in connect(lambda headers: urlopen(Request(url, headers=headers)), reconnection=client, until="[DONE]"):
        yield event.json()["token"]
