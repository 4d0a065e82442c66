from collections.abc import AsyncIterator
from typing import Any

from js import document
from pyodide.http import pyfetch

from sse_codec import adecode, is_event_stream, request_headers


async def body(response: Any) -> AsyncIterator[bytes]:
    reader = response.js_response.body.getReader()
    try:
        while not (part := await reader.read()).done:
            yield part.value.to_bytes()
    finally:
        await reader.cancel()  # closes the connection if the loop below ends early


async def ask(url: str, question: str) -> None:
    response = await pyfetch(url, method="POST", headers=request_headers(), body=question)
    if not response.ok or not is_event_stream(response.headers.get("content-type")):
        raise RuntimeError(f"{url} answered with status {response.status}, not with an event stream")
    answer = document.querySelector("#answer")
    async for event in adecode(body(response), until="[DONE]"):
        answer.textContent += event.json()["token"]
