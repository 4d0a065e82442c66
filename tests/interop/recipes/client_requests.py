from collections.abc import Generator

import requests

from sse_codec import Decoder, ReceivedEvent, decode, is_event_stream, request_headers


def read(url: str, decoder: Decoder) -> Generator[ReceivedEvent, None, None]:
    headers = request_headers(decoder.last_event_id, encoding="latin-1")
    headers["Accept-Encoding"] = "identity"  # `raw` does not decompress
    with requests.get(url, headers=headers, stream=True, timeout=(10, None)) as response:
        response.raise_for_status()
        if not is_event_stream(response.headers.get("Content-Type")):
            raise RuntimeError("not an event stream")
        # `iter_content` would wait for the end of a body that is not sent in chunks.
        yield from decode(response.raw, decoder=decoder)
