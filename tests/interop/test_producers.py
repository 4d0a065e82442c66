"""Our clients read what servers of other libraries really send over HTTP.

`test_strangers` checks only their encoders. Here the headers, the keep-alives and the chunks are theirs too.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Comment, Decoder, LineDecoder, ReceivedEvent, ServerSentEvent, is_event_stream

from .clients import CLIENTS, read
from .servers import PATIENCE, Server, module, serve_aiohttp, serve_asgi
from .test_matrix import EVENTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.interop

#: Seconds between the keep-alives of servers that send any.
PING = 0.02


@contextlib.contextmanager
def sse_starlette(server: Server) -> Iterator[int]:
    library = module("sse_starlette")
    applications, routing = module("starlette.applications"), module("starlette.routing")

    async def stream(request: Any) -> Any:
        async def messages() -> AsyncGenerator[Any, None]:
            async with contextlib.aclosing(server.agenerate(request.headers.get("Last-Event-ID", ""))) as events:
                async for event in events:
                    yield library.ServerSentEvent(
                        event.data, event=event.event, id=event.id, retry=event.retry, comment="a comment"
                    )

        return library.EventSourceResponse(messages(), ping=PING)

    with serve_asgi(applications.Starlette(routes=[routing.Route("/events", stream)])) as port:
        yield port


@contextlib.contextmanager
def fastapi(server: Server) -> Iterator[int]:
    library, sse = module("fastapi"), module("fastapi.sse")
    app = library.FastAPI()

    async def stream(last_event_id: str) -> AsyncGenerator[Any, None]:
        async with contextlib.aclosing(server.agenerate(last_event_id)) as events:
            async for event in events:
                yield sse.ServerSentEvent(
                    raw_data=event.data, event=event.event, id=event.id, retry=event.retry, comment="a comment"
                )

    # FastAPI could not resolve postponed annotations here.
    stream.__annotations__ = {"last_event_id": "str"}
    stream.__defaults__ = (library.Header(""),)
    app.add_api_route("/events", stream, response_class=sse.EventSourceResponse)
    with serve_asgi(app) as port:
        yield port


@contextlib.contextmanager
def litestar(server: Server) -> Iterator[int]:
    library, response = module("litestar"), module("litestar.response")

    async def stream(request: Any) -> Any:
        async def messages() -> AsyncGenerator[Any, None]:
            async with contextlib.aclosing(server.agenerate(request.headers.get("Last-Event-ID", ""))) as events:
                async for event in events:
                    yield response.ServerSentEventMessage(
                        data=event.data, event=event.event, id=event.id, retry=event.retry, comment="a comment"
                    )

        return response.ServerSentEvent(messages())

    stream.__annotations__ = {"request": library.Request, "return": response.ServerSentEvent}
    app = library.Litestar([library.get("/events")(stream)], openapi_config=None, logging_config=None)
    with serve_asgi(app) as port:
        yield port


@contextlib.contextmanager
def aiohttp_sse(server: Server) -> Iterator[int]:
    library, web = module("aiohttp_sse"), module("aiohttp.web")

    async def stream(request: Any) -> Any:
        events = server.agenerate(request.headers.get("Last-Event-ID", ""))
        async with library.sse_response(request, ping_interval=PING) as response, contextlib.aclosing(events):
            async for event in events:
                await response.send(event.data, event=event.event, id=event.id, retry=event.retry)
        return response

    app = web.Application()
    app.router.add_get("/events", stream)
    with serve_aiohttp(app) as port:
        yield port


PRODUCERS: dict[str, Callable[[Server], AbstractContextManager[int]]] = {
    "aiohttp-sse": aiohttp_sse,
    "fastapi": fastapi,
    "litestar": litestar,
    "sse-starlette": sse_starlette,
}


@pytest.fixture(scope="module", params=PRODUCERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def producer(name: str) -> Iterator[Server]:
    server = Server()
    with pytest.MonkeyPatch.context() as patch:
        if name == "fastapi":
            patch.setattr(module("fastapi.routing"), "_PING_INTERVAL", PING)
        with PRODUCERS[name](server) as server.port:
            yield server


@pytest.mark.parametrize("client", CLIENTS)
def test_every_event_arrives(client: str, producer: Server) -> None:
    decoder = Decoder()
    seen: list[ServerSentEvent] = []
    with producer.sending(EVENTS):
        read(client, producer.url, decoder, seen.append)
    assert seen == EVENTS
    assert (decoder.last_event_id, decoder.reconnection_time) == ("🍅", 10**18 - 1)


def test_an_event_is_seen_before_the_next_is_sent(producer: Server) -> None:
    seen: list[ServerSentEvent] = []
    with producer.sending(EVENTS, paced=True) as source:

        def see(event: ServerSentEvent) -> None:
            seen.append(event)
            source.allow()

        source.allow()
        read("httpx", producer.url, Decoder(), see)
    assert seen == EVENTS


def test_a_client_that_leaves_ends_the_generator(producer: Server) -> None:
    with producer.sending(EVENTS, paced=True) as source:
        source.allow()
        read("httpx", producer.url, Decoder(), lambda _: True)
        assert source.ended.wait(PATIENCE)
        assert source.taken == 1


def test_headers_and_comments(name: str, producer: Server) -> None:
    httpx = module("httpx")
    with producer.sending([ServerSentEvent("a", id="1")]) as source:
        response = httpx.get(producer.url, headers={"Last-Event-ID": "17"})
    assert source.last_event_ids == ["17"]
    assert is_event_stream(response.headers["Content-Type"])
    comments = [line.text for line in LineDecoder().feed(response.content) if isinstance(line, Comment)]
    assert comments == ([] if name == "aiohttp-sse" else ["a comment"])


@pytest.mark.parametrize("name", sorted(PRODUCERS.keys() - {"litestar"}), scope="module")
def test_keep_alives_are_not_events(producer: Server) -> None:
    """They come while a stream is silent. A proxy sees them, a client does not. Litestar sends none."""
    httpx = module("httpx")
    lines, decoder = LineDecoder(), Decoder()
    pings: list[str] = []
    events: list[ReceivedEvent] = []
    with (
        producer.sending([ServerSentEvent("a", id="1")], paced=True) as source,
        httpx.stream("GET", producer.url) as response,
    ):
        for chunk in response.iter_bytes():
            pings += [line.text for line in lines.feed(chunk) if isinstance(line, Comment)]
            events = decoder.feed(chunk)
            if events:
                break
            if len(pings) >= 3:
                source.allow()
    assert events == [ServerSentEvent("a", id="1")]
    assert all(ping.startswith("ping") for ping in pings[:3])
