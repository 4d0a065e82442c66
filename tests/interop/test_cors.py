"""`response_headers(allow_origin=...)` in Chromium: a page of one origin reads a stream of another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import astream, respond

from . import devtools
from .servers import serve_asgi

pytestmark = pytest.mark.interop

CLOSED = 2


class Stream:
    """Sends two events, each over its own connection, and records the requests."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, str, bool]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        fields = dict(scope["headers"])
        last_event_id = parse_last_event_id(fields.get(b"last-event-id"))
        self.requests.append((scope["method"], last_event_id, b"cookie" in fields))

        async def events() -> Any:
            yield ServerSentEvent("again" if last_event_id else "first", id="1", retry=10)

        await respond(scope, receive, send, astream(events()), headers=self.headers)


async def page_app(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/html"), (b"set-cookie", b"a=1; Path=/")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<!doctype html>"})


SCRIPT = """
window.seen = [];
window.source = new EventSource(%r, {withCredentials: %s});
source.onmessage = (event) => { seen.push(event.data); if (seen.length == 2) source.close(); };
null
"""


@pytest.mark.parametrize("credentials", [False, True])
def test_a_page_of_another_origin(browser: str, credentials: bool) -> None:
    """It may read and resume the stream, both without a preflight. A cookie is sent only if allowed."""
    stream = Stream()

    async def run(page_url: str, url: str) -> Any:
        async with devtools.page(browser) as page:
            await page.open(page_url)
            await page.evaluate(SCRIPT % (url, "true" if credentials else "false"))
            await page.until("source.readyState", CLOSED)
            return await page.evaluate("seen")

    with serve_asgi(page_app) as page_port, serve_asgi(stream) as port:
        origin = f"http://127.0.0.1:{page_port}"
        stream.headers = response_headers(allow_origin=origin, allow_credentials=credentials)
        assert asyncio.run(run(f"{origin}/", f"http://127.0.0.1:{port}/")) == ["first", "again"]
    assert stream.requests == [("GET", "", credentials), ("GET", "1", credentials)]


@pytest.mark.parametrize("allow_origin", [None, "http://127.0.0.1:1"])
def test_a_page_of_an_origin_that_is_not_allowed(browser: str, allow_origin: str | None) -> None:
    stream = Stream()
    stream.headers = response_headers(allow_origin=allow_origin)

    async def run(page_url: str, url: str) -> Any:
        async with devtools.page(browser) as page:
            await page.open(page_url)
            await page.evaluate(SCRIPT % (url, "false"))
            await page.until("source.readyState", CLOSED)
            return await page.evaluate("seen")

    with serve_asgi(page_app) as page_port, serve_asgi(stream) as port:
        assert asyncio.run(run(f"http://127.0.0.1:{page_port}/", f"http://127.0.0.1:{port}/")) == []
