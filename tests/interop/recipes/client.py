from collections.abc import Iterator
from urllib.request import Request, urlopen

from sse_codec import Decoder, decode, is_event_stream, request_headers

decoder = Decoder()


def connect(url: str) -> Iterator[str]:
    request = Request(url, headers=request_headers(decoder.last_event_id))
    with urlopen(request) as response:
        if not is_event_stream(response.headers["Content-Type"]):
            raise RuntimeError("not an event stream")
        for event in decode(response, decoder=decoder, until="[DONE]"):
            yield event.json()["token"]
