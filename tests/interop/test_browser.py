"""What a page with an EventSource shows in Chromium, and when, on the servers of the guides."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import ServerSentEvent

from . import devtools
from .servers import Server, module, recipe, serve_asgi
from .test_matrix import EVENTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

pytestmark = pytest.mark.interop

LLM_PAGE = (Path(__file__).parent / "recipes" / "llm.html").read_text(encoding="utf-8")
ANSWER = 'document.querySelector("#answer").textContent'
READY_STATE = "source.readyState"
CLOSED = 2

#: A page that keeps every event of the types used in the tests.
KEEPING_PAGE = """<!doctype html><script>
const source = new EventSource("/events");
const seen = [];
const keep = (event) => {
  if (event instanceof MessageEvent) seen.push([event.type, event.data, event.lastEventId]);
};
for (const type of ["message", ...%s]) source.addEventListener(type, keep);
source.addEventListener("close", () => source.close());
</script>"""


@contextlib.contextmanager
def serving(page: str, events: Callable[[str], AsyncGenerator[ServerSentEvent, None]]) -> Iterator[str]:
    """Serve a page at /, together with the stream of a guide's server."""
    responses = module("starlette.responses")
    app = recipe("server_fastapi").make_app(events)
    app.add_route("/", lambda _: responses.HTMLResponse(page))
    with serve_asgi(app) as port:
        yield f"http://127.0.0.1:{port}/"


def test_tokens_are_shown_as_they_arrive(browser: str) -> None:
    llm = recipe("llm")

    async def run(url: str) -> None:
        async with devtools.page(browser) as page:
            await page.open(url)
            for number in range(len(llm.TOKENS)):
                await page.until(ANSWER, "".join(llm.TOKENS[:number]))
                assert server.source.taken == number
                server.source.allow()
            await page.until(ANSWER, "".join(llm.TOKENS))
            server.source.allow()
            await page.until(READY_STATE, CLOSED)

    server = Server()
    events = [
        ServerSentEvent(json.dumps({"token": token}), event="token", id=str(number))
        for number, token in enumerate(llm.TOKENS, 1)
    ]
    close = ServerSentEvent("", event="close")
    with serving(LLM_PAGE, server.agenerate) as url, server.sending([*events, close], paced=True) as source:
        asyncio.run(run(url))
        assert source.last_event_ids == [""]


def test_the_model_and_its_page(browser: str) -> None:
    """Both as docs/resuming.md shows them, with nothing in between."""
    llm = recipe("llm")

    async def run(url: str) -> Any:
        async with devtools.page(browser) as page:
            await page.open(url)
            await page.until(READY_STATE, CLOSED)
            return await page.evaluate(ANSWER)

    with serving(LLM_PAGE, llm.tokens) as url:
        assert asyncio.run(run(url)) == "".join(llm.TOKENS)


def test_the_model_resumes_where_a_client_left_off() -> None:
    llm = recipe("llm")

    async def rest() -> list[ServerSentEvent]:
        return [event async for event in llm.tokens("12")]

    assert asyncio.run(rest()) == [
        ServerSentEvent(json.dumps({"token": " 🍊"}), event="token", id="13"),
        ServerSentEvent(json.dumps({"token": "!"}), event="token", id="14"),
        ServerSentEvent("", event="close"),
    ]


def test_every_event_arrives(browser: str) -> None:
    """All types arrive, and payloads and ids with every awkward character; `event: close` ends the stream."""
    types = json.dumps(sorted({event.event for event in EVENTS} - {"message"}))

    async def run(url: str) -> Any:
        async with devtools.page(browser) as page:
            await page.open(url)
            await page.until(READY_STATE, CLOSED)
            return await page.evaluate("seen")

    server = Server()
    events = [*EVENTS, ServerSentEvent("", event="close")]
    with serving(KEEPING_PAGE % types, server.agenerate) as url, server.sending(events) as source:
        seen = asyncio.run(run(url))
        assert source.last_event_ids == [""], "it asked again"
    last_event_id = ""
    expected = []
    for event in EVENTS:
        if event.id is not None:
            last_event_id = event.id
        expected.append([event.event, event.data, last_event_id])
    assert seen == expected
