import os
from collections.abc import Iterator

import httpx

from sse_codec.clients import events


def answer(url: str, question: str) -> Iterator[str]:
    headers = {"Authorization": f"Bearer {os.environ['API_KEY']}"}
    body = {"stream": True, "model": "example-1", "messages": [{"role": "user", "content": question}]}
    with httpx.stream("POST", url, headers=headers, json=body, timeout=60) as response:
        for event in events(response, until="[DONE]"):
            chunk = event.json()
            if "error" in chunk:
                raise RuntimeError(chunk["error"]["message"])
            for choice in chunk["choices"]:
                yield choice["delta"].get("content") or ""
