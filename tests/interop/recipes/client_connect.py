import os
from collections.abc import Iterator
from contextlib import AbstractContextManager

import httpx

from sse_codec.clients import connect


def answer(client: httpx.Client, url: str, question: str) -> Iterator[str]:
    body = {"stream": True, "model": "example-1", "messages": [{"role": "user", "content": question}]}

    def ask(headers: dict[str, str]) -> AbstractContextManager[httpx.Response]:
        headers["Authorization"] = f"Bearer {os.environ['API_KEY']}"
        return client.stream("POST", url, headers=headers, json=body, timeout=60)

    for event in connect(ask, until="[DONE]"):
        chunk = event.json()
        if "error" in chunk:
            raise RuntimeError(chunk["error"]["message"])
        for choice in chunk["choices"]:
            yield choice["delta"].get("content") or ""
