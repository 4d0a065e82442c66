from collections.abc import Generator

import urllib3

from sse_codec import Decoder, ReceivedEvent, decode, is_event_stream, request_headers


def read(url: str, decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    headers = request_headers(decoder.last_event_id, encoding="latin-1")
    with urllib3.request("GET", url, headers=headers, preload_content=False) as response:
        if response.status != 200 or not is_event_stream(response.headers.get("Content-Type")):
            raise RuntimeError("not an event stream")
        yield from decode(response, decoder=decoder)
