import os
from collections.abc import Iterator

import httpx

from sse_codec import decode, request_headers

TIMEOUT = httpx.Timeout(10, read=60)  # longer than the server's keep-alives are apart


def answer(url: str, question: str) -> Iterator[str]:
    headers = request_headers() | {"Authorization": f"Bearer {os.environ['API_KEY']}"}
    body = {"stream": True, "model": "example-1", "messages": [{"role": "user", "content": question}]}
    with httpx.stream("POST", url, headers=headers, json=body, timeout=TIMEOUT) as response:
        response.raise_for_status()
        for event in decode(response.iter_bytes(), until="[DONE]"):
            for choice in event.json()["choices"]:
                yield choice["delta"].get("content") or ""
