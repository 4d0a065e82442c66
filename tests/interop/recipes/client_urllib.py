from collections.abc import Generator
from urllib.request import Request, urlopen

from sse_codec import Decoder, ReceivedEvent, decode, is_event_stream, request_headers


def read(url: str, decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    request = Request(url, headers=request_headers(decoder.last_event_id, encoding="latin-1"))
    with urlopen(request) as response:
        if not is_event_stream(response.headers.get("Content-Type")):
            raise RuntimeError("not an event stream")
        yield from decode(response, decoder=decoder)
