import os
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import httpx

from sse_codec.clients import aevents


def make_model(client: httpx.AsyncClient, url: str) -> Callable[[str], AsyncIterator[str]]:
    async def model(question: str) -> AsyncIterator[str]:
        headers = {"Authorization": f"Bearer {os.environ['API_KEY']}"}
        body = {"stream": True, "model": "example-1", "messages": [{"role": "user", "content": question}]}
        async with (
            client.stream("POST", url, headers=headers, json=body, timeout=60) as response,
            aclosing(aevents(response, until="[DONE]")) as events,
        ):
            async for event in events:
                chunk = event.json()
                if "error" in chunk:
                    raise RuntimeError(chunk["error"]["message"])
                for choice in chunk["choices"]:
                    yield choice["delta"].get("content") or ""

    return model
