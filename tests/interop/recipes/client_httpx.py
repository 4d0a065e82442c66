from collections.abc import Generator

import httpx

from sse_codec import Decoder, ReceivedEvent, decode, is_event_stream, request_headers

TIMEOUT = httpx.Timeout(10, read=None)  # a stream may be silent for as long as it likes


def read(url: str, decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    headers = httpx.Headers(request_headers(decoder.last_event_id, encoding="latin-1"), encoding="latin-1")
    with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
        response.raise_for_status()
        if not is_event_stream(response.headers.get("Content-Type")):
            raise RuntimeError("not an event stream")
        yield from decode(response.iter_bytes(), decoder=decoder)
